"""UXCam's Session API: one list of whole sessions. https://dashboardapi.uxcam.com/public/session

The vendor has announced to retire it. It is the only API with screens and gestures.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import lru_cache

from session_source import (
    Answer,
    CalendarDay,
    Endpoint,
    Integer,
    Moment,
    Number,
    Page,
    PageContext,
    PageNumber,
    Request,
    Row,
    Stream,
    Text,
    objects,
    rfc3339,
    rows_of,
    value_or_none,
)
from session_source.api.columns import UNFIT

from source_uxcam.answers import successful
from source_uxcam.filters import SESSION_API, Filter

PAGE_SIZE = 100


def app_platform(row: Row) -> str | None:
    """Return the platform by the operating system, the device's class and its producer; null if unknown."""
    device = row.get("device")
    if not isinstance(device, dict):
        return None
    return _platform(str(device.get("os_version")), str(device.get("class")), str(device.get("producer")))


@lru_cache(maxsize=1024)  # there are few kinds of devices
def _platform(*words: str) -> str | None:
    texts = [text.lower() for text in words]
    if any("android" in text for text in texts):
        return "android"
    if texts[2] == "apple" or any(re.search(r"\b(ios|ipados|iphone|ipad|ipod)\b", text) for text in texts):
        return "ios"
    return None


def screens(row: Row) -> Iterator[Row]:
    """Yield the screens of a session."""
    for index, screen in enumerate(objects(row.get("flow"), "activity_name")):
        yield screen | {"screen_index": index}


def gestures(row: Row) -> Iterator[Row]:
    """Yield the gestures of a session, screen by screen."""
    return _inside_screens(row, "gestures", item="type", index="gesture_index", moment="gesture_at")


def events(row: Row) -> Iterator[Row]:
    """Yield the events of a session, screen by screen."""
    return _inside_screens(row, "events", item="name", index="event_index", moment="event_at")


def _inside_screens(row: Row, name: str, *, item: str, index: str, moment: str) -> Iterator[Row]:
    """Yield the items of a session's screens, with the screen's name and the moment of ``time``."""
    start = value_or_none(STARTED_AT.moment, row)
    offset_of = OFFSET.read
    for number, screen in enumerate(objects(row.get("flow"), "activity_name")):
        screen_name = value_or_none(SCREEN_NAME, screen)
        for position, found in enumerate(objects(screen.get(name), item)):
            try:
                seconds = offset_of(found)
                at = None if start is None or seconds is None else rfc3339(start + timedelta(0, seconds))
            except UNFIT:
                at = None
            yield {**found, "screen_index": number, index: position, "screen_name": screen_name, moment: at}


STARTED_AT = Moment("session", "verified_server_time")
DURATION = Number("session", "duration_sec")
SCREEN_NAME = Text("activity_name")
OFFSET = Number("time")
"""When an item happened, in seconds since the start of its session."""


class Sessions(Endpoint):
    """``GET session``: up to 100 a page, newest upload first, filtered by the day of the upload.

    The days are sent as a list (``in``), since the page does not say whether ``between`` includes its bounds. It
    does not say in which time zone the days are either; the time of the upload is taken as UTC.
    """

    name = "sessions"
    streams = (
        Stream("sessions", ("session_id",), "uploaded_at", is_session=True, schema="session_api/sessions"),
        Stream(
            "screens",
            ("session_id", "screen_index"),
            "uploaded_at",
            items=screens,
            schema="session_api/screens",
        ),
        Stream(
            "gestures",
            ("session_id", "screen_index", "gesture_index"),
            "uploaded_at",
            items=gestures,
            schema="session_api/gestures",
        ),
        Stream(
            "events",
            ("session_id", "screen_index", "event_index"),
            "uploaded_at",
            items=events,
            schema="session_api/events",
        ),
    )
    columns = {
        "session_id": Text("id"),
        "uploaded_at": Moment("session", "uploaded_server_time"),
        "user_id": Text("user", "uxcam_id"),
        "started_at": STARTED_AT,
        "ended_at": Moment("session", "verified_server_time", plus=DURATION),
        "duration_seconds": DURATION,
        "country_code": Text("location", "country_code"),
        "app_platform": app_platform,
        "page_count": Integer("session", "screen_count"),
    }
    id = "session_id"
    time_filter = CalendarDay("uploaded_at", "started_at", longest=timedelta(days=31))  # keeps the URL short
    pager = PageNumber(size=PAGE_SIZE)

    def __init__(self, filters: list[Filter]) -> None:
        self._filters = {
            one["field"]: {"operator": one["operator"], "value": value}
            for one, value in SESSION_API.checked(filters)
        }

    def request(self, page: PageContext) -> Request:
        """Request a page of the days that the window touches."""
        days = page.window.days()
        dates = {"operator": "in", "value": days} if len(days) > 1 else {"operator": "on", "value": days[0]}
        conditions = self._filters | {"sessiondate": dates}
        return Request(
            "GET",
            "session",
            params={
                "page": str(page.token),
                **{name: json.dumps(condition, separators=(",", ":")) for name, condition in conditions.items()},
            },
        )

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page."""
        return Page(rows_of(successful(answer).get("data")))
