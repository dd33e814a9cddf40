"""Budgets: limits on the number of requests, for vendors that lock out clients that send too many.

``RequestRate`` limits the requests of a second. ``Budget`` limits those of an hour. The budget is saved in the
states of the streams, since the vendor's hour does not end with the sync: Airbyte restarts a failed sync at once.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable

from session_source.api.columns import Value

HOUR = 3600.0

LONGEST_MINUTE = 20
"""The most digits of a minute since 1970 that is read from a state."""

MOST_IN_A_MINUTE = 100_000
"""The most requests in a minute that are read from a state; a higher number is not from this connector."""

POLL = 0.05
"""Seconds until ``RequestRate.take`` is called again while all requests that it allows are open."""


class RequestRate:
    """At most ``limit`` requests in any period of ``seconds``, at the time when the vendor receives them.

    The vendor receives a request at some time between ``take`` and ``end``, so a request counts until one period
    after ``end``. At most ``limit`` requests are open at the same time.

    Args:
        limit: the most requests in a period.
        seconds: the length of the period.
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
        """Take one request out of the limit.

        Returns:
            0 if it was taken, and ``end`` must follow; else the seconds to wait before the next call.
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
        """Note that a request was answered or has failed."""
        with self._lock:
            self._open -= 1
            self._ended.append(self._clock())


class Budget:
    """At most ``limit`` requests in any hour.

    Args:
        limit: the most requests in an hour.
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
            0 if it was taken; else the seconds to wait before the next call.
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
        """Return how many requests can be sent now."""
        with self._lock:
            oldest = self._clock() - HOUR
            return self.limit - sum(1 for sent in self._sent if sent > oldest)

    def to_json(self) -> dict[str, int]:
        """Return the number of requests sent in each minute (since 1970) of the last hour, for a state."""
        with self._lock:
            oldest = self._clock() - HOUR
            return {str(m): n for m, n in Counter(int(t // 60) for t in self._sent if t > oldest).items()}

    def spend(self, earlier: Iterable[Value]) -> None:
        """Count the requests of earlier syncs.

        Args:
            earlier: what ``to_json`` returned, from the states of several streams. A request that is in more than
                one of them counts once.
        """
        by_minute: Counter[int] = Counter()
        for sent in earlier:
            by_minute |= Counter(readable(sent))  # the larger count of each minute
        with self._lock:
            # Each counts at the end of its minute, so that the hour is never shorter than the vendor's, but not
            # later than the current minute: the clock may have been set back.
            latest = self._clock() + 59.9
            ends: Counter[float] = Counter()
            for minute, count in by_minute.items():
                ends[min(minute * 60 + 59.9, latest)] += count
            recent = {end: min(count, self.limit) for end, count in ends.items() if end > latest - 2 * HOUR}
            times = [end for end, count in recent.items() for _ in range(count)]
            # Only the last ``limit`` requests can make another one wait.
            self._sent = deque(sorted([*self._sent, *times])[-self.limit :])


def readable(sent: Value) -> dict[int, int]:
    """Return the valid entries of what ``Budget.to_json`` returned: the number of requests by minute."""
    return {
        int(minute): count
        for minute, count in (sent.items() if isinstance(sent, dict) else ())
        if minute.isascii() and minute.isdecimal() and len(minute) <= LONGEST_MINUTE
        if type(count) is int and 0 <= count <= MOST_IN_A_MINUTE
    }
