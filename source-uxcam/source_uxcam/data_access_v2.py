"""UXCam's Data Access API v2: sessions, events and users. https://developer.uxcam.com/reference"""

import json
import logging
from typing import ClassVar

from session_source import (
    Answer,
    Either,
    Endpoint,
    ExactTime,
    Fetch,
    Integer,
    Moment,
    NextInAnswer,
    Number,
    Page,
    PageContext,
    PageNumber,
    Partition,
    Request,
    Row,
    Stream,
    Text,
    Unrelated,
    Window,
    at,
    rfc3339,
    rows_of,
)

from source_uxcam.answers import successful
from source_uxcam.filters import DATA_ACCESS_V2, Filter

PAGE_SIZE = 500

logger = logging.getLogger("airbyte")


def app_platform(row: Row) -> str | None:
    """Read the platform, which is a word in some answers and a number in others."""
    written = str(at(row, "device", "platform")).lower()
    return {"1": "android", "android": "android", "2": "ios", "ios": "ios", "web": "web"}.get(written)


class _List(Endpoint):
    """A list of v2: up to 500 a page, newest first, ``pagination.next`` names the next page.

    ``date_range`` filters by the time of the upload. Whether its bounds are included is not documented: the
    lower one is sent a second early, and the upper one may be either.
    """

    path: ClassVar[str]
    pager = NextInAnswer("pagination", "next", first=1, otherwise=PageNumber(size=PAGE_SIZE))

    def __init__(self, filters: list[Filter]) -> None:
        checked = DATA_ACCESS_V2.checked(filters)
        self._filters = [
            {"attribute": one["field"], "operator": one["operator"], "value": value}
            | {name: one[name] for name in ("property_name",) if one.get(name)}
            for one, value in checked
            if DATA_ACCESS_V2.knows(self.path, one["field"])
        ]
        fields = dict.fromkeys(one["field"] for one in filters)
        self._left_out = [field for field in fields if not DATA_ACCESS_V2.knows(self.path, field)]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:
        """Name the filters that are left out, once a sync."""
        if self._left_out:
            logger.warning(
                f"{self.name}: UXCam has no filter {', '.join(self._left_out)} for this list. It is read without."
            )

    def request(self, page: PageContext) -> Request:
        """Ask for a page of what was uploaded in the window. White space in parameters is not allowed."""
        lower, upper = page.window.whole_seconds(early=1)
        dates = {
            "attribute": "date_range",
            "operator": "between_dates",
            "value": {"lower": rfc3339(lower), "upper": rfc3339(upper)},
        }
        return Request(
            "GET",
            self.path,
            params={
                "page": str(page.token),
                "page_size": str(PAGE_SIZE),
                "filters": json.dumps([dates, *self._filters], separators=(",", ":")),
            },
        )

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page."""
        body = successful(answer)
        return Page(rows_of(body.get("data")), body)


UPLOADED_AT = Moment("property", "uploadedServerTime")
DURATION = Number("property", "durationSec")


class Sessions(_List):
    """``GET session``. https://developer.uxcam.com/reference/sessions-1"""

    name = "sessions"
    path = "session"
    streams = (
        Stream("sessions", ("session_id",), "uploaded_at", is_session=True, schema="data_access_v2/sessions"),
    )
    columns = {
        "session_id": Text("sessionId"),
        "uploaded_at": UPLOADED_AT,
        "user_id": Either(Text("user", "uxcamuserid"), Text("user", "userProperty", "uxcamuserid")),
        "started_at": Moment("property", "verifiedServerTime"),
        "ended_at": Moment("property", "verifiedServerTime", plus=DURATION),
        "duration_seconds": DURATION,
        "country_code": Text("location", "countryCode"),
        "app_platform": app_platform,
        "page_count": Integer("property", "totalScreen"),
    }
    id = "session_id"
    time_filter = ExactTime("uploaded_at", UPLOADED_AT)


class Events(_List):
    """``GET event``. An event tells when it happened, not when it was uploaded, which is what is filtered by.

    https://developer.uxcam.com/reference/events-1
    """

    name = "events"
    path = "event"
    streams = (Stream("events", ("event_id",), "event_at", schema="data_access_v2/events"),)
    columns = {
        "event_id": Text("eventId"),
        "event_at": Moment("eventDate"),
        "session_id": Text("sessionProperty", "sessionId"),
    }
    id = "event_id"
    time_filter = Unrelated()


class Users(_List):
    """``GET user``: who was active in the window, with the totals of all time.

    A user is told once per window of activity, with the latest time they were seen, which may lie beyond the
    window and beyond ``end_date``: no row is left out for it. https://developer.uxcam.com/reference/users-1
    """

    name = "users"
    path = "user"
    streams = (Stream("users", ("uxcam_user_id",), "last_seen_at", schema="data_access_v2/users"),)
    columns = {
        "uxcam_user_id": Text("uxcamUserId"),
        "last_seen_at": Moment("usage", "lastseenOn"),
    }
    id = "uxcam_user_id"
    time_filter = Unrelated()
