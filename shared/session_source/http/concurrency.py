"""Concurrency: how many requests are open at once, adapted to what the vendor can serve.

Vendors rarely publish how many requests they serve at once, so the limit is found by experiment:

- A *trial* changes the limit for one round of requests. It is kept if it pays: a higher limit has to raise the
  throughput, a lower one must not reduce it. With Little's law, throughput is open requests / latency, so latency
  that grows as fast as concurrency means that the vendor only queues the requests.
- A *refusal* (429) and an *overload* (timeout, 503, 504) lower the limit at once.

Every failed trial doubles the time until the next one, and that time is a multiple of what the failure cost. So a
sync spends little of its time on trials, and a vendor that is never the bottleneck gets none.

This is pure logic: the caller holds a lock and measures the seconds.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

INITIAL = 4
"""The limit before anything was measured."""

STEP = 1.5
"""The factor between a limit and the next one that is tried."""

SHARE = 1 / 3
"""A higher limit pays if it brings this share of the throughput that it would bring at an unchanged latency."""

SLOWER = 1.5
"""How many times longer than usual answers take when a lower limit is tried."""

ROUNDS_BETWEEN = 2
"""After a trial that did not pay, the next one starts after this many rounds; twice as many after each further one."""

MOST_ROUNDS_BETWEEN = 8
"""The limit on that number: such a trial costs little."""

REFUSALS_BETWEEN = 5
"""After a refusal, a higher limit is tried after this many times the wait for which the vendor asked."""

LONGEST_FIRST_PAUSE = 120.0
"""Seconds until the first trial after a refusal, at most: a long wait means a quota, which no limit avoids."""

MOST_REFUSALS_BETWEEN = 32
"""The limit on that number: trials take 3 % of the time."""

NEEDED = 0.96
"""The share of the average concurrency that a lower limit must leave: less would not use what the vendor allows."""


class Place(NamedTuple):
    """The place of one request among the open ones."""

    round: int
    """The number of the round in which it began."""
    open: int
    """How many requests were open when it began, including this one."""
    began: float
    """When it was taken."""


class _Round:
    """The requests that began under one limit, and what was measured of them."""

    def __init__(self, number: int, limit: int, size: int, began: float) -> None:
        self.number = number
        self.limit = limit
        self.size = size
        self.began = began
        self.answers = 0
        self.seconds = 0.0
        self.open = 0
        self.is_short = False
        """Whether a request had to wait for a place."""

    @property
    def latency(self) -> float:
        return max(self.seconds / self.answers, 1e-6)

    @property
    def concurrency(self) -> float:
        return self.open / self.answers

    def pays_against(self, base: "_Round", share: float) -> bool:
        """Return whether this limit is worth having instead of that of an earlier round."""
        expected = self.concurrency / base.concurrency
        actual = expected * base.latency / self.latency
        return actual >= 1 + (expected - 1) * share


class ConcurrencyLimit:
    """How many requests may be open at once, between 1 and ``most``. The caller holds a lock.

    Args:
        most: the highest limit.
        clock: seconds since any moment.
    """

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = min(INITIAL, most)
        self._most = most
        self._clock = clock
        self._open = 0
        now = clock()
        self._round = _Round(0, self.limit, self.limit, now)
        self._base: _Round | None = None
        """The round before a trial; None while there is no trial."""
        self._is_downward = False
        """Whether the next trial is of a lower limit."""
        self._is_first = True
        """Whether the limit only went up so far: small rounds and large steps find the first limit soon."""
        self._lowest = 0
        """The limit below which a trial did not pay."""
        self._step = most
        """By how much the next trial raises the limit, at most."""
        self._usual = math.inf
        """The mean latency in seconds when the limit was last found right."""
        self._rounds_between = 0
        """How many rounds pass until the next trial, if the next one does not pay; 0 before any did not."""
        self._refused_at = now
        self._pause = 0.0
        """How many seconds pass until the next trial, if it ends with a refusal."""
        self._resume_at = now
        """When the next trial may start."""
        self._episode = -1
        """The last round whose refusals belong to one episode: the vendor refused them all for the same reason."""
        self._floor = 1
        """The lowest limit to which the refusals of this episode lead."""
        self._since = now
        """When the limit was set, or when the last wait for a refusal ended."""
        self._used = 0.0
        """The seconds that all answered requests together were open since then."""

    @property
    def room(self) -> int:
        """How many more requests may begin now."""
        return max(self.limit - self._open, 0)

    def take(self) -> Place | None:
        """Take a place for one request, which ``end`` gives back; return None if there is no room."""
        if self._open >= self.limit:
            self._round.is_short = True
            return None
        self._open += 1
        return Place(self._round.number, self._open, self._clock())

    def end(self, place: Place, seconds: float | None = None) -> None:
        """Give a place back.

        Args:
            place: what ``take`` returned.
            seconds: the time from the request to its last byte, if it was answered with a good status.
        """
        self._open -= 1
        if seconds is None:
            return
        self._used += min(seconds, self._clock() - self._since)
        current = self._round
        if place.round != current.number:
            return
        current.answers += 1
        current.seconds += seconds
        current.open += place.open
        if current.answers >= current.size:
            self._judge(current)

    def refuse(self, place: Place, wait: float) -> None:
        """Lower the limit because the vendor refused a request.

        Args:
            place: the request's place; it is given back with ``end``.
            wait: the seconds for which nothing is sent.
        """
        if self._is_new(place):
            average = self._used / max(self._clock() + wait - self._since, 1e-6)
            self._begin_episode(math.ceil(NEEDED * average), cost=wait, until=self._clock() + wait)
        self._lower()

    def overload(self, place: Place) -> None:
        """Lower the limit because the vendor is overloaded.

        Args:
            place: the place of the request that showed it; it is given back with ``end``.
        """
        if self._is_new(place):
            now = self._clock()
            self._begin_episode(1, cost=now - place.began, until=now)
        self._lower()

    def _is_new(self, place: Place) -> bool:
        return place.round > self._episode

    def _begin_episode(self, needed: int, *, cost: float, until: float) -> None:
        """Decide how low the limit may go, now that each refused request lowers it by one."""
        base = self._base
        accepted = base.limit if base is not None and base.limit < self.limit else 1
        self._floor = min(max(self.limit // 2, needed, accepted), self.limit)
        self._episode = self._round.number
        cost = max(cost, 1.0)
        if until - self._refused_at > 4 * self._pause:
            self._pause = 0.0
        shortest = min(REFUSALS_BETWEEN * cost, LONGEST_FIRST_PAUSE)
        self._pause = max(self._pause, min(max(2 * self._pause, shortest), MOST_REFUSALS_BETWEEN * cost))
        self._refused_at = until
        self._resume_at = max(self._resume_at, until + self._pause)
        self._since, self._used = until, 0.0
        self._is_first, self._step = False, 1
        self._is_downward = False

    def _lower(self) -> None:
        self._base = None
        self._begin_round(max(self.limit - 1, self._floor))

    def _judge(self, measured: _Round) -> None:
        """Draw the conclusion of a round."""
        base, self._base = self._base, None
        if base is None:
            if measured.latency < self._usual:  # slowly, since a round may be fast by chance
                self._usual = (
                    measured.latency if self._usual == math.inf else 0.8 * self._usual + 0.2 * measured.latency
                )
            elif self._is_suspicious(measured):
                self._is_downward = True
            self._try(measured)
        elif measured.pays_against(base, 0.0 if self._is_first else SHARE):
            self._usual = measured.latency
            self._step *= 2
            self._rounds_between = 0
            self._try(measured)
        elif self._is_first:  # perhaps by chance: measure again, in larger rounds
            self._is_first = False
            self._begin_round(base.limit)
        else:
            self._fail(base, measured)

    def _fail(self, base: _Round, measured: _Round) -> None:
        """Return to the limit before a trial that did not pay."""
        self._usual = base.latency
        self._step = 1
        if base.limit > measured.limit:
            self._lowest = base.limit
        # The limit may have been too high before the trial, unless a lower one did not pay.
        self._is_downward = base.limit < measured.limit and base.limit != self._lowest
        self._rounds_between = min(max(2 * self._rounds_between, ROUNDS_BETWEEN), MOST_ROUNDS_BETWEEN)
        now = self._clock()
        self._resume_at = max(self._resume_at, now + self._rounds_between * (now - measured.began))
        self._begin_round(base.limit)

    def _is_suspicious(self, measured: _Round) -> bool:
        return self._clock() >= self._resume_at and measured.latency > SLOWER * self._usual

    def _try(self, measured: _Round) -> None:
        """Begin a trial if there is reason for one, else another round with the same limit."""
        limit = self.limit
        if self._is_downward:
            if limit > 1 and measured.concurrency > limit / STEP:
                self._base = measured
                self._begin_round(max(int(limit / STEP), 1))
                return
            self._is_downward = False
        if measured.is_short and limit < self._most and self._clock() >= self._resume_at:
            self._base = measured
            self._begin_round(min(limit + self._step, max(int(limit * STEP), limit + 1), self._most))
            return
        self._begin_round(limit)

    def _begin_round(self, limit: int) -> None:
        if limit != self.limit:
            self.limit = limit
            self._since, self._used = max(self._since, self._clock()), 0.0
        size = limit if self._is_first else max(4 * limit, 32)
        self._round = _Round(self._round.number + 1, limit, size, self._clock())
