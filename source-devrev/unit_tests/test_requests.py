"""Requests for pages. https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post"""

from datetime import UTC, datetime
from typing import Any

import pytest
from session_source import Request
from session_source.testing import answer_of, request_of
from source_devrev import SourceDevrev, errors
from source_devrev.sessions import Sessions

Json = dict[str, Any]
ANDROID = {"version_key": "shop", "platform": "android"}
IOS = {"version_key": "shop", "platform": "ios"}
WEB = {"version_key": "site", "platform": "web"}
START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 31, tzinfo=UTC)


def endpoint(*apps: dict[str, str], filters: Json | None = None) -> Sessions:
    config: Json = {"access_token": "t", "apps": list(apps) or [ANDROID, IOS, WEB], "start_date": "2023-01-01"}
    if filters is not None:
        config["filters"] = filters
    (only,) = SourceDevrev().endpoints(config)
    assert isinstance(only, Sessions)
    return only


def no_fetch(*_: object) -> object:
    raise AssertionError("nothing has to be asked before reading")


def partition(app: dict[str, str]) -> dict[str, str]:
    return {"version_key": app["version_key"], "app_platform": app["platform"]}


def request(reading: Sessions, app: dict[str, str], token: str | None = None) -> Request:
    return request_of(reading, START, END, token=token, partition=partition(app))


def body(app: dict[str, str], token: str | None = None, filters: Json | None = None) -> Json:
    return dict(request(endpoint(app, filters=filters), app, token).json or {})


@pytest.mark.parametrize(
    ("app", "kind"), [(ANDROID, "mobile"), (IOS, "mobile"), (WEB, "web")], ids=["android", "ios", "web"]
)
def test_the_first_page_is_requested_as_documented_and_a_second_early(app: dict[str, str], kind: str) -> None:
    first = request(endpoint(app), app)
    assert (first.method, first.path) == ("POST", "observability.sessions.list")
    assert (first.params, first.form) == ({}, None)
    assert first.json == {
        "type": kind,
        "platform": app["platform"],
        "version_key": app["version_key"],
        "created_at": {
            "type": "range",
            "after": "2022-12-31T23:59:59.000Z",
            "before": "2023-01-31T00:00:00.000Z",
        },
        "mode": "after",
    }


def test_a_later_page_differs_by_its_cursor_alone() -> None:
    assert body(IOS, "abc") == body(IOS) | {"cursor": "abc"}


def test_a_window_with_a_fraction_is_requested_as_a_whole() -> None:
    window = datetime(2023, 1, 1, 8, 0, 0, 1, tzinfo=UTC), datetime(2023, 1, 2, 8, 0, 0, 123456, tzinfo=UTC)
    sent = request_of(endpoint(WEB), *window, partition=partition(WEB)).json or {}
    assert sent["created_at"] == {
        "type": "range",
        "after": "2023-01-01T07:59:59.000Z",
        "before": "2023-01-02T08:00:01.000Z",
    }


def test_the_largest_page_and_an_order_are_preferred_and_remembered() -> None:
    reading = endpoint()
    limits, orders = zip(*(request(reading, app).wishes for app in (ANDROID, IOS, WEB)), strict=True)
    assert limits[0].options == [{"limit": 100}, {"limit": 50}, {"limit": 20}, {"limit": 10}]
    assert limits[0] is limits[1] is limits[2]
    assert orders[0].options == [{"sort_by": ["created_at:asc"]}, {}]
    assert orders[0] is orders[1]
    assert orders[1] is not orders[2]


@pytest.mark.parametrize(
    ("told", "is_about_limit"),
    [
        ({"type": "invalid_field", "field_name": "limit"}, True),
        ({"type": "value_not_permitted", "field_name": "limit", "message": "100 is too many"}, True),
        ({"type": "bad_request", "message": "limit must be at most 50"}, True),
        ({"type": "invalid_field", "field_name": "sort_by", "message": "limit"}, False),
        ({"type": "bad_request", "message": "unlimited"}, False),
        ([], False),
    ],
)
def test_a_smaller_page_is_for_refusals_that_name_the_limit(told: object, *, is_about_limit: bool) -> None:
    assert errors.is_about_limit(answer_of(told, 400)) is is_about_limit


def test_each_app_is_read_by_itself_and_once() -> None:
    reading = endpoint(ANDROID, WEB, IOS, ANDROID)
    assert reading.partitions(no_fetch) == [partition(ANDROID), partition(WEB), partition(IOS)]
