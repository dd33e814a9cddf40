"""The rate limit: https://developer.devrev.ai/about/rate-limits."""

import math
import time
from collections.abc import Callable
from typing import Literal

from sandbox_server import Answer

from .errors import failure

Told = Literal["all", "header", "body", "reset", "none"]

# "At present, this window resets every five minutes."
WINDOW = 300
# The page's example.
SHOWN_LIMIT = 1000


def reset_at(seconds: float) -> str:
    """`X-Ratelimit-Reset` for so many seconds from now: a client compares it with the real clock."""
    return str(math.ceil(time.time() + seconds))


def too_many(seconds: float, told: Told, limit: int | None = None) -> Answer:
    """A 429 that tells when to come back in all of the vendor's ways, in one of them, or not at all."""
    rounded = math.ceil(seconds)
    members = {"retry_after": rounded} if told in {"all", "body"} else {}
    answer = failure(429, "the rate limit of this user is exceeded", members)
    headers = dict(answer.headers)
    if told in {"all", "header"}:
        headers["Retry-After"] = str(rounded)
    if told in {"all", "reset"}:
        shown = str(limit or SHOWN_LIMIT)
        headers |= {
            "X-Ratelimit-Limit": shown,
            "X-Ratelimit-Remaining": "0",
            "X-Ratelimit-Reset": reset_at(seconds),
        }
    return Answer(answer.status, answer.body, headers)


class Budget:
    """So many requests in a window; it begins with the first request after the one before it."""

    def __init__(self, per_window: int | None, clock: Callable[[], float]) -> None:
        self.per_window = per_window
        self.clock = clock
        self._spent = 0
        self._end = 0.0

    @property
    def left(self) -> float:
        """Seconds until the window ends."""
        return max(0.0, self._end - self.clock())

    def spend(self) -> bool:
        """Take one request; False when there is none."""
        if self.per_window is None:
            return True
        if self.clock() >= self._end:
            self._end = self.clock() + WINDOW
            self._spent = 0
        self._spent += 1
        return self._spent <= self.per_window

    def headers(self) -> dict[str, str]:
        """What every answer tells about it."""
        if self.per_window is None:
            return {}
        return {
            "X-Ratelimit-Limit": str(self.per_window),
            "X-Ratelimit-Remaining": str(max(0, self.per_window - self._spent)),
            "X-Ratelimit-Reset": reset_at(self.left),
        }
