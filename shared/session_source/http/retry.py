"""Retries: how long a request waits before it is sent again, and when it is given up."""

import math
import random
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from session_source.api import times
from session_source.api.errors import Fault, Kind

LONGEST_BACKOFF = 30.0
"""The longest wait after an outage, in seconds; waits double up to it."""

SHORTEST_LIMIT = 1.0
"""The shortest wait for a rate limit, in seconds."""


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts and limits on waiting, in seconds."""

    connect: float = 10
    """The connect timeout."""
    read: float = 60
    """The read timeout: the longest time without a byte."""
    total: float = 300
    """The timeout of a whole answer, from the request to its last byte."""
    outage: float = 150
    """How long one request is retried during an outage."""
    limit: float = 3600
    """The longest wait for one rate limit."""
    attempts: int = 9
    """How often one request is sent during an outage."""
    after_timeout: float = 0
    """The wait before any request after a timeout: the vendor may still be working on the one that timed out."""
    deadline: float = math.inf
    """When everything ends, in ``time.monotonic()``: nothing is sent or waited for after it."""

    @property
    def left(self) -> float:
        """The seconds until the deadline."""
        return self.deadline - time.monotonic()

    def within(self, seconds: float | None) -> "RetryPolicy":
        """Return a policy that gives up a request after about this long. Waits for rate limits do not count."""
        if seconds is None:
            return self
        parts = {name: min(getattr(self, name), seconds) for name in ("connect", "read", "total", "outage")}
        return replace(self, **parts)

    def too_long(self, message: str, wait: float) -> Fault:
        """Return the error for a wait that the policy does not allow.

        Args:
            message: why the request has to wait.
            wait: how many seconds.
        """
        until = datetime.now(UTC) + timedelta(seconds=wait)
        then = f"The next request can be sent in {times.in_words(wait)}, at {until:%Y-%m-%d %H:%M:%S} UTC"
        if self.deadline < math.inf:
            return Fault(Kind.STUCK, f"{message} {then}. Try again then.")
        return Fault(
            Kind.STUCK,
            f"{message} {then}. This is longer than max_waiting_time ({times.in_words(self.limit)}). Run the sync "
            "again then, or increase max_waiting_time.",
        )


@dataclass
class Tries:
    """The attempts of one request so far."""

    count: int = 0
    """How often it was sent."""
    failures: int = 0
    """How many outages it met in a row."""
    failing_since: float = 0.0
    """When the first of them was met, plus all waits since that do not count as an outage."""
    limited: float = 0.0
    """How many seconds it waited for its own rate limits."""

    def note(self, fault: Fault) -> None:
        """Count a failed attempt."""
        if fault.kind is Kind.LIMIT:
            self.failures = 0
            return
        self.failures += 1
        if self.failures == 1:
            self.failing_since = time.monotonic()

    def wait(self, fault: Fault, policy: RetryPolicy, most: int) -> float:
        """Return how many seconds to wait before the next attempt.

        Args:
            fault: what ended the last attempt.
            policy: how long to wait.
            most: how many outages in a row end the request.

        Raises:
            Fault: there is no next attempt.
        """
        exponent = min(self.failures or self.count, 10) - 1
        backoff = min(2.0**exponent, LONGEST_BACKOFF) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        if fault.kind is Kind.LIMIT:
            wait = max(fault.wait or backoff, SHORTEST_LIMIT)
            if self.limited + wait > policy.limit or wait > policy.left:
                raise policy.too_long(fault.message, wait)
            return wait
        wait = max(backoff, fault.wait or 0)
        is_over = time.monotonic() - self.failing_since + wait > policy.outage or wait > policy.left
        if self.failures >= min(most, policy.attempts) or is_over:
            tried = f" Gave up after {self.count} attempts." if self.count > 1 else ""
            fault.message = f"{fault.message}{tried} Try again later: a sync continues where it stopped."
            raise fault from None
        return wait
