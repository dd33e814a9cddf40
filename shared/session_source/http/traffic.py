"""Traffic: the requests, retries and waits of a sync, counted while it runs."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import NamedTuple

TIMEOUT = "timeout"
NO_ANSWER = "no_answer"
"""How requests without an HTTP status are counted: the vendor took too long, or the connection failed."""

MOMENT = 0.5
"""The shortest wait, in seconds, that is reported while it lasts."""


class Reason(Enum):
    """Why the connector waits before it sends a request; the value is how the log names it."""

    RATE_LIMIT = "the vendor's rate limit"
    FAILURE = "retries after failures"
    BUDGET = "the hourly request budget"
    RATE = "the limit on requests per second"


class Wait(NamedTuple):
    """A wait that has not ended."""

    reason: Reason
    seconds: float
    """How long it still lasts."""


class Traffic:
    """The requests of a sync, or of one of its endpoints. Threads share it.

    Args:
        whole: the traffic that this one is a part of, which counts everything too.
        clock: seconds since any moment.
    """

    def __init__(self, whole: "Traffic | None" = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.requests: Counter[str] = Counter()
        """Requests that were sent, by HTTP status, ``TIMEOUT`` or ``NO_ANSWER``."""
        self.retries = 0
        """How many of them repeated an earlier one."""
        self.received = 0
        """Bytes of the bodies of all answers, decompressed."""
        self._whole = whole
        self._clock = clock
        self._parts: dict[str, Traffic] = {}
        self._waited: defaultdict[Reason, float] = defaultdict(float)
        self._since: dict[Reason, float] = {}
        self._waits: list[tuple[Reason, float]] = []
        self._lock = threading.Lock()

    def part(self, endpoint: str) -> "Traffic":
        """Return the traffic of one endpoint."""
        with self._lock:
            return self._parts.setdefault(endpoint, Traffic(self, clock=self._clock))

    @property
    def parts(self) -> dict[str, "Traffic"]:
        """The traffic of each endpoint, by name."""
        with self._lock:
            return dict(self._parts)

    def count(self, status: int | str, *, received: int = 0, is_retry: bool = False) -> None:
        """Count a request when its answer has come, or when it has failed.

        Args:
            status: the HTTP status; ``TIMEOUT`` or ``NO_ANSWER`` where there is none.
            received: the bytes of its body.
            is_retry: whether the request repeats an earlier one.
        """
        with self._lock:
            self.requests[str(status)] += 1
            self.retries += is_retry
            self.received += received
        if self._whole is not None:
            self._whole.count(status, received=received, is_retry=is_retry)

    @contextmanager
    def waiting(self, reason: Reason, seconds: float) -> Iterator[None]:
        """Count the time of the block as a wait.

        Args:
            reason: why.
            seconds: how long it will last.
        """
        wait = (reason, self._clock() + seconds)
        with self._lock:
            self._waits.append(wait)
            self._since.setdefault(reason, self._clock())
        try:
            if self._whole is None:
                yield
            else:
                with self._whole.waiting(reason, seconds):
                    yield
        finally:
            with self._lock:
                self._waits.remove(wait)
                if not any(other is reason for other, _ in self._waits):
                    self._waited[reason] += self._clock() - self._since.pop(reason)

    def waited(self) -> dict[Reason, float]:
        """Return the seconds in which at least one worker waited so far, by reason."""
        with self._lock:
            now = self._clock()
            running = {reason: now - since for reason, since in self._since.items()}
            return {
                reason: seconds
                for reason in Reason
                if (seconds := self._waited[reason] + running.get(reason, 0.0)) > 0
            }

    def current_wait(self) -> Wait | None:
        """Return the wait that ends last; None if no worker waits, or only for a moment."""
        with self._lock:
            if not self._waits:
                return None
            reason, end = max(self._waits, key=lambda wait: wait[1])
            seconds = end - self._clock()
            return Wait(reason, seconds) if seconds >= MOMENT else None
