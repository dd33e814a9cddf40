"""The current API: requests as documented, both shapes of a user, paging by ``next``."""

from datetime import UTC, datetime
from typing import Any

import pytest
from session_source import Next, StatusInBody
from session_source.airbyte.connection import settings_of
from session_source.testing import columns_of, next_of, page_of, request_of
from source_uxcam import SourceUxcam
from source_uxcam.data_access_v2 import Events, Sessions, Users

WINDOW = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 19, 12, 0, 0, 500, tzinfo=UTC)


@pytest.mark.parametrize(("endpoint", "path"), [(Sessions, "session"), (Events, "event"), (Users, "user")])
def test_a_window_is_requested_without_white_space_and_a_second_early(endpoint: type[Any], path: str) -> None:
    request = request_of(endpoint([]), *WINDOW, token=2)
    assert (request.method, request.path) == ("GET", path)
    assert request.params == {
        "page": "2",
        "page_size": "500",
        "filters": '[{"attribute":"date_range","operator":"between_dates",'
        '"value":{"lower":"2022-12-31T23:59:59Z","upper":"2023-01-19T12:00:01Z"}}]',
    }


@pytest.mark.parametrize(
    ("pagination", "rows", "following"),
    [
        ({"current": 1, "next": 2, "total": 1}, 1, Next(2)),
        ({"current": 1, "next": None, "total": 500}, 500, None),
        # Without it, the reader decides by the lengths of pages whether there is a next one.
        (None, 500, Next(2, is_certain=False)),
        (None, 3, Next(2, is_certain=False)),
        (None, 0, None),
    ],
)
def test_the_next_page_decides_and_total_never(pagination: object, rows: int, following: Next | None) -> None:
    body: dict[str, Any] = {"success": True, "data": [{"sessionId": str(n)} for n in range(rows)]}
    if pagination:
        body["pagination"] = pagination
    assert next_of(Sessions([]), body, token=1) == following


@pytest.mark.parametrize(
    "user", [{"uxcamuserid": "u1"}, {"userProperty": {"uxcamuserid": "u1"}, "sessionNumber": 3}]
)
def test_a_user_is_found_in_both_of_the_vendors_shapes(user: dict[str, Any]) -> None:
    row = {
        "sessionId": "s1",
        "user": user,
        "property": {
            "uploadedServerTime": "2023-01-18T23:54:44.000Z",
            "verifiedServerTime": "2021-01-16 10:43:47",
            "durationSec": 12.5,
            "totalScreen": 3,
        },
        "device": {"platform": "android"},
        "location": {"countryCode": "DE"},
    }
    assert columns_of(Sessions.columns, row) == (
        {
            "session_id": "s1",
            "uploaded_at": "2023-01-18T23:54:44Z",
            "user_id": "u1",
            "started_at": "2021-01-16T10:43:47Z",
            "ended_at": "2021-01-16T10:43:59.500000Z",
            "duration_seconds": 12.5,
            "country_code": "DE",
            "app_platform": "android",
            "page_count": 3,
        },
        [],
    )


@pytest.mark.parametrize(
    ("written", "platform"),
    [(1, "android"), ("2", "ios"), ("iOS", "ios"), ("web", "web"), (3, None), (None, None)],
)
def test_a_platform_is_a_word_or_a_number(written: object, platform: str | None) -> None:
    values, _ = columns_of(Sessions.columns, {"device": {"platform": written}})
    assert values["app_platform"] == platform


def test_an_event_has_the_id_of_its_session() -> None:
    row = {"eventId": "e", "eventDate": "2023-01-18T23:54:44Z", "sessionProperty": {"sessionId": "s1"}}
    assert columns_of(Events.columns, row)[0] == {
        "event_id": "e",
        "event_at": "2023-01-18T23:54:44Z",
        "session_id": "s1",
    }


def test_success_false_counts_as_the_error_it_is() -> None:
    with pytest.raises(StatusInBody) as told:
        page_of(Users([]), {"success": False, "error": {"message": "no", "status": 403}})
    assert told.value.status == 403


@pytest.mark.parametrize(("api", "workers"), [("data_access_v2", 5), ("session_api", 20)])
def test_v2_has_no_more_workers_than_requests_in_a_second(api: str, workers: int) -> None:
    config = {"start_date": "2026-01-01", "num_workers": 20, "api": {"version": api}}
    assert settings_of(SourceUxcam(), config).workers == workers
