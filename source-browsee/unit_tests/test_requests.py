"""Requests for pages, selections and segments. https://docs.browsee.io/integration/api-calls/data-export-api"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from session_source.testing import page_of, request_of
from source_browsee import SourceBrowsee
from source_browsee.export import IDENTITY, NEEDED, SegmentSessions, Sessions

CONFIG = {"api_key": "a", "secret_key": "s", "start_date": "2026-01-31"}
WINDOW = datetime(2026, 1, 31, 0, 0, 0, 500_000, tzinfo=UTC), datetime(2026, 2, 1, 0, 0, 0, 1, tzinfo=UTC)
START, END = 1_769_817_600, 1_769_904_000
FIELDS = [
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
    *("utm_content", "browser", "os", "device", "isMobile", "ip", "city", "country", "domain", "referrer"),
]


def sent(body: dict[str, Any]) -> dict[str, Any]:
    """What goes out when the credentials are on it."""
    auth = SourceBrowsee().auth(CONFIG)
    prepared = requests.Request("POST", "https://api.browsee.io/", json=body, auth=auth).prepare()
    assert prepared.url == "https://api.browsee.io/"
    assert prepared.headers["Content-Type"] == "application/json"
    assert int(prepared.headers["Content-Length"]) == len(prepared.body or "")
    found: dict[str, Any] = json.loads(prepared.body or "")
    return found


def test_a_page_is_requested_as_documented_with_both_keys_in_the_body() -> None:
    request = request_of(Sessions([]), *WINDOW, token=100)
    assert (request.method, request.path) == ("POST", "export/sessions")
    assert (request.params, request.headers, request.form) == ({}, {}, None)
    assert sent(dict(request.json or {})) == {
        "apiKey": "a",
        "secretKey": "s",
        "start": START - 1,  # a second early: whether the bound is included is not documented
        "end": END + 1,  # the window ends within a second, which is requested whole
        "from": 100,
        "limit": 100,
    }


def test_a_start_is_sent_for_every_window_and_is_never_negative() -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 2, tzinfo=UTC)
    body = request_of(Sessions([]), *long_ago).json or {}
    assert (body["start"], body["end"], body["from"]) == (0, 86_400, 0)


def test_each_configured_segment_is_requested_once_and_without_any_there_is_nothing_to_request() -> None:
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
def test_both_endpoints_exist_without_selection_and_segments(config: dict[str, Any]) -> None:
    endpoints = SourceBrowsee().endpoints(CONFIG | config)
    assert [endpoint.name for endpoint in endpoints] == ["sessions", "segment_sessions"]


@pytest.mark.parametrize(
    ("config", "name"),
    [({"segment_ids": ["5f3a"]}, "segment_sessions"), ({"segment_ids": []}, "sessions"), ({}, "sessions")],
)
def test_check_reads_the_segments_if_there_are_some(config: dict[str, Any], name: str) -> None:
    assert SourceBrowsee().checked_endpoint(CONFIG | config) == name
