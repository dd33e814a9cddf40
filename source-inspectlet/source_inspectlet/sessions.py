"""The sessions of a website. https://apidocs.inspectlet.com/#listing-and-searching-sessions"""

import json
from collections.abc import Callable, Iterator
from urllib.parse import quote

from session_source import (
    Answer,
    Detail,
    Endpoint,
    Fault,
    Fetch,
    Integer,
    Kind,
    Moment,
    Number,
    Page,
    PageContext,
    PageNumber,
    Partition,
    Request,
    Row,
    StartOrEnd,
    Stream,
    Text,
    at,
    epoch_seconds,
    objects,
    quoted,
    value_or_none,
)

from source_inspectlet.answers import error_text, response, sessions_in
from source_inspectlet.websites import Websites

PAGE_SIZE = 100

COUNTRY = Text("country")
START, END = Number("date_start_session"), Number("date_end_session")
OPENED_AT, RID = Number("opened_at"), Number("rid")
TAGGED_AT = Number("timestamp")
PAGE_OPENED_AT, TAG_SET_AT = Moment("opened_at", per_second=1), Moment("timestamp", per_second=1)


def pages(row: Row) -> Iterator[Row]:
    """Yield the pages of a session by the time they were opened, new ones last."""
    found = sorted(objects(row.get("pages"), "url"), key=lambda page: (_place(page, OPENED_AT), _place(page, RID)))
    for index, page in enumerate(found):
        yield page | {"page_index": index, "page_opened_at": value_or_none(PAGE_OPENED_AT, page)}


def tags(row: Row) -> Iterator[Row]:
    """Yield the tags of a session by the time they were set, new ones last."""
    found = sorted(
        objects(row.get("tags"), "tag"),
        key=lambda tag: (_place(tag, TAGGED_AT), _text(tag, "tag"), _text(tag, "value")),
    )
    for index, tag in enumerate(found):
        yield tag | {"tag_index": index, "tagged_at": value_or_none(TAG_SET_AT, tag)}


def _place(item: Row, column: Number) -> tuple[int, float, str]:
    """Return a key to sort by: items without a number come first, since new items have one."""
    try:
        number = column(item)
    except (ValueError, OverflowError):
        return 1, 0, str(at(item, *column.path))
    return (0, 0, "") if number is None else (2, number, "")


def _text(item: Row, name: str) -> str:
    value = item.get(name)
    return "" if value is None else str(value)


def duration_seconds(row: Row) -> float | None:
    """Return the seconds from a session's start to its end: ``session_duration`` is not in the documented unit."""
    start, end = START(row), END(row)
    if start is None or end is None:
        return None
    if end < start:
        raise ValueError("it ends before it starts")
    return end - start


def country_code(row: Row) -> str | None:
    """Return the country's code, two letters."""
    country = COUNTRY(row)
    if country is not None and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise ValueError("it is not the code of a country")
    return country and country.upper()


COLUMNS: dict[str, Callable[[Row], str | float | None]] = {
    "session_id": Text("sid"),
    "user_id": Text("uid"),
    "started_at": Moment("date_start_session", per_second=1),
    "ended_at": Moment("date_end_session", per_second=1),
    "duration_seconds": duration_seconds,
    "country_code": country_code,
    "app_platform": lambda _: "web",
    "page_count": Integer("num_pages"),
}


class SessionDetails(Detail):
    """``GET websites/<wid>/sessions/<sid>``: one session.

    https://apidocs.inspectlet.com/#retrieving-an-individual-session
    """

    name = "session_details"
    streams = (Stream("session_details", ("wid", "session_id"), "started_at", is_session=True, schema="sessions"),)
    columns = COLUMNS
    id = "session_id"

    def request(self, columns: Row, partition: Partition) -> Request:
        """Request a session."""
        return Request("GET", f"websites/{partition['wid']}/sessions/{quote(columns['session_id'], safe='')}")

    def rows(self, answer: Answer) -> list[Row]:
        """Read the session. The vendor's page shows an array with it, and its text says an object."""
        found = response(answer)
        if not found:
            raise _gone()
        rows = [found] if isinstance(found, dict) and "sid" in found else sessions_in(found)
        if not rows:
            raise _gone()
        if len(rows) > 1:
            raise ValueError("it has several sessions, and one was requested")
        return rows

    def fault(self, answer: Answer) -> Fault | None:
        """Recognize a session that was deleted after it was listed (404, 410).

        A 400 is another error: the vendor's page says only that the request "could not be completed".
        """
        if answer.status in {404, 410}:
            return _gone()
        if answer.status != 400:
            return None
        return Fault(
            Kind.DEFECT,
            f"Inspectlet refused the request for a session's details (400){quoted(error_text(answer))}. Run the "
            "sync again. If it fails again, remove the stream session_details from the connection and report the "
            "error: the other streams do not need this request.",
        )


def _gone() -> Fault:
    return Fault(Kind.GONE, "Inspectlet no longer has this session, so it has no details.")


class Sessions(Endpoint):
    """``POST websites/<wid>/sessions``: up to 100 a page, newest first, filtered by a range of time.

    The page does not say whether the range is compared with a session's start or its end, or whether its bounds
    are included. So it begins a second early, and the first window that lists a session emits it.
    """

    name = "sessions"
    streams = (
        Stream("sessions", ("wid", "session_id"), "started_at", is_session=True),
        Stream("session_pages", ("wid", "session_id", "page_index"), "started_at", items=pages),
        Stream("session_tags", ("wid", "session_id", "tag_index"), "started_at", items=tags),
    )
    columns = COLUMNS
    id = "session_id"
    time_filter = StartOrEnd("started_at", "ended_at")
    detail = SessionDetails()
    pager = PageNumber(size=PAGE_SIZE)

    def __init__(self, websites: Websites, search: Row) -> None:
        self._websites = websites
        self._search = search

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """List the websites."""
        return [{"wid": wid} for wid in self._websites.wids(fetch)]

    def request(self, page: PageContext) -> Request:
        """Request a page of a window: a form, in which the search is JSON and its times are text."""
        # Not before 1970: the page does not say what a negative number or "0" means.
        start, end = (str(max(1, epoch_seconds(moment))) for moment in page.window.whole_seconds(early=1))
        dates = {"daterange": "custom", "daterangecustom": {"start": start, "end": end}}
        return Request(
            "POST",
            f"websites/{page.partition['wid']}/sessions",
            form={"search": json.dumps(self._search | dates), "limit": str(PAGE_SIZE), "page": str(page.token)},
        )

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page. If all sessions are of other websites, the answer belongs to another request."""
        rows = sessions_in(response(answer))
        wids = {row["wid"] for row in rows if type(row.get("wid")) is int}
        if wids and page.partition["wid"] not in wids:
            raise ValueError("it has sessions of another website")
        return Page(rows)
