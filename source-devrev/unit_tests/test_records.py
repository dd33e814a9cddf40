"""The records of DevRev's sessions and recordings, and where a list ends."""

import json
from typing import Any

import pytest
from session_source import Next
from session_source.testing import columns_of, fits, next_of, page_of
from source_devrev import SourceDevrev
from source_devrev.sessions import Sessions, recordings

Json = dict[str, Any]
ANDROID = {"version_key": "shop", "platform": "android"}
IOS = {"version_key": "shop", "platform": "ios"}
WEB = {"version_key": "site", "platform": "web"}
PAGE = """{
"next_cursor": "string",
"prev_cursor": "string",
"sessions": [
{
"type": "mobile",
"platform": "android",
"session_id": "string",
"created_at": "2023-01-01T12:00:00.000Z",
"device_metadata": {
"app_version": "string",
"manufacturer": "string",
"model": "string",
"network_type": "string",
"os_version": "string",
"plug_sdk_version": "string",
"screen_height": 0,
"screen_width": 0,
"sdk_version": "string"
},
"has_exception_occurred": true,
"is_anr": true,
"is_crash": true,
"rage_tap": true,
"recording_ids": [
"string"
],
"rev_org_id": "REV-AbCdEfGh",
"rev_user_id": "string",
"session_duration_ms": 0
}
]
}"""
"""The answer on the vendor's page, without any edit."""
WEB_SESSION: Json = {
    "type": "web",
    "session_id": "w1",
    "created_at": "2023-01-01T12:00:00.250Z",
    "console_metadata": {"error": 1, "log": 20, "warn": 3},
    "dead_click_count": 2,
    "rage_click_count": 0,
    "device_metadata": {
        "type": "desktop",
        "browser": "Chrome",
        "browser_version": "126.0",
        "model": "Macintosh",
        "network_type": "4g",
        "os": "macOS",
    },
    "first_page_title": "Shop",
    "first_page_url": "https://shop.example.com/?q=1",
    "network_metadata": {"status_counts": {"200": 12, "404": 1}},
    "page_load_time_ms": 900,
    "session_attributes": {"attributes": {"plan": "pro"}},
    "session_duration_ms": 1500,
    "tab_ids": ["t1", "t2"],
    "rev_org_id": "REV-AbCdEfGh",
    "rev_user_id": "REVU-1",
}
"""A session of a site with every field that the vendor's SDK declares; the page shows a mobile one only."""


def endpoint(*apps: dict[str, str], filters: Json | None = None) -> Sessions:
    config: Json = {"access_token": "t", "apps": list(apps) or [ANDROID, IOS, WEB], "start_date": "2023-01-01"}
    if filters is not None:
        config["filters"] = filters
    (only,) = SourceDevrev().endpoints(config)
    assert isinstance(only, Sessions)
    return only


def partition(app: dict[str, str]) -> dict[str, str]:
    return {"version_key": app["version_key"], "app_platform": app["platform"]}


def records(stream: str, row: Json, app: dict[str, str]) -> list[Json]:
    values, nulled = columns_of(Sessions.columns, row)
    assert nulled == []
    (found,) = [s for s in Sessions.streams if s.name == stream]
    made = list(found.records(row, values | partition(app)))
    assert all(fits(found, "source_devrev", record) for record in made)
    return made


def test_the_pages_example_is_read_unchanged() -> None:
    assert next_of(endpoint(), PAGE, partition=partition(ANDROID)) == Next("string")
    (row,) = page_of(endpoint(), PAGE, partition=partition(ANDROID)).rows
    (record,) = records("sessions", row, ANDROID)
    assert record == row | {
        "version_key": "shop",
        "app_platform": "android",
        "created_at": "2023-01-01T12:00:00Z",
        "user_id": "string",
        "started_at": "2023-01-01T12:00:00Z",
        "ended_at": "2023-01-01T12:00:00Z",
        "duration_seconds": 0.0,
        "country_code": None,
        "page_count": None,
    }
    assert records("session_recordings", row, ANDROID) == [
        {
            "version_key": "shop",
            "app_platform": "android",
            "session_id": "string",
            "recording_id": "string",
            "recording_index": 0,
            "recording_kind": "recording",
            "created_at": "2023-01-01T12:00:00Z",
        }
    ]


def test_every_field_of_the_example_and_of_a_web_session_is_declared() -> None:
    declared = Sessions.streams[0].json_schema("source_devrev")["properties"]
    for row in (json.loads(PAGE)["sessions"][0], WEB_SESSION):
        assert set(row) <= set(declared)
        assert set(row["device_metadata"]) <= set(declared["device_metadata"]["properties"])
    for name in ("console_metadata", "network_metadata", "session_attributes"):
        assert set(WEB_SESSION[name]) == set(declared[name]["properties"])


def test_the_platform_of_a_web_session_is_that_of_its_app() -> None:
    (record,) = records("sessions", WEB_SESSION, WEB)
    assert "platform" not in record
    assert record["app_platform"] == "web"
    assert record["duration_seconds"] == 1.5
    assert record["ended_at"] == "2023-01-01T12:00:01.750000Z"
    assert record["user_id"] == "REVU-1"
    tabs = records("session_recordings", WEB_SESSION, WEB)
    assert [(tab["recording_id"], tab["recording_index"], tab["recording_kind"]) for tab in tabs] == [
        ("t1", 0, "tab"),
        ("t2", 1, "tab"),
    ]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({}, []),
        ({"recording_ids": None, "tab_ids": []}, []),
        ({"recording_ids": "r1"}, []),
        ({"recording_ids": [None, "", "r1"]}, [("r1", 2, "recording")]),
        ({"recording_ids": ["r1", "r1", 7]}, [("r1", 0, "recording"), ("7", 2, "recording")]),
        ({"recording_ids": ["r1"], "tab_ids": ["r1", "t1"]}, [("r1", 0, "recording"), ("t1", 1, "tab")]),
    ],
)
def test_a_recording_is_emitted_once_and_never_without_an_id(row: Json, found: list[tuple[str, int, str]]) -> None:
    made = [(r["recording_id"], r["recording_index"], r["recording_kind"]) for r in recordings(row)]
    assert made == found


@pytest.mark.parametrize(
    ("end", "following"),
    [({}, None), ({"next_cursor": ""}, None), ({"next_cursor": None}, None), ({"next_cursor": "c"}, Next("c"))],
)
def test_the_next_cursor_alone_decides_where_a_list_ends(end: Json, following: Next | None) -> None:
    for rows in ([], [{"session_id": str(n)} for n in range(100)]):
        assert next_of(endpoint(), {"sessions": rows, **end}, partition=partition(IOS)) == following


@pytest.mark.parametrize("sent", [[], {}, {"sessions": None}, {"sessions": ["s1"]}, {"message": "no"}])
def test_an_answer_without_a_list_of_sessions_is_no_end(sent: object) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|no list of records"):
        page_of(endpoint(), sent, partition=partition(IOS))


@pytest.mark.parametrize(
    ("row", "app"),
    [
        ({"type": "mobile", "platform": "ios"}, ANDROID),
        ({"platform": "ios"}, ANDROID),
        ({"type": "web"}, IOS),
        ({"type": "mobile"}, WEB),
        ({"platform": "android"}, WEB),
    ],
)
def test_a_page_of_another_platform_is_refused(row: Json, app: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"than (android|ios|web), which was requested"):
        page_of(endpoint(), {"sessions": [{"session_id": "s"}, row]}, partition=partition(app))


def test_one_odd_session_does_not_fail_a_page() -> None:
    both = [{"type": "mobile", "platform": "android"}, {"type": "mobile", "platform": "ios"}]
    for rows, app in ((both, ANDROID), ([{"type": "web"}, {"type": "mobile"}], WEB)):
        assert page_of(endpoint(), {"sessions": rows}, partition=partition(app)).rows == rows


@pytest.mark.parametrize(
    ("row", "app"),
    [
        ({}, ANDROID),
        ({"type": "mobile", "platform": "android"}, ANDROID),
        ({"type": "mobile", "platform": None}, IOS),
        ({"type": "mobile", "platform": "Android"}, ANDROID),
        ({"type": "web", "platform": "android"}, WEB),
        ({"type": {"odd": 1}, "platform": ["odd"]}, WEB),
    ],
)
def test_a_page_without_a_platform_is_accepted(row: Json, app: dict[str, str]) -> None:
    assert page_of(endpoint(), {"sessions": [row]}, partition=partition(app)).rows == [row]
