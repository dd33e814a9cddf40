"""Concurrency: how many requests are open at once, adapted to what the vendor can serve.

Vendors rarely publish how many requests they serve at once, so the limit is found by experiment:

- A *trial* changes the limit for one round of requests, and is kept if it pays: a higher limit has to raise the
  throughput, a lower one must not reduce it. Where latency grows as fast as concurrency, the vendor only queues
  the requests, and a higher limit does not pay.
- A *refusal* (429) or an *overload* (timeout, 503, 504) lowers the limit at once.

A higher limit is tried while workers wait for a place, with pauses that keep the cost of failures small. A lower
limit is tried if the latency has grown, or if a higher one did not pay. So once every worker has a place, a vendor
that answers quickly gets no more trials.

This is pure logic: the caller holds a lock and measures the seconds.
"""

import math
import time
from collections.abc import Callable

from session_source.http.pauses import Pauses
from session_source.http.rounds import Place, Round

INITIAL = 6
"""The limit before anything was measured."""

RAMP = 2
"""The factor between a limit and the next one that is tried, at most, while the limit only rose so far."""

STEP = 1.5
"""The same factor later."""

SHARE = 1 / 3
"""The share of the additional throughput at an unchanged latency that a higher limit has to bring."""

SLOWER = 1.5
"""How many times longer than usual answers take when a lower limit is tried."""

QUICK = 0.1
"""A mean latency, in seconds, at which no vendor is overloaded. It also varies with the load of this machine."""

NEEDED = 0.96
"""After a refusal, the limit stays above this share of the average concurrency, to use what the vendor allows."""

LARGE_ROUND = 32
"""Requests of a round, at least, once the first limit was found."""


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
        self._pauses = Pauses(clock)
        self._round = Round(0, self.limit, self.limit, clock())
        self._base: Round | None = None
        """The round before the current trial; None if there is no trial."""
        self._is_ramp = True
        """Whether the limit only rose so far. Small rounds and large steps find the first limit soon."""
        self._is_downward = False
        """Whether the next trial is of a lower limit."""
        self._lowest = 0
        """The limit for which a lower one did not pay."""
        self._step = most
        """By how much the next trial raises the limit, at most."""
        self._usual = math.inf
        """The usual mean latency, in seconds."""
        self._episode = -1
        """The last round of which refusals belong to one episode: they have the same reason."""
        self._floor = 1
        """The limit below which the refusals of an episode do not lead."""
        self._since = clock()
        """When the limit was set, or when the last wait for a refusal ended."""
        self._used = 0.0
        """For how many seconds requests were open since then, all together, if they were answered."""

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
        return Place(self._round.number, self._open, self._clock(), self._round.begin())

    def end(self, place: Place, seconds: float | None = None) -> None:
        """Give a place back.

        Args:
            place: what ``take`` returned.
            seconds: the time from the request to its last byte, if it was answered with a good status.
        """
        self._open -= 1
        if seconds is not None:
            self._used += max(min(seconds, self._clock() - self._since), 0.0)
        current = self._round
        if place.is_measured and place.round == current.number and current.end(place, seconds):
            self._judge(current)

    def refuse(self, place: Place, wait: float) -> None:
        """Lower the limit because the vendor refused a request.

        Args:
            place: the request's place; it is given back with ``end``.
            wait: the seconds for which nothing is sent.
        """
        until = self._clock() + wait
        # With a quota, the vendor answers only so many requests in this time, whatever the limit.
        needed = math.ceil(NEEDED * self._used / max(until - self._since, 1e-6))
        self._lower(place, needed, cost=wait, until=until)

    def overload(self, place: Place) -> None:
        """Lower the limit because the vendor is overloaded.

        Args:
            place: the place of the request that showed it; it is given back with ``end``.
        """
        now = self._clock()
        self._lower(place, 1, cost=now - place.began, until=now)

    def _lower(self, place: Place, needed: int, *, cost: float, until: float) -> None:
        """Lower the limit by a quarter, and by one for each further refusal of the same episode."""
        by = 1
        if place.round > self._episode:
            by = max(self.limit // 4, 1)
            base = self._base
            accepted = base.limit if base is not None and base.limit < self.limit else 1
            self._floor = min(max(self.limit // 2, needed, accepted), self.limit)
            self._episode = self._round.number
            self._pauses.note_refusal(cost, until)
            self._since, self._used = until, 0.0
            self._is_ramp = self._is_downward = False
            self._step = 1
        self._base = None
        self._begin_round(max(self.limit - by, self._floor))

    def _judge(self, measured: Round) -> None:
        """Draw the conclusion of a complete round."""
        base, self._base = self._base, None
        if not measured.answers:
            self._begin_round(self.limit if base is None else base.limit)
        elif base is None:
            self._note_latency(measured)
            self._try(measured)
        elif self._pays(measured, base):
            self._usual = measured.latency
            self._step *= 2
            self._pauses.note_success()
            self._try(measured)
        elif self._is_ramp:  # perhaps by chance: measure again, in larger rounds
            self._is_ramp = False
            self._begin_round(base.limit)
        else:
            self._return(measured, base)

    def _pays(self, measured: Round, base: Round) -> bool:
        """Return whether a trial is kept."""
        if measured.limit > base.limit and measured.latency < QUICK:
            return True
        return measured.pays(base, share=0.0 if self._is_ramp else SHARE)

    def _note_latency(self, measured: Round) -> None:
        """Compare the latency of a round without a trial with the usual one."""
        if self._usual == math.inf:
            self._usual = measured.latency
        elif measured.latency < self._usual:  # slowly, since a round may be fast by chance
            self._usual += (measured.latency - self._usual) / 5
        elif measured.latency > max(SLOWER * self._usual, QUICK) and self._pauses.is_over:
            self._is_downward = True

    def _return(self, measured: Round, base: Round) -> None:
        """Return to the limit before a trial that did not pay."""
        self._usual = base.latency
        self._step = 1
        if base.limit > measured.limit:
            self._lowest = base.limit
        # The limit may have been too high before the trial, unless a lower one did not pay either.
        self._is_downward = base.limit < measured.limit and base.limit != self._lowest
        self._pauses.note_failure(self._clock() - measured.began)
        self._begin_round(base.limit)

    def _try(self, measured: Round) -> None:
        """Begin a trial if there is reason for one, else another round with the same limit."""
        limit = self.limit
        if self._is_downward:
            if limit > 1 and measured.concurrency > limit / STEP:
                self._base = measured
                self._begin_round(min(math.ceil(limit / STEP), limit - 1))
                return
            self._is_downward = False
        if measured.is_short and limit < self._most and self._pauses.is_over:
            self._base = measured
            self._pauses.note_attempt()
            factor = RAMP if self._is_ramp else STEP
            self._begin_round(min(limit + self._step, max(int(limit * factor), limit + 1), self._most))
            return
        if limit == self._most:
            self._is_ramp = False  # small rounds vary too much to lower the limit again
        self._begin_round(limit)

    def _begin_round(self, limit: int) -> None:
        if limit != self.limit:
            self.limit = limit
            self._since, self._used = max(self._since, self._clock()), 0.0
        size = limit if self._is_ramp else max(4 * limit, LARGE_ROUND)
        self._round = Round(self._round.number + 1, limit, size, self._clock())
