"""Lists: what is asked for in one go, and how its pages continue. Pure.

A list is what the vendor gives for one ``date``, newest session first. What its page leaves open is in
``Meaning``. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from session_source import Fault, Kind, Moment, Next, Page, Reach, Row, TimeFilter, Token, Window, epoch_seconds
from session_source.columns import UNFIT
from session_source.time_filter import DAY, EAST, WEST, moment_in, whole_days
from session_source.times import from_text

from source_opentracker.answers import Listed

STARTED_AT = Moment("session_start_unix_timestamp", per_second=1000)
LAST_EVENT_AT = Moment("eventUnixTimestamp", per_second=1000)

PAGE_SIZE = 1000
"""Sessions a page. The vendor's page allows 10,000, that of its sibling call 1,000."""

DEFAULT_SIZE = 40
"""Sessions a page where no limit is asked for."""

LEAD = timedelta(days=3)
"""How long before a gap a session may have begun that continues in it, where dates may be about starts."""

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

    def within(self, gap: Window, per_second: int | None) -> "SessionList":
        """Bound the list to a gap, where it begins or ends in it and the vendor takes bounds."""
        is_inside = gap.start <= self.asked.start and self.asked.end <= gap.end
        return self._replace(bounds=from_and_to(gap, per_second) if per_second and not is_inside else ())


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

    def lists(self, window: Window, gap: Window) -> tuple[SessionList, ...]:
        """Return the lists that hold the sessions of a window: one for each day, as if the site kept UTC.

        Where it does not, the lists of the windows beside it hold the rest. At the edges of a gap the window is
        wider already.
        """
        if self.is_one_day:
            return tuple(SessionList.of_day(date).within(gap, self.per_second) for date in window.days())
        date = date_of(window.start - WEST)
        if self.per_second:
            return (SessionList.between(date, window, self.per_second),)
        return (SessionList(date, Window(from_text(date) - EAST, EVER.end)),)


class SiteDays(TimeFilter):
    """A date is a day of the site, in a time zone that is not documented, or begins with one.

    A session may be listed for the day of its start, of its last event or for each day between.

    Args:
        meaning: what a date means.
    """

    after = EAST
    ahead = EAST
    lists_once = False

    def __init__(self, meaning: Meaning) -> None:
        # Where no bound has shown that lists are by last events, they may be by starts.
        self.before = WEST if meaning.per_second else WEST + LEAD
        # A list of everything from a day on would be the same for several windows.
        self.step = DAY if meaning.is_one_day or meaning.per_second else None

    def listed(self, asked: Reach) -> Reach:
        """Return whole days, or all from the first one on."""
        return whole_days(asked) if self.step else Reach(asked.first, EVER.end)

    def times(self, columns: Row) -> Reach | None:
        """Return the start and the last event."""
        found = [moment_in(columns, name) for name in ("started_at", "last_event_at")]
        known = [moment for moment in found if moment is not None and moment in PLAUSIBLE]
        return Reach(min(known), max(known)) if known else None

    def reach(self, moments: Reach) -> Reach:
        """Return the days of any zone."""
        return moments.widened(WEST, EAST)


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

    def is_of_another_list(self, rows: list[Row]) -> bool:
        """Return whether a page cannot be this one: a first page with sessions of other days, or newer ones."""
        asked = self.lists[0].asked
        strays = [session for session in map(extent, rows) if not touches(session, asked)]
        is_first = not self.next_token and not self.offset and asked.end != EVER.end
        return bool(strays) and (is_first or any(stray.start >= asked.end for stray in strays))

    def has_run_on(self, rows: list[Row]) -> bool:
        """Return whether a page holds sessions that are older than the list.

        The vendor's example has a token that leads to a session of the day before. That ends a list, unless the
        page is an old one out of a cache.
        """
        return any(not touches(extent(row), self.lists[0].asked) for row in rows)

    def after(self, listed: Listed, *, has_tokens: bool) -> "Place | None":
        """Return where the page after this one is.

        Args:
            listed: this page.
            has_tokens: whether the vendor is known to send tokens; then a page without one is a list's last.

        Raises:
            Fault: nothing continues a full page.
        """
        rows, token = listed.rows, listed.next_token
        if self.has_run_on(rows):
            return self._next_list()
        if token and (rows or token != self.next_token):
            return self._replace(next_token=token, offset=0, top="")
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
            return self._replace(offset=self.offset + len(rows), top=rows[0].get("session_id"))
        return self._next_list()

    def _next_list(self) -> "Place | None":
        return Place(self.site, self.lists[1:], self.of_user) if self.lists[1:] else None


class Places:
    """Continues the lists of a window, one after the other."""

    first: Token = None
    size: int | None = PAGE_SIZE

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the place after the one that ``token`` asked for."""
        place: Place = token
        following = place.after(page.body["listed"], has_tokens=page.body["has_tokens"])
        return Next(following, begins_a_list=following.lists is not place.lists) if following else None
