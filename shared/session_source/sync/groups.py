"""Groups: the streams that one read feeds, and which of the rows it lists are emitted."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from session_source.api import windows
from session_source.api.columns import Row
from session_source.api.endpoint import Endpoint, Partition
from session_source.api.errors import Fault
from session_source.api.pagination import PageLengths
from session_source.api.stream import Stream
from session_source.api.time_filter import DAY, EVER, Reach
from session_source.api.windows import Finished, Window
from session_source.sync.claims import Claim, Claimed, Doubt, described, read_columns
from session_source.sync.details import Details
from session_source.sync.keys import Keys, OpenWindow
from session_source.sync.plan import Plan

SLACK = DAY
"""How far outside of what was asked for a row may lie before its page is doubted."""


class _Place(NamedTuple):
    """Where a row may be."""

    times: Reach
    """The earliest and the latest of its times."""
    moments: Reach
    """The same, in any time zone where they have none."""
    reach: Reach
    """Where the vendor may list it."""


class Group:
    """Streams that stand on the same pages of one partition and have finished the same windows.

    Every row that an answer lists is emitted once, by the first window that lists it. A row is left out only if
    all positions at which the vendor may list it are finished or outside of the sync.

    Args:
        endpoint: what is read.
        partition: which part of the vendor's data.
        streams: who is fed.
        span: the sync's ``[start, end)``.
        finished: what is not read again.
        longest: how long a window is at most.
        details: who is fed by one more call for each row.
        now: when the sync began, if that is not the span's end.
        lengths: how many rows the vendor serves on a page, shared by the endpoint's groups.
        parallel: how many of its windows can be read at the same time.
        affordable: how many requests may still be sent for each of these windows, where there is a budget.
    """

    def __init__(  # noqa: PLR0913 - a group is what these say
        self,
        endpoint: Endpoint,
        partition: Partition,
        streams: Sequence[Stream],
        *,
        span: Window,
        finished: Finished,
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
        """Whether its first window is to show how long the others should be, and has not yet."""
        self.is_sized = False
        """Whether the vendor reports how many rows a window has."""
        self._filter = endpoint.time_filter
        self._span = span
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
        self._keys = Keys()
        self._taken = 0
        self._shrinking: tuple[float, int] | None = None
        self._misplaced = 0
        self._contradicted: str | None = None
        self._is_contradiction_reported = False
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return described(self.endpoint, self.partition)

    @property
    def fed(self) -> list[Stream]:
        """The streams that end with it: its own, and those on the details of its rows."""
        return [*self.streams, *(self.details.streams if self.details else ())]

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
            self.is_probing = is_first and bool(self._plan.remaining)
            opened = OpenWindow(window, self._asked(window))
            self._keys.open(opened)
        if self.details is not None:
            self.details.expect(opened, 1)  # the pages themselves
        return opened

    def gap(self, window: Window) -> Window:
        """Return all that is asked for to get the gap around a window; its windows tile it."""
        return Window(*self._asked(self._gap(window)))

    def claim(self, window: OpenWindow, rows: list[Row], *, is_final: bool = True) -> Claim:
        """Take those of a page's rows that are to be emitted.

        Args:
            window: the window.
            rows: the page's rows.
            is_final: whether the page is taken whatever it holds. Otherwise it is requested again if all its rows
                are of other times, and nothing is taken of it.
        """
        id_ = self.endpoint.id
        page = [Claimed(row, *read_columns(self.endpoint, self.partition, row)) for row in rows]
        slack = timedelta() if self._filter and self._filter.is_displaced else SLACK  # a reach has some already
        near = window.asked.widened(slack, slack)
        claimed: list[Claimed] = []
        is_new = is_near = not rows
        is_repeated = False
        start, end = window.window
        all_times: list[Reach] = []
        ids = [one.columns[id_] for one in page]
        places: list[tuple[Reach | None, _Place | None, bool]] = []
        for one in page:
            times = self._filter.times(one.columns) if self._filter else None
            place = None
            if times is not None:
                all_times.append(times)
                if times.first < start or times.last >= end:  # else they are those of the window
                    place = self._place(one.row, times)
            is_own = place is None or place.reach.touches(near)
            is_near = is_near or is_own
            places.append((times, place, is_own))
        fingerprint = hash(frozenset(ids))
        if not is_near and not is_final:
            return Claim([], Doubt.MISPLACED, fingerprint)
        with self._lock:
            taken = self._keys.taken(window, set(ids))
            for one, (times, place, is_own) in zip(page, places, strict=True):
                key = one.columns[id_]
                if not window.seen.add(key):
                    is_repeated = is_repeated or not _is_long(times)
                    continue
                is_new = True
                if key in taken:
                    continue
                if place is not None and is_own and self._is_elsewhere(place):
                    window.left.add(key)
                    continue
                claimed.append(one)
                if place is not None:
                    self._note_distant(window, one, place, is_own=is_own)
        window.cover(all_times)
        if not is_near:  # also when it comes again because of that
            return Claim(claimed, Doubt.MISPLACED, fingerprint)
        if is_repeated and not is_new:
            return Claim(claimed, Doubt.REPEATED, fingerprint)
        return Claim(claimed, Doubt.TAKEN if all_times and len(taken) == len(set(ids)) else None, fingerprint)

    def put_back(self, window: OpenWindow, length: timedelta, *, is_limit: bool = False) -> None:
        """Leave a window that is too large, to be read again in pieces of this length.

        Args:
            window: the window.
            length: how long its pieces are.
            is_limit: whether the vendor does not answer longer ones.
        """
        with self._lock:
            self.is_probing = False
            self._taken -= 1
            window.is_left = True
            if is_limit:
                self._plan.limit(length)
            self._plan.put_back(window.window, length)
            self._forget(window)

    def close(self, window: OpenWindow) -> list[Window]:
        """Note that a window was read to its end, and return the windows that count as finished now."""
        with self._lock:
            self.is_probing = False
            self._shrinking = None
            self._plan.note(window.window, len(window.seen))
            forgotten = self._forget(window)
        if self._filter is None or not self._filter.is_displaced:
            return [window.window]
        return [other.window for other in forgotten if not other.is_left]

    def better_length(self, window: OpenWindow, page: int, total: int | None) -> timedelta | None:
        """Return how long the windows should be instead of this one, of which more is to come; None: read on."""
        covered = window.covered
        with self._lock:
            self.is_probing = False
            return self._plan.better_length(
                window.window,
                len(window.seen),
                page,
                covered=covered.last - covered.first if covered else timedelta(),
                total=total,
            )

    def can_cut(self, window: OpenWindow) -> bool:
        """Return whether a window can be read in smaller pieces."""
        return self._plan.can_cut(window.window)

    def shrunk(self, window: OpenWindow, fault: Fault, seconds: float) -> timedelta | None:
        """Return the length to which a window is cut that the vendor could not answer.

        Args:
            window: the window.
            fault: what the vendor answered. After a timeout, which costs a minute, lengths shrink ever faster.
            seconds: how long this may go on without an answer.

        Returns:
            None if cutting does not help.
        """
        with self._lock:
            now = time.monotonic()
            since, count = self._shrinking or (now, 0)
            self._shrinking = (since, count + 1)
            if not fault.may_be_too_large or not self.can_cut(window) or now - since > seconds:
                return None
            return (window.window.end - window.window.start) / (2**2 ** min(count, 4) if fault.is_timeout else 2)

    def notices(self) -> list[str]:
        """Return what the user should know about the vendor's dates, once."""
        with self._lock:
            lines = []
            if self._contradicted and not self._is_contradiction_reported:
                self._is_contradiction_reported = True
                lines.append(
                    f"The vendor lists rows by their {self._contradicted}. Rows that reach the vendor more than "
                    "lookback_window_days after that are missed: set lookback_window_days to how late they are."
                )
            if not self._plan.remaining and self._misplaced:
                lines.append(
                    f"{self._misplaced} rows were listed for other dates than their own. They were emitted."
                )
                self._misplaced = 0
            return lines

    def _place(self, row: Row, times: Reach) -> _Place | None:
        """Return where a row with these times may be."""
        if self._filter is None:
            return None
        moments = self._filter.moments(times, row)
        return _Place(times, moments, self._filter.reach(moments))

    def _is_elsewhere(self, place: _Place) -> bool:
        """Return whether a row is certainly outside of the sync, or was certainly emitted by an earlier one."""
        in_sync = windows.overlaps((self._span,), *place.moments)
        return not (in_sync and windows.overlaps(self._missing, *place.reach))

    def _note_distant(self, window: OpenWindow, row: Claimed, place: _Place, *, is_own: bool) -> None:
        """Remember a row that is emitted and was listed for other dates than those of its times."""
        asked, key = window.asked, row.columns[self.endpoint.id]
        if self._filter is None:
            return
        if not is_own:
            self._misplaced += 1
            self._keys.keep(key, EVER)
        elif not self._filter.lists_once and asked.joined(place.times) != asked:
            self._keys.keep(key, place.reach.joined(asked))
        if self._contradicted is None:
            self._contradicted = self._filter.contradiction(row.columns, asked)

    def _asked(self, window: Window) -> Reach:
        """Return what to ask for to get a window: more at the edges of its gap."""
        if self._filter is None:
            return Reach(*window)
        gap = self._gap(window)
        asked = Reach(*window).widened(
            self._filter.before if window.start == gap.start else timedelta(),
            self._filter.after if window.end == gap.end else timedelta(),
        )
        # What is in the future is asked for only where the vendor's clock may be ahead.
        latest = self._latest + self._filter.ahead
        return self._filter.asked(Reach(asked.first, max(min(asked.last, latest), window.end)))

    def _gap(self, window: Window) -> Window:
        return next(gap for gap in self._missing if gap.start <= window.start < gap.end)

    def _forget(self, window: OpenWindow) -> list[OpenWindow]:
        return self._keys.close(window, [self._asked(piece) for piece in self._plan.remaining])


def _is_long(times: Reach | None) -> bool:
    """Return whether a vendor may list a row for several days of a window."""
    return times is not None and times.last - times.first >= DAY / 2
