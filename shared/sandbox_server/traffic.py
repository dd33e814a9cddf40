"""Traffic: names and moments of ordinary use, for demos. The sandboxes' own are chosen to break software."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

DAY = 86_400
WEEKDAYS = (1.0, 1.05, 1.1, 1.05, 0.9, 0.5, 0.55)
"""How busy each day is, from Monday."""
HOURS = (
    *(0.15, 0.1, 0.08, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0, 1.0),
    *(0.9, 0.9, 0.95, 1.0, 1.0, 0.95, 0.9, 0.9, 0.85, 0.7, 0.5, 0.3),
)
"""How busy each hour is, in UTC."""


@dataclass(frozen=True)
class Traffic:
    """What a vendor's sandbox uses in place of its own names and moments. What occurs twice is twice as frequent.

    Args:
        hosts: of the websites.
        pages: paths and titles of the websites.
        screens: of the apps.
        events: of the apps.
        views: what is tapped in the apps.
        people: names and email addresses; None for people who are not identified.
        tags: names and values that websites set.
        seconds: how long sessions last.
    """

    hosts: Sequence[str]
    pages: Sequence[tuple[str, str]]
    screens: Sequence[str]
    events: Sequence[str]
    views: Sequence[str]
    people: Sequence[tuple[str, str] | None]
    tags: Sequence[tuple[str, str]]
    seconds: Sequence[int]

    @property
    def paths(self) -> list[str]:
        """The paths of the pages."""
        return [path for path, _ in self.pages]

    def moments(self, dice: random.Random, count: int, start: float, end: float) -> list[float]:
        """Choose moments between two times, in seconds since 1970, with a weekly and a daily rhythm."""
        found: list[float] = []
        while len(found) < count:
            moment = dice.uniform(start, end)
            # 1970-01-01 was a Thursday.
            busy = WEEKDAYS[int(moment // DAY + 3) % 7] * HOURS[int(moment % DAY // 3600)]
            if dice.random() * max(WEEKDAYS) < busy:
                found.append(moment)
        return found
