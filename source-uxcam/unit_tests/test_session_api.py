"""The vendor's own example records, through the connector.

The page is no valid JSON. The edits that make it one, and nothing else: single quotes around ``success``, ``true``
and ``data`` become double ones, and the line "… (further session jsons)" with the comma before it is left out.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from session_source import Next, StatusInBody
from session_source.testing import columns_of, fits, next_of, page_of, request_of
from source_uxcam.session_api import Sessions

START, END = datetime(2019, 1, 30, tzinfo=UTC), datetime(2019, 2, 1, tzinfo=UTC)

SESSION = """{
"uploaded_server_time": "2019/01/31, 12:01:34", "verified_server_time": "2019/01/31, 11:14:59",
"recorded_device_time": "2019/01/31, 14:03:44", "weekday_device": "Wed", "offline_recorded": 0, "is_crashed": 1,
"has_video": 1, "duration_sec": 134.3, "screen_count": 2, "gesture_count": 53, "unresponsive_gesture_count": 12,
"rage_gesture_count": 36}"""
REST = """
"location": {"country_code": "US", "city": "New York City", "latitude": 315.231, "longitude": 231.311},
"user": {"name": "steve@gmail.com", "session_number": 13, "random_alias": "Martin Meyers",
"uxcam_id": "3149ry02ryh2"},
"device": {"id": "rh3r829ry8923yri", "producer": "Samsung", "model": "S6", "type": "phone",
"class": "Android Large", "height": 432, "width": 300, "dpi": 1024, "language": "French", "app_version": "3.1.3",
"os_version": "Android 5.3", "sdk_version": "3.1.1", "carrier_name": "Vodafone", "total_ram_kb": 368137,
"free_ram_kb": 480, "total_storage_in_kb": 3029072, "country": "France", "time_zone": "+4", "is_rooted": 0,
"notification_enabled": 1},
"flow": [{"activity_name": "ActivityUserDetails", "start_time": 0, "end_time": 24.867, "total_time": 24.867,
"gestures": [
{"type": "Single Tap", "time": 0.748, "rage": 1, "view": {"name": "StartButton", "id": "start_button_301",
"class": "Button", "responsive": 1}},
{"type": "Double Tap", "time": 12.748, "rage": 1, "view": {"name": "StartButton", "id": "start_button_301",
"class": "Button", "responsive": 0}}],
"events": [
{"time": 12.314, "type": "user_defined", "name": "purchase", "params": {"value": 13, "object": "car"}},
{"time": 12.314, "type": "uxcam", "name": "rage_tap", "params": {"screen_name": "ActivityUserDetails"}},
{"time": 31.314, "type": "user_defined", "name": "cancel_cart", "params": {"reason": "unclear"}}]}],"""
PAGE = f"""{{"success": "true", "data": [
{{"id": "3902r2hhoif290", "session": {SESSION}, {REST}
"properties": {{"referrer": "Facebook", "MixpanelID": "342h98r2h"}}}},
{{"id": "3902r2h0oif290", "session": {SESSION}, {REST}
"properties": {{"referrer": "Google", "MixpanelID": "392u0ry8y"}}}}]}}"""


def records(stream: str) -> list[dict[str, Any]]:
    endpoint = Sessions([])
    page = page_of(endpoint, PAGE)
    (found,) = [s for s in endpoint.streams if s.name == stream]
    read = [(row, *columns_of(endpoint.columns, row)) for row in page.rows]
    assert [nulled for *_, nulled in read] == [[], []]
    given = [record for row, columns, _ in read for record in found.records(row, columns)]
    assert all(fits(found, "source_uxcam", record) for record in given)
    return given


def test_the_pages_sessions_come_whole_and_with_the_columns_that_every_session_has() -> None:
    first, second = records("sessions")
    vendor = json.loads(PAGE)["data"][0]
    assert {name: first[name] for name in vendor} == vendor
    assert {name: value for name, value in first.items() if name not in vendor} == {
        "session_id": "3902r2hhoif290",
        "uploaded_at": "2019-01-31T12:01:34Z",
        "user_id": "3149ry02ryh2",
        "started_at": "2019-01-31T11:14:59Z",
        "ended_at": "2019-01-31T11:17:13.300000Z",
        "duration_seconds": 134.3,
        "country_code": "US",
        "app_platform": "android",
        "page_count": 2,
    }
    assert second["session_id"] == "3902r2h0oif290"


ON_SCREEN = {"screen_index": 0, "screen_name": "ActivityUserDetails"}


@pytest.mark.parametrize(
    ("stream", "count", "added"),
    [
        ("screens", 2, {"screen_index": 0}),
        ("gestures", 4, ON_SCREEN | {"gesture_index": 0, "gesture_at": "2019-01-31T11:14:59.748000Z"}),
        ("events", 6, ON_SCREEN | {"event_index": 0, "event_at": "2019-01-31T11:15:11.314000Z"}),
    ],
)
def test_derived_records_carry_the_vendors_object_the_key_the_cursor_the_screen_and_the_moment(
    stream: str, count: int, added: dict[str, object]
) -> None:
    found = records(stream)
    assert len(found) == count
    screen = json.loads(PAGE)["data"][0]["flow"][0]
    thing = screen if stream == "screens" else screen[stream][0]
    assert found[0] == {**thing, **added, "session_id": "3902r2hhoif290", "uploaded_at": "2019-01-31T12:01:34Z"}


def test_two_events_of_the_same_name_and_time_have_indexes_of_their_own() -> None:
    assert [record["event_index"] for record in records("events")] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize(
    ("start", "time", "moment"),
    [
        ("2019/01/31, 11:14:59", "0.5", "2019-01-31T11:14:59.500000Z"),
        ("2019/01/31, 11:14:59", 86400, "2019-02-01T11:14:59Z"),
        ("2019/01/31, 11:14:59", None, None),
        ("2019/01/31, 11:14:59", True, None),
        ("2019/01/31, 11:14:59", "soon", None),
        ("2019/01/31, 11:14:59", 1e300, None),
        ("yesterday", 1, None),
        (None, 1, None),
    ],
)
def test_a_moment_is_the_start_and_the_time_or_null(start: object, time: object, moment: str | None) -> None:
    row = {
        "id": "a",
        "session": {"verified_server_time": start},
        "flow": [{"activity_name": ["odd"], "events": [{"time": time}], "gestures": [{"time": time}]}],
    }
    endpoint = Sessions([])
    columns, _ = columns_of(endpoint.columns, row)
    by_name = {stream.name: list(stream.records(row, columns)) for stream in endpoint.streams}
    assert [event["event_at"] for event in by_name["events"]] == [moment]
    assert [gesture["gesture_at"] for gesture in by_name["gestures"]] == [moment]
    assert by_name["events"][0]["screen_name"] is None


@pytest.mark.parametrize(
    ("device", "platform"),
    [
        ({"os_version": "iOS 13.1"}, "ios"),
        ({"os_version": "iPadOS 14"}, "ios"),
        ({"os_version": "13.1", "producer": "Apple"}, "ios"),
        ({"os_version": "9", "class": "Android Large"}, "android"),
        ({"os_version": "9", "producer": "Samsung"}, None),
        ({"os_version": "9", "class": "Kiosk"}, None),
        ("broken", None),
        (None, None),
    ],
)
def test_the_platform_is_read_from_the_device_and_never_guessed(device: object, platform: str | None) -> None:
    values, nulled = columns_of(Sessions.columns, {"id": "a", "device": device})
    assert values["app_platform"] == platform
    assert nulled == []


def test_a_window_is_requested_by_the_days_it_touches() -> None:
    request = request_of(Sessions([]), START, END, token=3)
    assert (request.method, request.path) == ("GET", "session")
    assert request.params == {
        "page": "3",
        "sessiondate": '{"operator":"in","value":["2019-01-30","2019-01-31"]}',
    }
    one_day = request_of(Sessions([]), START, datetime(2019, 1, 30, 8, tzinfo=UTC))
    assert one_day.params["sessiondate"] == '{"operator":"on","value":"2019-01-30"}'


def test_windows_are_short_enough_for_a_url() -> None:
    longest = Sessions.time_filter.longest
    assert longest is not None
    # At the edges of a gap, days of other zones are requested too.
    request = request_of(Sessions([]), START - timedelta(days=1), START + longest + timedelta(days=2))
    assert len(urlencode(request.params)) < 1000


@pytest.mark.parametrize(("rows", "following"), [(100, Next(5, is_certain=False)), (0, None)])
def test_a_page_with_rows_may_be_followed_by_another_one(rows: int, following: Next | None) -> None:
    """The lengths of pages decide whether it is requested, since no answer says it."""
    body = {"success": "true", "data": [{"id": str(n)} for n in range(rows)]}
    assert next_of(Sessions([]), body, token=4) == following


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"success":"false","message":"Invalid API key"}', 401),
        ('{"success":false,"error":{"message":"Request limit exceeded","status":429}}', 429),
        ('{"success":"false","message":"Too many requests"}', 429),
        ('{"success":"false"}', 500),
        ("{}", 500),
    ],
)
def test_an_error_in_a_200_counts_as_the_error_it_is(body: str, status: int) -> None:
    with pytest.raises(StatusInBody) as told:
        page_of(Sessions([]), body)
    assert told.value.status == status


@pytest.mark.parametrize(
    "body",
    ['{"success":"true"}', '{"success":"true","data":{}}', '{"success":"true","data":[1]}', "[]", "", "<html>"],
)
def test_an_answer_without_a_list_of_records_cannot_be_read(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are the parser's
        page_of(Sessions([]), body)


def test_items_that_are_no_objects_are_wrapped() -> None:
    row = {"id": "a", "flow": ["Home", {"activity_name": "Cart", "events": ["buy", None], "gestures": {}}]}
    endpoint = Sessions([])
    columns, _ = columns_of(endpoint.columns, row)
    by_name = {stream.name: list(stream.records(row, columns)) for stream in endpoint.streams}
    assert [screen["activity_name"] for screen in by_name["screens"]] == ["Home", "Cart"]
    assert [event["name"] for event in by_name["events"]] == ["buy", None]
    assert by_name["gestures"] == []
