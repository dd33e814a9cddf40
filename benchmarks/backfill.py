"""A simulated backfill of a year with a million sessions a day, within UXCam's hourly limit.

The endpoint, the plan, the claims, the budget and the state are the connector's own. The clock and the vendor are
simulated: an answer is computed, and takes a second. To save time, only the first and the last row of a page are
made; the others are counted.
"""

import heapq
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
from session_source.api import windows
from session_source.api.columns import Row
from session_source.api.times import rfc3339
from session_source.api.windows import Intervals, Window
from session_source.http.budget import Budget
from session_source.sync.groups import Group
from session_source.sync.keys import OpenWindow
from session_source.sync.plan import affordable_requests
from session_source.sync.seen import Seen
from session_source.sync.settings import Settings
from session_source.sync.state import StreamState
from source_uxcam import SourceUxcam
from source_uxcam.data_access_v2 import PAGE_SIZE, Sessions

_LOGGER = logging.getLogger("airbyte")

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)

LATENCY = 1.0
"""Seconds until an answer."""

POLL = 1.0
"""Seconds until an idle worker looks for a window again."""

CONFIG: dict[str, Any] = {"app_id": "app", "api_key": "key", "start_date": "2025-01-01"}


@dataclass(frozen=True)
class Backfill:
    """What to simulate.

    Args:
        days: days of history.
        per_day: sessions per day.
        killed_after: hours after which a sync is killed and the next one starts.
        lookback_days: ``lookback_window_days``.
        waiting_minutes: ``max_waiting_time``. A sync that would wait longer ends; the next one starts on the hour.
    """

    days: int = 365
    per_day: int = 1_000_000
    killed_after: int = 7 * 24
    lookback_days: int = 1
    waiting_minutes: int = 60

    @property
    def least_requests(self) -> int:
        """The requests that cannot be avoided."""
        return -(-self.days * self.per_day // PAGE_SIZE)


@dataclass
class Figures:
    """What a simulation measured."""

    requests: int = 0
    syncs: int = 0
    hours: float = 0.0
    """The simulated duration."""
    newest_day: float = 0.0
    """The hours until the newest day was read."""
    most_slices: int = 0
    """The most finished intervals in a state."""
    most_bytes: int = 0
    """The largest state message."""
    most_windows: int = 0
    """The most windows of which keys were remembered."""
    most_keys: int = 0
    """The most keys that were remembered at the same time."""
    finished: Intervals = ()
    """The finished intervals at the end."""
    at_a_tenth: Intervals = ()
    """The finished intervals when a tenth of the history was read."""


class _Counted(Seen):
    """A set of keys of which most are only counted."""

    def __init__(self) -> None:
        super().__init__()
        self.uncounted = 0

    def __len__(self) -> int:
        return super().__len__() + self.uncounted


class _Vendor:
    """Sessions at equal distances, newest first."""

    def __init__(self, backfill: Backfill) -> None:
        self._distance = DAY / backfill.per_day
        self._count = backfill.days * backfill.per_day

    def page(self, window: OpenWindow, number: int) -> tuple[list[Row], int, bool]:
        """Answer a request.

        Args:
            window: the window.
            number: the number of the page, from 0.

        Returns:
            The first and the last row of the page, how many rows it has, and whether another page follows.
        """
        lower, upper = Window(*window.requested).whole_seconds(early=1)
        newest = min((upper - FIRST_DAY) // self._distance, self._count - 1) - number * PAGE_SIZE
        oldest = max(-((FIRST_DAY - lower) // self._distance), 0)
        last = max(newest - PAGE_SIZE + 1, oldest)
        rows = [self._row(index) for index in dict.fromkeys((newest, last)) if index >= oldest]
        return rows, max(newest - last + 1, 0), last > oldest

    def _row(self, index: int) -> Row:
        return {
            "sessionId": str(index),
            "property": {"uploadedServerTime": rfc3339(FIRST_DAY + index * self._distance)},
        }


@dataclass
class _Worker:
    """A simulated worker: the window that it reads, and the number of its next page."""

    window: OpenWindow | None = None
    page: int = 0


class Simulation:
    """Runs syncs until the whole history is read."""

    def __init__(self, backfill: Backfill) -> None:
        self.figures = Figures()
        self._backfill = backfill
        self._vendor = _Vendor(backfill)
        self._source = SourceUxcam()
        self._now = FIRST_DAY + backfill.days * DAY
        self._start = self._now
        self._newest = Window(self._now - DAY, self._now)
        self._tenth = backfill.days * DAY / 10

    def run(self) -> Figures:
        """Run syncs, each with the state of the previous one, until one reads everything."""
        saved: dict[str, Any] = {}
        is_complete = False
        while not is_complete:
            is_complete, saved = self._sync(saved)
        self.figures.hours = (self._now - self._start) / timedelta(hours=1)
        return self.figures

    def _seconds(self) -> float:
        return self._now.timestamp()

    def _sync(self, saved: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Run one sync; return whether it read everything, and its state."""
        endpoint = Sessions([])
        (stream,) = endpoint.streams
        # All syncs read to the same end: the simulation is about the history, not about new sessions.
        settings = Settings(
            span=Window(FIRST_DAY, self._start),
            now=self._start,
            lookback=self._backfill.lookback_days * DAY,
            window_days=self._source.window_days,
            workers=self._source.workers,
            limit_wait=self._backfill.waiting_minutes * 60,
        )
        state = StreamState(stream.name, saved, api_version=self._source.api_version(CONFIG), logger=_LOGGER)
        state.begin({}, settings, is_incremental=True)
        allowed = self._source.budget(CONFIG)
        assert allowed is not None  # noqa: S101 - v2 has a budget
        budget = Budget(allowed.limit, clock=self._seconds)
        budget.spend([state.requests])
        group = Group(
            endpoint,
            {},
            [stream],
            span=settings.span,
            finished=windows.within(state.finished({}), settings.span),
            longest=timedelta(days=settings.window_days),
            now=settings.now,
            parallel=settings.workers,
            affordable=partial(affordable_requests, budget, settings.workers),
        )
        self.figures.syncs += 1
        is_complete = self._read(group, state, budget, settings)
        message = state.message(budget).state
        assert message is not None  # noqa: S101 - it is a state message
        assert message.stream is not None  # noqa: S101 - it is a stream's state
        self.figures.finished = state.finished({})
        return is_complete, orjson.loads(orjson.dumps(vars(message.stream.stream_state)))

    def _read(self, group: Group, state: StreamState, budget: Budget, settings: Settings) -> bool:
        """Read windows with several workers until all are read, or the sync ends."""
        workers = [_Worker() for _ in range(settings.workers)]
        began = self._now
        due = [(began, number) for number in range(len(workers))]
        killed_at = began + timedelta(hours=self._backfill.killed_after)
        while True:
            self._now, number = heapq.heappop(due)
            worker = workers[number]
            if self._now >= killed_at:
                return False
            if worker.window is None and not group.is_probing:
                worker.window, worker.page = group.next_window(), 0
                if worker.window is not None:
                    worker.window.seen = _Counted()
            if worker.window is None:
                if all(other.window is None for other in workers):
                    return True
                heapq.heappush(due, (self._now + timedelta(seconds=POLL), number))
                continue
            wait = budget.take()
            if wait > settings.limit_wait:
                self._now = self._now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
                return False
            if wait == 0:
                self._page(group, state, worker)
            heapq.heappush(due, (self._now + timedelta(seconds=wait or LATENCY), number))

    def _page(self, group: Group, state: StreamState, worker: _Worker) -> None:
        window = worker.window
        assert window is not None  # noqa: S101 - the worker has one
        assert isinstance(window.seen, _Counted)  # noqa: S101 - it was replaced when the window was opened
        self.figures.requests += 1
        rows, count, has_more = self._vendor.page(window, worker.page)
        group.claim(window, rows)
        window.seen.uncounted += count - len(rows)
        worker.page += 1
        if has_more:
            length = group.better_length(window, count, None)
            if length is not None:
                group.put_back(window, length)
                worker.window = None
            return
        for finished in group.close(window):
            state.add({}, finished)
        worker.window = None
        self._measure(group, state)

    def _measure(self, group: Group, state: StreamState) -> None:
        figures, finished = self.figures, state.finished({})
        figures.most_slices = max(figures.most_slices, len(finished))
        figures.most_windows = max(figures.most_windows, len(group.remembered))
        figures.most_keys = max(figures.most_keys, sum(len(window.seen) for window in group.remembered))
        if not figures.newest_day and not windows.gaps(finished, self._newest):
            figures.newest_day = (self._now - self._start) / timedelta(hours=1)
        if not figures.at_a_tenth and sum((w.end - w.start for w in finished), timedelta()) >= self._tenth:
            figures.at_a_tenth = finished
