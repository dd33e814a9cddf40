"""The records of Inspectlet's sessions, pages and tags. https://apidocs.inspectlet.com"""

import json
from itertools import permutations
from pathlib import Path

import pytest
from session_source import Row
from session_source.testing import answer_of, columns_of, fits, page_of
from source_inspectlet.sessions import SessionDetails, Sessions
from source_inspectlet.websites import Websites

SESSION = (Path(__file__).parent / "example.json").read_text()
"""The session on the vendor's page, without any edit."""
LIST = f'{{"response": [{SESSION}]}}'
OBJECT = f'{{"response": {{"sessions": [{SESSION}]}}}}'
RECORD = f'{{"response": {SESSION}}}'
WID = {"wid": 12345678}


def sessions(search: Row | None = None, *website_ids: int) -> Sessions:
    return Sessions(Websites(website_ids), search or {})


def records(stream: str, row: Row) -> list[Row]:
    """What a row of the list becomes in a stream; every record fits the stream's schema."""
    (found,) = [s for s in sessions().all_streams if s.name == stream]
    columns, nulled = columns_of(Sessions.columns, row)
    assert nulled == []
    given = list(found.records(row, columns | WID))
    assert all(fits(found, "source_inspectlet", record) for record in given)
    return given


@pytest.mark.parametrize("body", [LIST, OBJECT], ids=["list", "object"])
def test_the_pages_session_comes_whole_and_with_the_columns_that_every_session_has(body: str) -> None:
    (row,) = page_of(sessions(), body, partition=WID).rows
    (record,) = records("sessions", row)
    vendor = json.loads(SESSION)
    assert {name: record[name] for name in vendor} == vendor
    assert {name: value for name, value in record.items() if name not in vendor} == {
        "session_id": "2606721012",
        "user_id": "2099309727",
        "started_at": "2015-11-06T01:14:39Z",
        "ended_at": "2015-11-06T01:19:28Z",
        "duration_seconds": 289,
        "country_code": "US",
        "app_platform": "web",
        "page_count": 1,
    }


@pytest.mark.parametrize("body", [LIST, OBJECT, RECORD], ids=["list", "object", "record"])
def test_one_session_is_read_from_an_array_of_one(body: str) -> None:
    (row,) = SessionDetails().rows(answer_of(body))
    columns, nulled = columns_of(SessionDetails.columns, row)
    assert (columns["session_id"], columns["started_at"], nulled) == ("2606721012", "2015-11-06T01:14:39Z", [])


def test_every_field_of_the_page_is_declared_for_sessions_and_their_details() -> None:
    documented = {*json.loads(SESSION), "page_width", "page_height"}
    for stream in sessions().all_streams:
        if stream.is_session:
            assert documented <= set(stream.json_schema("source_inspectlet")["properties"]), stream.name


def test_pages_and_tags_carry_the_vendors_object_the_key_the_cursor_and_a_timestamp() -> None:
    row = json.loads(SESSION)
    key = {**WID, "session_id": "2606721012", "started_at": "2015-11-06T01:14:39Z"}
    assert records("session_pages", row) == [
        row["pages"][0] | key | {"page_index": 0, "page_opened_at": "2015-11-06T01:14:39Z"}
    ]
    assert records("session_tags", row)[0] == (
        row["tags"][1] | key | {"tag_index": 0, "tagged_at": "2015-11-06T01:15:52Z"}
    )


@pytest.mark.parametrize(
    ("count", "moment"),
    [
        (1446772552, "2015-11-06T01:15:52Z"),
        ("1446772552", "2015-11-06T01:15:52Z"),
        (7.5, "1970-01-01T00:00:07.500000Z"),
        (None, None),
        ("", None),
        ("soon", None),
        ([1], None),
        (True, None),
        (1e300, None),
    ],
)
def test_a_timestamp_is_the_vendors_count_of_seconds_or_null(count: object, moment: str | None) -> None:
    row = {"sid": 1, "pages": [{"opened_at": count}], "tags": [{"timestamp": count}]}
    for stream, column in (("session_pages", "page_opened_at"), ("session_tags", "tagged_at")):
        (found,) = [s for s in Sessions.streams if s.name == stream]
        (record,) = found.records(row, {})
        assert record[column] == moment
    assert columns_of(Websites.columns, {"date_added": count})[0]["website_added_at"] == moment


def test_tags_are_counted_by_the_time_they_were_set_so_that_new_ones_come_last() -> None:
    row = json.loads(SESSION)
    assert [(tag["tag_index"], tag["tag"]) for tag in records("session_tags", row)] == [
        (0, "email"),
        (1, "converted-purchase"),
    ]
    row["tags"].insert(0, {"tag": "a", "value": "0", "timestamp": 1446772700})
    assert [tag["tag"] for tag in records("session_tags", row)] == ["email", "converted-purchase", "a"]


@pytest.mark.parametrize(
    ("name", "items"),
    [
        (
            "pages",
            [
                {"opened_at": None, "rid": 1},
                {"rid": 2},
                {"opened_at": "soon", "rid": 1},
                {"opened_at": 5, "rid": 9},
                {"opened_at": "7", "rid": 3},
                {"opened_at": 7, "rid": 12},
                {"opened_at": 7.5, "rid": "x"},
            ],
        ),
        (
            "tags",
            [
                {"timestamp": "", "tag": "z"},
                {"timestamp": [1], "tag": "z"},
                {"timestamp": 3, "tag": None, "value": "z"},
                {"timestamp": 3, "tag": "a", "value": None},
                {"timestamp": 3, "tag": "a", "value": "1"},
                {"timestamp": 3, "tag": "a", "value": True},
                {"timestamp": 3, "tag": "b"},
            ],
        ),
    ],
)
def test_missing_and_odd_values_are_sorted_alike_in_whatever_order_they_come(name: str, items: list[Row]) -> None:
    (stream,) = [s for s in Sessions.streams if s.name == f"session_{name}"]
    assert stream.items is not None
    for given in list(permutations(items))[::97]:
        found = list(stream.items({name: list(given)}))
        added = {f"{name[:-1]}_index", "page_opened_at", "tagged_at"}
        assert [{n: v for n, v in item.items() if n not in added} for item in found] == items
        assert [item[f"{name[:-1]}_index"] for item in found] == list(range(len(items)))


@pytest.mark.parametrize("none", [{}, {"pages": None, "tags": None}, {"pages": [], "tags": []}])
def test_a_session_without_pages_and_tags_has_no_records_of_them(none: Row) -> None:
    row = {"sid": 1, "date_start_session": 1446772479} | none
    assert records("session_pages", row) == records("session_tags", row) == []


@pytest.mark.parametrize(
    ("change", "column", "value", "is_reported"),
    [
        ({"country": ""}, "country_code", None, False),
        ({"country": None}, "country_code", None, False),
        ({"country": "us"}, "country_code", "US", False),
        ({"country": "USA"}, "country_code", None, True),
        ({"uid": ""}, "user_id", None, False),
        ({"sid": "2606721012"}, "session_id", "2606721012", False),
        ({"num_pages": "3"}, "page_count", 3, False),
        ({"num_pages": "many"}, "page_count", None, True),
        ({"date_end_session": None}, "duration_seconds", None, False),
        ({"date_end_session": None}, "ended_at", None, False),
        ({"date_end_session": 1446772478}, "duration_seconds", None, True),
        ({"date_start_session": "1446772479"}, "duration_seconds", 289, False),
        ({"date_start_session": "yesterday"}, "started_at", None, True),
    ],
)
def test_a_column_is_null_rather_than_a_guess(
    change: Row, column: str, value: object, *, is_reported: bool
) -> None:
    columns, nulled = columns_of(Sessions.columns, json.loads(SESSION) | change)
    assert columns[column] == value
    assert (column in nulled) is is_reported
