"""The vendor's own example records and requests, through the connector. The page's JSON needed no edit."""

import base64
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import Fault, Kind, Next, Request, Row, StatusInBody
from session_source.testing import answer_of, columns_of, fits, next_of, page_of, request_of
from source_inspectlet import SourceInspectlet
from source_inspectlet.search import PROPERTIES, of_config
from source_inspectlet.sessions import SessionDetails, Sessions
from source_inspectlet.websites import Websites

START, END = datetime(2015, 11, 6, tzinfo=UTC), datetime(2015, 11, 13, tzinfo=UTC)
WEBSITES = """{"response": [{"wid": 12345678, "site_name": "My App", "date_added": 1337677548}]}"""
SESSION = r"""{
"sid": 2606721012,
"wid": 12345678,
"date_start_session": 1446772479,
"date_end_session": 1446772768,
"session_duration": 286893,
"num_pages": 1,
"uid": 2099309727,
"ip": "53.68.13.141",
"browser": "chrome",
"referrer": {
"source": "d"
},
"useragent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/46.0.2490.80 Safari/537.36",
"new_visitor": true,
"starred": false,
"country": "US",
"landing_page": "http://www.example.com\/?utm_campaign=media",
"exit_page": "http://www.example.com\/product-1123",
"device_type": "desktop",
"display_name": "Johnny Appleseed",
"sessionlink": "http://www.inspectlet.com/dashboard/watchsession/12345678/2606721012?pn=1&accessResourceKey=2e1a5838e3c823cf1b754e5dd9e4f2a775eb9bfd",
"tags": [
{
"tag": "converted-purchase",
"value": "1",
"timestamp": 1446772657
},
{
"tag": "email",
"value": "johnny.appleseed@gmail.com",
"timestamp": 1446772552
}
],
"pages": [
{
"rid": 2017992525,
"opened_at": 1446772479,
"pagetitle": "Title of first page in session.",
"url": "http://www.example.com\/?utm_campaign=media"
}
]
}"""  # noqa: E501 - the page's own lines
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
    ("change", "column", "value", "is_told"),
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
def test_a_column_is_null_rather_than_a_guess(change: Row, column: str, value: object, *, is_told: bool) -> None:
    columns, nulled = columns_of(Sessions.columns, json.loads(SESSION) | change)
    assert columns[column] == value
    assert (column in nulled) is is_told


def test_a_page_is_asked_for_with_a_form_whose_search_is_json_and_whose_times_are_text() -> None:
    request = request_of(sessions(), START, END, token=3, partition=WID)
    assert (request.method, request.path, request.json) == ("POST", "websites/12345678/sessions", None)
    assert request.form is not None
    assert {name: value for name, value in request.form.items() if name != "search"} == {
        "limit": "100",
        "page": "3",
    }
    assert json.loads(request.form["search"]) == {
        "daterange": "custom",
        "daterangecustom": {"start": "1446767999", "end": "1447372800"},
    }


def dates(start: datetime, end: datetime) -> tuple[int, int]:
    form = request_of(sessions(), start, end, partition=WID).form or {}
    found = json.loads(form["search"])["daterangecustom"]
    return int(found["start"]), int(found["end"])


def test_a_window_is_asked_for_a_second_early_and_up_to_a_whole_second() -> None:
    second = timedelta(seconds=1)
    exact = (1446767999, 1447372800)
    assert dates(START, END) == exact
    assert dates(START + 0.9 * second, END - 0.1 * second) == exact
    assert dates(START, END + 0.1 * second) == (exact[0], exact[1] + 1)


def test_no_time_is_zero_or_negative() -> None:
    assert dates(datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 31, tzinfo=UTC)) == (1, 30 * 86400)


@pytest.mark.parametrize(
    ("rows", "following"),
    [(100, Next(8, is_certain=False)), (99, Next(8, is_certain=False)), (0, None)],
)
def test_a_page_with_rows_may_be_followed_by_another_one(rows: int, following: Next | None) -> None:
    """Whether it is asked for is decided by the lengths of pages, since no answer says it."""
    body = {"response": [{"sid": sid} for sid in range(rows)]}
    assert next_of(sessions(), body, token=7, partition=WID) == following


def test_pages_are_counted_from_one() -> None:
    assert (request_of(sessions(), partition=WID).form or {})["page"] == "1"


@pytest.mark.parametrize(
    "rows",
    [
        [{"wid": 12345678}, {}, {"wid": None}],
        [{"wid": None}, {"wid": True}],
        [{"wid": 12345678}, {"wid": 7}],  # one odd session does not hold up a page
        [],
    ],
)
def test_a_page_may_be_of_its_website_if_a_session_is_or_none_says_so(rows: list[Row]) -> None:
    assert page_of(sessions(), {"response": rows}, partition=WID).rows == rows


def test_a_page_of_another_website_cannot_be_right() -> None:
    with pytest.raises(ValueError, match="another website"):
        page_of(sessions(), {"response": [{"wid": 7}, {}, {"wid": True}]}, partition=WID)


def test_one_session_is_asked_for_by_its_id() -> None:
    request = SessionDetails().request({"session_id": "2606721012"}, WID)
    assert request == Request("GET", "websites/12345678/sessions/2606721012")
    assert SessionDetails().request({"session_id": "a/b?"}, WID).path == "websites/12345678/sessions/a%2Fb%3F"


def test_the_credentials_go_into_the_basic_header() -> None:
    config = {"username": "bob@example.com", "api_token": "af9f27cd9c02b54a9bead349662dddf4a7ea1430"}
    prepared = requests.Request("GET", "https://x", auth=SourceInspectlet().auth(config)).prepare()
    sent: Any = prepared.headers["Authorization"]
    scheme, pair = sent.split()
    assert scheme == b"Basic"
    assert base64.b64decode(pair) == b"bob@example.com:af9f27cd9c02b54a9bead349662dddf4a7ea1430"


@pytest.mark.parametrize("body", ["[]", "{}", '{"response": null}', '{"response": {"rows": []}}', '{"error": ""}'])
def test_an_answer_that_is_not_what_the_page_describes_cannot_be_read(body: str) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|neither|no list"):
        page_of(sessions(), body, partition=WID)


ERRORS = [
    ("Unauthorized", 401),
    ("Your API token is invalid or you don't have access to that resource.", 401),
    ("Access denied", 401),
    ("403 Forbidden", 401),
    (401, 401),
    ({"code": 401, "message": "no"}, 401),
    ("Your API token is being rate-limited due to too many requests in a short span of time.", 429),
    ("Too Many Requests", 429),
    ("rate_limit", 429),
    ({"code": 429}, 429),
    ("Website not found", 404),
    ("Bad Request", 500),
    ("Your request could not be completed.", 500),
    ("Could not generate the list", 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_an_error_told_in_a_200_counts_as_the_error_it_is(error: object, status: int) -> None:
    body = answer_of({"error": error, "response": []})
    for read in (
        lambda: page_of(sessions(), body, partition=WID),
        lambda: SessionDetails().rows(body),
        lambda: page_of(Websites(), body),
    ):
        with pytest.raises(StatusInBody) as told:
            read()
        assert told.value.status == status


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"new": False}, {"new": False, "old": True}),
        ({"old": False}, {"new": True, "old": False}),
        ({"new": True}, {"new": True, "old": True}),
        ({}, {"new": True, "old": True}),
    ],
)
def test_one_half_of_newold_is_enough(given: dict[str, bool], sent: dict[str, bool]) -> None:
    assert of_config({"search": {"newold": given}}) == {"newold": sent}


@pytest.mark.parametrize("error", [None, "", False, []])
def test_an_error_that_says_nothing_is_none(error: object) -> None:
    body = {"error": error, "response": []}
    assert page_of(sessions(), body, partition=WID).rows == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_that_was_deleted_since_has_no_details(status: int) -> None:
    fault = SessionDetails().fault(answer_of('{"error": "no"}', status))
    assert fault is not None
    assert fault.kind is Kind.GONE


@pytest.mark.parametrize("response", [[], {}, None, {"sessions": []}])
def test_an_answer_without_the_session_tells_the_same(response: object) -> None:
    with pytest.raises(Fault) as raised:
        SessionDetails().rows(answer_of({"response": response}))
    assert raised.value.kind is Kind.GONE


def test_a_400_does_not_mean_that_a_session_was_deleted() -> None:
    fault = SessionDetails().fault(answer_of('{"error": "Something odd"}', 400))
    assert fault is not None
    assert fault.kind is Kind.DEFECT
    assert '(400): "Something odd"' in fault.message


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_other_errors_are_no_deleted_session(status: int) -> None:
    assert SessionDetails().fault(answer_of("", status)) is None


def test_several_sessions_are_not_the_one_that_was_asked_for() -> None:
    with pytest.raises(ValueError, match="several"):
        SessionDetails().rows(answer_of(f'{{"response": [{SESSION}, {SESSION}]}}'))


class Vendor:
    """Answers the list of websites."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.asked: list[Request] = []

    def __call__(self, request: Request, read: Any) -> Any:
        self.asked.append(request)
        return read(answer_of(self.body))


def test_each_website_of_the_account_is_a_partition() -> None:
    vendor = Vendor('{"response": [{"wid": 12345678}, {"wid": "7"}, {"wid": 7}]}')
    assert sessions().partitions(vendor) == [{"wid": 12345678}, {"wid": 7}]
    assert vendor.asked == [Request("GET", "websites", is_kept=True)]


def test_configured_websites_need_no_list() -> None:
    vendor = Vendor("{}")
    assert sessions({}, 7, 8, 7).partitions(vendor) == [{"wid": 7}, {"wid": 8}]
    assert vendor.asked == []


def test_the_pages_website_comes_whole_and_only_configured_ones_come() -> None:
    website = json.loads(WEBSITES)["response"][0]
    (stream,) = Websites.streams
    assert fits(stream, "source_inspectlet", website)
    columns = WID | {"website_added_at": "2012-05-22T09:05:48Z"}
    assert columns_of(Websites.columns, website) == (columns, [])
    assert page_of(Websites(), WEBSITES).rows == [website]
    assert next_of(Websites(), WEBSITES) is None, "it is the whole list"
    assert page_of(Websites([12345678]), WEBSITES).rows == [website]
    assert page_of(Websites([7]), WEBSITES).rows == []


@pytest.mark.parametrize("website", [{}, {"wid": None}, {"wid": "seven"}, {"wid": True}, {"wid": "9" * 40}])
def test_a_website_without_an_id_is_told_where_it_is_to_be_read(website: Row) -> None:
    body = {"response": [website, {"wid": 7}]}
    with pytest.raises(Fault, match="website_ids"):
        page_of(Websites(), body)
    assert page_of(Websites([7]), body).rows == [{"wid": 7}]


def test_check_asks_configured_websites_or_else_the_list() -> None:
    source = SourceInspectlet()
    assert source.checked_endpoint({}) == source.checked_endpoint({"website_ids": []}) == "websites"
    config = {"website_ids": [7.0]}
    (checked,) = [one for one in source.endpoints(config) if one.name == source.checked_endpoint(config)]
    assert checked.name == "sessions"
    (partition,) = checked.partitions(lambda *_: None)
    assert partition == {"wid": 7}
    assert type(partition["wid"]) is int


ALL: Row = {
    "displayname": "Johnny Appleseed",
    "country": "US",
    "newold": {"new": True, "old": False},
    "tags": {"tagslist": [{"tag": "converted", "value": True}, {"tag": "email"}], "operator": "or"},
    "ipaddress": "67.128.22.4",
    "showstarredonly": True,
    "browser": "chrome mobile (ios)",
    "devices": "desktop",
    "seslength_start": 1,
    "seslength_end": 1,
    "sestime_start": 0,
    "sestime_end": 60,
    "startpage": {"operator": "is", "url": "www.example.com/page"},
    "visitedpage": {"operator": "beginswith", "url": "www.example.com/profile/"},
    "exitpage": {"url": "Zürich"},
    "trafficsource": "google",
}


def test_every_property_of_the_pages_search_reaches_the_vendor_as_it_is_written() -> None:
    assert set(ALL) == set(PROPERTIES)
    form = request_of(sessions(of_config({"search": ALL})), partition=WID).form or {}
    sent = json.loads(form["search"])
    assert {name: value for name, value in sent.items() if not name.startswith("daterange")} == ALL


def test_what_a_form_leaves_untouched_is_not_searched_for() -> None:
    search = {"tags": {"tagslist": [], "operator": "or"}, "newold": {"new": True, "old": True}, "country": "US"}
    assert of_config({"search": search}) == {"country": "US"}


def test_the_spec_offers_every_property_of_the_search_with_title_and_description() -> None:
    properties = SourceInspectlet().spec(logging.getLogger()).connectionSpecification["properties"]["search"]
    assert tuple(properties["properties"]) == PROPERTIES
    todo = [properties]
    while todo:
        part = todo.pop()
        if "title" in part or "properties" not in part:
            assert part["title"]
            assert part["description"]
        inside = list(part.get("properties", {}).values())
        assert [one["order"] for one in inside] == list(range(len(inside)))
        todo += inside + [
            part["items"]["properties"][name] for name in part.get("items", {}).get("properties", {})
        ]


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"daterange": "week"}, "Use start_date"),
        ({"daterangecustom": {"start": "1"}}, "Use start_date"),
        ({"shoesize": 42}, "no property 'shoesize'"),
        ({"ipaddress": "67.128.22"}, "not an IP address"),
        ({"seslength_start": 3, "seslength_end": 2}, "search.seslength_end"),
        ({"sestime_start": 3, "sestime_end": 2}, "search.sestime_end"),
        ({"newold": {"new": False, "old": False}}, "search.newold"),
    ],
)
def test_a_search_that_cannot_be_is_told_in_a_sentence(search: Row, words: str) -> None:
    with pytest.raises(AirbyteTracedException, match=words) as raised:
        SourceInspectlet().endpoints({"search": search})
    assert str(raised.value).endswith(".")


README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readmes_search_is_one() -> None:
    config = json.loads(README.split("```json")[1].split("```")[0])
    assert of_config(config)["newold"] == {"new": False, "old": True}


def test_the_readmes_statements_delete_the_rows_of_pages_and_tags_that_no_longer_exist() -> None:
    (statements,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    with duckdb.connect() as warehouse:
        warehouse.execute("CREATE TABLE sessions (wid BIGINT, session_id VARCHAR, pages JSON, tags JSON)")
        warehouse.execute("INSERT INTO sessions VALUES (1, 'a', '[{}, {}]', '[{}]'), (1, 'none', NULL, '[]')")
        rows = [(wid, key, index) for wid in (1, 2) for key in ("a", "none") for index in range(3)]
        for name in ("page", "tag"):
            columns = f"wid BIGINT, session_id VARCHAR, {name}_index BIGINT"
            warehouse.execute(f"CREATE TABLE session_{name}s ({columns})")
            warehouse.executemany(f"INSERT INTO session_{name}s VALUES (?, ?, ?)", rows)  # noqa: S608 - of this test alone
        warehouse.execute(statements)
        pages, tags = (
            warehouse.execute(f"FROM session_{name}s ORDER BY ALL").fetchall() for name in ("page", "tag")
        )
    others = [row for row in rows if row[0] == 2]
    assert pages == [(1, "a", 0), (1, "a", 1), *others]
    assert tags == [(1, "a", 0), *others]
