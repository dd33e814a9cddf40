"""The rate limit. The page documents a 429 for "too many requests in a short span of time" without numbers."""

import math
from collections.abc import Callable, Sequence


class RateLimit:
    """A limit of requests per number of seconds."""

    def __init__(self, limit: Sequence[float] | None, clock: Callable[[], float]) -> None:
        self.at_most: float
        self.span: float
        self.at_most, self.span = limit or (math.inf, 0)
        self.clock = clock
        self.taken: list[float] = []

    def wait(self) -> int:
        """Take one request and return 0, or return the seconds to wait."""
        now = self.clock()
        self.taken = [moment for moment in self.taken if now - moment < self.span]
        if len(self.taken) >= self.at_most:
            return max(1, math.ceil(self.taken[0] + self.span - now))
        if self.span:
            self.taken.append(now)
        return 0
