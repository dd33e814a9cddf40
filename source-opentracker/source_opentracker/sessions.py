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
    Partition,
    Request,
    Row,
    Stream,
    Text,
    Token,
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
    SessionList,
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
    time = "last_event_at"
    began = "started_at"
    leans_on_neighbours = True  # a date is a day of the site, whose midnight is not known

    def __init__(
        self, sites: Sequence[str], *, user_ids: Sequence[str] = (), machine_ids: Sequence[str] = ()
    ) -> None:
        self._sites = list(dict.fromkeys(sites))
        self._user_ids = list(dict.fromkeys(user_ids))
        self._machine_ids = list(dict.fromkeys(machine_ids))
        self._meaning: Meaning | None = None
        self._has_tokens = False
        self._probed: list[list[Row]] = []

    @property
    def is_read_whole(self) -> bool:
        """Whether every list runs up to now: several windows would read the same again."""
        return self._meaning is not None and not self._meaning.is_one_day and not self._meaning.per_second

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
                return
        if len(refusals) == len(partitions):
            raise refusals[0]
        self._meaning = Meaning()

    def first(self, window: Window, piece: Window, partition: Partition) -> Place:
        """Begin with the first of the window's lists."""
        if self._meaning:
            lists = self._meaning.lists(window, piece)
        else:  # `check` has not found out what a date means
            lists = (SessionList(date_of(window.start), EVER),)
        return Place(partition["site"], lists, of_user="uid" in partition)

    def request(self, window: Window, partition: Partition, token: Token) -> Request:
        """Ask for one page of a list."""
        place: Place = token
        return Request("POST", PATH, form={**FORM, "limit": str(PAGE_SIZE), **partition, **place.form()})

    def page(self, answer: Answer, token: Token) -> Page:
        """Read a page. A session of a user id that a configured machine id has too is that one's."""
        place: Place = token
        listed = self._read(answer, place.site)
        if listed.rows in self._probed and not place.is_doubted:  # an answer may come twice, out of a cache
            return Page([], place.doubted())
        rows, following = place.read(listed, has_tokens=self._has_tokens)
        if place.of_user:
            rows = [row for row in rows if row.get("machine_idx") not in self._machine_ids]
        return Page(rows, following)

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
