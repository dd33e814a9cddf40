"""Coverage: how much of a window's time the rows cover that were read so far."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import gt, lt

from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window

MOST = 0.75
"""The share of a page's rows, compared with rows half a page later, that shows the order of the list: one that is
sorted by start is not quite sorted by end."""


class Coverage:
    """The times of the rows that were read, and whether the list is sorted by them."""

    def __init__(self) -> None:
        self._range: TimeRange | None = None
        self._is_descending = self._is_ascending = True

    def note(self, times: Sequence[datetime]) -> None:
        """Add the times of a page's rows, in the order of the page."""
        if not times:
            return
        page, before = TimeRange(min(times), max(times)), self._range
        middle = len(times) // 2
        falls = sum(map(gt, times[:middle], times[-middle:])) if middle else 0
        rises = sum(map(lt, times[:middle], times[-middle:])) if middle else 0
        most = MOST * middle
        self._is_descending &= falls >= most and (before is None or page.first <= before.first)
        self._is_ascending &= rises >= most and (before is None or page.first >= before.first)
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
