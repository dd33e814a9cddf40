"""What the connector assumes about UXCam's two APIs. https://developer.uxcam.com/reference"""

from datetime import datetime, timedelta

from session_source import Window, at
from session_source.airbyte.verify.access import NO_RATE_LIMIT_HEADERS, Reachable, Spelling
from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Assumptions,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.days import DayOf, DayZone, Present
from session_source.airbyte.verify.pages import SHORT_PAGES, ListEnd, PageSize, steady_order
from session_source.airbyte.verify.rows import (
    Columns,
    Ids,
    Undeclared,
    ValueTypes,
    session_fields,
    stable_id,
)
from session_source.airbyte.verify.survey import Survey
from session_source.airbyte.verify.times import Bounds, FilterTime

from source_uxcam.data_access_v2 import PAGE_SIZE
from source_uxcam.session_api import PAGE_SIZE as SESSION_API_PAGE_SIZE

SESSION_API = "https://dashboardapi.uxcam.com/public/session"
LISTS = {
    "sessions": "https://developer.uxcam.com/reference/sessions-1",
    "events": "https://developer.uxcam.com/reference/events-1",
    "users": "https://developer.uxcam.com/reference/users-1",
}

TRIED_SESSIONS = 3
"""Sessions that are tried until one has events."""

_RETIRED = {
    "gone": setting(
        "UXCam has retired this API.",
        "Set `api.version` to `data_access_v2`. Its records differ, and it has no screens or gestures.",
    )
}


class NextPage(Probe):
    """Whether answers name the next page."""

    how = "Looks for `pagination` in the answers that have rows."
    findings = {
        "absent": nothing("Answers have no `pagination`.", "The lengths of pages decide whether there are more.")
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample."""
        bodies = [read.answer.object() for read in survey.sample(endpoint).pages if read.page.rows]
        if not bodies:
            return cannot_tell("there are no rows")
        if any("next" in (at(body, "pagination") or {}) for body in bodies):
            return Seen(AS_ASSUMED, "answers have `pagination.next`")
        return Seen("absent", "answers have no `pagination.next`")


class EventTime(Probe):
    """Whether events are filtered by the upload of their session."""

    how = "Looks for the events of a session that was uploaded days after it occurred, around its upload."
    findings = {
        "occurrence": setting(
            "The filter goes by the time of the event.",
            "An event is missed if it is uploaded later than `lookback_window_days` after it happened: set that "
            "to the longest time that devices are offline.",
        )
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for events of such a session."""
        late = [
            row
            for row in survey.sample("sessions").settled("uploaded_at", "started_at", "ended_at")
            if row.moments[0] - row.moments[2] > timedelta(days=1)
        ]
        for row in late[:TRIED_SESSIONS]:
            uploaded, start, end = row.moments
            if self._has_events(survey, endpoint, row.columns["session_id"], uploaded, uploaded):
                return Seen(AS_ASSUMED, "events are listed when their session was uploaded")
            if self._has_events(survey, endpoint, row.columns["session_id"], start, end):
                return Seen("occurrence", "events are listed when they happened")
        return cannot_tell("no session with events was uploaded a day or more after it ended")

    def _has_events(self, survey: Survey, endpoint: str, session_id: str, first: datetime, last: datetime) -> bool:
        minute = timedelta(minutes=1)
        window = Window(first - minute, last + minute)
        sample = survey.pages(survey.endpoints[endpoint], {}, window)
        return any(columns["session_id"] == session_id for read in sample.pages for columns in read.columns)


def _v2(name: str, one: str) -> tuple[Assumption, ...]:
    """Return what is assumed about the rows of a list."""
    page = LISTS[name]
    return (
        Assumption(f"{name}-ids", f"Every {one} has its own id.", Ids(), page, endpoint=name),
        Assumption(
            f"{name}-fields",
            f"{name.title()} have the fields of UXCam's pages only.",
            Undeclared(),
            page,
            endpoint=name,
        ),
        Assumption(
            f"{name}-types",
            f"Values of {name} have the types of UXCam's pages.",
            ValueTypes(),
            page,
            endpoint=name,
        ),
        Assumption(
            f"{name}-columns",
            f"The fields that columns of {name} are read from are there.",
            Columns(),
            page,
            endpoint=name,
        ),
    )


ASSUMPTIONS: Assumptions = {
    "data_access_v2": (
        Assumption(
            "reachable",
            "The Data Access API v2 answers with the key of the config.",
            Reachable(),
            LISTS["sessions"],
        ),
        Assumption(
            "credentials",
            "The headers `X-App-Id` and `X-Api-Key` are accepted.",
            Spelling(),
            "https://developer.uxcam.com/reference",
            findings={
                "second": nothing(
                    "Only `appid` and `apikey` in the URL are accepted.",
                    "The connector uses them. The key then stands in the logs of proxies.",
                )
            },
        ),
        Assumption("page-size", f"A page has up to {PAGE_SIZE} sessions.", PageSize(PAGE_SIZE)),
        Assumption("next-page", "`pagination.next` names the next page.", NextPage(), LISTS["sessions"]),
        Assumption(
            "filter-time",
            "`date_range` goes by the upload of a session, and times without a zone are in UTC.",
            FilterTime("uploaded_at"),
            "https://developer.uxcam.com/docs/query-parameters",
        ),
        Assumption("bounds", "The bounds of `date_range` are included.", Bounds("uploaded_at")),
        Assumption(
            "events-filter-time",
            "`date_range` goes by the upload of an event.",
            EventTime(),
            LISTS["events"],
            endpoint="events",
        ),
        steady_order("uploaded_at"),
        *_v2("sessions", "session"),
        *_v2("events", "event"),
        *_v2("users", "user"),
        NO_RATE_LIMIT_HEADERS,
        Assumption(
            "rate-limit",
            "Five requests a second and 500 an hour are allowed.",
            source="https://developer.uxcam.com/docs/rate-limit",
            findings={
                "lower": setting(
                    "Fewer are allowed.",
                    "UXCam locks the app out for up to a day. Set `requests_per_hour`.",
                )
            },
        ),
        Assumption(
            "filters",
            "Booleans in filters are JSON booleans, and `event_name` takes `property_name`.",
            findings={
                "refused": setting(
                    "UXCam refuses such a filter (400), or ignores it.", "Use `event_custom_property` instead."
                )
            },
        ),
        Assumption(
            "stable-ids",
            "Ids never change.",
            findings={"changes": nothing("They change.", "A changed id is a new row.")},
        ),
        Assumption(
            "errors-in-200",
            "If `success` is not true, `error.status` or the words of the message decide which error it is.",
            findings={"others": report("The words are others.", "The sync fails with UXCam's words.")},
        ),
    ),
    "session_api": (
        Assumption(
            "reachable",
            "The Session API, which UXCam announced to retire in 2020, still answers.",
            Reachable(),
            SESSION_API,
            findings=_RETIRED,
        ),
        Assumption(
            "page-size",
            f"A page has up to {SESSION_API_PAGE_SIZE} sessions.",
            PageSize(SESSION_API_PAGE_SIZE),
            SESSION_API,
        ),
        Assumption("end-of-list", "The page after the last one is empty.", ListEnd()),
        Assumption(
            "filter-time",
            "`sessiondate` is the day of the upload.",
            DayOf("uploaded_at", "started_at"),
            SESSION_API,
        ),
        Assumption("day-zone", "Days begin at midnight in UTC.", DayZone()),
        Assumption("times", "Times without a zone are in UTC.", Present("uploaded_at")),
        steady_order("uploaded_at"),
        Assumption("ids", "Every session has its own `id`.", Ids(), SESSION_API),
        *session_fields("UXCam's page", SESSION_API),
        NO_RATE_LIMIT_HEADERS,
        SHORT_PAGES,
        stable_id("`id` never changes."),
        Assumption(
            "errors-in-200",
            "If `success` is not true, the words of the message decide which error it is.",
            findings={"others": report("The words are others.", "The sync fails with UXCam's words.")},
        ),
    ),
}
