"""Unexpected values: none loses a session, and values that cannot be kept are reported."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from sandbox_server import Answer, Fault, Retyped, Server
from sandbox_server.exchange import Exchange
from sandbox_server.vendor import vendor_class

from integration_tests.conftest import Start
from integration_tests.connector import Json, expected


@dataclass
class Edited(Fault):
    """Edits the body of the true answer."""

    edit: Callable[[bytes], bytes] = field(kw_only=False, default=bytes)

    def answer(self, exchange: Exchange) -> Answer:
        truth = exchange.truth()
        return Answer(truth.status, self.edit(truth.body), truth.headers)


def options(case: tuple[str, str]) -> dict[str, Any]:
    """Have the vendor write its rows as objects."""
    return dict(vendor_class(case[0]).object_rows)


def edit(server: Server, change: Callable[[bytes], bytes]) -> None:
    server.faults.append(Edited(change, times=None))


def edit_rows(server: Server, change: Callable[[Json], None]) -> None:
    """Change each row of each answer that holds rows."""

    def edited(body: bytes) -> bytes:
        value = json.loads(body)
        for row in rows(value):
            change(row)
        return json.dumps(value).encode()

    edit(server, edited)


def rows(value: Any) -> list[Json]:
    """Return the outermost list of objects in an answer."""
    if isinstance(value, list):
        return [row for row in value if isinstance(row, dict)]
    parts = value.values() if isinstance(value, dict) else ()
    return next((found for part in parts if (found := rows(part))), [])


@pytest.mark.promise(n=1)
@pytest.mark.parametrize(
    "kind", ["integers beyond 64 bits", "halves of surrogate pairs", "bytes that are not UTF-8"]
)
def test_ids_that_json_parsers_confuse_stay_distinct(start: Start, case: tuple[str, str], kind: str) -> None:
    connector, server = start(inside=True, sessions=20, days=2, **options(case))
    key = connector.key("sessions")
    wanted = expected(server, case[1])["sessions"]
    ids = sorted({str(values[key.index("session_id")]) for values in wanted})
    if ids[0].startswith("hash:"):
        pytest.skip("these sessions have no ids")
    spelled: dict[str, tuple[bytes, str]] = {
        "integers beyond 64 bits": {one: (b"%d" % (2**70 + n), str(2**70 + n)) for n, one in enumerate(ids)},
        "halves of surrogate pairs": {one: (b'"\\ud8%02x"' % n, f"\\ud8{n:02x}") for n, one in enumerate(ids)},
        "bytes that are not UTF-8": {
            one: (b'"%b"' % bytes([0xC0 + n]), f"\\x{0xC0 + n:02x}") for n, one in enumerate(ids)
        },
    }[kind]
    names = re.compile(rb'(?<=[\s:,\[])"?(%b)"?(?=[\s,\]}])' % b"|".join(one.encode() for one in ids))
    edit(server, lambda body: names.sub(lambda match: spelled[match[1].decode()][0], body))
    output = connector.read("sessions")
    assert output.exit_code == 0, output.log
    assert {record["session_id"] for record in output.records["sessions"]} == {
        text for _, text in spelled.values()
    }
    assert len(output.records["sessions"]) == len(wanted)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize("levels", [300, 900, 5000])
def test_a_deeply_nested_value_is_nulled_below_the_supported_depth(
    start: Start, case: tuple[str, str], levels: int
) -> None:
    connector, server = start(inside=levels > 300, sessions=10, days=2, **options(case))
    edit_rows(server, lambda row: row.update(nested="DEEP"))
    fault = server.faults[0]
    assert isinstance(fault, Edited)
    with_word, deep = fault.edit, b'{"a":[' * (levels // 2) + b"1" + b"]}" * (levels // 2)
    fault.edit = lambda body: with_word(body).replace(b'"DEEP"', deep)
    output = connector.read("sessions")
    assert output.exit_code == 0, output.log
    assert output.statuses["sessions"][-1] == "COMPLETE"
    records = output.of_type("RECORD")
    assert len(records) == len(expected(server, case[1])["sessions"])
    for record in records:
        (change,) = [change for change in record["meta"]["changes"] if change["field"].startswith("nested")]
        assert change["change"] == "NULLED"
        inner = record["data"]["nested"]
        for _ in range(200):
            inner = inner["a"] if isinstance(inner, dict) else inner[0]
        assert inner is not None


@pytest.mark.promise(n=10)
@pytest.mark.parametrize("booleans", ["numbers", "texts"])
def test_booleans_and_integers_of_another_type_are_converted(
    start: Start, case: tuple[str, str], booleans: Literal["numbers", "texts"]
) -> None:
    connector, server = start(inside=True, sessions=20, days=2, **options(case))
    schema = connector.streams["sessions"]["json_schema"]
    plain = connector.read("sessions")
    server.faults.append(Retyped(booleans=booleans, times=None))
    retyped = connector.read("sessions")
    assert retyped.exit_code == 0, retyped.log
    before, after = (
        sorted(json.dumps(list(typed(record, schema))) for record in output.records["sessions"])
        for output in (plain, retyped)
    )
    assert before == after
    assert any(one != "[]" for one in before), "the records have none"
    nulled = [
        record["meta"] for output in (plain, retyped) for record in output.of_type("RECORD") if "meta" in record
    ]
    assert nulled == []


def typed(value: Any, schema: Json) -> Iterator[Any]:
    """Yield the values that a schema declares as booleans or integers."""
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name in value:
                yield from typed(value[name], part)
    elif isinstance(value, list):
        for item in value:
            yield from typed(item, schema.get("items", {}))
    elif {"boolean", "integer"} & {*schema.get("type", ())}:
        yield value


@pytest.mark.promise(n=10)
def test_undeclared_fields_are_kept_and_logged_once(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=60, days=3, **options(case))

    def change(row: Json) -> None:
        row |= {"brandNew": [1, {"x": 2}], **{f"new{n}": n for n in range(25)}}
        for part in row.values():
            if isinstance(part, dict):
                part["newInside"] = True

    edit_rows(server, change)
    output = connector.read("sessions")
    assert output.exit_code == 0, output.log
    assert all(record["brandNew"] == [1, {"x": 2}] for record in output.records["sessions"])
    (line,) = [line for line in output.log.split("\n") if "does not declare" in line]
    assert line.startswith("sessions: ")
    assert "brandNew, new0, new1, " in line
    assert re.search(r" and [1-9][0-9]* more\.", line)


@pytest.mark.promise(n=10)
def test_declared_fields_are_not_logged(start: Start) -> None:
    connector, _ = start(inside=True, sessions=60, days=3)
    assert "does not declare" not in connector.read().log
