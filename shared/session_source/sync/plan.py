"""The plan: which part of a partition remains to be read, and how it is split into windows, newest first.

How many rows a range of time has is unknown before it is read. So the first window is as long as the config
allows. If its first page shows that it has too many rows, it is put back and split. A busy month becomes many
windows and checkpoints, and a quiet year takes few requests.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from session_source.api import times, windows
from session_source.api.time_filter import DAY, MOMENT
from session_source.api.windows import Intervals, Window
from session_source.http.budget import Budget
from session_source.sync.coverage import Coverage


def affordable_requests(budget: Budget | None, workers: int) -> float | None:
    """Return how many requests each worker may still send, for the size of its window; None if there is no limit.

    At least a fifth of the hourly limit is counted on, even if less is left. Otherwise windows become so small at
    the end of an hour that most of their pages are not full.
    """
    return None if budget is None else max(budget.left(), budget.limit / 5) / workers


class Plan:
    """Splits the missing intervals into windows. Not thread-safe: the caller holds a lock.

    Args:
        missing: the intervals to read.
        step: the smallest range that can be requested; None if a gap cannot be split.
        longest: the longest window.
        parallel: how many windows of this partition can be read at the same time.
        affordable: returns how many requests each of these windows may still send; None if there is no budget.
    """

    ROWS = 2000
    """How many rows a window of a day or more should have: seconds of work, not minutes."""

    DENSE_ROWS = 20_000
    """How many rows a window of less than a day should have: so many that a page that is not full costs little."""

    BUDGETED_PAGES = 10
    """How many pages a window should have at most where requests are limited: fewer waste more on pages that are
    not full, and more are lost with a sync that ends because the limit is reached."""

    FEW_PAGES = 4
    """A window with no more pages than this is not split, even if workers are idle."""

    GROWTH = 4
    """How many times longer than the last window the next one may be, once windows are short."""

    def __init__(
        self,
        missing: Intervals,
        *,
        step: timedelta | None,
        longest: timedelta,
        parallel: int = 1,
        affordable: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.remaining: Intervals = missing
        """The intervals for which no window was taken yet."""
        self.is_guess = True
        """Whether no page has shown yet how long windows should be."""
        self._is_sized = False
        """Whether a window was read completely or put back."""
        self._step = step
        self._longest = longest
        self._parallel = parallel
        self._affordable = affordable
        self._rows: float = self.ROWS
        self._page = 1
        """The number of rows of the longest page."""
        self._cuts = 0
        """How many windows were split because of the budget since one was read completely."""
        self._least = max(step or DAY, DAY)  # a shorter window wastes a part of a page
        self._length = longest
        self._quiet_from: set[datetime] = set()
        """Midnights after which windows that were put back have no rows, as far as is known."""

    def take(self) -> Window | None:
        """Return the next window: the newest one. It starts at midnight (UTC) if possible."""
        if not self.remaining:
            return None
        *older, piece = self.remaining
        start = piece.start
        if self._step is not None:
            quiet = [midnight for midnight in self._quiet_from if piece.start < midnight < piece.end]
            length = self._longest if quiet else self._length
            start = max(start, self._start(piece, length, self._step), *quiet)
        self.remaining = windows.union([*older, Window(piece.start, start)])
        return Window(start, piece.end)

    @property
    def ahead(self) -> int:
        """How many windows the remaining time will be, at their present length."""
        lengths = [piece.end - piece.start for piece in self.remaining]
        return len(lengths) if self._step is None else sum(-(-length // self._length) for length in lengths)

    def put_back(self, window: Window, length: timedelta, *, newest: datetime | None = None) -> None:
        """Put back a window that is too large.

        Args:
            window: the window.
            length: about how long the windows should be into which it is split.
            newest: the time of its newest row, if known. The time after it becomes one window.
        """
        if newest is not None and (midnight := times.midnight(newest) + DAY) < window.end:
            self._quiet_from.add(midnight)
        self.remaining = windows.union([*self.remaining, window])
        self._least = min(self._least, max(length, self._step or length))
        self._set_length(length)

    def limit(self, length: timedelta) -> None:
        """Set the longest window: the vendor does not answer longer ones."""
        self._longest = min(self._longest, length)

    def can_cut(self, window: Window) -> bool:
        """Return whether a smaller window than this one can be requested."""
        return self._step is not None and self._start(window, self._step, self._step) > window.start

    def note(self, window: Window, rows: int) -> None:
        """Set the length of the next windows after a window was read completely."""
        self._cuts = 0
        if window.start in self._quiet_from:  # it shows nothing about the busy time before it
            return
        length = window.end - window.start
        # Lengths grow step by step: older data may be as busy as the data that made windows short.
        self._set_length(min(length * (self._rows / max(rows, 1)), max(self._length, self.GROWTH * length)))

    def better_length(
        self, window: Window, rows: int, page: int, *, coverage: Coverage, total: int | None = None
    ) -> timedelta | None:
        """Return the length of the windows that should replace one of which more pages follow.

        Args:
            window: the window.
            rows: how many rows it has listed so far.
            page: how many of them were on the last page.
            coverage: the times of these rows.
            total: how many rows it has, if the vendor says so.

        Returns:
            None if it is best to continue.
        """
        self.is_guess = False
        self._page = max(self._page, page)
        length = window.end - window.start
        affordable = self._affordable()
        # A window that a sync has no requests for is lost with it, so under a budget all of a window counts as
        # being as busy as its rows.
        covered = coverage.within(window) if affordable is None else coverage.spread
        expected = float(max(rows + page, 1))
        if total is not None:
            expected = max(expected, total)
        elif timedelta() < covered < length:
            expected = max(expected, rows * (length / covered))
        # A few pages may be a burst in a quiet day: they do not show that a day has very many rows.
        is_dense = total is not None or rows >= self.ROWS
        shortest = min(length * min(self.DENSE_ROWS / expected, 1), DAY) if is_dense else DAY
        best = max(length * (self.ROWS / expected), shortest)
        # The rows that were read are read again after the window is put back. If the list is sorted by time, they
        # may be a burst that ends soon. So put it back after the first page, or when it is certainly too large.
        is_late = rows > 2 * self.ROWS or (is_dense and length <= 2 * DAY)
        is_time = rows <= page or is_late or not coverage.is_sorted
        is_worth_it = is_time and (not self._is_sized or expected > 5 * rows)
        if not self._is_sized:
            left = length + sum((piece.end - piece.start for piece in self.remaining), timedelta())
            share = max(left / (2 * self._parallel), length * (self.FEW_PAGES * self._page / expected))
            best = min(best, share) if is_worth_it else share
            is_worth_it = True
        if affordable is not None:
            most = max(self.ROWS, min(self.BUDGETED_PAGES * self._page, self.DENSE_ROWS))
            self._rows = min(most, self._page * max(affordable, 1) / 2)
            # Rows without an order do not show how many there are: split more after each split.
            best = min(best, length * (self._rows / expected * 0.5**self._cuts))
            is_worth_it = is_worth_it or expected > 5 * rows or expected - rows > page * affordable
        if not is_worth_it or length <= 2 * best or not self.can_cut(window):
            return None
        self._cuts += affordable is not None
        return best

    def _set_length(self, length: timedelta) -> None:
        self.is_guess = False
        self._is_sized = True
        self._length = min(max(length, self._least), self._longest)

    @staticmethod
    def _start(window: Window, length: timedelta, step: timedelta) -> datetime:
        """Return where the newest part of a window starts: a multiple of a day or of a step."""
        unit = max(step, DAY) if length >= DAY else step
        last = window.end - MOMENT
        return last - (last - times.EPOCH) % unit - (max(length // unit, 1) - 1) * unit
