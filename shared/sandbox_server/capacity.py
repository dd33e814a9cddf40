"""Capacities: how many requests simulated vendors serve at once, and what they do with more. No I/O.

A caller reports each request that arrives, and then acts on the reply.
"""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple


class Reply(NamedTuple):
    """What a simulated vendor does with a request."""

    seconds: float
    wait: float | None = None
    """How long it asks to wait, if it refuses the request."""
    is_timeout: bool = False


class Vendor(ABC):
    """A simulated vendor; the seconds of its answers vary like those of pages with more and fewer rows.

    Args:
        seconds: how long one request takes on average if it is the only one.
        variation: the standard deviation of the logarithm of these seconds.
        wait: how long the vendor asks to wait when it refuses a request.
    """

    def __init__(self, seconds: float, *, variation: float = 0.5, wait: float = 1.0) -> None:
        self._seconds = seconds
        self._variation = variation
        self._wait = wait
        self._random = random.Random(7)  # noqa: S311 - no secret

    def work(self) -> float:
        """Return how long one request takes if it is the only one."""
        return self._seconds * math.exp(self._random.gauss(-(self._variation**2) / 2, self._variation))

    @abstractmethod
    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request.

        Args:
            now: when it arrives, in seconds.
            are_open: how many requests are open, including this one.
        """


class Unlimited(Vendor):
    """Answers as fast, however many requests are open."""

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        return Reply(self.work())


class Queueing(Vendor):
    """Serves so many requests at once; the others wait in its queue."""

    def __init__(self, seconds: float, capacity: Callable[[float], int], **more: float) -> None:
        super().__init__(seconds, **more)
        self._capacity = capacity
        self._free_at: list[float] = []

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        self._free_at = sorted(moment for moment in self._free_at if moment > now)
        busy, capacity = len(self._free_at), self._capacity(now)
        end = self.work() + (self._free_at[busy - capacity] if busy >= capacity else now)
        self._free_at.append(end)
        return Reply(end - now)


class Thrashing(Vendor):
    """Beyond so many open requests, all become slower than they would in a queue."""

    def __init__(self, seconds: float, capacity: int) -> None:
        super().__init__(seconds)
        self._capacity = capacity

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        return Reply(self.work() * max(1.0, are_open / self._capacity) ** 1.5)


class Capped(Vendor):
    """Refuses a request while so many others are open."""

    def __init__(self, seconds: float, cap: int, **more: float) -> None:
        super().__init__(seconds, **more)
        self._cap = cap

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        return Reply(self.work()) if are_open <= self._cap else Reply(0.02, self._wait)


class Silent(Capped):
    """Does not answer a request while so many others are open."""

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        return Reply(self.work()) if are_open <= self._cap else Reply(10.0, is_timeout=True)


class Rated(Vendor):
    """Refuses what exceeds a rate: a token bucket."""

    def __init__(self, seconds: float, rate: float, burst: float, **more: float) -> None:
        super().__init__(seconds, **more)
        self._rate, self._burst = rate, burst
        self._tokens, self._filled = burst, 0.0

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
        self._filled = now
        if self._tokens < 1:
            return Reply(0.02, self._wait)
        self._tokens -= 1
        return Reply(self.work())


class Quota(Vendor):
    """Refuses everything after so many requests in a period, until the next period."""

    def __init__(self, seconds: float, count: int, period: float) -> None:
        super().__init__(seconds)
        self._count, self._period = count, period
        self._left, self._number = count, 0

    def reply(self, now: float, are_open: int) -> Reply:
        """Reply to a request."""
        if (number := int(now / self._period)) != self._number:
            self._number, self._left = number, self._count
        if not self._left:
            return Reply(0.02, (number + 1) * self._period - now)
        self._left -= 1
        return Reply(self.work())
