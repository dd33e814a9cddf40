"""The gate: lets a request pass when the vendor may be asked. All workers of a connection share it.

Four things can make a request wait: a hold (the vendor asked for a wait, which then applies to all workers), the
limit on open requests, the hourly budget and the request rate.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from session_source.api import times
from session_source.http.budget import Budget, RequestRate
from session_source.http.concurrency import ConcurrencyLimit
from session_source.http.retry import RetryPolicy
from session_source.http.rounds import Place
from session_source.http.traffic import Reason, Traffic

REPORTED = 5.0
"""Seconds; shorter waits for the budget are not reported. Once it is used up, a request can be sent whenever an
earlier one becomes an hour old, so every request waits, mostly for a moment."""


class Closed(Exception):  # noqa: N818 - not an error: reading has ended, and so does the thread that gets this
    """The client was closed while a request waited."""


@dataclass
class Turn:
    """One pass through the gate."""

    place: Place
    waited: float
    """The seconds that the request waited at the gate."""
    seconds: float | None = None
    """To be set when an answer with a good status has arrived: how long it took."""


class Gate:
    """Lets requests pass.

    Args:
        vendor: the vendor's name, for messages.
        concurrency: the limit on open requests.
        policy: the limits on waiting.
        budget: the limit on requests an hour.
        rate: the limit on requests in a moment.
    """

    def __init__(
        self,
        vendor: str,
        concurrency: ConcurrencyLimit,
        policy: RetryPolicy,
        *,
        budget: Budget | None = None,
        rate: RequestRate | None = None,
    ) -> None:
        self.closed = threading.Event()
        self._vendor = vendor
        self._concurrency = concurrency
        self._policy = policy
        self._budget = budget
        self._rate = rate
        self._has_room = threading.Condition(threading.Lock())
        self._open_at = 0.0
        self._closed_for = Reason.RATE_LIMIT

    def close(self) -> None:
        """End every wait with ``Closed``."""
        self.closed.set()
        with self._has_room:
            self._has_room.notify_all()

    @contextmanager
    def turn(
        self, log: Callable[[str], None], traffic: Traffic, limited: Callable[[float], None] = lambda _: None
    ) -> Iterator[Turn]:
        """Wait until a request may be sent. Its place is taken until the block ends.

        Args:
            log: receives a line before a wait for the budget.
            traffic: counts the waits.
            limited: called before a wait for the budget, with its seconds.

        Raises:
            Fault: the wait is longer than the policy allows.
            Closed: the client was closed.
        """
        began = time.monotonic()
        place = self._take_place()
        turn = Turn(place, 0.0)
        try:
            self._wait_to_pass(log, traffic, limited)
            turn.waited = time.monotonic() - began
            try:
                yield turn
            finally:
                if self._rate is not None:
                    self._rate.end()
        finally:
            with self._has_room:
                self._concurrency.end(place, turn.seconds)
                self._has_room.notify(self._concurrency.room)

    def hold(self, seconds: float, reason: Reason) -> None:
        """Let no request of any worker pass for a while."""
        open_at = time.monotonic() + seconds
        if open_at > self._open_at:
            self._open_at, self._closed_for = open_at, reason

    def refuse(self, place: Place | None, wait: float) -> None:
        """Hold all requests after a rate limit, and lower the limit on open ones.

        Args:
            place: the place of the request that met it; None if it met it in a kept answer.
            wait: how many seconds to wait.
        """
        self.hold(wait, Reason.RATE_LIMIT)
        if place is not None:
            with self._has_room:
                self._concurrency.refuse(place, wait)

    def overload(self, place: Place | None) -> None:
        """Lower the limit on open requests because the vendor is overloaded."""
        if place is not None:
            with self._has_room:
                self._concurrency.overload(place)

    def _take_place(self) -> Place:
        """Wait for a place among the open requests."""
        with self._has_room:
            while (place := self._concurrency.take()) is None:
                if self.closed.is_set():
                    raise Closed
                self._has_room.wait()
            return place

    def _wait_to_pass(
        self, log: Callable[[str], None], traffic: Traffic, limited: Callable[[float], None]
    ) -> None:
        """Wait until no hold lasts, and budget and rate allow a request."""
        is_in_budget = self._budget is None
        while True:
            if self.closed.is_set():
                raise Closed
            wait, reason = self._open_at - time.monotonic(), self._closed_for
            if wait <= 0 and not is_in_budget:
                wait, reason = self._take_from_budget(log, limited), Reason.BUDGET
                is_in_budget = wait <= 0
            if wait <= 0 and self._rate is not None:
                wait, reason = self._rate.take(), Reason.RATE
            if wait <= 0:
                return
            if wait > self._policy.left:
                raise self._policy.too_long(f"{self._vendor} does not accept requests now.", wait)
            self.wait(wait, reason, traffic)

    def wait(self, seconds: float, reason: Reason, traffic: Traffic) -> None:
        """Wait, unless the client is closed meanwhile.

        Raises:
            Closed: it was.
        """
        with traffic.waiting(reason, seconds):
            if self.closed.wait(seconds):
                raise Closed from None

    def _take_from_budget(self, log: Callable[[str], None], limited: Callable[[float], None]) -> float:
        """Take one request out of the budget; return 0, or how many seconds to wait before asking again."""
        wait = self._budget.take() if self._budget is not None else 0.0
        if self._budget is not None and wait > 0:
            used_up = f"The budget of {self._budget.limit} requests an hour is used up."
            if wait > self._policy.limit:
                raise self._policy.too_long(used_up, wait)
            if wait >= REPORTED:
                log(f"{used_up} The sync continues in {times.in_words(wait)}.")
                limited(wait)
        return wait
