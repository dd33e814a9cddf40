"""The rows of the table: each figure of every contender for which it was measured."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from benchmarks.commands import CONTENDERS, Ours
from benchmarks.plan import (
    CAPACITY,
    HISTORY,
    LIMITED,
    MANY,
    REFUSES,
    START_UP,
    Figures,
    fixed,
    milliseconds,
    works,
)
from benchmarks.runs import Run
from benchmarks.work import Work

OURS = Ours.name
WORKERS = {contender.name: contender.workers for contender in CONTENDERS}

Values = Mapping[str, float]
"""A figure by contender."""


class Limited(NamedTuple):
    """A vendor with a capacity, read by this project with an adaptive and with fixed numbers of workers."""

    vendor: str
    """What it does with more requests than it serves at once."""
    refuses: bool
    rates: Mapping[str, float]
    """The answers per second, by name."""
    refusals: Mapping[str, float]
    """The 429s for 1,000 answers, by name."""
    best: str
    """The name of the fixed number with the most answers per second."""

    @property
    def over_best(self) -> float:
        """The time for an answer over that with the best fixed number of workers."""
        return self.rates[self.best] / self.rates[OURS]

    @property
    def share_of_refusals(self) -> float:
        """The 429s for an answer over those with ``MANY`` workers."""
        return self.refusals[OURS] / max(self.refusals[fixed(MANY)], 1)


class Row(NamedTuple):
    """One figure of every contender for which it was measured."""

    title: str
    values: Values
    told: Mapping[str, str]
    """The formatted values."""
    is_less_better: bool = True


def cpu(run: Run) -> float:
    """Return the seconds of CPU."""
    return run.cpu


def wall(run: Run) -> float:
    """Return the seconds of wall time."""
    return run.wall


def peak(run: Run) -> float:
    """Return the peak memory in MB."""
    return run.peak / 1024


def requests(run: Run) -> float:
    """Return the number of requests."""
    return run.requests


def sent(run: Run) -> float:
    """Return what the server sent, in MB."""
    return run.bytes / 1_000_000


def told(values: Values, form: str) -> dict[str, str]:
    """Format all values."""
    return {who: form.format(value) for who, value in values.items()}


class Rows:
    """Builds the rows from the figures."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._works = works(figures.size)
        self._one, self._four = list(self._works)[:2]

    def sections(self) -> list[tuple[str, list[Row]]]:
        """Return all rows, with their headings."""
        found = [
            (f"{name}: {work.records:,} records", self._reading(name, work)) for name, work in self._works.items()
        ]
        return [*found, ("Slow answers", self._late()), ("Other figures", self._others())]

    def of(self, of: Callable[[Run], float], *key: str) -> dict[str, float]:
        """Return the medians of a figure."""
        medians = {who: self._figures.median(key, who, of) for who in WORKERS}
        return {who: value for who, value in medians.items() if value is not None}

    def net(self, of: Callable[[Run], float], name: str, *late: str) -> dict[str, float]:
        """Return the medians of a task, without start-up."""
        start = self.of(of, *START_UP)
        return {who: max(value - start[who], 0.001) for who, value in self.of(of, name, *late).items()}

    def over_ideal(self, name: str, late: float) -> dict[str, float]:
        """Return net wall time / (requests × latency / requests that the contender sends at the same time)."""
        key = milliseconds(late)
        asked = self.of(requests, name, key)
        return {
            who: value / (asked[who] * late / WORKERS[who]) for who, value in self.net(wall, name, key).items()
        }

    def limited(self) -> list[Limited]:
        """Return the figures of each vendor with a capacity."""
        found = []
        for kind, numbers in LIMITED.items():
            runs = {name: run for name, (run,) in self._figures.runs.get((kind,), {}).items()}
            if runs:
                limited = Limited(
                    f"{kind} more than {CAPACITY} requests",
                    kind == REFUSES,
                    {name: run.rate for name, run in runs.items()},
                    {name: 1000 * run.refused / (run.requests - run.refused) for name, run in runs.items()},
                    max(map(fixed, numbers), key=lambda name: runs[name].rate),
                )
                found.append(limited)
        return found

    def growth(self, size: str) -> dict[str, float]:
        """Return the peak memory of a memory test over that of the first task."""
        small = self.of(peak, self._one)
        return {who: value / small[who] for who, value in self.of(peak, "memory", size).items()}

    def _reading(self, name: str, work: Work) -> list[Row]:
        pace = {who: work.records / seconds for who, seconds in self.net(wall, name).items()}
        effort = {who: seconds / work.records * 100_000 for who, seconds in self.net(cpu, name).items()}
        asked, memory = self.of(requests, name), self.of(peak, name)
        return [
            Row("records per second (more is better)", pace, told(pace, "{:,.0f}"), is_less_better=False),
            Row("CPU for 100,000 records", effort, told(effort, "{:.2f} s")),
            Row(f"requests (minimum: {work.least_requests:,})", asked, told(asked, "{:,.0f}")),
            Row("peak memory", memory, told(memory, "{:.0f} MB")),
        ]

    def _late(self) -> list[Row]:
        found = []
        for name in self._works:
            for late in self._figures.size.latencies:
                if (name, milliseconds(late)) in self._figures.runs:
                    seconds, over = self.net(wall, name, milliseconds(late)), self.over_ideal(name, late)
                    written = {who: f"{value:.1f} s, {over[who]:.2f} × ideal" for who, value in seconds.items()}
                    found.append(Row(f"{name}, {milliseconds(late)}: wall", seconds, written))
        return found

    def _others(self) -> list[Row]:
        again = self.of(sent, "incremental sync")
        work, size = self._works[self._four], self._figures.size
        for who, once in self.of(sent, self._one).items():
            again[who] -= once / 10 / work.days  # minus the new day
        newest = self.of(lambda run: run.newest, *HISTORY)
        late = milliseconds(size.latencies[0])
        start_wall, start_cpu = self.of(wall, *START_UP), self.of(cpu, *START_UP)
        return [
            Row(
                f"{late}, {size.history:,} days of history: seconds until the newest day is complete",
                newest,
                told(newest, "{:.1f} s"),
            ),
            self._grown("large", size.large, work.days),
            self._grown("long", size.largest, work.days * size.largest // size.sessions),
            self._grown("dense", size.largest, work.days),
            Row("start-up: a read of nothing, wall", start_wall, told(start_wall, "{:.2f} s")),
            Row("start-up: a read of nothing, CPU", start_cpu, told(start_cpu, "{:.2f} s")),
            Row("read again by the next sync, four streams", again, told(again, "{:.1f} MB")),
        ]

    def _grown(self, size: str, sessions: int, days: int) -> Row:
        memory, growth = self.of(peak, "memory", size), self.growth(size)
        return Row(
            f"peak memory, {sessions:,} sessions in {days:,} days",
            memory,
            {who: f"{value:.0f} MB, {growth[who]:.2f} × the task's" for who, value in memory.items()},
        )
