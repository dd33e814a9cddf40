"""Browsee: requests as its page tells them, each form of answer and of error, ids, columns and the config."""

import json
import logging
import re
from datetime import UTC, datetime
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
import yaml
from jsonschema import Draft7Validator
from session_source import Answer, Fault, Kind, Next, Row, StatusInBody, Stream
from session_source.testing import answer_of, columns_of, next_of, page_of, request_of
from source_browsee import SourceBrowsee, export
from source_browsee.export import IDENTITY, NEEDED, SegmentSessions, Sessions, pages, session_id

CONFIG = {"api_key": "a", "secret_key": "s", "start_date": "2026-01-31"}
WINDOW = datetime(2026, 1, 31, 0, 0, 0, 500_000, tzinfo=UTC), datetime(2026, 2, 1, 0, 0, 0, 1, tzinfo=UTC)
START, END = 1_769_817_600, 1_769_904_000
IDENTIFIED = {
    "timestamp": 1_769_817_600_123,
    "ip": "203.0.113.7",
    "landingPage": "https://example.com/ü",
    "browser": "Firefox",
    "os": "Linux",
    "device": None,
    "isMobile": False,
    "domain": "example.com",
}
FIELDS = [
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
    *("utm_content", "browser", "os", "device", "isMobile", "ip", "city", "country", "domain", "referrer"),
]


def exports(rows: int, **told: object) -> Answer:
    return answer_of({"status": "success", "exports": {"data": [{"timestamp": n} for n in range(rows)], **told}})


def sent(body: dict[str, Any]) -> dict[str, Any]:
    """What goes out when the credentials are on it."""
    auth = SourceBrowsee().auth(CONFIG)
    prepared = requests.Request("POST", "https://api.browsee.io/", json=body, auth=auth).prepare()
    assert prepared.url == "https://api.browsee.io/"
    assert prepared.headers["Content-Type"] == "application/json"
    assert int(prepared.headers["Content-Length"]) == len(prepared.body or "")
    found: dict[str, Any] = json.loads(prepared.body or "")
    return found


def test_a_page_is_asked_for_as_documented_with_both_keys_in_the_body() -> None:
    request = request_of(Sessions([]), *WINDOW, token=100)
    assert (request.method, request.path) == ("POST", "export/sessions")
    assert (request.params, request.headers, request.form) == ({}, {}, None)
    assert sent(dict(request.json or {})) == {
        "apiKey": "a",
        "secretKey": "s",
        "start": START - 1,  # a second early: whether the bound is included is not documented
        "end": END + 1,  # the window ends within a second, which is asked for whole
        "from": 100,
        "limit": 100,
    }


def test_a_start_is_sent_for_every_window_and_is_never_negative() -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)
    body = request_of(Sessions([]), *long_ago).json or {}
    assert (body["start"], body["end"], body["from"]) == (0, 86_400, 0)


def test_each_configured_segment_is_asked_for_once_and_without_any_there_is_nothing_to_ask() -> None:
    endpoint = SegmentSessions([], ["5f3a", "5f3b", "5f3a"])
    parts = endpoint.partitions(lambda *_: None)
    assert parts == [{"segment_id": "5f3a"}, {"segment_id": "5f3b"}]
    assert (request_of(endpoint, partition=parts[1]).json or {})["segmentId"] == "5f3b"
    assert "segmentId" not in (request_of(Sessions([])).json or {})
    assert SegmentSessions([], []).partitions(lambda *_: None) == []


def test_a_selection_adds_what_keys_cursor_and_columns_need() -> None:
    body = request_of(Sessions(["tags", "urls", "tags"])).json or {}
    assert body["options"] == {"select": [*NEEDED, "tags"]}
    assert body["select"] == [*NEEDED, "tags"], "the vendor's own scripts send it here"
    assert {*IDENTITY, "timestamp", "duration", "userId", "country", "pageCount", "urls"} == set(NEEDED)
    assert not {"options", "select"} & (request_of(Sessions([])).json or {}).keys()


@pytest.mark.parametrize("chosen", [["tags"], ["email", "city"]])
def test_fields_that_were_not_chosen_are_dropped_even_if_the_vendor_sends_them(chosen: list[str]) -> None:
    row = {name: name for name in FIELDS} | {"_id": "a", "undocumented": 1}
    body = {"status": "success", "exports": {"data": [row], "total": 1, "to": 1}}
    for endpoint in (Sessions(chosen), SegmentSessions(chosen, ["5f3a"])):
        (found,) = page_of(endpoint, body).rows
        assert found.keys() == {*NEEDED, *chosen, "_id", "undocumented"}
    assert page_of(Sessions([]), body).rows == [row]


@pytest.mark.parametrize("config", [{}, {"fields": None, "segment_ids": None}, {"fields": [], "segment_ids": []}])
def test_without_selection_and_segments_both_endpoints_are_there_all_the_same(config: dict[str, Any]) -> None:
    endpoints = SourceBrowsee().endpoints(CONFIG | config)
    assert [endpoint.name for endpoint in endpoints] == ["sessions", "segment_sessions"]


@pytest.mark.parametrize(
    ("config", "name"),
    [({"segment_ids": ["5f3a"]}, "segment_sessions"), ({"segment_ids": []}, "sessions"), ({}, "sessions")],
)
def test_check_asks_for_the_segments_where_there_are_some(config: dict[str, Any], name: str) -> None:
    assert SourceBrowsee().checked_endpoint(CONFIG | config) == name


@pytest.mark.parametrize(
    ("token", "rows", "told", "following"),
    [
        (0, 100, {"total": 240, "to": 100}, Next(100, total=240)),
        (200, 40, {"total": 240, "to": 240}, None),
        # The total may have grown meanwhile, or be a lower bound.
        (100, 100, {"total": 200, "to": 200}, Next(200, is_certain=False, total=200)),
        (200, 0, {"total": 200, "to": 200}, None),
        # A page that is shorter than its range is continued after its rows: some may come again, none is missed.
        (0, 97, {"total": 240, "to": 100}, Next(97, total=240)),
        (0, 3, {"total": "3", "to": "3"}, None),
        # Without a total, the reader decides by the lengths of pages whether there is a next one.
        (0, 100, {}, Next(100, is_certain=False)),
        (0, 3, {}, Next(3, is_certain=False)),
        (0, 0, {}, None),
    ],
)
def test_a_page_begins_after_the_rows_that_came_while_the_total_says_that_there_are_more(
    token: int, rows: int, told: dict[str, Any], following: Next | None
) -> None:
    assert next_of(Sessions([]), exports(rows, **told), token=token) == following


@pytest.mark.parametrize("to", [0, 99, 100, 101, 300, "x", None])
def test_to_decides_nothing_since_its_meaning_is_not_documented(to: object) -> None:
    """It may be the last row's index or number, the next offset, or an offset that does not lead on."""
    assert next_of(Sessions([]), exports(100, total=240, to=to), token=0) == Next(100, total=240)


@pytest.mark.parametrize("token", [0, 100])
def test_a_page_that_is_empty_before_its_total_is_asked_for_again(token: int) -> None:
    with pytest.raises(ValueError, match="its total says that there is more"):
        next_of(Sessions([]), exports(0, total=240, to=token), token=token)


def test_an_empty_window_may_come_without_data() -> None:
    body = {"status": "success", "exports": {"total": 0, "to": 0}}
    assert page_of(Sessions([]), body).rows == []
    assert next_of(Sessions([]), body) is None


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"status": "success"},
        {"status": "success", "exports": []},
        {"status": "success", "exports": {"total": 3, "to": 3}},
        {"status": "success", "exports": {"total": 3, "to": 3, "data": None}},
        {"status": "success", "exports": {"total": 1, "to": 1, "data": ["x"]}},
        {"status": "success", "exports": {"total": "x", "to": 1, "data": [{}]}},
    ],
)
def test_an_answer_of_another_form_is_no_page(body: object) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|no list of records|could not convert"):
        next_of(Sessions([]), body)


def test_the_vendors_own_example_is_read() -> None:
    # As on the page, but for what makes it no JSON: the comments, N and i (both 1 here).
    body = b'{"status":"success","exports":{"total":1,"to":1,"data":[{}]}}'
    assert page_of(Sessions([]), body).rows == [{}]
    assert next_of(Sessions([]), body) is None
    assert columns_of(Sessions.columns, {})[0]["session_id"] is None, "the core hashes the whole record then"


SESSION = {
    **IDENTIFIED,
    "userId": "u1",
    "duration": 61_500,
    "pageCount": 2,
    "country": "de",
    "urls": ["https://example.com/ü", {"url": "https://example.com/b", "time": 5}],
}


def test_the_columns_of_every_session() -> None:
    assert columns_of(Sessions.columns, SESSION) == (
        {
            "session_id": session_id(SESSION),
            "user_id": "u1",
            "started_at": "2026-01-31T00:00:00.123000Z",
            "ended_at": "2026-01-31T00:01:01.623000Z",
            "duration_seconds": 61.5,
            "country_code": "DE",
            "app_platform": "web",
            "page_count": 2,
        },
        [],
    )


def test_columns_that_the_vendor_leaves_out_are_null() -> None:
    values, nulled = columns_of(Sessions.columns, {"userId": "", "timestamp": None})
    assert values == dict.fromkeys(Sessions.columns) | {"app_platform": "web"}
    assert nulled == []


@pytest.mark.parametrize(
    ("country", "code"), [("DE", "DE"), ("Germany", None), ("", None), (None, None), ("ÄÖ", None), (49, None)]
)
def test_a_country_is_a_code_only_if_it_has_two_letters(country: object, code: str | None) -> None:
    assert columns_of(Sessions.columns, {"country": country})[0]["country_code"] == code


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"sessionId": "a", "_id": "b", "id": "c"}, "a"),
        ({"_id": "b", "id": "c"}, "b"),
        ({"sessionId": "", "_id": None, "id": 7}, "7"),
    ],
)
def test_an_id_of_the_vendors_is_taken_where_there_is_one(row: Row, found: str) -> None:
    assert session_id(IDENTIFIED | row) == found


def test_without_an_id_the_hash_has_the_form_that_the_readme_tells() -> None:
    canonical = (
        '[1769817600123,"203.0.113.7","https://example.com/ü","Firefox","Linux",null,false,"example.com",null]'
    )
    assert session_id(IDENTIFIED) == f"hash:{sha256(canonical.encode()).hexdigest()}"
    assert session_id(IDENTIFIED) == "hash:05140c01f5eb5772419f980f5aaf9ce5f28596aff7e0cf55020b80f6f74bfd87"


def test_nothing_that_a_later_identify_or_a_longer_session_changes_is_in_the_hash() -> None:
    later = {name: "changed" for name in FIELDS if name not in IDENTITY}
    assert session_id(IDENTIFIED | later | {"_id": {"$oid": "5f"}}) == session_id(IDENTIFIED)
    for name in IDENTITY:
        assert session_id(IDENTIFIED | {name: "changed"}) != session_id(IDENTIFIED), name


def test_a_record_without_any_of_it_is_left_to_the_hash_of_the_whole() -> None:
    assert session_id({"userId": "u1", "id": True}) is None


def of(name: str) -> Stream:
    return next(stream for stream in (*Sessions.streams, *SegmentSessions.streams) if stream.name == name)


def test_pages_carry_the_sessions_key_and_cursor_and_are_objects() -> None:
    columns, _ = columns_of(Sessions.columns, SESSION)
    carried = {"session_id": columns["session_id"], "started_at": columns["started_at"]}
    assert list(of("session_pages").records(SESSION, columns)) == [
        {"url": "https://example.com/ü", "page_index": 0, **carried},
        {"url": "https://example.com/b", "time": 5, "page_index": 1, **carried},
    ]
    assert list(pages({"urls": None})) == list(pages({})) == []


@pytest.mark.parametrize("name", ["sessions", "segment_sessions"])
def test_the_schemas_declare_every_field_of_the_vendors_page(name: str) -> None:
    properties = of(name).json_schema("source_browsee")["properties"]
    assert set(FIELDS) | set(Sessions.columns) == set(properties) - {"segment_id"}
    assert ("segment_id" in properties) == (name == "segment_sessions")


def test_the_fields_to_choose_from_are_those_of_the_vendors_page() -> None:
    spec = yaml.safe_load((resources.files("source_browsee") / "spec.yaml").read_bytes())
    fields = spec["connectionSpecification"]["properties"]["fields"]
    assert fields["items"]["enum"] == FIELDS == list(export.FIELDS)
    assert all(name in fields["description"] for name in NEEDED)


REFUSALS = [
    # the two of the vendor's page
    (400, {"status": "failure", "message": {"error": "API Key missing."}}),
    (401, {"status": "unauthorized", "message": {"error": "Secret Key invalid."}}),
    # the same in other forms
    (400, {"status": "failure", "message": "Secret Key invalid."}),
    (400, {"status": "unauthorized"}),
    (403, {"status": "failure", "message": {"error": "apiKey unknown"}}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
def test_refused_keys_are_the_users_to_mend_whatever_the_status(status: int, body: object) -> None:
    told = Sessions([]).fault(answer_of(body, status))
    with pytest.raises(Fault) as raised:
        page_of(Sessions([]), body)
    for fault in (told, raised.value):
        assert fault is not None
        assert fault.kind is Kind.CONFIG
        assert "secret_key" in fault.message


@pytest.mark.parametrize(
    "message",
    [{"error": "Only one open request is allowed"}, "Rate limit reached for this API key", "Too many requests"],
)
def test_a_second_open_request_is_a_limit_whatever_the_status(message: object) -> None:
    body = {"status": "failure", "message": message}
    told = Sessions([]).fault(answer_of(body, 400))
    assert told is not None
    assert told.kind is Kind.LIMIT
    with pytest.raises(Fault, match="one open request at a time") as raised:
        page_of(Sessions([]), body)
    assert raised.value.kind is Kind.LIMIT


def test_a_segment_that_is_refused_names_the_property() -> None:
    told = Sessions([]).fault(answer_of({"status": "failure", "message": {"error": "Segment not found"}}, 400))
    assert told is not None
    assert told.kind is Kind.CONFIG
    assert "segment_ids" in told.message


@pytest.mark.parametrize(
    "body",
    [
        {"status": "failure", "message": {"error": "Operation failed while a report was generated"}},
        {"status": "failure", "message": "The segment could not be computed"},
        {"status": "failure", "message": ["no"]},
        {"status": "failure", "message": None},
        {"status": "SUCCESS?", "exports": {"total": 0, "to": 0, "data": []}},
        {"exports": {"total": 0, "to": 0, "data": []}},
    ],
)
def test_any_other_failure_in_a_200_counts_as_a_server_error(body: object) -> None:
    with pytest.raises(StatusInBody) as told:
        page_of(Sessions([]), body)
    assert told.value.status == 500


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"status":"failure","message":{"error":"start has a wrong format"}}'),
        (429, b'{"status":"failure","message":"one open request"}'),  # the core reads Retry-After
        (500, b'{"status":"failure","message":"API Key lookup failed"}'),
        (400, b"<html>"),
        (400, b"[]"),
    ],
)
def test_what_the_words_do_not_explain_is_left_to_the_status(status: int, body: bytes) -> None:
    assert Sessions([]).fault(Answer(status, {}, body)) is None


README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readmes_config_fits_the_spec_and_its_example_of_a_hash_is_right() -> None:
    config = json.loads(README.split("```json")[1].split("```")[0])
    schema = SourceBrowsee().spec(logging.getLogger("test")).connectionSpecification
    Draft7Validator(schema).validate(config)
    assert "num_workers" not in schema["properties"]
    identity = json.dumps([IDENTIFIED.get(name) for name in IDENTITY], ensure_ascii=False, separators=(",", ":"))
    assert f"`{identity}`" in README
    assert f"`{session_id(IDENTIFIED)}`" in README


def test_the_readmes_statement_deletes_the_rows_of_pages_that_no_longer_exist() -> None:
    (statement,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    with duckdb.connect() as warehouse:
        warehouse.execute("CREATE TABLE sessions (session_id VARCHAR, urls JSON)")
        warehouse.execute("CREATE TABLE session_pages (session_id VARCHAR, page_index BIGINT)")
        warehouse.execute("""INSERT INTO sessions VALUES ('two', '["/a", "/b"]'), ('none', NULL)""")
        rows = [(session, index) for session in ("two", "none", "unknown") for index in range(3)]
        warehouse.executemany("INSERT INTO session_pages VALUES (?, ?)", rows)
        warehouse.execute(statement)
        left = warehouse.execute("FROM session_pages ORDER BY ALL").fetchall()
    assert left == [("two", 0), ("two", 1), ("unknown", 0), ("unknown", 1), ("unknown", 2)]


def test_one_worker_is_no_option_and_a_request_is_given_time() -> None:
    source = SourceBrowsee()
    assert (source.vendor, source.window_days, source.workers) == ("Browsee", 7, 1)
    assert source.base_url(CONFIG) == "https://api.browsee.io/api/v1"
    retry_policy = source.retry_policy()
    assert retry_policy.after_timeout == 30
    assert retry_policy.total + retry_policy.after_timeout < retry_policy.outage, (
        "a request that timed out is sent once more"
    )
