"""Pauses: when the limit on open requests may be raised again after an attempt that failed.

A pause is a multiple of what the failure cost, and doubles with each further one, so attempts take a small part of
a sync's time.
"""

from collections.abc import Callable

ROUNDS = (2, 8)
"""After an attempt that brought no throughput: the fewest and the most rounds until the next one."""

REFUSALS = (10, 32)
"""After a refusal: the fewest and the most times its cost until the next attempt."""

LONGEST_CAUTION = 120.0
"""The longest first pause after a refusal, in seconds. A longer wait means a quota, which no limit avoids."""

SHORTEST_COST = 1.0
"""The least that a refusal costs, in seconds."""

FORGOTTEN = 4
"""After so many pauses without a refusal, the next pause is a first one again."""


class Pauses:
    """Decides when the limit may be raised.

    Args:
        clock: seconds since any moment.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = self._refused_at = clock()
        self._rounds = 0
        self._seconds = 0.0
        self._caution = 0.0
        self._has_risen = True

    @property
    def is_over(self) -> bool:
        """Whether the limit may be raised now."""
        return self._clock() >= self._until

    def note_attempt(self) -> None:
        """Note that a higher limit is tried."""
        self._has_risen = True

    def note_success(self) -> None:
        """Pause after a higher limit brought more throughput, if a vendor that refuses may still refuse it."""
        self._rounds = 0
        self._extend(self._clock() + self._caution)

    def note_failure(self, seconds: float) -> None:
        """Pause after another limit brought no more throughput.

        Args:
            seconds: how long the round took.
        """
        fewest, most = ROUNDS
        self._rounds = min(max(2 * self._rounds, fewest), most)
        self._extend(self._clock() + self._rounds * seconds)

    def note_refusal(self, cost: float, until: float) -> None:
        """Pause after a refusal.

        Args:
            cost: how many seconds it costs.
            until: when the wait for it ends.
        """
        cost = max(cost, SHORTEST_COST)
        fewest, most = REFUSALS
        if until - self._refused_at > FORGOTTEN * self._seconds:
            self._seconds = 0.0
        self._caution = min(fewest * cost, LONGEST_CAUTION)
        # Refusals while the limit only falls are consequences of the same attempt.
        longer = 2 * self._seconds if self._has_risen else self._seconds
        self._seconds = max(self._seconds, min(max(longer, self._caution), most * cost))
        self._has_risen = False
        self._refused_at = until
        self._extend(until + self._seconds)

    def _extend(self, until: float) -> None:
        self._until = max(self._until, until)
