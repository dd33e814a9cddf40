"""The rate limit: https://developer.devrev.ai/about/rate-limits."""

import math
import time
from collections.abc import Callable
from typing import Literal

from sandbox_server import Answer

from .errors import failure

RetryHint = Literal["all", "header", "body", "reset", "none"]

# "At present, this window resets every five minutes."
WINDOW = 300
# The page's example.
SHOWN_LIMIT = 1000


def reset_at(seconds: float) -> str:
    """Return `X-Ratelimit-Reset` for a number of seconds from now; clients compare it with the real clock."""
    return str(math.ceil(time.time() + seconds))


def too_many(seconds: float, hint: RetryHint, limit: int | None = None) -> Answer:
    """Return a 429 that states when to retry in all of the vendor's ways, in one of them, or not at all."""
    rounded = math.ceil(seconds)
    members = {"retry_after": rounded} if hint in {"all", "body"} else {}
    answer = failure(429, "the rate limit of this user is exceeded", members)
    headers = dict(answer.headers)
    if hint in {"all", "header"}:
        headers["Retry-After"] = str(rounded)
    if hint in {"all", "reset"}:
        shown = str(limit or SHOWN_LIMIT)
        headers |= {
            "X-Ratelimit-Limit": shown,
            "X-Ratelimit-Remaining": "0",
            "X-Ratelimit-Reset": reset_at(seconds),
        }
    return Answer(answer.status, answer.body, headers)


class Budget:
    """A limit of requests per window. A window begins with the first request after the previous window."""

    def __init__(self, per_window: int | None, clock: Callable[[], float]) -> None:
        self.per_window = per_window
        self.clock = clock
        self._spent = 0
        self._end = 0.0

    @property
    def left(self) -> float:
        """The seconds until the window ends."""
        return max(0.0, self._end - self.clock())

    def spend(self) -> bool:
        """Take one request; return False if none is left."""
        if self.per_window is None:
            return True
        if self.clock() >= self._end:
            self._end = self.clock() + WINDOW
            self._spent = 0
        self._spent += 1
        return self._spent <= self.per_window

    def headers(self) -> dict[str, str]:
        """Return the rate limit headers of every answer."""
        if self.per_window is None:
            return {}
        return {
            "X-Ratelimit-Limit": str(self.per_window),
            "X-Ratelimit-Remaining": str(max(0, self.per_window - self._spent)),
            "X-Ratelimit-Reset": reset_at(self.left),
        }
