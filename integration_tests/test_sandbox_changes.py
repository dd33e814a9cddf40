"""What every vendor can do to its records and answers without saying so on its page."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from integration_tests.listing import LISTINGS, OPTIONS, Listing, ask
from integration_tests.sandbox import (
    BrokenIds,
    DeepValue,
    LargeIds,
    NewFields,
    Record,
    Retyped,
    Server,
    load_vendor,
    read_fault,
    serve,
    vendor_names,
)

Case = tuple[Server, Callable[[], requests.Response], Callable[[Any], list[Record]], str]


@pytest.fixture(params=LISTINGS.items(), ids=lambda item: "-".join(item[0]))
def played(request: pytest.FixtureRequest) -> Iterator[Case]:
    """A vendor, how to ask it, how to read its answer, and the name of its id."""
    (folder, config, id_name), (asking, rows) = request.param
    with serve(load_vendor(folder, sessions=60, days=2, **OPTIONS.get(folder, {}))) as server:
        yield server, lambda: ask(server, config, asking), rows, id_name


def test_every_vendor_is_played_here() -> None:
    assert {folder for folder, *_ in LISTINGS} == set(vendor_names())


def test_records_with_fields_that_nobody_documents(played: Case) -> None:
    server, send, rows, _ = played
    before = rows(send().json())
    server.faults.append(NewFields(fields={"loyalty": "gold", "consent": {"ads": True}}))
    after = rows(send().json())
    assert len(after) > 5
    assert after == [{**record, "loyalty": "gold", "consent": {"ads": True}} for record in before]


def test_ids_beyond_64_bits(played: Case) -> None:
    server, send, rows, id_name = played
    before = rows(send().json())
    fault = LargeIds()
    server.faults.append(fault)
    first, again = rows(send().json()), rows(send().json())
    assert first == again
    ids = [record[id_name] for record in first]
    assert ids == [fault.ids[str(record[id_name])] for record in before]
    assert len(set(ids)) == len(ids) > 5
    assert {type(each) for each in ids} == {int}
    assert min(ids) > 2**64
    assert len({float(each) for each in ids}) == 1
    assert [{**record, id_name: None} for record in first] == [{**record, id_name: None} for record in before]


@pytest.mark.parametrize("form", ["surrogates", "bytes"])
def test_ids_that_differ_in_broken_text_only(played: Case, form: str) -> None:
    server, send, rows, id_name = played
    count = len(rows(send().json()))
    fault = read_fault({"kind": "BrokenIds", "form": form})
    assert isinstance(fault, BrokenIds)
    server.faults.append(fault)
    content = send().content
    assert content == send().content
    ids = [record[id_name] for record in rows(json.loads(content.decode("utf-8", "surrogateescape")))]
    assert len(ids) == len(set(ids)) == count > 5
    if form == "surrogates":
        assert content.isascii()
        assert len({each.encode("utf-8", "replace") for each in ids}) == 1
    else:
        with pytest.raises(UnicodeDecodeError):
            content.decode()
        assert len({record[id_name] for record in rows(json.loads(content.decode("utf-8", "replace")))}) == 1


@pytest.mark.parametrize(("booleans", "true"), [("numbers", 1), ("texts", "true")])
def test_values_of_another_type(played: Case, booleans: Any, true: object) -> None:
    server, send, rows, _ = played
    before = rows(send().json())
    server.faults.append(Retyped(booleans=booleans))
    after = rows(send().json())
    pairs = [pair for old, new in zip(before, after, strict=True) for pair in leaves(old, new)]
    for old, new in pairs:
        if isinstance(old, bool):
            assert (new, type(new)) == (true if old else type(true)(0) if true == 1 else "false", type(true))
        elif isinstance(old, int):
            assert new == str(old)
        else:
            assert new == old


def leaves(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of the values at the same places."""
    if isinstance(old, dict):
        assert old.keys() == new.keys()
        for name in old:
            yield from leaves(old[name], new[name])
    elif isinstance(old, list):
        for left, right in zip(old, new, strict=True):
            yield from leaves(left, right)
    else:
        yield old, new


def test_types_can_stay() -> None:
    record = {"a": True, "b": 2, "c": [{"d": False}]}
    Retyped(booleans="as_they_are", integers="as_they_are").change(record, None)
    assert record == {"a": True, "b": 2, "c": [{"d": False}]}


def test_one_record_is_nested_deep(played: Case) -> None:
    server, send, rows, id_name = played
    before = rows(send().json())
    server.faults.append(DeepValue(depth=300, name="extra"))
    for _ in range(2):
        deep = [record for record in rows(send().json()) if record.get("extra")]
        assert [record[id_name] for record in deep] == [before[0][id_name]]
        value, depth = deep[0]["extra"], 0
        while isinstance(value, dict):
            value, depth = value["in"], depth + 1
        assert (value, depth) == ("deep", 300)


def test_errors_are_not_changed(played: Case) -> None:
    server, *_ = played
    answers = [server.vendor.error(500)]
    if server.vendor.name != "devrev":  # it reports no error with status 200
        answers.append(server.vendor.error_inside("/public/session"))
    for answer in answers:
        changed = server.vendor.rewrite(answer, lambda record: record.clear())
        assert changed.status == answer.status
        assert changed.body.replace(b" ", b"") == answer.body.replace(b" ", b"")


@pytest.mark.parametrize("form", ["parenthesised", "objects"])
def test_all_forms_of_opentrackers_answers_are_changed(form: str) -> None:
    key = ("source-opentracker", "default", "session_id")
    listing: Listing = LISTINGS[key]
    with serve(load_vendor(key[0], sessions=60, days=2, form=form, blank_lines=2)) as server:
        server.faults.append(NewFields(fields={"loyalty": "gold"}))
        text = ask(server, key[1], listing[0]).text
        assert text.startswith("\r\n\r\n" + ("(" if form == "parenthesised" else "{"))
        found = listing[1](json.loads(text.strip().removeprefix("(").removesuffix(")")))
        assert {record["loyalty"] for record in found} == {"gold"}


def test_inspectlets_details_are_found_by_a_changed_id() -> None:
    key = ("source-inspectlet", "default", "sid")
    with serve(load_vendor(key[0], sessions=20, days=2, websites=1)) as server:
        server.faults.append(LargeIds())
        sid = ask(server, key[1], LISTINGS[key][0]).json()["response"][4]["sid"]
        config = server.vendor.configs(server.origin)["default"]
        auth = (config["username"].encode(), config["api_token"].encode())
        url = f"{config['base_url']}/websites/12345678/sessions/{sid}"
        (detail,) = requests.get(url, auth=auth, timeout=5).json()["response"]
        assert detail["sid"] == sid
        assert "page_width" in detail


def test_other_shapes_of_inspectlets_answers_are_changed() -> None:
    vendor: Any = load_vendor("source-inspectlet", sessions=5, days=2, websites=1, detail_shape="record")
    for content in (
        {"response": {"sessions": [{"sid": 1}]}},
        {"response": {"sid": 1}},
        {"response": [{"sid": 1}]},
    ):
        assert vendor.records(content) == [{"sid": 1}]
