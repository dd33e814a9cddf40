"""Limits on the connector's own requests, for vendors that refuse or lock out clients that send too many.

``RequestRate`` limits the requests of a moment. ``Budget`` limits those of an hour and outlives the process: it is
written into the streams' states, so that a sync that follows soon after (Airbyte restarts a failed one at once)
does not start with a fresh hour.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from session_source.api.columns import Value

HOUR = 3600.0

LONGEST_MINUTE = 20
"""Digits of a minute since 1970, however far ahead a clock may be."""

MOST_IN_A_MINUTE = 100_000
"""Requests that a sync may have sent in a minute; a state that says more is not this connector's."""

POLL = 0.05
"""Seconds until the next look where every request of the limit is still unanswered."""


class RequestRate:
    """At most ``limit`` requests in any period of ``seconds``, measured where the vendor receives them.

    A request reaches the vendor at some moment between ``take`` and ``end``, so its place becomes free one period
    after ``end``. The requests that are open at the same time are at most ``limit`` too.

    Args:
        limit: requests in a period.
        seconds: the length of a period.
        clock: seconds since any moment.
    """

    def __init__(self, limit: int, seconds: float = 1.0, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.seconds = seconds
        self._clock = clock
        self._open = 0
        self._ended: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take a place for one request.

        Returns:
            0 if it was taken, and ``end`` must follow; else how many seconds to wait before asking again.
        """
        with self._lock:
            now = self._clock()
            while self._ended and self._ended[0] + self.seconds <= now:
                self._ended.popleft()
            if self._open + len(self._ended) < self.limit:
                self._open += 1
                return 0.0
            return self._ended[0] + self.seconds - now if self._ended else POLL

    def end(self) -> None:
        """Note that a request was answered, or given up."""
        with self._lock:
            self._open -= 1
            self._ended.append(self._clock())


class Budget:
    """At most ``limit`` requests in any hour.

    Args:
        limit: requests an hour.
        clock: seconds since 1970.
    """

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.time) -> None:
        self.limit = limit
        self._clock = clock
        self._sent: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Take one request out of the budget.

        Returns:
            0 if it was taken; else how many seconds to wait before asking again.
        """
        with self._lock:
            now = self._clock()
            while self._sent and self._sent[0] <= now - HOUR:
                self._sent.popleft()
            if len(self._sent) < self.limit:
                self._sent.append(now)
                return 0.0
            return self._sent[len(self._sent) - self.limit] + HOUR - now

    def left(self) -> int:
        """Return how many requests could be sent now."""
        with self._lock:
            oldest = self._clock() - HOUR
            return self.limit - sum(1 for sent in self._sent if sent > oldest)

    def to_json(self) -> dict[str, int]:
        """Write what was sent in the last hour, by minute since 1970."""
        with self._lock:
            oldest = self._clock() - HOUR
            return {str(m): n for m, n in Counter(int(t // 60) for t in self._sent if t > oldest).items()}

    def spend(self, earlier: Iterable[Value]) -> None:
        """Count what earlier syncs sent.

        Args:
            earlier: what ``to_json`` wrote into the states of several streams; the same request stands in
                more than one of them and counts once.
        """
        by_minute: Counter[int] = Counter()
        for sent in earlier:
            by_minute |= Counter(readable(sent))  # the larger count of each minute
        with self._lock:
            # As if at the end of their minute: the hour is then never shorter than the vendor's. Where a clock
            # was set back, none is later than that of this one.
            latest = self._clock() + 59.9
            ends: Counter[float] = Counter()
            for minute, count in by_minute.items():
                ends[min(minute * 60 + 59.9, latest)] += count
            recent = {end: min(count, self.limit) for end, count in ends.items() if end > latest - 2 * HOUR}
            times = [end for end, count in recent.items() for _ in range(count)]
            # Earlier ones than the last that fit into an hour make nobody wait.
            self._sent = deque(sorted([*self._sent, *times])[-self.limit :])


def readable(sent: Value) -> dict[int, int]:
    """Return what can be read of what ``Budget.to_json`` wrote: how many requests were sent in which minute."""
    return {
        int(minute): count
        for minute, count in (sent.items() if isinstance(sent, dict) else ())
        if minute.isascii() and minute.isdecimal() and len(minute) <= LONGEST_MINUTE
        if type(count) is int and 0 <= count <= MOST_IN_A_MINUTE
    }
