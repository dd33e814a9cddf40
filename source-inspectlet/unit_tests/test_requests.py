"""Requests for pages and for details, and how pages are continued. https://apidocs.inspectlet.com"""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from session_source import Next, Request, Row
from session_source.testing import next_of, page_of, request_of
from source_inspectlet import SourceInspectlet
from source_inspectlet.sessions import SessionDetails, Sessions
from source_inspectlet.websites import Websites

START, END = datetime(2015, 11, 6, tzinfo=UTC), datetime(2015, 11, 13, tzinfo=UTC)
WID = {"wid": 12345678}


def sessions(search: Row | None = None, *website_ids: int) -> Sessions:
    return Sessions(Websites(website_ids), search or {})


def test_a_page_is_requested_with_a_form_with_the_search_as_json_and_times_as_text() -> None:
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


def test_a_window_is_requested_a_second_early_and_up_to_a_whole_second() -> None:
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
    """The lengths of pages decide whether it is requested, since no answer says it."""
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


def test_one_session_is_requested_by_its_id() -> None:
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
