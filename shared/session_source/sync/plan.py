"""The plan: what of a partition is still to be read, and how it is cut into windows, newest first.

Nobody knows how many rows a piece of time holds before it is read. So the first window is as long as the config
allows. When its first page shows that it holds much more than a window should, it is put back and cut: a busy
month becomes many pieces of work and many checkpoints, and a quiet year takes few requests.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from session_source.api import times, windows
from session_source.api.time_filter import DAY, MOMENT
from session_source.api.windows import Finished, Window


class Plan:
    """Cuts what is missing into windows. Whoever uses it from several threads holds a lock.

    Args:
        missing: what is to be read.
        step: the smallest piece that can be asked for; None where a gap cannot be cut.
        longest: the longest window.
        parallel: how many windows of this partition can be read at the same time.
        affordable: returns how many requests may still be sent for each of these windows; None for any number.
    """

    ROWS = 2000
    """What a window should hold where that takes a day or more: seconds of work, not minutes."""

    FEW_PAGES = 4
    """What is not worth cutting, though workers are idle."""

    GROWTH = 4
    """How many times longer than the last one the next window may be, where windows were made short."""

    def __init__(
        self,
        missing: Finished,
        *,
        step: timedelta | None,
        longest: timedelta,
        parallel: int = 1,
        affordable: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.remaining: Finished = missing
        """What no window was taken for."""
        self.is_guess = True
        """Whether nothing was read yet that shows how long windows should be."""
        self._is_sized = False
        """Whether a window was read to its end, or cut."""
        self._step = step
        self._longest = longest
        self._parallel = parallel
        self._affordable = affordable
        self._rows: float = self.ROWS
        self._page = 1
        """How many rows the longest page had."""
        self._cuts = 0
        """How many windows were cut under a budget since one was read to its end."""
        self._least = max(step or DAY, DAY)  # shorter windows waste a part of a page each
        self._length = longest

    def take(self) -> Window | None:
        """Return the next window: the newest piece, from a midnight (UTC) where that is possible."""
        if not self.remaining:
            return None
        *older, piece = self.remaining
        start = piece.start
        if self._step is not None:
            start = max(start, self._start(piece, self._length, self._step))
        self.remaining = windows.union([*older, Window(piece.start, start)])
        return Window(start, piece.end)

    @property
    def ahead(self) -> int:
        """How many windows the remaining time will be, at their present length."""
        lengths = [piece.end - piece.start for piece in self.remaining]
        return len(lengths) if self._step is None else sum(-(-length // self._length) for length in lengths)

    def put_back(self, window: Window, length: timedelta) -> None:
        """Return a window that is too large; it is cut into windows of this length, or a little longer."""
        self.remaining = windows.union([*self.remaining, window])
        self._least = min(self._least, max(length, self._step or length))
        self._set_length(length)

    def limit(self, length: timedelta) -> None:
        """Let no window be longer than this: the vendor does not answer longer ones."""
        self._longest = min(self._longest, length)

    def can_cut(self, window: Window) -> bool:
        """Return whether a smaller window than this one can be asked for."""
        return self._step is not None and self._start(window, self._step, self._step) > window.start

    def note(self, window: Window, rows: int) -> None:
        """Learn from a window that was read how long the next ones should be."""
        self._cuts = 0
        length = window.end - window.start
        # Lengths grow step by step: what is older may be as busy as what made the windows short.
        self._set_length(min(length * (self._rows / max(rows, 1)), max(self._length, self.GROWTH * length)))

    def better_length(
        self, window: Window, rows: int, page: int, *, covered: timedelta, total: int | None = None
    ) -> timedelta | None:
        """Return how long the windows should be instead of one of which more pages are to come.

        Args:
            window: the window.
            rows: how many rows it has listed so far.
            page: how many of them were on the last page.
            covered: from the earliest to the latest of their times.
            total: how many rows it holds, where the vendor says so.

        Returns:
            None if it is best to read on.
        """
        self.is_guess = False
        self._page = max(self._page, page)
        length = window.end - window.start
        expected = float(max(rows + page, 1))
        if total is not None:
            expected = max(expected, total)
        elif timedelta() < covered < length:
            expected = max(expected, rows * (length / covered))
        best = max(length * (self.ROWS / expected), DAY)
        if not self._is_sized:
            left = length + sum((piece.end - piece.start for piece in self.remaining), timedelta())
            best = min(best, max(left / (2 * self._parallel), length * (self.FEW_PAGES * self._page / expected)))
        # What was read of a window that is put back is read again.
        is_worth_it = not self._is_sized or expected > 5 * rows
        affordable = self._affordable()
        if affordable is not None:
            self._rows = min(self.ROWS, self._page * max(affordable, 1) / 2)
            # Where rows come in no order, nothing shows how many there are: after each cut, cut more.
            best = min(best, length * (self._rows / expected * 0.5**self._cuts))
            is_worth_it = is_worth_it or expected - rows > page * affordable
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
        """Return where the newest piece of a window begins, on a multiple of a day or of a step."""
        unit = max(step, DAY) if length >= DAY else step
        last = window.end - MOMENT
        return last - (last - times.EPOCH) % unit - (max(length // unit, 1) - 1) * unit
