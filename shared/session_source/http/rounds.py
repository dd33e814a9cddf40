"""Rounds: requests that began under the same limit on open requests, and what was measured of them."""

from typing import NamedTuple


class Place(NamedTuple):
    """The place of one request among the open ones."""

    round: int
    """The number of the round in which it was taken."""
    open: int
    """How many requests were open then, including this one."""
    began: float
    """When it was taken, in seconds."""
    is_measured: bool
    """Whether the round is judged by this request."""


class Round:
    """The first ``size`` requests that begin under a limit. The round is complete when all of them have ended.

    Measuring the requests that *end* first would prefer those with a short latency.

    Args:
        number: counts the rounds.
        limit: the limit on open requests.
        size: how many requests are measured.
        began: when the round began, in seconds.
    """

    def __init__(self, number: int, limit: int, size: int, began: float) -> None:
        self.number = number
        self.limit = limit
        self.began = began
        self.answers = 0
        self.is_short = False
        """Whether a request had to wait for a place."""
        self._size = size
        self._begun = 0
        self._ended = 0
        self._seconds = 0.0
        self._open = 0

    def begin(self) -> bool:
        """Count a request that begins; return whether it is measured."""
        self._begun += 1
        return self._begun <= self._size

    def end(self, place: Place, seconds: float | None) -> bool:
        """Count a measured request that has ended, and return whether the round is complete.

        Args:
            place: the place of the request.
            seconds: its latency; None if it failed.
        """
        self._ended += 1
        if seconds is not None:
            self.answers += 1
            self._seconds += seconds
            self._open += place.open
        return self._ended == self._size

    @property
    def latency(self) -> float:
        """The mean latency in seconds."""
        return max(self._seconds / self.answers, 1e-6)

    @property
    def concurrency(self) -> float:
        """The mean number of open requests."""
        return self._open / self.answers

    def pays(self, base: "Round", *, share: float) -> bool:
        """Return whether the limit of this round is better than that of an earlier one.

        By Little's law, throughput is concurrency / latency.

        Args:
            base: the earlier round.
            share: the share of the additional throughput at an unchanged latency that a higher limit has to bring.
        """
        expected = self.concurrency / base.concurrency
        actual = expected * base.latency / self.latency
        return actual >= 1 + (expected - 1) * share
