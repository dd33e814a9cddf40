import json
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessageSerializer
from session_source.api.columns import Row
from session_source.api.stream import Stream
from session_source.sync.claims import Claimed
from session_source.sync.records import Recorder, RecordLines, RecordPage

SCHEMA = {
    "properties": {"id": {"type": "string"}, "size": {"type": ["null", "integer"]}, "n": {"type": "integer"}}
}


class Things(Stream):
    def json_schema(self, package: str) -> dict[str, Any]:
        return SCHEMA


def parts(row: Row) -> list[Row]:
    return [{"n": number} for number in row["parts"]]


THINGS = Things("things", ("id",), None)
PARTS = Things("parts", ("id", "n"), None, items=parts)
NONE: list[str] = []


@pytest.mark.parametrize("nulled", [NONE, ["at"], ["at", 'a."ä"[0]']])
def test_written_lines_equal_the_messages(nulled: list[str]) -> None:
    page = RecordPage('th"ings', [{"id": "ä\n"}, {"id": "b"}], 1_700_000_000_123, {0: nulled} if nulled else {})
    written = page.written()
    messages = [AirbyteMessageSerializer.dump(message) for message in page.messages()]
    assert [json.loads(line) for line in written.lines.splitlines()] == messages
    assert written.lines.endswith(b"\n")
    assert (written.stream, written.size) == (page.stream, page.size) == ('th"ings', 2)


def test_each_stream_gets_its_own_view_of_the_rows() -> None:
    rows = [Claimed({"parts": [4, 5]}, {"id": "a"}, [])]
    found = Recorder([THINGS, PARTS], "package").records([THINGS, PARTS], rows)
    assert [(page.stream, page.records) for page in found if isinstance(page, RecordPage)] == [
        ("things", [{"parts": [4, 5], "id": "a"}]),
        ("parts", [{"n": 4, "id": "a"}, {"n": 5, "id": "a"}]),
    ]


def test_a_stream_without_records_has_no_page() -> None:
    recorder = Recorder([THINGS, PARTS], "package", RecordPage.written)
    (page,) = recorder.records([THINGS, PARTS], [Claimed({"parts": []}, {"id": "a"}, [])])
    assert isinstance(page, RecordLines)
    assert page.stream == "things"


def test_a_record_reports_what_its_schema_and_its_columns_nulled() -> None:
    rows = [Claimed({"parts": [], "size": "big"}, {"id": "a", "at": None}, ["at"])]
    (page,) = Recorder([THINGS], "package").records([THINGS], rows)
    assert isinstance(page, RecordPage)
    assert page.records == [{"parts": [], "size": None, "id": "a", "at": None}]
    assert page.nulled == {0: ["at", "size"]}


@pytest.mark.promise(n=10)
def test_both_forms_null_and_report_a_value_that_is_nested_too_deeply() -> None:
    deep: Row = {}
    for _ in range(300):
        deep = {"a": deep}
    page = RecordPage("things", [{"id": "x", "deep": deep}, {"id": "y"}], 1, {0: ["at"]})
    first, second = (json.loads(line)["record"] for line in page.written().lines.splitlines())
    assert [change["field"] for change in first["meta"]["changes"]] == ["at", "deep" + ".a" * 249]
    assert "meta" not in second
    assert [AirbyteMessageSerializer.dump(message)["record"] for message in page.messages()] == [first, second]


def test_a_page_names_the_undeclared_fields_that_are_new() -> None:
    recorder = Recorder([THINGS], "package", RecordPage.written)
    rows = [Claimed({"parts": [], "new": n}, {"id": "a"}, []) for n in range(3)]
    assert [page.undeclared for page in recorder.records([THINGS], rows)] == [["parts", "new"]]
    assert [page.undeclared for page in recorder.records([THINGS], rows)] == [[]]


def test_a_record_reports_only_nulled_columns_that_it_has() -> None:
    rows = [
        Claimed({"parts": [1]}, {"id": "a"}, []),
        Claimed({"parts": [2, "x"]}, {"id": "b", "size": None}, ["size"]),
        Claimed({"parts": [3]}, {"id": "hash:1"}, ["id"]),
    ]
    things, parts = Recorder([THINGS, PARTS], "package").records([THINGS, PARTS], rows)
    assert isinstance(things, RecordPage)
    assert isinstance(parts, RecordPage)
    assert things.nulled == {1: ["size"], 2: ["id"]}
    assert parts.nulled == {2: ["n"], 3: ["id"]}
    assert [record["n"] for record in parts.records] == [1, 2, None, 3]
