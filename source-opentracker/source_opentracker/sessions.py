"""The sessions of a site, or of some of its visitors, by the days of the site.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

import re
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
    Value,
    Window,
)

from source_opentracker import answers, meanings
from source_opentracker.answers import CREDENTIALS_HINT, Listed
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
from source_opentracker.meanings import FirstRows

PATH = "c_view_sessions_by_user.jsp"

FORM = {"dataType": "jsondatatable", "ignoreLocale": "true", "locale": "en_US"}
"""jsondatatable is the form with nextToken; ``ignoreLocale`` keeps its columns untranslated."""

TRIED_PARTITIONS = 10
"""How many sites, or ids of sites, are tried until one has sessions that show what a date means."""

PROBE_SIZE = 10
"""Sessions of a page that is requested only to find out what a date means."""

PROBE_SECONDS = 10.0
"""After how long a site or id is skipped if it does not answer the first requests."""

USER, MACHINE, VISIT = "uid", "filterByMachineId", "filterByVisitId"
"""The fields that request the sessions of one id; they are members of partitions."""

COLUMNS_OF_IDS = {MACHINE: ("machine_idx", "machine_id"), VISIT: ("session_id", "visit_id")}
"""The columns of a session that have the ids that list it."""

ENDED_AT = Moment("session_end_unix_timestamp", per_second=1000)


def duration_seconds(row: Row) -> float | None:
    """Return how long a session lasted; without an end, until its last event."""
    start, end = STARTED_AT.moment(row), ENDED_AT.moment(row) or LAST_EVENT_AT.moment(row)
    if start is None or end is None:
        return None
    if end < start:
        raise ValueError("it ends before it starts")
    return (end - start).total_seconds()


class Sessions(Endpoint):
    """``POST c_view_sessions_by_user.jsp``: up to 1,000 a page, newest first. All fields are strings.

    Args:
        sites: the sites to read.
        user_ids, machine_ids, visit_ids: read only the sessions that one of these ids lists.
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
        self,
        sites: Sequence[str],
        *,
        user_ids: Sequence[str] = (),
        machine_ids: Sequence[str] = (),
        visit_ids: Sequence[str] = (),
    ) -> None:
        self._sites = list(dict.fromkeys(sites))
        self._ids = {
            USER: dict.fromkeys(user_ids),
            MACHINE: dict.fromkeys(machine_ids),
            VISIT: dict.fromkeys(visit_ids),
        }
        self._lister: dict[tuple[str, Value], tuple[tuple[str, str], ...]] = {}
        self._meaning: Meaning | None = None
        self.learned: Meaning | None = None
        """What Opentracker's answers have shown; None until some have."""
        self.time_filter: TimeFilter | None = SiteDays(Meaning())
        self._has_tokens = False
        self._longest_page = 0
        self._page_size = PAGE_SIZE
        self._whole_lists: list[list[Row]] = []
        self._probed: list[list[Row]] = []

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """Return the sites, or each id of each site. The names are those of the vendor's parameters."""
        ids = [{field: value} for field, values in self._ids.items() for value in values]
        return [{"site": site, **one} for site in self._sites for one in ids or [{}]]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:
        """Find out what a date means, from the first partition that has sessions.

        A partition that fails is skipped after some seconds, and a site after two failures: the read of each one
        reports its failure.
        """
        self._use(Meaning())
        tried = partitions[:TRIED_PARTITIONS]
        within = PROBE_SECONDS if len(partitions) > 1 else None
        failures: list[tuple[Partition, Fault]] = []
        has_answer = len(tried) < len(partitions)  # the others may answer
        for partition in tried:
            if sum(failed["site"] == partition["site"] for failed, _ in failures) == 2:
                continue
            try:
                meaning = meanings.learn(self.first_rows(fetch, partition, within), span)
            except Fault as fault:
                failures.append((partition, fault))
                continue
            has_answer = True
            if meaning:
                self._learn(meaning)
                return
        if not has_answer:
            self._insist(fetch, failures, span)

    def _insist(self, fetch: Fetch, failures: list[tuple[Partition, Fault]], span: Window) -> None:
        """If no partition answered, request the first one that may recover again, with all retries."""
        partition, reason = next((one for one in failures if one[1].kind is not Kind.CONFIG), failures[0])
        if reason.kind is Kind.CONFIG or len(failures) == 1:
            raise reason
        if meaning := meanings.learn(self.first_rows(fetch, partition), span):
            self._learn(meaning)

    def _learn(self, meaning: Meaning) -> None:
        self.learned = meaning
        self._use(meaning)

    def _use(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self.time_filter = SiteDays(meaning)

    def first(self, page: PageContext) -> Place:
        """Return the start of the window's first list."""
        if self._meaning:
            lists = self._meaning.lists(page.window, page.gap)
        else:  # `check` does not find out what a date means
            lists = (SessionList(date_of(page.window.start), EVER),)
        visitor = tuple((field, value) for field, value in page.partition.items() if field in self._ids)
        return Place(page.partition["site"], lists, visitor, self._page_size)

    def request(self, page: PageContext) -> Request:
        """Request a page of a list."""
        place: Place = page.token
        return Request("POST", PATH, form={**FORM, "limit": str(place.limit), **page.partition, **place.form()})

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page. If several ids list a session, the first one emits it."""
        place: Place = page.token
        listed = self._read_page(answer, place)
        if place.is_of_another_list(listed.rows):
            raise ValueError(f"it has sessions of other days than {place.lists[0].date}, which was requested")
        self._longest_page = max(self._longest_page, len(listed.rows))
        if len(listed.rows) > PAGE_SIZE:
            self._page_size = place.limit
        rows = [] if place.lists[0].is_control else [row for row in listed.rows if self._is_new(row, place)]
        body = {"listed": listed, "has_tokens": self._has_tokens, "longest": self._longest_page}
        # A list that was probed may come again from a cache.
        return Page(rows, body, is_doubtful=listed.rows in self._probed or place.is_doubtful(listed.rows))

    def _is_new(self, row: Row, place: Place) -> bool:
        return row.get("session_id") not in place.known and self._is_listed_first(row, place)

    def _read_page(self, answer: Answer, place: Place) -> Listed:
        try:
            return self._read(answer, place.site)
        except Fault as fault:
            if place.limit > PAGE_SIZE and re.search(r"\blimit\b", fault.message):
                raise place.dead_end(PAGE_SIZE) from None
            raise

    def _is_listed_first(self, row: Row, place: Place) -> bool:
        """Return whether no other configured id has listed a session before."""
        if not place.visitor:
            return True
        ((field, _),) = place.visitor
        # Not every session has the id that uid requests, so any session may be a user's too.
        is_shared = field != USER and bool(self._ids[USER])
        for other, columns in COLUMNS_OF_IDS.items():
            is_shared = is_shared or (
                other != field and any(row.get(name) in self._ids[other] for name in columns)
            )
        key = (place.site, row.get("session_id"))
        return not is_shared or self._lister.setdefault(key, place.visitor) == place.visitor

    def first_rows(self, fetch: Fetch, partition: Partition, within: float | None = None) -> FirstRows:
        """Return what requests the first few sessions of a list, for ``within`` seconds at most."""
        return partial(self._probe, fetch, partition, within)

    def _probe(self, fetch: Fetch, partition: Partition, within: float | None, of: SessionList) -> list[Row]:
        site = partition["site"]
        form = {**FORM, "limit": str(PROBE_SIZE), **partition, **Place(site, (of,)).form()}
        request = Request("POST", PATH, form=form, within=within)
        listed: Listed = fetch(request, lambda answer: self._read(answer, site))
        if not of.bounds:
            self._whole_lists.append(listed.rows)
        elif listed.rows and listed.rows not in self._whole_lists:  # otherwise the vendor ignores bounds
            self._probed.append(listed.rows)
        return listed.rows

    def _read(self, answer: Answer, site: str) -> Listed:
        """Read an answer about a site. With wrong credentials, Opentracker returns another account's data."""
        listed = answers.read(answer)
        for found in {str(row["site"]) for row in listed.rows if row.get("site")}:
            if _same(found, site):
                continue
            if any(_same(found, other) for other in self._sites):
                raise ValueError(f"it is about {found}, and {site} was requested")
            raise Fault(
                Kind.CONFIG,
                f"Opentracker returned data of the site {found} where {site} was requested: with a login that it "
                f"does not accept, it returns its demo account. {CREDENTIALS_HINT}",
            )
        self._has_tokens = self._has_tokens or bool(listed.next_token)
        return listed


def _same(site: str, other: str) -> bool:
    """Return whether two names are of the same site; one may be in ASCII (Punycode)."""
    return _ascii(site) == _ascii(other)


def _ascii(site: str) -> str:
    try:
        return site.strip().encode("idna").decode().lower()
    except UnicodeError:
        return site.strip().lower()
