"""Lists: what is asked for in one go, and how its pages continue. Pure.

A list is what the vendor gives for one ``date``, newest session first. What its page leaves open is in
``Meaning``. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from session_source import Fault, Kind, Moment, Row, Value, Window, epoch_seconds
from session_source.columns import UNFIT
from session_source.times import from_text

from source_opentracker.answers import Listed

STARTED_AT = Moment("session_start_unix_timestamp", per_second=1000)
LAST_EVENT_AT = Moment("eventUnixTimestamp", per_second=1000)

PAGE_SIZE, LARGEST_PAGE = 1000, 10_000
"""Sessions a page: the most that the page of a sibling call allows, and the most that the vendor's page allows.

The second one is asked for where nothing continues a page of the first.
"""

DEFAULT_SIZE = 40
"""Sessions a page where no limit is asked for."""

EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""How far clocks are before UTC and behind it: a date is a day of the site, whose time zone is not known."""

LEAD = timedelta(days=3)
"""How long before a piece of time a session may have begun that goes on in it, where dates may be about starts."""

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
EVER = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
PLAUSIBLE = Window(datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""When a session can have been: other moments, like a 0, are taken as none where days are compared."""


def date_of(moment: datetime) -> str:
    """Give the UTC day of a moment."""
    return Window(moment, moment + SECOND).days()[0]


def extent(row: Row) -> Window:
    """Tell from when to when a session was; ``EVER`` where it does not tell."""
    try:
        start, last = STARTED_AT.moment(row), LAST_EVENT_AT.moment(row)
    except UNFIT:
        return EVER
    known = [moment for moment in (start, last) if moment in PLAUSIBLE]
    return Window(min(known), max(known)) if known else EVER


def touches(session: Window, asked: Window) -> bool:
    """Tell whether a session can be in a list of what happened in a piece of time."""
    return session.start < asked.end and session.end >= asked.start


class SessionList(NamedTuple):
    """A list, by what is asked for."""

    date: str
    asked: Window
    """What each of its sessions has to touch."""
    since: datetime = EVER.start
    """Sessions whose last event is older are left out: they were read before, or lie before start_date."""
    bounds: tuple[tuple[str, str], ...] = ()
    """The fields ``from`` and ``to``, where they are sent."""
    per_second: int | None = None
    """The unit of ``from`` and ``to``, where they bound the list."""
    is_control: bool = False
    """Whether it is asked for only to see that it differs from the list before it; see ``control``."""

    @classmethod
    def of_day(cls, date: str) -> "SessionList":
        """Give the list of one day, whatever the site's time zone."""
        midnight = from_text(date)
        return cls(date, Window(midnight - EAST, midnight + DAY + WEST))

    @classmethod
    def between(cls, date: str, window: Window, per_second: int) -> "SessionList":
        """Give the list of what is between two moments."""
        asked = window.whole_seconds(early=1)
        return cls(
            date,
            Window(asked.start, asked.end + SECOND),
            bounds=from_and_to(window, per_second),
            per_second=per_second,
        )

    @classmethod
    def control(cls, first_end: datetime, last_start: datetime) -> "SessionList":
        """Give the list of a later date, which cannot hold all that a list from an earlier date on holds.

        An answer that holds them all the same is not about its date: a cache or a proxy gives one list for all.

        Args:
            first_end: when the session ended that ended first.
            last_start: when the session started that started last.
        """
        date = date_of(max(first_end + EAST + DAY, last_start))
        return cls(date, Window(from_text(date) - EAST, EVER.end), is_control=True)

    def within(self, piece: Window, per_second: int | None) -> "SessionList":
        """Leave out what is not of a piece of time; at its edges the vendor does, where it can."""
        is_inside = piece.start <= self.asked.start and self.asked.end <= piece.end
        return self._replace(
            since=piece.start,
            bounds=from_and_to(piece, per_second) if per_second and not is_inside else (),
            per_second=per_second,
        )

    def older_than(self, rows: list[Row]) -> "SessionList | None":
        """Give the rest of the list after some rows: what has no later last event than the oldest of them.

        None where the list takes no bounds, or where they would give the same rows again.
        """
        ends = [session.end for row in rows if (session := extent(row)) != EVER]
        if not self.per_second or not ends:
            return None
        oldest = Window(min(ends), min(ends) + timedelta(milliseconds=1)).whole_seconds()
        start, end = from_and_to(Window(self.asked.start, oldest.end), self.per_second)
        bounds = (("from", dict(self.bounds).get("from", start[1])), end)
        rest = self._replace(asked=Window(self.asked.start, oldest.end + SECOND), bounds=bounds)
        return rest if bounds != self.bounds else None


def from_and_to(window: Window, per_second: int) -> tuple[tuple[str, str], ...]:
    """Write the fields ``from`` and ``to`` so that they hold the window whether or not bounds are included."""
    start, end = (epoch_seconds(moment) * per_second for moment in window.whole_seconds())
    return ("from", str(start - 1)), ("to", str(end))


@dataclass(frozen=True)
class Meaning:
    """What the vendor means where its page leaves it open.

    Args:
        is_one_day: whether a date's list is of that day; else it is of all from that day on.
        per_second: the unit of ``from`` and ``to``, 1000 or 1, where they bound a list by last events; else None.
    """

    is_one_day: bool = True
    per_second: int | None = None

    def lists(self, window: Window, piece: Window) -> tuple[SessionList, ...]:
        """Give the lists that hold the sessions of a window, so that those of a piece are asked for once.

        A window asks for the days that it touches, as if the site kept UTC. Where it does not, the neighbours'
        days hold the rest; at the edges of a piece, where there are none, a day more is asked for. Where no bound
        has shown that lists are by last events, they may be by starts: then a piece is led in by a few days.
        """
        before = WEST if self.per_second else WEST + LEAD
        if self.is_one_day:
            start = window.start - before if window.start == piece.start else window.start
            end = window.end + EAST if window.end == piece.end else window.end
            return tuple(
                SessionList.of_day(date).within(piece, self.per_second) for date in Window(start, end).days()
            )
        date = date_of(window.start - before)
        if self.per_second:
            return (SessionList.between(date, window, self.per_second),)
        return (SessionList(date, Window(from_text(date) - EAST, EVER.end), since=piece.start),)


class Place(NamedTuple):
    """Where a page stands: in which list, and how far down. It is the token of the page."""

    site: str
    lists: tuple[SessionList, ...]
    """The page's own list, and those that come after it in the window."""
    visitor: tuple[tuple[str, str], ...] = ()
    """The id that is asked for, as the field that asks for it; empty for all visitors."""
    limit: int = PAGE_SIZE
    next_token: str = ""
    offset: int = 0
    top: object = ""
    """With an offset, the first session of the page before: an offset that is ignored gives it again."""
    known: frozenset[Value] = frozenset()
    """The ids of the sessions of the page before, where this one may hold them again."""
    is_doubted: bool = False
    """Whether the page is asked for once more, because what came may have been another answer."""
    seen: tuple[datetime, datetime] | None = None
    """Of a list without a last day, when the first of its sessions so far ended and when the last one started."""

    def __repr__(self) -> str:
        """Say it for people."""
        where = f" from {self.next_token}" if self.next_token else f" from number {self.offset}"
        return f"{self.lists[0].date}{where if self.next_token or self.offset else ''}"

    def form(self) -> dict[str, str]:
        """Write the fields that ask for the page."""
        fields = {"date": self.lists[0].date, **dict(self.lists[0].bounds)}
        if self.next_token:
            fields["nextToken"] = self.next_token
        elif self.offset:
            fields["offset"] = str(self.offset)
        return fields

    def read(self, listed: Listed, *, has_tokens: bool, longest: int) -> tuple[list[Row], "Place | None"]:
        """Return which rows of the page are the list's, and where the next page stands.

        Args:
            listed: the page.
            has_tokens: whether the vendor is known to give tokens; then a page without one is a list's last.
            longest: how many rows the longest page had, this one included; a shorter one is a list's last.

        Raises:
            Fault: nothing continues a full page, or one list is given for different dates.
            ValueError: the page is of another list.
        """
        this = self.lists[0]
        sessions = [(row, extent(row)) for row in listed.rows]
        kept = [
            row
            for row, session in sessions
            if touches(session, this.asked)
            and session.end >= this.since
            and row.get("session_id") not in self.known
        ]
        strays = [session for _, session in sessions if not touches(session, this.asked)]
        if this.is_control:
            return [], self._after_control(strays)
        seen = self._seen_with([session for _, session in sessions if session != EVER])
        if not strays:
            return kept, self._replace(seen=seen).following(listed, has_tokens=has_tokens, longest=longest)
        # The vendor's example has a token that leads to a session of the day before: a list may run on into
        # what is older than its date. That is its end, unless the page is an old one out of a cache.
        is_first = not self.next_token and not self.offset and this.asked.end != EVER.end
        if is_first or any(stray.start >= this.asked.end for stray in strays):
            raise ValueError(f"it holds sessions of other days than {this.date}, which was asked for")
        if len(strays) < len(sessions) or self.is_doubted:
            return kept, self._replace(seen=seen).next_list()
        return [], self.doubted()

    def doubted(self) -> "Place":
        """Ask for the same page once more."""
        return self._replace(is_doubted=True)

    def dead_end(self, count: int) -> Fault:
        """Return the error for a page that nothing continues."""
        return Fault(
            Kind.STUCK,
            f"Opentracker returns {count} sessions of {self.site} for {self.lists[0].date} and no way to get the "
            "others: its answer has no nextToken, and it ignores offset, a larger limit, from and to. The day "
            "counts as not read. Read the site by user_ids, machine_ids or visit_ids, or ask Opentracker for "
            "nextToken on your account.",
        )

    def following(self, listed: Listed, *, has_tokens: bool, longest: int) -> "Place | None":
        """Tell where the page after this one stands; the arguments are those of ``read``."""
        rows, token = listed.rows, listed.next_token
        if token and (rows or token != self.next_token):
            return self._replace(next_token=token, offset=0, top="", is_doubted=False)
        if token is not None or has_tokens or self.next_token:
            return self.next_list()
        if self.offset and any(row.get("session_id") == self.top for row in rows):
            return self._past_ignored_offset(rows)
        if not rows or len(rows) < min(longest, self.limit):
            return self.next_list()
        # Only the first offset may turn out to be ignored.
        known = frozenset(key for row in rows if not self.offset and (key := row.get("session_id")))
        return self._replace(
            offset=self.offset + len(rows), top=rows[0].get("session_id"), known=known, is_doubted=False
        )

    def _past_ignored_offset(self, rows: list[Row]) -> "Place | None":
        """Ask for a larger page, then for what is older; after that, the size tells whether the page is cut."""
        again = self._replace(offset=0, top="", is_doubted=False)
        if self.limit < LARGEST_PAGE:
            return again._replace(limit=LARGEST_PAGE)
        if rest := self.lists[0].older_than(rows):
            return again._replace(lists=(rest, *self.lists[1:]))
        # A page is cut at a round number, or at the default. Others are taken for the number of sessions.
        if len(rows) == DEFAULT_SIZE or len(rows) % (50 if len(rows) <= PAGE_SIZE else PAGE_SIZE) == 0:
            raise self.dead_end(len(rows))
        return self.next_list()

    def next_list(self) -> "Place | None":
        """Begin the next list of the window. One without a last day is followed by its control."""
        lists = self.lists[1:] or ((SessionList.control(*self.seen),) if self.seen else ())
        return Place(self.site, lists, self.visitor, self.limit) if lists else None

    def _seen_with(self, sessions: list[Window]) -> tuple[datetime, datetime] | None:
        if self.lists[0].asked.end != EVER.end or not sessions:
            return self.seen
        first_end, last_start = min(one.end for one in sessions), max(one.start for one in sessions)
        if self.seen:
            return min(first_end, self.seen[0]), max(last_start, self.seen[1])
        return first_end, last_start

    def _after_control(self, strays: list[Window]) -> "Place | None":
        if not strays:
            return None
        if not self.is_doubted:
            return self.doubted()
        raise Fault(
            Kind.STUCK,
            f"Opentracker's lists of {self.site} contradict each other: the list from {self.lists[0].date} on has "
            "sessions that ended before. A cache or proxy between the connector and Opentracker may answer all "
            "dates with one list. Nothing of the site counts as read. Check base_url and proxies and run the sync "
            "again. If it fails again, report it to Opentracker.",
        )
