"""Changes to records and answers that work with every vendor."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from sandbox_server import (
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
)
from sandbox_server.client import Listing, listings

KINDS = listings()


class Played(NamedTuple):
    """A server of a vendor, and one of the vendor's kinds of records."""

    server: Server
    listing: Listing

    def text(self) -> bytes:
        return self.listing.ask(self.server).content

    def rows(self) -> list[Record]:
        return self.listing.rows(json.loads(self.text()))

    def ids(self, text: str) -> list[Any]:
        return [record[self.listing.id_name] for record in self.listing.rows(json.loads(text))]


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def played(request: pytest.FixtureRequest) -> Iterator[Played]:
    folder, listing = request.param
    with serve(load_vendor(folder, sessions=60, days=2, **listing.options)) as server:
        yield Played(server, listing)


def test_records_with_fields_that_nobody_documents(played: Played) -> None:
    server = played.server
    before = played.rows()
    server.faults.append(NewFields(fields={"loyalty": "gold", "consent": {"ads": True}}))
    after = played.rows()
    assert len(after) > 5
    assert after == [{**record, "loyalty": "gold", "consent": {"ads": True}} for record in before]


def test_ids_beyond_64_bits(played: Played) -> None:
    server, id_name = played.server, played.listing.id_name
    before = played.rows()
    fault = LargeIds()
    server.faults.append(fault)
    first, again = played.rows(), played.rows()
    assert first == again
    ids = [record[id_name] for record in first]
    assert ids == [fault.ids[str(record[id_name])] for record in before]
    assert len(set(ids)) == len(ids) > 5
    assert {type(each) for each in ids} == {int}
    assert min(ids) > 2**64
    assert len({float(each) for each in ids}) == 1
    assert [{**record, id_name: None} for record in first] == [{**record, id_name: None} for record in before]


@pytest.mark.parametrize("form", ["surrogates", "bytes"])
def test_ids_that_differ_in_broken_text_only(played: Played, form: str) -> None:
    count = len(played.rows())
    fault = read_fault({"kind": "BrokenIds", "form": form})
    assert isinstance(fault, BrokenIds)
    played.server.faults.append(fault)
    content = played.text()
    assert content == played.text()
    ids = played.ids(content.decode("utf-8", "surrogateescape"))
    assert len(ids) == len(set(ids)) == count > 5
    if form == "surrogates":
        assert content.isascii()
        assert len({each.encode("utf-8", "replace") for each in ids}) == 1
    else:
        with pytest.raises(UnicodeDecodeError):
            content.decode()
        assert len(set(played.ids(content.decode("utf-8", "replace")))) == 1


@pytest.mark.parametrize(("booleans", "true"), [("numbers", 1), ("texts", "true")])
def test_values_of_another_type(played: Played, booleans: Any, true: object) -> None:
    server = played.server
    before = played.rows()
    server.faults.append(Retyped(booleans=booleans))
    after = played.rows()
    pairs = [pair for old, new in zip(before, after, strict=True) for pair in leaves(old, new)]
    for old, new in pairs:
        if isinstance(old, bool):
            assert (new, type(new)) == (true if old else type(true)(0) if true == 1 else "false", type(true))
        elif isinstance(old, int):
            assert new == str(old)
        else:
            assert new == old


def leaves(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of values at the same places."""
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


def test_one_record_is_nested_deep(played: Played) -> None:
    server, id_name = played.server, played.listing.id_name
    before = played.rows()
    server.faults.append(DeepValue(depth=300, name="extra"))
    for _ in range(2):
        deep = [record for record in played.rows() if record.get("extra")]
        assert [record[id_name] for record in deep] == [before[0][id_name]]
        value, depth = deep[0]["extra"], 0
        while isinstance(value, dict):
            value, depth = value["in"], depth + 1
        assert (value, depth) == ("deep", 300)


def test_errors_are_not_changed(played: Played) -> None:
    server = played.server
    answers = [server.vendor.error(500)]
    with contextlib.suppress(NotImplementedError):  # not every vendor reports errors with status 200
        answers.append(server.vendor.error_inside())
    for answer in answers:
        changed = server.vendor.rewrite(answer, lambda record: record.clear())
        assert changed.status == answer.status
        assert changed.body.replace(b" ", b"") == answer.body.replace(b" ", b"")
