"""Coverage: how much of a window's time the rows cover that were read so far."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from operator import gt, lt

from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window

MOST = 0.75
"""The share of sorted rows that shows the order of a list: rows that arrive late may be out of order."""


class Coverage:
    """The times of the rows that were read, and whether the list is sorted by them."""

    def __init__(self) -> None:
        self._range: TimeRange | None = None
        self._is_descending = self._is_ascending = True

    def note(self, rows: Sequence[TimeRange]) -> None:
        """Add the times of a page's rows, in the order of the page. A row counts at the latest of its times."""
        if not rows:
            return
        starts, ends = [row.first for row in rows], [row.last for row in rows]
        page, before = TimeRange(min(ends), max(ends)), self._range
        self._is_descending &= _share(gt, starts, ends) >= MOST and (before is None or page.first <= before.first)
        self._is_ascending &= _share(lt, starts, ends) >= MOST and (before is None or page.first >= before.first)
        self._range = page if before is None else before.joined(page)

    @property
    def spread(self) -> timedelta:
        """The time between the earliest and the latest row."""
        return self._range.last - self._range.first if self._range else timedelta()

    @property
    def is_sorted(self) -> bool:
        """Whether the list is sorted by time, as far as it was read."""
        return self._is_descending != self._is_ascending

    @property
    def newest(self) -> datetime | None:
        """The time of the newest row, if the list is sorted from newest to oldest: it has no row after that."""
        return self._range.last if self._range and self._is_descending and self.is_sorted else None

    def within(self, window: Window) -> timedelta:
        """Return for how much of a window's time no rows are to come.

        A list that is sorted by time has no more rows on that side of its rows where it began. For another list,
        the rows are taken for a sample of the time between the earliest and the latest of them.
        """
        if self._range is None or not self.is_sorted:
            return self.spread
        first, last = self._range
        return max(window.end - first if self._is_descending else last - window.start, timedelta())


def _share(are_sorted: Callable[[datetime, datetime], bool], *columns: list[datetime]) -> float:
    """Return for how many of the rows one of their times is sorted, compared with the row half a page later."""
    half = len(columns[0]) // 2
    return max(sum(map(are_sorted, times[:half], times[-half:])) / half for times in columns) if half else 1.0
