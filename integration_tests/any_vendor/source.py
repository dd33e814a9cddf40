"""The connector: it declares one of the time filters and one of the pagers, and knows no more about the vendor."""

from typing import ClassVar

from requests.auth import AuthBase
from session_source import (
    Answer,
    CalendarDay,
    Config,
    Endpoint,
    ExactTime,
    HeaderAuth,
    Moment,
    NextInAnswer,
    Offset,
    Page,
    PageContext,
    PageNumber,
    Pager,
    Request,
    SessionSource,
    StartOrEnd,
    Stream,
    Text,
    Unrelated,
    rfc3339,
    rows_of,
)

SIZE = 10
AT, OTHER = Moment("at"), Moment("other")
FILTERS = {
    "exact": ExactTime("at", AT),
    "start_or_end": StartOrEnd("at", "other"),
    "day": CalendarDay("other", "at"),
    "unrelated": Unrelated(),
}
PAGERS: dict[str, Pager] = {
    "number": PageNumber(SIZE),
    "token": NextInAnswer("next"),
    "total": Offset("total", size=SIZE),
}


class Rows(Endpoint):
    """``POST rows``."""

    name = "rows"
    streams = (Stream("rows", ("id",), "at"),)
    columns: ClassVar = {"id": Text("id"), "at": AT, "other": OTHER}
    id = "id"

    def __init__(self, kind: str, paging: str) -> None:
        self.time_filter = FILTERS[kind]
        setattr(self, "pager", PAGERS[paging])  # noqa: B010 - one class for all of them
        self._is_by_day = kind == "day"

    def request(self, page: PageContext) -> Request:
        """Ask for a page of a window, or of its days."""
        start, end = page.window.whole_seconds(early=1)
        dates = {"days": page.window.days()} if self._is_by_day else {"start": rfc3339(start), "end": rfc3339(end)}
        return Request("POST", "rows", json={**dates, "page": page.token, "size": SIZE})

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page."""
        body = answer.object()
        return Page(rows_of(body["rows"]), body)


class AnySource(SessionSource):
    """Reads the vendor."""

    vendor = "Any"
    credentials_hint = "There are none."
    window_days = 2
    workers = 3

    @property
    def package(self) -> str:
        """Where the spec and the schema are."""
        return "integration_tests.any_vendor"

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the one list."""
        return [Rows(config["kind"], config["paging"])]

    def auth(self, config: Config) -> AuthBase:
        """Send nothing."""
        return HeaderAuth({})

    def base_url(self, config: Config) -> str:
        """Return an address that no test uses."""
        return "https://any.example"
