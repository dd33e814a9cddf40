"""Lists: what is requested for one ``date``, and how the pages of a list are continued. No I/O.

A list is what the vendor returns for one ``date``, newest session first. ``Meaning`` has what the vendor's page
leaves open. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from session_source import (
    Fault,
    Kind,
    Moment,
    Next,
    Page,
    Row,
    TimeFilter,
    TimeRange,
    Token,
    Value,
    Window,
    epoch_seconds,
)
from session_source.api.columns import UNFIT
from session_source.api.time_filter import DAY, EAST, WEST, moment_in, whole_days
from session_source.api.times import from_text

from source_opentracker.answers import Listed

STARTED_AT = Moment("session_start_unix_timestamp", per_second=1000)
LAST_EVENT_AT = Moment("eventUnixTimestamp", per_second=1000)

PAGE_SIZE, LARGEST_PAGE = 1000, 10_000
"""Sessions a page: the maximum on the page of a sibling call, and the maximum on the vendor's page.

The second one is requested if nothing continues a page of the first size.
"""

DEFAULT_SIZE = 40
"""Sessions a page without ``limit``."""

LEAD = timedelta(days=3)
"""How long before a gap a session in it may have started, if dates may be about starts."""

SECOND = timedelta(seconds=1)
EVER = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
PLAUSIBLE = Window(datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Plausible times of a session. Others, such as 0, are ignored when days are compared."""


def date_of(moment: datetime) -> str:
    """Return the UTC day of a moment."""
    return Window(moment, moment + SECOND).days()[0]


def extent(row: Row) -> Window:
    """Return from when to when a session lasted; ``EVER`` if it has no times."""
    try:
        start, last = STARTED_AT.moment(row), LAST_EVENT_AT.moment(row)
    except UNFIT:
        return EVER
    known = [moment for moment in (start, last) if moment in PLAUSIBLE]
    return Window(min(known), max(known)) if known else EVER


def touches(session: Window, period: Window) -> bool:
    """Return whether a session can be in the list of a period."""
    return session.start < period.end and session.end >= period.start


class SessionList(NamedTuple):
    """A list, by what is requested."""

    date: str
    period: Window
    """The period that each of its sessions has to touch."""
    bounds: tuple[tuple[str, str], ...] = ()
    """The fields ``from`` and ``to``, if they are sent."""
    per_second: int | None = None
    """The unit of ``from`` and ``to``, if they bound the list."""
    is_control: bool = False
    """Whether it is requested only to check that it differs from the previous list; see ``control``."""

    @classmethod
    def of_day(cls, date: str) -> "SessionList":
        """Return the list of one day, whatever the site's time zone is."""
        midnight = from_text(date)
        return cls(date, Window(midnight - EAST, midnight + DAY + WEST))

    @classmethod
    def between(cls, date: str, window: Window, per_second: int) -> "SessionList":
        """Return the list of a period."""
        period = window.whole_seconds(early=1)
        return cls(
            date,
            Window(period.start, period.end + SECOND),
            bounds=from_and_to(window, per_second),
            per_second=per_second,
        )

    @classmethod
    def control(cls, first_end: datetime, last_start: datetime) -> "SessionList":
        """Return the list of a later date, which cannot have all sessions of a list from an earlier date on.

        If it has them, the answer is not about its date: a cache or a proxy returns one list for all dates.

        Args:
            first_end: the end of the session that ended first.
            last_start: the start of the session that started last.
        """
        date = date_of(max(first_end + EAST + DAY, last_start))
        return cls(date, Window(from_text(date) - EAST, EVER.end), is_control=True)

    def within(self, gap: Window, per_second: int | None) -> "SessionList":
        """Bound the list to a gap, if the gap begins or ends in it and the vendor takes bounds."""
        is_inside = gap.start <= self.period.start and self.period.end <= gap.end
        bounds = from_and_to(gap, per_second) if per_second and not is_inside else ()
        return self._replace(bounds=bounds, per_second=per_second)

    def older_than(self, rows: list[Row]) -> "SessionList | None":
        """Return the rest of the list after some rows: sessions with no later last event than the oldest of them.

        None if the list takes no bounds, if it does not begin with the newest last event, or if the bounds would
        return the same rows again.
        """
        ends = [session.end for row in rows if (session := extent(row)) != EVER]
        is_newest_first = all(later <= earlier + SECOND for earlier, later in pairwise(ends))
        if not self.per_second or not ends or not is_newest_first:
            return None
        oldest = Window(min(ends), min(ends) + timedelta(milliseconds=1)).whole_seconds()
        start, end = from_and_to(Window(self.period.start, oldest.end), self.per_second)
        bounds = (("from", dict(self.bounds).get("from", start[1])), end)
        rest = self._replace(period=Window(self.period.start, oldest.end + SECOND), bounds=bounds)
        return rest if bounds != self.bounds else None


def from_and_to(window: Window, per_second: int) -> tuple[tuple[str, str], ...]:
    """Return the fields ``from`` and ``to``. They contain the window even if the vendor excludes bounds."""
    start, end = (epoch_seconds(moment) * per_second for moment in window.whole_seconds())
    return ("from", str(start - 1)), ("to", str(end))


@dataclass(frozen=True)
class Meaning:
    """What the vendor's page leaves open.

    Args:
        is_one_day: whether a date lists that day; otherwise it lists everything from that day on.
        per_second: the unit of ``from`` and ``to``, 1000 or 1, if they bound a list by last events; else None.
        has_tried_bounds: whether a request with ``from`` and ``to`` showed that.
    """

    is_one_day: bool = True
    per_second: int | None = None
    has_tried_bounds: bool = field(default=False, compare=False)

    def lists(self, window: Window, gap: Window) -> tuple[SessionList, ...]:
        """Return the lists with the sessions of a window: one for each day in UTC.

        If the site has another time zone, the lists of the adjacent windows have the rest. At the edges of a gap
        the window is already wider.
        """
        if self.is_one_day:
            return tuple(SessionList.of_day(date).within(gap, self.per_second) for date in window.days())
        if self.per_second:  # the date may be about starts, though the bounds are about last events
            return (SessionList.between(date_of(window.start - WEST - LEAD), window, self.per_second),)
        date = date_of(window.start - WEST)
        return (SessionList(date, Window(from_text(date) - EAST, EVER.end)),)


class SiteDays(TimeFilter):
    """A date is a day of the site, or everything from that day on, in a time zone that is not documented.

    A session may be listed for the day of its start, of its last event or for each day between.

    Args:
        meaning: what a date means.
    """

    after = EAST
    ahead = EAST
    may_shift = True
    may_repeat = True

    def __init__(self, meaning: Meaning) -> None:
        # Without bounds that show that lists go by last events, they may go by starts.
        self.before = WEST if meaning.per_second else WEST + LEAD
        # Lists of everything from a day on would overlap.
        self.step = DAY if meaning.is_one_day or meaning.per_second else None

    def requested(self, wanted: TimeRange) -> TimeRange:
        """Return whole days, or all from the first one on."""
        return whole_days(wanted) if self.step else TimeRange(wanted.first, EVER.end)

    def times(self, columns: Row) -> TimeRange | None:
        """Return the start and the last event."""
        found = [moment_in(columns, name) for name in ("started_at", "last_event_at")]
        known = [moment for moment in found if moment is not None and moment in PLAUSIBLE]
        return TimeRange(min(known), max(known)) if known else None

    def positions(self, moments: TimeRange) -> TimeRange:
        """Return the days of any zone."""
        return moments.widened(WEST, EAST)


class Place(NamedTuple):
    """Where a page is: in which list, and how far down. It is the token of the page."""

    site: str
    lists: tuple[SessionList, ...]
    """The page's list, and the following lists of the window."""
    visitor: tuple[tuple[str, str], ...] = ()
    """The requested id, with the name of its field; empty for all visitors."""
    limit: int = PAGE_SIZE
    next_token: str = ""
    offset: int = 0
    top: object = ""
    """With an offset, the first session of the previous page: it comes again if the offset is ignored."""
    known: frozenset[Value] = frozenset()
    """The ids of the sessions of the previous page, if this one may have them again."""
    seen: tuple[datetime, datetime] | None = None
    """In a list without a last day, the earliest end and the latest start of its sessions so far."""

    def __repr__(self) -> str:
        """Return the date and the position, for messages."""
        where = f" from {self.next_token}" if self.next_token else f" from number {self.offset}"
        return f"{self.lists[0].date}{where if self.next_token or self.offset else ''}"

    def form(self) -> dict[str, str]:
        """Return the fields that request the page."""
        fields = {"date": self.lists[0].date, **dict(self.lists[0].bounds)}
        if self.next_token:
            fields["nextToken"] = self.next_token
        elif self.offset:
            fields["offset"] = str(self.offset)
        return fields

    def strays(self, rows: list[Row]) -> list[Window]:
        """Return the sessions of a page that do not belong to this list."""
        return [session for session in map(extent, rows) if not touches(session, self.lists[0].period)]

    def is_of_another_list(self, rows: list[Row]) -> bool:
        """Return whether a page cannot be this one: a first page with sessions of other days, or newer ones."""
        this, strays = self.lists[0], self.strays(rows)
        if not strays or this.is_control:
            return False
        is_first = not self.next_token and not self.offset and this.period.end != EVER.end
        return is_first or any(stray.start >= this.period.end for stray in strays)

    def is_doubtful(self, rows: list[Row]) -> bool:
        """Return whether a page may be an old one from a cache: it has only sessions of other lists."""
        count = len(self.strays(rows))
        return bool(count) and (count == len(rows) or self.lists[0].is_control)

    def after(self, listed: Listed, *, has_tokens: bool, longest: int) -> "Place | None":
        """Return where the page after this one is.

        Args:
            listed: this page.
            has_tokens: whether the vendor is known to send tokens; then a page without one is the last.
            longest: how many rows the longest page had, including this one; a shorter one is the last.

        Raises:
            Fault: nothing continues a full page, or different dates return one list.
        """
        strays = self.strays(listed.rows)
        if self.lists[0].is_control:
            return self._after_control(strays)
        here = self._replace(seen=self._seen_with([one for one in map(extent, listed.rows) if one != EVER]))
        # The vendor's example has a token that leads to a session of the day before: a list may continue with
        # sessions that are older than its date. They are its end.
        return here.next_list() if strays else here.following(listed, has_tokens=has_tokens, longest=longest)

    def dead_end(self, count: int) -> Fault:
        """Return the error for a full page that nothing continues."""
        return Fault(
            Kind.STUCK,
            f"Opentracker returns {count} sessions of {self.site} for {self.lists[0].date} and no way to get the "
            "others: its answer has no nextToken, and it ignores offset, a larger limit, from and to. The day "
            "counts as not read. Read the site by user_ids, machine_ids or visit_ids, or ask Opentracker for "
            "nextToken on your account.",
        )

    def following(self, listed: Listed, *, has_tokens: bool, longest: int) -> "Place | None":
        """Return where the next page of this list is; the arguments are those of ``after``."""
        rows, token = listed.rows, listed.next_token
        if token and (rows or token != self.next_token):
            return self._replace(next_token=token, offset=0, top="")
        if token is not None or has_tokens or self.next_token:
            return self.next_list()
        if self.offset and any(row.get("session_id") == self.top for row in rows):
            return self._past_ignored_offset(rows)
        if not rows or len(rows) < min(longest, self.limit):
            return self.next_list()
        # Only the first offset can turn out to be ignored.
        known = frozenset(key for row in rows if not self.offset and (key := row.get("session_id")))
        return self._replace(offset=self.offset + len(rows), top=rows[0].get("session_id"), known=known)

    def _past_ignored_offset(self, rows: list[Row]) -> "Place | None":
        """Request a larger page, then older sessions; after that, the size shows whether the page is cut."""
        again = self._replace(offset=0, top="")
        if self.limit < LARGEST_PAGE:
            return again._replace(limit=LARGEST_PAGE)
        if rest := self.lists[0].older_than(rows):
            return again._replace(lists=(rest, *self.lists[1:]))
        # Pages are cut at a round number or at the default; any other size is the number of sessions.
        if len(rows) == DEFAULT_SIZE or len(rows) % (50 if len(rows) <= PAGE_SIZE else PAGE_SIZE) == 0:
            raise self.dead_end(len(rows))
        return self.next_list()

    def next_list(self) -> "Place | None":
        """Return the start of the next list of the window; after an open-ended list, that of its control."""
        lists = self.lists[1:] or ((SessionList.control(*self.seen),) if self.seen else ())
        return Place(self.site, lists, self.visitor, self.limit) if lists else None

    def _seen_with(self, sessions: list[Window]) -> tuple[datetime, datetime] | None:
        if self.lists[0].period.end != EVER.end or not sessions:
            return self.seen
        first_end, last_start = min(one.end for one in sessions), max(one.start for one in sessions)
        if self.seen:
            return min(first_end, self.seen[0]), max(last_start, self.seen[1])
        return first_end, last_start

    def _after_control(self, strays: list[Window]) -> "Place | None":
        if not strays:
            return None
        raise Fault(
            Kind.STUCK,
            f"Opentracker's lists of {self.site} contradict each other: the list from {self.lists[0].date} on has "
            "sessions that ended before. A cache or proxy between the connector and Opentracker may return "
            "one list for all dates. Nothing of the site counts as read. Check base_url and proxies and run the "
            "sync again. If it fails again, report it to Opentracker.",
        )


class Places:
    """Continues the lists of a window, one after the other."""

    first: Token = None
    size: int | None = PAGE_SIZE

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the place after the one of ``token``."""
        place: Place = token
        following = place.after(**page.body)
        return Next(following, begins_a_list=following.lists is not place.lists) if following else None
