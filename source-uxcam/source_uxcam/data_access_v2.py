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
    """Return the platform, which is a word in some answers and a number in others."""
    platform = str(at(row, "device", "platform")).lower()
    return {"1": "android", "android": "android", "2": "ios", "ios": "ios", "web": "web"}.get(platform)


class _List(Endpoint):
    """A list of v2: up to 500 a page, newest first; ``pagination.next`` names the next page.

    ``date_range`` filters by the time of the upload. The page does not say whether its bounds are included: the
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
        """Log which filters this list does not have, once a sync."""
        if self._left_out:
            logger.warning(
                f"{self.name}: UXCam has no filter {', '.join(self._left_out)} for this list. It is read without."
            )

    def request(self, page: PageContext) -> Request:
        """Request a page of what was uploaded in the window. UXCam allows no white space in parameters."""
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
    """``GET event``. An event has the time when it happened; the filter goes by the upload.

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
    """``GET user``: the users who were active in the window, with the totals of all time.

    A user is listed once per window of activity, with the latest time they were seen. That may be after the window
    and after ``end_date``; the row is emitted all the same. https://developer.uxcam.com/reference/users-1
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
