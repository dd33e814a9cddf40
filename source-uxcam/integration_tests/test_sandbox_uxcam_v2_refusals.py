"""UXCam's sandbox: what the new API's documentation does not allow is refused."""

import json
from typing import Any

import pytest
from sandbox_server import Request, load_vendor

VENDOR = load_vendor("source-uxcam", sessions=20, days=2, requests_per_hour=None)


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def one(attribute: str, operator: str, value: object, **more: str) -> dict[str, Any]:
    return {"attribute": attribute, "operator": operator, "value": value, **more}


def between(lower: str, upper: str) -> dict[str, Any]:
    return one("date_range", "between_dates", {"lower": lower, "upper": upper})


REFUSED: list[tuple[str, object]] = [
    ("session", "nonsense"),
    ("session", "{}"),
    ("session", '[{"attribute": "app_version","operator":"equal","value":"1"}]'),
    ("session", '[{"attribute":"app_version","operator":"equal","value":"1"}] '),
    ("session", "[{'attribute':'app_version','operator':'equal','value':'1'}]"),
    ("session", '[{"attribute":"app_version","operator":"equal","value":"1","value":"2"}]'),
    ("session", ["app_version"]),
    ("session", [one("colour", "equal", "red")]),
    ("session", [{"attribute": "app_version", "operator": "equal"}]),
    ("session", [one("app_version", "equal", "1", property_name="x")]),
    ("session", [one("user_custom_property", "equal", "1")]),
    ("session", [one("user_custom_property", "equal", 1, property_name="x")]),
    ("session", [one("user_custom_property", "greater", 1, property_name="x")]),
    ("session", [one("app_version", "is", "1")]),
    ("session", [one("app_version", "greater", "1")]),
    ("session", [one("app_version", "equal", 1)]),
    ("session", [one("app_version", "equal", None)]),
    ("session", [one("app_version", "in", "1")]),
    ("session", [one("app_version", "in", [])]),
    ("session", [one("app_version", "in", [1])]),
    ("session", [one("session_crashed", "equal", 1)]),
    ("session", [one("session_crashed", "equal", "True")]),
    ("session", [one("session_crashed", "equal", ["true"])]),
    ("session", [one("session_crashed", "not_equal", "true")]),
    ("session", [one("session_duration", "greater", "3")]),
    ("session", [one("session_duration", "greater", value=True)]),
    ("session", [one("session_duration", "above", 3)]),
    ("session", [one("session_duration", "equal", 3)]),
    ("session", [one("event_name", "equal", "purchase", property_name="")]),
    ("session", [one("event_name", "equal", "purchase", property="value")]),
    ("session", [one("user_session_count", "greater", 1)]),
    ("session", [one("session_screen_list", "in", ["Home"])]),
    ("session", [one("session_screen_list", "has_any", "Home")]),
    ("session", [one("date_range", "between", ["2026-03-01", "2026-03-02"])]),
    ("session", [one("date_range", "between_dates", ["2026-03-01", "2026-03-02"])]),
    ("session", [one("date_range", "between_dates", {"from": "2026-03-01", "to": "2026-03-02"})]),
    ("session", [one("date_range", "between_dates", {"lower": "2026-03-01"})]),
    ("session", [between("2026-03-02", "2026-03-01")]),
    ("session", [between("2026-03-01", "2026-02-30")]),
    ("session", [between("2026-03-01", "2026-03-02T00:00:00")]),
    ("session", [between("2026-03-01", "2026-03-02 00:00:00")]),
    ("session", [between("2026-03-01", "2026-03-02T00:00:00+00:00")]),
    ("session", [between("2026-03-01", "2026-03-02T00:00:00.000Z")]),
    ("session", [one("date_range", "after", 1772323200)]),
    ("session", [one("date_range", "from", "2026-03-01")]),
    ("session", [one("event_screen_name", "equal", "Home")]),
    ("session", [one("event_custom_property", "equal", "x", property_name="y")]),
    ("session", [one("user_gesture_count", "greater", 1)]),
    ("session", [one("session_uploadedon_day", "equal", "2026-03-01")]),
    ("event", [one("session_id", "equal", "x")]),
    ("event", [one("user_first_seen_on", "after", "2026-03-01")]),
    ("user", [one("session_crashed", "equal", "true")]),
    ("user", [one("session_duration", "greater", 1)]),
    ("user", [one("event_custom_property", "equal", "x", property_name="y")]),
]


def ask(endpoint: str, query: list[tuple[str, str]]) -> tuple[int, Any]:
    config = VENDOR.configs("")["data_access_v2"]
    headers = {"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}
    answer = VENDOR.answer(Request("GET", f"/v2/{endpoint}", query, headers))
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize(("endpoint", "filters"), REFUSED)
def test_filters_that_are_not_documented_are_refused(endpoint: str, filters: object) -> None:
    text = filters if isinstance(filters, str) else compact(filters)
    status, body = ask(endpoint, [("filters", text)])
    assert status == 400
    assert body["success"] is False
    assert body["error"]["status"] == 400
    assert body["error"]["message"]


@pytest.mark.parametrize(
    "query",
    [
        [("page", "0")],
        [("page", "one")],
        [("page", "1.0")],
        [("page_size", "0")],
        [("page_size", "501")],
        [("page_size", "")],
        [("size", "10")],
        [("daterange", "{}")],
        [("page", "1"), ("page", "1")],
    ],
)
def test_parameters_that_are_not_documented_are_refused(query: list[tuple[str, str]]) -> None:
    status, body = ask("session", query)
    assert (status, body["success"]) == (400, False)


def test_documented_parameters_and_filters_are_accepted() -> None:
    allowed = [one("app_version", "equal", "1"), between("2026-03-01", "2026-03-02T00:00:00Z")]
    query = [("page", "1"), ("page_size", "500"), ("filters", compact(allowed))]
    assert ask("session", query)[0] == 200
