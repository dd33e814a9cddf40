"""Retries: how long to wait for what, and what one request has met so far."""

import time
from dataclasses import dataclass, replace

from session_source.api.errors import Fault, Kind


@dataclass(frozen=True)
class RetryPolicy:
    """How long to wait for what, in seconds."""

    connect: float = 10
    """For a connection."""
    read: float = 60
    """For the next bytes of an answer."""
    total: float = 300
    """For a whole answer, from the request to its last byte."""
    outage: float = 150
    """For the vendor to come back, over all attempts of one request."""
    limit: float = 3600
    """For one rate limit."""
    attempts: int = 9
    """Attempts of one request during an outage."""
    after_timeout: float = 0
    """Before the next request after one that was not answered: a vendor may still be at work on it."""

    def within(self, seconds: float | None) -> "RetryPolicy":
        """Give up on a request after about this long, if that is less; a rate limit is waited for as before."""
        if seconds is None:
            return self
        parts = {name: min(getattr(self, name), seconds) for name in ("connect", "read", "total", "outage")}
        return replace(self, **parts)

    def for_limit(self, seconds: float) -> "RetryPolicy":
        """Wait at most this long for a rate limit, or less where that was less."""
        return replace(self, limit=min(self.limit, seconds))


@dataclass
class Tries:
    """What one request met so far. The time of a rate limit is no time of an outage."""

    count: int = 0
    failures: int = 0
    """Outages in a row."""
    failing_since: float = 0.0
    """When the first of them was met, put off by what was waited for limits since."""
    limited: float = 0.0
    """Seconds that were waited because this request met a limit."""

    def note(self, fault: Fault) -> None:
        """Count a fault."""
        if fault.kind is Kind.LIMIT:
            self.failures = 0
            return
        self.failures += 1
        if self.failures == 1:
            self.failing_since = time.monotonic()
