"""Lists: what is asked for in one go, and how its pages continue. Pure.

A list is what the vendor gives for one ``date``, newest session first. What its page leaves open is in
``Meaning``. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from session_source import Fault, Kind, Moment, Row, Window, epoch_seconds
from session_source.columns import UNFIT
from session_source.times import from_text

from source_opentracker.answers import Listed

STARTED_AT = Moment("session_start_unix_timestamp", per_second=1000)
LAST_EVENT_AT = Moment("eventUnixTimestamp", per_second=1000)

PAGE_SIZE = 1000
"""Sessions a page. The vendor's page allows 10,000, that of its sibling call 1,000."""

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

    @classmethod
    def of_day(cls, date: str) -> "SessionList":
        """Give the list of one day, whatever the site's time zone."""
        midnight = from_text(date)
        return cls(date, Window(midnight - EAST, midnight + DAY + WEST))

    @classmethod
    def between(cls, date: str, window: Window, per_second: int) -> "SessionList":
        """Give the list of what is between two moments."""
        asked = window.whole_seconds(early=1)
        return cls(date, Window(asked.start, asked.end + SECOND), bounds=from_and_to(window, per_second))

    def within(self, piece: Window, per_second: int | None) -> "SessionList":
        """Leave out what is not of a piece of time; at its edges the vendor does, where it can."""
        is_inside = piece.start <= self.asked.start and self.asked.end <= piece.end
        return self._replace(
            since=piece.start, bounds=from_and_to(piece, per_second) if per_second and not is_inside else ()
        )


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
    of_user: bool = False
    """Whether the list is of one user id."""
    next_token: str = ""
    offset: int = 0
    top: object = ""
    """With an offset, the first session of the page before: an offset that is not honoured gives it again."""
    is_doubted: bool = False
    """Whether the page is asked for once more, because what came may have been another answer."""

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

    def read(self, listed: Listed, *, has_tokens: bool) -> tuple[list[Row], "Place | None"]:
        """Tell which rows of the page are the list's, and where the next page stands.

        Args:
            listed: the page.
            has_tokens: whether the vendor is known to give tokens; then a page without one is a list's last.

        Raises:
            Fault: nothing continues a full page.
            ValueError: the page is of another list.
        """
        asked, since = self.lists[0].asked, self.lists[0].since
        sessions = [(row, extent(row)) for row in listed.rows]
        kept = [row for row, session in sessions if touches(session, asked) and session.end >= since]
        strays = [session for _, session in sessions if not touches(session, asked)]
        if not strays:
            return kept, self._following(listed, has_tokens=has_tokens)
        # The vendor's example has a token that leads to a session of the day before: a list may run on into
        # what is older than its date. That is its end, unless the page is an old one out of a cache.
        is_first = not self.next_token and not self.offset and asked.end != EVER.end
        if is_first or any(stray.start >= asked.end for stray in strays):
            raise ValueError(f"it holds sessions of other days than {self.lists[0].date}, which was asked for")
        if len(strays) < len(sessions) or self.is_doubted:
            return kept, self._next_list()
        return [], self.doubted()

    def doubted(self) -> "Place":
        """Ask for the same page once more."""
        return self._replace(is_doubted=True)

    def _following(self, listed: Listed, *, has_tokens: bool) -> "Place | None":
        rows, token = listed.rows, listed.next_token
        if token and (rows or token != self.next_token):
            return self._replace(next_token=token, offset=0, top="", is_doubted=False)
        if token is not None or has_tokens:
            return self._next_list()
        if self.offset and any(row.get("session_id") == self.top for row in rows):
            if self.offset % 100:  # more likely the number of sessions than a cap
                return self._next_list()
            raise Fault(
                Kind.STUCK,
                f"Opentracker gives {self.offset} sessions of {self.site} for {self.lists[0].date} and no way to "
                "get the others: its answer has no nextToken, and it does not honour offset. The day counts as "
                "not read. Read the site by user_ids or machine_ids, or ask Opentracker for nextToken on your "
                "account.",
            )
        # A cap below the limit that was asked for would be a round number, like the default.
        if len(rows) >= DEFAULT_SIZE and len(rows) % 10 == 0:
            return self._replace(offset=self.offset + len(rows), top=rows[0].get("session_id"), is_doubted=False)
        return self._next_list()

    def _next_list(self) -> "Place | None":
        return Place(self.site, self.lists[1:], self.of_user) if self.lists[1:] else None
