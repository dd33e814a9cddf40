"""Filters: which apps they are sent to, and which ones are refused."""

from datetime import UTC, datetime
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import Request
from session_source.testing import request_of
from source_devrev import SourceDevrev
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


def test_empty_fields_of_a_form_are_not_sent() -> None:
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
