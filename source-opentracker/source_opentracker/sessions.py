"""The sessions of a site, or of some of its visitors, by the days of the site.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from collections.abc import Sequence
from functools import partial

from session_source import (
    Answer,
    Either,
    Endpoint,
    Fault,
    Fetch,
    Integer,
    Kind,
    Moment,
    Number,
    Page,
    PageContext,
    Partition,
    Request,
    Row,
    Stream,
    Text,
    TimeFilter,
    Window,
)

from source_opentracker import answers, meanings
from source_opentracker.answers import CURE, Listed
from source_opentracker.lists import (
    EVER,
    LAST_EVENT_AT,
    PAGE_SIZE,
    STARTED_AT,
    Meaning,
    Place,
    Places,
    SessionList,
    SiteDays,
    date_of,
)

PATH = "c_view_sessions_by_user.jsp"

FORM = {"dataType": "jsondatatable", "ignoreLocale": "true", "locale": "en_US"}
"""jsondatatable is the form with nextToken; its columns are not to be translated."""

ASKED_PARTITIONS = 10
"""How many sites, or ids of sites, are asked for what a date means, until one has sessions to tell it by."""

PROBE_SIZE = 10

ENDED_AT = Moment("session_end_unix_timestamp", per_second=1000)


def duration_seconds(row: Row) -> float | None:
    """Read how long a session lasted; while it has no end, up to its last event."""
    start, end = STARTED_AT.moment(row), ENDED_AT.moment(row) or LAST_EVENT_AT.moment(row)
    if start is None or end is None:
        return None
    if end < start:
        raise ValueError("it ends before it starts")
    return (end - start).total_seconds()


class Sessions(Endpoint):
    """``POST c_view_sessions_by_user.jsp``: up to 1,000 a page, newest first, with all fields as strings.

    Args:
        sites: the sites to read.
        user_ids: read only these users' sessions.
        machine_ids: read only these visitors' sessions; with user ids, both.
    """

    name = "sessions"
    streams = (Stream("sessions", ("site", "session_id"), "last_event_at", is_session=True),)
    columns = {
        "session_id": Text("session_id"),
        "last_event_at": LAST_EVENT_AT,
        "user_id": Text("machine_idx"),
        "started_at": STARTED_AT,
        "ended_at": Either(ENDED_AT, LAST_EVENT_AT),
        "duration_seconds": duration_seconds,
        "country_code": Text("country_code"),
        "app_platform": lambda _: "web",
        "page_count": Integer("pages_viewed"),
        "first_session_at": Moment("first_session_unix_timestamp", per_second=1000),
        "session_referrer_at": Moment("session_referrer_unix_timestamp", per_second=1000),
        "visit_count": Integer("number_visits"),
        "total_visit_count": Integer("total_number_visits"),
        "total_page_count": Integer("total_pages_viewed"),
        "latitude_degrees": Number("latitude"),
        "longitude_degrees": Number("longitude"),
    }
    id = "session_id"
    pager = Places()

    def __init__(
        self, sites: Sequence[str], *, user_ids: Sequence[str] = (), machine_ids: Sequence[str] = ()
    ) -> None:
        self._sites = list(dict.fromkeys(sites))
        self._user_ids = list(dict.fromkeys(user_ids))
        self._machine_ids = list(dict.fromkeys(machine_ids))
        self._meaning: Meaning | None = None
        self.time_filter: TimeFilter | None = SiteDays(Meaning())
        self._has_tokens = False
        self._probed: list[list[Row]] = []

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """Give the sites, or each id of each site. The names are the vendor's parameters'."""
        ids = [{"uid": user} for user in self._user_ids]
        ids += [{"filterByMachineId": machine} for machine in self._machine_ids]
        return [{"site": site, **one} for site in self._sites for one in ids or [{}]]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:
        """Find out what a date means, from the first part of the data that has sessions."""
        refusals = []
        for partition in partitions[:ASKED_PARTITIONS]:
            try:
                self._meaning = meanings.learn(partial(self._probe, fetch, partition), span)
            except Fault as fault:
                if fault.kind is not Kind.CONFIG:
                    raise
                refusals.append(fault)
            if self._meaning:
                break
        if len(refusals) == len(partitions):
            raise refusals[0]
        self._meaning = self._meaning or Meaning()
        self.time_filter = SiteDays(self._meaning)

    def first(self, page: PageContext) -> Place:
        """Begin with the first of the window's lists."""
        if self._meaning:
            lists = self._meaning.lists(page.window, page.gap)
        else:  # `check` has not found out what a date means
            lists = (SessionList(date_of(page.window.start), EVER),)
        return Place(page.partition["site"], lists, of_user="uid" in page.partition)

    def request(self, page: PageContext) -> Request:
        """Ask for one page of a list."""
        place: Place = page.token
        return Request("POST", PATH, form={**FORM, "limit": str(PAGE_SIZE), **page.partition, **place.form()})

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page. A session of a user id that a configured machine id has too is that one's."""
        place: Place = page.token
        listed = self._read(answer, place.site)
        if place.is_of_another_list(listed.rows):
            raise ValueError(f"it holds sessions of other days than {place.lists[0].date}, which was asked for")
        rows = listed.rows
        if place.of_user:
            rows = [row for row in rows if row.get("machine_idx") not in self._machine_ids]
        is_old = listed.rows in self._probed or place.has_run_on(listed.rows)  # perhaps out of a cache
        body = {"listed": listed, "has_tokens": self._has_tokens}
        return Page(rows, body, is_doubtful=is_old)

    def _probe(self, fetch: Fetch, partition: Partition, of: SessionList) -> list[Row]:
        site = partition["site"]
        form = Place(site, (of,)).form()
        request = Request("POST", PATH, form={**FORM, "limit": str(PROBE_SIZE), **partition, **form})
        listed: Listed = fetch(request, lambda answer: self._read(answer, site))
        if of.bounds and listed.rows:
            self._probed.append(listed.rows)
        return listed.rows

    def _read(self, answer: Answer, site: str) -> Listed:
        """Read an answer and see that it is about the site: without good credentials it is another account's."""
        listed = answers.read(answer)
        for found in {str(row["site"]) for row in listed.rows if row.get("site")}:
            if _same(found, site):
                continue
            if any(_same(found, other) for other in self._sites):
                raise ValueError(f"it is about {found}, and {site} was asked for")
            raise Fault(
                Kind.CONFIG,
                f"Opentracker answered about the site {found} where {site} was asked for: without a login that it "
                f"accepts it shows another account, its demonstration. {CURE}",
            )
        self._has_tokens = self._has_tokens or bool(listed.next_token)
        return listed


def _same(site: str, other: str) -> bool:
    """Compare two names of sites; one may be written in ASCII (Punycode)."""
    return _ascii(site) == _ascii(other)


def _ascii(site: str) -> str:
    try:
        return site.strip().encode("idna").decode().lower()
    except UnicodeError:
        return site.strip().lower()
