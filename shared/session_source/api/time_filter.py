"""Time filters: how the dates of a request relate to the rows that the vendor lists for them.

A vendor compares the dates of a request with one or more positions of a row in time: its start, its end, its
upload, a day of a time zone. Vendors rarely document which. A time filter states every position that is possible.
From it the core derives which range to request, and which rows an earlier sync has certainly emitted. A row is
skipped only for that reason, never because of its cursor.
"""

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from session_source.api.columns import Moment, Row
from session_source.api.times import midnight

EAST, WEST = timedelta(hours=14), timedelta(hours=12)
"""How far local time is ahead of UTC and behind it at most."""

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)
"""The resolution of ``datetime``."""
NONE = timedelta()


class TimeRange(NamedTuple):
    """A closed range of time: both ends are included, unlike in a ``Window``."""

    first: datetime
    last: datetime

    def widened(self, before: timedelta, after: timedelta) -> "TimeRange":
        """Return a range that starts ``before`` earlier and ends ``after`` later."""
        return TimeRange(_shifted(self.first, -before), _shifted(self.last, after))

    def touches(self, other: "TimeRange") -> bool:
        """Return whether the ranges have a moment in common."""
        return self.first <= other.last and other.first <= self.last

    def joined(self, other: "TimeRange") -> "TimeRange":
        """Return the range from the earlier start to the later end; itself if it contains the other."""
        if self.first <= other.first and self.last >= other.last:
            return self
        return TimeRange(min(self.first, other.first), max(self.last, other.last))


EVER = TimeRange(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class TimeFilter(ABC):
    """How the dates of a request relate to a row.

    Attributes:
        step: the smallest range that can be requested; None if a gap cannot be split, because the vendor lists
            everything from a moment on.
        before: how much earlier than a row's times the vendor may list it. A gap is requested that much earlier.
        after: how much later than a row's times the vendor may list it. A gap is requested that much later.
        ahead: how far the vendor's clock may be ahead of UTC.
        longest: the longest range that one request may ask for; None if the vendor has no limit.
        may_shift: whether the vendor may list a row in the window next to the one that holds its times. A window
            then counts as finished only when the adjacent windows are read too.
        may_repeat: whether the vendor may list a row in every window that it overlaps. Otherwise a row has one
            position, though it may be unknown which.
    """

    step: timedelta | None = MINUTE
    before: timedelta = NONE
    after: timedelta = NONE
    ahead: timedelta = NONE
    longest: timedelta | None = None
    may_shift: bool = False
    may_repeat: bool = False

    @abstractmethod
    def times(self, columns: Row) -> TimeRange | None:
        """Return the earliest and the latest of the row's times that the vendor may filter by.

        Args:
            columns: the endpoint's columns of the row. Moments are RFC 3339 in UTC.

        Returns:
            None if the row has no such time. Such a row is always emitted.
        """

    def moments(self, times: TimeRange, row: Row) -> TimeRange:
        """Widen the times by what is unknown about them, such as the time zone of a text without one.

        Args:
            times: what ``times`` returned for the row.
            row: the vendor's record.
        """
        return times

    def positions(self, moments: TimeRange) -> TimeRange:
        """Return the positions at which the vendor may list a row with these moments."""
        return moments

    def requested(self, wanted: TimeRange) -> TimeRange:
        """Return the range to request so that the answer holds all of ``wanted``."""
        return wanted

    def contradiction(self, columns: Row, requested: TimeRange) -> str | None:
        """Return the column that the vendor filters by, if syncs rely on another one.

        Args:
            columns: the endpoint's columns of a row.
            requested: the range of the request that listed the row.
        """
        return None


class ExactTime(TimeFilter):
    """The vendor filters by the moment in one column.

    Args:
        column: the column's name.
        moment: how the column is read. A text without a time zone may be a moment of any zone.
    """

    def __init__(self, column: str, moment: Moment) -> None:
        self._column = column
        self._moment = moment

    def times(self, columns: Row) -> TimeRange | None:
        """Return the column's moment."""
        moment = moment_in(columns, self._column)
        return None if moment is None else TimeRange(moment, moment)

    def moments(self, times: TimeRange, row: Row) -> TimeRange:
        """Return the moment, widened to all zones if it has none."""
        return times if self._moment.has_zone(row) else times.widened(EAST, WEST)


class StartOrEnd(TimeFilter):
    """The vendor filters by a row's start, by its end, or by whether the row overlaps the requested range.

    A gap is requested to a day after its end: a vendor that compares ends lists rows there that started in the
    gap.

    Args:
        start: the name of the column with the start.
        end: the name of the column with the end.
    """

    after = DAY
    may_repeat = True

    def __init__(self, start: str, end: str) -> None:
        self._names = (start, end)

    def times(self, columns: Row) -> TimeRange | None:
        """Return the start and the end."""
        return _hull(columns, self._names)


class CalendarDay(TimeFilter):
    """The vendor filters by calendar days of an undocumented time zone, and writes times without a zone.

    Args:
        columns: the names of the columns that the vendor may filter by. Syncs rely on the first one: finished days
            are not requested again, so a row that appears later must have a later time there.
        longest: the longest range that one request may ask for.
    """

    step = DAY
    before = WEST
    after = EAST
    ahead = EAST
    may_shift = True

    def __init__(self, *columns: str, longest: timedelta | None = None) -> None:
        self._names = columns
        self.longest = longest

    def times(self, columns: Row) -> TimeRange | None:
        """Return the earliest and the latest of the columns."""
        return _hull(columns, self._names)

    def moments(self, times: TimeRange, row: Row) -> TimeRange:
        """Return the times, widened to all zones."""
        return times.widened(EAST, WEST)

    def positions(self, moments: TimeRange) -> TimeRange:
        """Return the moments, widened to the days of all zones."""
        return moments.widened(WEST, EAST)

    def requested(self, wanted: TimeRange) -> TimeRange:
        """Return whole days."""
        return whole_days(wanted)

    def contradiction(self, columns: Row, requested: TimeRange) -> str | None:
        """Return the first of the other columns that fits the request, if the first column does not."""

        def fits(name: str) -> bool:
            times = _hull(columns, (name,))
            if times is None:
                return False
            return self.positions(self.moments(times, columns)).touches(requested)

        relied_on, *others = self._names
        if columns.get(relied_on) is None or fits(relied_on):
            return None
        return next((name for name in others if fits(name)), None)


class Unrelated(TimeFilter):
    """The vendor filters by a time that rows do not have."""

    def times(self, columns: Row) -> None:
        """Return None: every row is emitted."""
        return


def whole_days(wanted: TimeRange) -> TimeRange:
    """Widen a range so that it starts and ends at midnight (UTC)."""
    return TimeRange(midnight(wanted.first), midnight(_shifted(wanted.last, DAY - MOMENT)))


def moment_in(columns: Row, name: str) -> datetime | None:
    """Return a column's moment."""
    text = columns[name]
    return None if text is None else datetime.fromisoformat(text)


def _hull(columns: Row, names: tuple[str, ...]) -> TimeRange | None:
    first = last = None
    for name in names:
        text = columns[name]
        if text is not None:
            moment = datetime.fromisoformat(text)
            first = moment if first is None or moment < first else first
            last = moment if last is None or moment > last else last
    return None if first is None or last is None else TimeRange(first, last)


def _shifted(moment: datetime, by: timedelta) -> datetime:
    """Add to a moment. Outside of the years 1 to 9999, return the first or the last moment."""
    try:
        return moment + by
    except OverflowError:
        return EVER.first if by < NONE else EVER.last
