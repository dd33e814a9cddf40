"""Groups: streams that are fed by one read, and the windows in which it is read."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from session_source.api import windows
from session_source.api.columns import Row
from session_source.api.endpoint import Endpoint, Partition
from session_source.api.errors import Fault
from session_source.api.pagination import PageLengths
from session_source.api.stream import Stream
from session_source.api.time_filter import TimeRange
from session_source.api.windows import Intervals, Window
from session_source.sync.claims import Claim, Claims, described
from session_source.sync.details import Details
from session_source.sync.keys import OpenWindow
from session_source.sync.plan import Plan


class Group:
    """Streams that come from the same pages of one partition and have the same finished intervals. Thread-safe.

    Args:
        endpoint: the endpoint that is read.
        partition: the part of the vendor's data.
        streams: the streams that are made from the rows.
        span: the sync's ``[start, end)``.
        finished: the intervals that are not read again.
        longest: the longest window.
        details: the streams that need one more call per row.
        now: when the sync started, if that is not the span's end.
        lengths: the page lengths that the vendor serves, shared by the groups of the endpoint.
        parallel: how many of the group's windows can be read at the same time.
        affordable: returns how many requests each of these windows may still send; None if there is no budget.
    """

    def __init__(  # noqa: PLR0913 - each of them is independent
        self,
        endpoint: Endpoint,
        partition: Partition,
        streams: Sequence[Stream],
        *,
        span: Window,
        finished: Intervals,
        longest: timedelta,
        details: Details | None = None,
        now: datetime | None = None,
        lengths: PageLengths | None = None,
        parallel: int = 1,
        affordable: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.endpoint = endpoint
        self.partition = partition
        self.streams = streams
        self.details = details
        self.lengths = lengths or PageLengths(endpoint.pager.size)
        self.has_failed = False
        self.is_probing = False
        """Whether the first window is being read that shows how long the others should be."""
        self.is_sized = False
        """Whether the vendor reports how many rows a window has."""
        self._filter = endpoint.time_filter
        self._latest = max(now or span.end, span.end)
        self._missing = windows.gaps(finished, span) if self._filter else (span,)
        self.duration = sum((gap.end - gap.start for gap in self._missing), timedelta())
        """How much time there is to read."""
        most = self._filter.longest if self._filter else None
        self._plan = Plan(
            self._missing,
            step=self._filter.step if self._filter else None,
            longest=min(longest, most) if most else longest,
            parallel=parallel,
            affordable=affordable,
        )
        self._claims = Claims(endpoint, partition, span=span, missing=self._missing)
        self._taken = 0
        self._shrinking: tuple[float, int] | None = None
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return described(self.endpoint, self.partition)

    @property
    def all_streams(self) -> list[Stream]:
        """The streams made from the rows and from their details."""
        return [*self.streams, *(self.details.streams if self.details else ())]

    @property
    def remembered(self) -> list[OpenWindow]:
        """The windows of which keys are remembered."""
        return self._claims.remembered

    def planned(self) -> int:
        """Return how many windows there are: those read, those being read, and an estimate of the rest."""
        with self._lock:
            return self._taken + self._plan.ahead

    @property
    def newest(self) -> datetime | None:
        """The end of the next window; None if there is none."""
        remaining = self._plan.remaining
        return remaining[-1].end if remaining else None

    def next_window(self) -> OpenWindow | None:
        """Return the next window to read. It is open until ``close`` or ``put_back``."""
        with self._lock:
            is_first = self._plan.is_guess
            window = self._plan.take()
            if window is None:
                return None
            self._taken += 1
            self.is_probing = is_first and bool(self._plan.remaining) and self._plan.can_cut(window)
            opened = OpenWindow(window, self._requested(window))
            self._claims.open(opened)
        if self.details is not None:
            self.details.expect(opened, 1)  # the window's own pages
        return opened

    def gap(self, window: Window) -> Window:
        """Return the whole range that is requested for the gap around a window."""
        return Window(*self._requested(self._gap(window)))

    def claim(
        self, window: OpenWindow, rows: list[Row], *, is_final: bool = True, is_later_list: bool = False
    ) -> Claim:
        """Return the rows of a page that are to be emitted; see ``Claims.claim``."""
        return self._claims.claim(window, rows, is_final=is_final, is_later_list=is_later_list)

    def put_back(self, window: OpenWindow, length: timedelta, *, is_limit: bool = False) -> None:
        """Put back a window that is too large, to be read in smaller windows.

        Args:
            window: the window.
            length: the length of the smaller windows.
            is_limit: whether the vendor does not answer requests for longer ones.
        """
        with self._lock:
            self.is_probing = False
            self._taken -= 1
            window.is_put_back = True
            if is_limit:
                self._plan.limit(length)
            self._plan.put_back(window.window, length, newest=window.coverage.newest)
            self._forget(window)

    def close(self, window: OpenWindow) -> list[Window]:
        """End a window that was read completely, and return the windows that count as finished now."""
        with self._lock:
            self.is_probing = False
            self._shrinking = None
            self._plan.note(window.window, len(window.seen))
            forgotten = self._forget(window)
        if self._filter is None or not self._filter.may_shift:
            return [window.window]
        return [other.window for other in forgotten if not other.is_put_back]

    def better_length(self, window: OpenWindow, page: int, total: int | None) -> timedelta | None:
        """Return the length of the windows that should replace this one, of which more pages follow.

        Args:
            window: the window.
            page: how many rows the last page had.
            total: how many rows the window has, if the vendor says so.

        Returns:
            None if it is best to continue.
        """
        with self._lock:
            self.is_probing = False
            return self._plan.better_length(
                window.window, len(window.seen), page, coverage=window.coverage, total=total
            )

    def can_cut(self, window: OpenWindow) -> bool:
        """Return whether a window can be read in smaller windows."""
        return self._plan.can_cut(window.window)

    def shrunk(self, window: OpenWindow, fault: Fault, seconds: float) -> timedelta | None:
        """Return the length of the windows that should replace one that the vendor could not answer.

        Args:
            window: the window.
            fault: the error. Each timeout costs a minute, so after timeouts lengths shrink faster every time.
            seconds: how long this may continue without an answer.

        Returns:
            None if smaller windows cannot help.
        """
        with self._lock:
            now = time.monotonic()
            since, count = self._shrinking or (now, 0)
            self._shrinking = (since, count + 1)
            if not fault.may_be_too_large or not self.can_cut(window) or now - since > seconds:
                return None
            return (window.window.end - window.window.start) / (2**2 ** min(count, 4) if fault.is_timeout else 2)

    def notices(self) -> list[str]:
        """Return new log lines about the vendor's dates."""
        return self._claims.notices(is_end=not self._plan.remaining)

    def _requested(self, window: Window) -> TimeRange:
        """Return the range to request for a window. It is wider than the window at the edges of a gap."""
        if self._filter is None:
            return TimeRange(*window)
        gap = self._gap(window)
        wanted = TimeRange(*window).widened(
            self._filter.before if window.start == gap.start else timedelta(),
            self._filter.after if window.end == gap.end else timedelta(),
        )
        # The future is requested only as far as the vendor's clock may be ahead.
        latest = self._latest + self._filter.ahead
        return self._filter.requested(TimeRange(wanted.first, max(min(wanted.last, latest), window.end)))

    def _gap(self, window: Window) -> Window:
        return next(gap for gap in self._missing if gap.start <= window.start < gap.end)

    def _forget(self, window: OpenWindow) -> list[OpenWindow]:
        return self._claims.close(window, [self._requested(piece) for piece in self._plan.remaining])
