"""Time filters: how the dates of a request relate to the rows that a vendor lists for them.

A request asks for a piece of time, and the vendor lists each row at one or more positions on that time line.
Vendors do not say exactly which: the row's start or its end, its upload, a day of a time zone that is not
documented. A time filter states all positions that are possible. From that the core derives what to ask for, and
which rows an earlier sync has certainly emitted. A row is left out for that reason only, never for its cursor.
"""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from session_source.api.columns import Moment, Row
from session_source.api.times import midnight

EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""How far local clocks are ahead of UTC and behind it at most."""

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)
"""The resolution of a moment."""
NONE = timedelta()


class Reach(NamedTuple):
    """The earliest and the latest position at which a vendor may list a row, both included."""

    first: datetime
    last: datetime

    def widened(self, before: timedelta, after: timedelta) -> "Reach":
        """Return a reach that begins and ends so much earlier and later."""
        return Reach(_shifted(self.first, -before), _shifted(self.last, after))

    def touches(self, other: "Reach") -> bool:
        """Return whether both hold a common moment."""
        return self.first <= other.last and other.first <= self.last

    def joined(self, other: "Reach") -> "Reach":
        """Return the reach from the earlier start to the later end; itself if it holds the other."""
        if self.first <= other.first and self.last >= other.last:
            return self
        return Reach(min(self.first, other.first), max(self.last, other.last))


EVER = Reach(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class TimeFilter(ABC):
    """How the dates of a request relate to a row.

    Attributes:
        step: the smallest piece of time that can be asked for; None where a gap cannot be cut at all, because the
            vendor lists everything from a moment on.
        before: how much earlier than a row's times the vendor may list it. So much earlier a gap is asked for.
        after: how much later.
        ahead: how far in the future the vendor's present may be.
        longest: the longest piece that one request may ask for; None where the vendor sets no limit.
        is_displaced: whether a row that was in a piece of time may be listed for the one beside it. A window
        then counts
            as finished when those beside it are read too.
        lists_once: whether a row has one position, though it is not known which. Otherwise a vendor may list it in
            every piece of time that it touches.
    """

    step: timedelta | None = MINUTE
    before: timedelta = NONE
    after: timedelta = NONE
    ahead: timedelta = NONE
    longest: timedelta | None = None
    is_displaced: bool = False
    lists_once: bool = True

    @abstractmethod
    def times(self, columns: Row) -> Reach | None:
        """Return the earliest and the latest of the row's times that the vendor may filter by.

        Args:
            columns: the endpoint's columns of the row; moments are RFC 3339 in UTC.

        Returns:
            None where the row does not say. Such a row is always emitted.
        """

    def moments(self, times: Reach, row: Row) -> Reach:
        """Return all moments at which the row may have been, since a text without a zone may be of any.

        Args:
            times: what ``times`` returned for it.
            row: the vendor's record.
        """
        return times

    def reach(self, moments: Reach) -> Reach:
        """Return the positions at which the vendor may list a row that was at one of these moments."""
        return moments

    def asked(self, wanted: Reach) -> Reach:
        """Return what a request asks for that has to hold all of this."""
        return wanted

    def contradiction(self, columns: Row, asked: Reach) -> str | None:
        """Return the column that the vendor filters by if it is not the one that syncs rely on.

        Args:
            columns: the endpoint's columns of a row.
            asked: what was asked for when it was listed.
        """
        return None


class ExactTime(TimeFilter):
    """The vendor filters by the moment in one column.

    Args:
        column: the column's name.
        moment: how it is read. If a record's text has no time zone, the moment may be one of any zone.
    """

    def __init__(self, column: str, moment: Moment) -> None:
        self._column = column
        self._moment = moment

    def times(self, columns: Row) -> Reach | None:
        """Return the column's moment."""
        moment = moment_in(columns, self._column)
        return None if moment is None else Reach(moment, moment)

    def moments(self, times: Reach, row: Row) -> Reach:
        """Return the moment, or where it has no zone, all moments that it may be."""
        return times if self._moment.has_zone(row) else times.widened(EAST, WEST)


class StartOrEnd(TimeFilter):
    """The vendor filters by a row's start, by its end or by whether it touches the piece of time.

    At the end of a gap, a day more is asked for: a vendor that compares ends lists a row there that began in the
    gap.

    Args:
        start: the name of the column with the start.
        end: the name of the column with the end.
    """

    after = DAY
    lists_once = False

    def __init__(self, start: str, end: str) -> None:
        self._names = (start, end)

    def times(self, columns: Row) -> Reach | None:
        """Return the start and the end."""
        return _hull(columns, self._names)


class CalendarDay(TimeFilter):
    """The vendor filters by calendar days of an undocumented time zone, and writes times without a zone.

    Args:
        columns: the columns, by name, that the day may be about. Syncs rely on the first one: what was finished is
            not asked for again, so that a row which appears later must have a later time.
        longest: the longest piece that one request may ask for.
    """

    step = DAY
    before = WEST
    after = EAST
    ahead = EAST
    is_displaced = True

    def __init__(self, *columns: str, longest: timedelta | None = None) -> None:
        self._names = columns
        self.longest = longest

    def times(self, columns: Row) -> Reach | None:
        """Return the earliest and the latest of the columns."""
        return _hull(columns, self._names)

    def moments(self, times: Reach, row: Row) -> Reach:
        """Return the times in any zone."""
        return times.widened(EAST, WEST)

    def reach(self, moments: Reach) -> Reach:
        """Return the days of any zone."""
        return moments.widened(WEST, EAST)

    def asked(self, wanted: Reach) -> Reach:
        """Return the whole days."""
        return whole_days(wanted)

    def contradiction(self, columns: Row, asked: Reach) -> str | None:
        """Return the first other column if the row was listed for its day and not for the first one's."""

        def fits(name: str) -> bool:
            times = _hull(columns, (name,))
            if times is None:
                return False
            return self.reach(self.moments(times, columns)).touches(asked)

        relied_on, *others = self._names
        if columns.get(relied_on) is None or fits(relied_on):
            return None
        return next((name for name in others if fits(name)), None)


class Unrelated(TimeFilter):
    """The vendor filters by a time that the row does not carry."""

    def times(self, columns: Row) -> None:
        """Return nothing: every row that is listed is emitted."""
        return


def whole_days(reach: Reach) -> Reach:
    """Return a reach that begins and ends at a midnight (UTC)."""
    return Reach(midnight(reach.first), midnight(_shifted(reach.last, DAY - MOMENT)))


def moment_in(columns: Row, name: str) -> datetime | None:
    """Read a column that was written as RFC 3339."""
    text = columns[name]
    return None if text is None else datetime.fromisoformat(text)


def _hull(columns: Row, names: tuple[str, ...]) -> Reach | None:
    first = last = None
    for name in names:
        text = columns[name]
        if text is not None:
            moment = datetime.fromisoformat(text)
            first = moment if first is None or moment < first else first
            last = moment if last is None or moment > last else last
    return None if first is None or last is None else Reach(first, last)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """Add to a moment; beyond the calendar, return its first or last moment."""
    try:
        return moment + by
    except OverflowError:
        return EVER.first if by < NONE else EVER.last
