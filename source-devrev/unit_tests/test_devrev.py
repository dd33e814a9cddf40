"""DevRev's list of sessions: what is asked, what an answer becomes, which filters go to whom."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import Kind, Next, Request
from session_source.testing import answer_of, columns_of, fits, next_of, page_of, request_of
from source_devrev import SourceDevrev, errors
from source_devrev.sessions import Sessions, recordings

Json = dict[str, Any]

ANDROID = {"version_key": "shop", "platform": "android"}
IOS = {"version_key": "shop", "platform": "ios"}
WEB = {"version_key": "site", "platform": "web"}
START, END = datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 31, tzinfo=UTC)

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


def no_fetch(*_: object) -> object:
    raise AssertionError("nothing has to be asked before reading")


def partition(app: dict[str, str]) -> dict[str, str]:
    return {"version_key": app["version_key"], "app_platform": app["platform"]}


def request(reading: Sessions, app: dict[str, str], token: str | None = None) -> Request:
    return request_of(reading, START, END, token=token, partition=partition(app))


def body(app: dict[str, str], token: str | None = None, filters: Json | None = None) -> Json:
    return dict(request(endpoint(app, filters=filters), app, token).json or {})


def refused(filters: Json, *apps: dict[str, str]) -> str:
    with pytest.raises(AirbyteTracedException) as error:
        endpoint(*apps, filters=filters)
    assert error.value.failure_type is not None
    assert error.value.failure_type.value == "config_error"
    return str(error.value.message)


def records(stream: str, row: Json, app: dict[str, str]) -> list[Json]:
    values, nulled = columns_of(Sessions.columns, row)
    assert nulled == []
    (found,) = [s for s in Sessions.streams if s.name == stream]
    made = list(found.records(row, values | partition(app)))
    assert all(fits(found, "source_devrev", record) for record in made)
    return made


@pytest.mark.parametrize(
    ("app", "kind"), [(ANDROID, "mobile"), (IOS, "mobile"), (WEB, "web")], ids=["android", "ios", "web"]
)
def test_the_first_page_is_asked_for_as_documented_and_a_second_early(app: dict[str, str], kind: str) -> None:
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


def test_a_window_with_a_fraction_is_asked_for_as_a_whole() -> None:
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


def test_the_pages_example_is_read_as_it_stands() -> None:
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


def test_a_web_session_tells_its_platform_by_its_app() -> None:
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
def test_a_recording_is_told_once_and_never_without_an_id(row: Json, found: list[tuple[str, int, str]]) -> None:
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
def test_a_page_of_another_platform_is_no_answer(row: Json, app: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"where (android|ios|web) was asked for"):
        page_of(endpoint(), {"sessions": [{"session_id": "s"}, row]}, partition=partition(app))


def test_one_odd_session_does_not_hold_up_a_page() -> None:
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
def test_a_page_that_tells_nothing_else_is_taken(row: Json, app: dict[str, str]) -> None:
    assert page_of(endpoint(), {"sessions": [row]}, partition=partition(app)).rows == [row]


BOTH: Json = {
    "is_anonymous": False,
    "network_type": ["WiFi", "4g"],
    "rev_org": ["REV-AbCdEfGh"],
    "rev_user": ["REVU-1"],
    "session_attributes": [{"attribute_path": "plan", "filter_type": "string_filter", "equals": ["pro"]}],
    "session_duration": {"min_ms": 0, "max_ms": 60000},
}
MOBILE: Json = {
    "app_version": ["3.1.3"],
    "device_model": ["Pixel 8"],
    "has_exception_occurred": True,
    "is_anr": False,
    "is_crash": True,
    "manufacturer": ["Google"],
    "os_version": ["13"],
    "rage_tap": True,
    "response_time_list": {
        "api_name": ["checkout"],
        "request_properties": [{"attribute_path": "a", "filter_type": "bool_filter", "equals": False}],
        "response_properties": [{"attribute_path": "b", "filter_type": "none"}],
        "round_trip_time": {"equals_ms": [1.5], "range": {"min_ms": 0, "max_ms": 9}},
    },
    "screen_name": ["Home"],
}
SITES: Json = {
    "browser": ["Chrome"],
    "browser_version": ["126.0"],
    "console_logs": {"body": ["TypeError"], "full_url": ["https://a.example"], "log_type": ["error"]},
    "device_type": ["desktop"],
    "events": {"is_dead": True, "is_rage": False, "value": ["buy"]},
    "has_console_errors": True,
    "has_dead_clicks": False,
    "has_network_errors": True,
    "has_rage_clicks": True,
    "network_logs": {"request_method": ["POST"], "request_url": ["/x"], "response_status": [500]},
    "normalized_url": ["/orders/*"],
    "os": ["macOS"],
    "page_name": ["Cart"],
    "page_url": ["https://shop.example.com/cart"],
}
ATTRIBUTE: Json = {"attribute_path": "n", "filter_type": "int64_filter", "range": {"min": 1, "max": 2}}
MOBILE_EVENTS: Json = {
    "event_name": ["buy"],
    "exception_class_name": ["Oops"],
    "properties_filters": [ATTRIBUTE],
}
SITES_EVENTS: Json = {"event_name": ["buy"], "event_details_filters": [ATTRIBUTE]}
EVERY: Json = {**BOTH, **MOBILE, **SITES, "custom_events": MOBILE_EVENTS | SITES_EVENTS}


def test_each_app_is_sent_the_filters_that_its_type_knows() -> None:
    reading = endpoint(filters=EVERY)
    for app, known in [
        (ANDROID, {**BOTH, **MOBILE, "custom_events": MOBILE_EVENTS}),
        (IOS, {**BOTH, **MOBILE, "custom_events": MOBILE_EVENTS}),
        (WEB, {**BOTH, **SITES, "custom_events": SITES_EVENTS}),
    ]:
        assert request(reading, app).json == body(app) | known


def test_the_spec_describes_every_filter_and_no_other() -> None:
    properties = SourceDevrev().spec(None).connectionSpecification["properties"]  # type: ignore[arg-type]
    described = properties["filters"]["properties"]
    assert set(described) == set(EVERY)
    for name, part in described.items():
        assert part["title"], name
        assert part["description"], name
        for inner in part.get("properties", {}).values():
            assert inner["title"], name
            assert inner["description"], name
        if "properties" in part:
            assert set(part["properties"]) == set(EVERY[name])
    assert sorted(part["order"] for part in described.values()) == list(range(len(described)))


@pytest.mark.parametrize("name", sorted(SITES))
def test_a_filter_of_sites_is_refused_where_there_are_only_mobile_apps(name: str) -> None:
    said = refused({name: SITES[name]}, ANDROID, IOS)
    assert name in said
    assert "apps on web" in said
    assert "Remove it from filters" in said


@pytest.mark.parametrize("name", sorted(MOBILE))
def test_a_filter_of_mobile_apps_is_refused_where_there_are_only_sites(name: str) -> None:
    said = refused({name: MOBILE[name]}, WEB)
    assert name in said
    assert "apps on android or ios" in said


def test_a_part_of_a_filter_that_no_app_knows_is_refused() -> None:
    assert "custom_events.exception_class_name" in refused({"custom_events": MOBILE_EVENTS}, WEB)
    assert "custom_events.event_details_filters" in refused({"custom_events": SITES_EVENTS}, ANDROID)


def test_a_filter_that_does_not_exist_is_refused_with_those_that_do() -> None:
    said = refused({"page_urls": ["x"]})
    assert "'page_urls'" in said
    assert "page_url," in said
    assert "session_duration.min_ms" in said
    assert "'session_duration'" in refused({"session_duration": 5})


def test_dates_are_no_filter() -> None:
    assert "start_date" in refused({"created_at": {"type": "preset", "preset_type": "last_n_days", "days": 3}})


@pytest.mark.parametrize("name", ["cursor", "limit", "mode", "platform", "sort_by", "type", "version_key"])
def test_a_filter_cannot_replace_what_the_connector_sends(name: str) -> None:
    assert name in refused({name: "x"})


def test_what_nobody_filled_in_is_not_sent() -> None:
    empty: Json = {
        "rev_user": [],
        "network_type": [""],
        "session_duration": {},
        "session_attributes": [{}],
        "custom_events": {"event_name": [], "properties_filters": None},
        "browser": [],
        "no_such": None,
    }
    assert body(ANDROID, filters=empty) == body(ANDROID)
    assert body(ANDROID, filters={"is_crash": False, "session_duration": {"min_ms": 0}}) == body(ANDROID) | {
        "is_crash": False,
        "session_duration": {"min_ms": 0},
    }


def fault_of(status: int, told: Json) -> tuple[Kind, str]:
    fault = endpoint().fault(answer_of(told, status))
    assert fault is not None
    assert fault.wait is None
    return fault.kind, fault.message


@pytest.mark.parametrize(
    ("status", "told", "kind", "words"),
    [
        (401, {"type": "unauthenticated"}, Kind.CONFIG, ["access_token", "Create a new one"]),
        (401, {"type": "token_expired"}, Kind.CONFIG, ["expired", "Create a new one"]),
        (401, {"type": "token_revoked"}, Kind.CONFIG, ["revoked", "Create a new one"]),
        (401, {"type": "dev_org_deactivated"}, Kind.CONFIG, ["deactivated", "another organization"]),
        (403, {"type": "forbidden"}, Kind.CONFIG, ["version_key", "may see its sessions"]),
        (404, {"message": "route not found"}, Kind.CONFIG, ["no such address", "route not found", "base_url"]),
        (413, {"type": "request_entity_too_large", "max_bytes": 9}, Kind.CONFIG, ["filters", "9 bytes"]),
        (429, {"type": "too_many_requests", "retry_after": 3}, Kind.LIMIT, ["limits the requests", "user"]),
        (500, {"type": "internal_error", "reference_id": "ref-7"}, Kind.OUTAGE, ["ref-7", "later"]),
        (500, {"type": "internal_error"}, Kind.OUTAGE, ["failed to answer", "later"]),
        (503, {"type": "service_unavailable"}, Kind.OUTAGE, ["not available", "later"]),
        (400, {"type": "bad_request"}, Kind.CONFIG, ["Check apps and filters"]),
        (400, {"type": "some_new_type"}, Kind.CONFIG, ["Check apps and filters"]),
        (400, {"type": "invalid_field", "field_name": "page_url"}, Kind.CONFIG, ["page_url in filters"]),
        (
            400,
            {
                "type": "invalid_enum_value",
                "field_name": "device_type[0]",
                "allowed_values": ["desktop", "mobile"],
            },
            Kind.CONFIG,
            ["device_type[0] in filters", "It takes: desktop, mobile."],
        ),
        (400, {"type": "missing_required_field", "field_name": "version_key"}, Kind.CONFIG, ["in apps"]),
        (
            400,
            {"type": "value_not_permitted", "field_name": "session_duration.min_ms", "reason": "it is {negative}"},
            Kind.CONFIG,
            ["session_duration.min_ms in filters", "it is {negative}"],
        ),
        (400, {"type": "value_not_permitted", "field_name": "platform"}, Kind.CONFIG, ["platform", "in apps"]),
        (400, {"type": "value_not_permitted", "field_name": "limit"}, Kind.DEFECT, ["limit", "report it"]),
        (400, {"type": "invalid_field", "field_name": "cursor"}, Kind.STUCK, ["cursor", "Run the sync again"]),
    ],
)
def test_an_error_is_told_with_its_cure(status: int, told: Json, kind: Kind, words: list[str]) -> None:
    found, message = fault_of(status, told)
    assert found is kind
    assert message.startswith("DevRev ")
    assert f"({status})" in message
    assert message.endswith(".")
    for word in words:
        assert word in message


def test_an_error_quotes_the_vendor_once_and_on_one_line() -> None:
    _, message = fault_of(403, {"type": "forbidden", "message": "Forbidden", "detail": "not\n yours"})
    assert '(403): "Forbidden: not yours".' in message
    _, message = fault_of(403, {"type": "forbidden", "message": "no", "detail": "no"})
    assert '(403): "no".' in message
    assert len(fault_of(400, {"type": "bad_request", "detail": "x" * 5000})[1]) < 600


@pytest.mark.parametrize("sent", [b"<html>Sign in</html>", b"", b"[]", b'{"error":"who are you?"}'])
def test_what_is_not_in_devrevs_words_is_left_to_its_status(sent: bytes) -> None:
    for status in (401, 403, 429, 502):
        assert endpoint().fault(answer_of(sent, status)) is None


def test_the_class_needs_no_arguments() -> None:
    assert SourceDevrev().window_days == 30
    assert SourceDevrev().workers == 8
    assert SourceDevrev().base_url({}) == "https://api.devrev.ai"
