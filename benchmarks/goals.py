"""Goals: the limits that this project sets itself, and whether a run met them."""

from typing import NamedTuple

from benchmarks.commands import Floor, HttpStreams, Manifest, Ours
from benchmarks.plan import HISTORY, MANY, Figures, milliseconds, works
from benchmarks.rows import Row, Rows, Values, cpu, requests, wall

OURS, MANIFEST, HTTP, FLOOR = Ours.name, Manifest.name, HttpStreams.name, Floor.name

NOISE = 0.03
"""Figures that differ by less count as equal."""


class Goal(NamedTuple):
    """A claim, the measured figure, and its limit."""

    claim: str
    figure: float
    limit: float
    is_least: bool = False
    """Whether the limit is a minimum rather than a maximum."""

    @property
    def is_met(self) -> bool:
        """Whether the figure is within the limit."""
        return self.figure >= self.limit if self.is_least else self.figure <= self.limit


def goals(figures: Figures) -> list[Goal]:
    """Return all goals of a run."""
    rows = Rows(figures)
    named = works(figures.size)
    one, four, *others = named
    effort = {one: rows.net(cpu, one), four: rows.net(cpu, four)}
    soon, late = figures.size.latencies
    waited = {name: rows.net(wall, name, milliseconds(soon)) for name in (one, four)}
    newest = rows.of(lambda run: run.newest, *HISTORY)
    most = f"{figures.size.largest:,}"
    over = max(rows.of(requests, name)[OURS] / work.least_requests for name, work in named.items())

    def times(values: Values, other: str) -> float:
        return values[OURS] / values[other]

    return [
        Goal(
            f"records per CPU second over the {MANIFEST}'s: {one}",
            1 / times(effort[one], MANIFEST),
            5,
            is_least=True,
        ),
        Goal(
            f"records per CPU second over the {MANIFEST}'s: {four}",
            1 / times(effort[four], MANIFEST),
            20,
            is_least=True,
        ),
        Goal(f"CPU over {HTTP}'s: {four}", times(effort[four], HTTP), 0.6),
        *(Goal(f"CPU over {HTTP}'s: {name}", times(rows.net(cpu, name), HTTP), 1) for name in others),
        *(
            Goal(f"wall time at {milliseconds(soon)} over {HTTP}'s: {name}", times(waited[name], HTTP), 1 / 6)
            for name in (one, four)
        ),
        *(Goal(f"CPU over the {FLOOR}'s: {name}", times(effort[name], FLOOR), 1.5) for name in (one, four)),
        Goal("requests over the minimum: the highest of all tasks", over, 1.02),
        Goal(f"wall time at {milliseconds(late)} over the ideal: {one}", rows.over_ideal(one, late)[OURS], 1.15),
        Goal(f"wall time at {milliseconds(soon)} over the ideal: {one}", rows.over_ideal(one, soon)[OURS], 1.6),
        Goal(f"time until the newest day is complete over {HTTP}'s", times(newest, HTTP), 1 / 6),
        *(
            Goal(f"time over that of the best fixed number of workers: {limited.vendor}", limited.over_best, 1.1)
            for limited in rows.limited()
        ),
        *(
            Goal(f"429s over those of {MANY} workers: {limited.vendor}", limited.share_of_refusals, 0.1)
            for limited in rows.limited()
            if limited.refuses
        ),
        Goal(f"peak memory of {most} sessions over the task's, in more days", rows.growth("long")[OURS], 1.1),
        Goal(
            f"peak memory of {most} sessions over that of a task, in as many days", rows.growth("dense")[OURS], 1.1
        ),
        Goal("`spec` over a bare `import airbyte_cdk`", figures.spec / figures.bare, 1.1),
    ]


def ahead_of_us(row: Row) -> list[str]:
    """Return the contenders, except the floor, that beat this project in a row by more than ``NOISE``."""
    ours = row.values[OURS]
    return [
        who
        for who, value in row.values.items()
        if who != FLOOR and (value < ours * (1 - NOISE) if row.is_less_better else value > ours * (1 + NOISE))
    ]
