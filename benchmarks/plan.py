"""The plan: the runs of a benchmark, their number and their size."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.commands import Contender, FixedWorkers, Ours
from benchmarks.pages import PAGE
from benchmarks.runs import Run, Server, measure
from benchmarks.work import UXCAM_STREAMS, Pace, Work

SLOW = 5.0
"""A run with more CPU seconds than this is not repeated: its variation is small beside its length."""

START_UP = ("start-up",)
"""The key of runs with nothing to read: they measure what a process takes before the first page."""

HISTORY = ("newest day first",)
"""The key of runs that read a long history."""

CAPACITY = 5
"""How many requests a vendor with a capacity serves at once."""

MANY = 16
"""Too many workers for it."""

REFUSES, QUEUES = "refuses", "queues"
LIMITED = {REFUSES: (CAPACITY - 1, CAPACITY, CAPACITY + 1, MANY), QUEUES: (CAPACITY - 1, CAPACITY, MANY)}
"""What it does with more requests, and the fixed numbers of workers with which it is read."""

FEWER = 10
"""By what the days are divided that are read with many refusals: each refusal costs a second."""


@dataclass(frozen=True)
class Size:
    """The size of a benchmark.

    Args:
        sessions: sessions of each task.
        days: days over which they are spread.
        rounds: runs of each contender and task, in turns; the figures are medians. The first task, which most
            goals are about, has twice as many.
        large: sessions of the memory test.
        largest: sessions of this project's memory test: once with more days, and once with more sessions per day.
        latencies: seconds before each answer, for the tests with slow answers.
        history: days of the long history, with half a page of sessions each.
        limited: days that are read from a vendor with a capacity, two requests for a few sessions each.
        limited_latency: its mean seconds before each answer.
    """

    sessions: int = 20_000
    days: int = 20
    rounds: int = 3
    large: int = 100_000
    largest: int = 1_000_000
    latencies: tuple[float, ...] = (0.05, 0.3)
    history: int = 365
    limited: int = 500
    limited_latency: float = 0.2


@dataclass
class Figures:
    """The measured runs, by key and by the contender's name."""

    size: Size
    runs: dict[tuple[str, ...], dict[str, list[Run]]] = field(default_factory=dict)
    spec: float = 0.0
    """Seconds that this project's ``spec`` takes."""
    bare: float = 0.0
    """Seconds that ``import airbyte_cdk`` takes."""

    def add(self, key: tuple[str, ...], name: str, run: Run) -> None:
        """Add a run."""
        self.runs.setdefault(key, {}).setdefault(name, []).append(run)

    def took_part(self, name: str) -> bool:
        """Return whether a contender has any run."""
        return any(name in runs for runs in self.runs.values())

    def median(self, key: tuple[str, ...], name: str, of: Callable[[Run], float]) -> float | None:
        """Return the median of a figure; None if it was not measured."""
        found = self.runs.get(key, {}).get(name)
        return statistics.median(of(run) for run in found) if found else None


def milliseconds(seconds: float) -> str:
    """Format a latency."""
    return f"{seconds * 1000:.0f} ms"


def works(size: Size) -> dict[str, Work]:
    """Return the four tasks, by name."""
    return {
        name: Work(vendor, streams, size.sessions, size.days)
        for name, vendor, streams in (
            ("UXCam, sessions", "uxcam", ("sessions",)),
            ("UXCam, four streams", "uxcam", UXCAM_STREAMS),
            ("DevRev, cursor paging", "devrev", ("sessions",)),
            ("Inspectlet, 20 websites", "inspectlet", ("sessions",)),
        )
    }


def measured(size: Size, kinds: Sequence[type[Contender]], place: Path, say: Callable[[str], None]) -> Figures:
    """Run the whole benchmark.

    Args:
        size: its size.
        kinds: the contenders.
        place: a folder for files.
        say: called with a line after every run.
    """
    contenders = [kind(place / kind.__name__.lower()) for kind in kinds]
    for contender in contenders:
        contender.place.mkdir(parents=True)
    figures = Figures(size)
    with Server() as server:
        bench = _Bench(server, figures, say)
        bench.warm(contenders, works(size))
        for number, (name, work) in enumerate(works(size).items()):
            bench.alternate(name, work, contenders, size.rounds * (1 if number else 2))
        for latency in size.latencies:
            bench.late("UXCam, sessions", works(size)["UXCam, sessions"], latency, contenders)
        for latency in size.latencies[:1]:
            bench.late("UXCam, four streams", works(size)["UXCam, four streams"], latency, contenders)
        bench.grow(works(size)["UXCam, sessions"], contenders)
        bench.go_on(works(size)["UXCam, four streams"], contenders)
        bench.date(contenders)
        if Ours in kinds:
            bench.limit(place)
    if Ours in kinds:
        figures.spec, figures.bare = _starts(size.rounds)
        say(f"spec {figures.spec:.2f} s, import airbyte_cdk {figures.bare:.2f} s")
    return figures


class _Bench:
    """Runs contenders against one server and records their figures."""

    def __init__(self, server: Server, figures: Figures, say: Callable[[str], None]) -> None:
        self._server = server
        self._figures = figures
        self._say = say

    def run(self, key: tuple[str, ...], contender: Contender, work: Work, *, goes_on: bool = False) -> None:
        """Measure one run."""
        self._note(key, contender.name, measure(contender, work, self._server, goes_on=goes_on))

    def _note(self, key: tuple[str, ...], name: str, run: Run) -> None:
        self._figures.add(key, name, run)
        self._say(
            f"{' '.join(key):<44} {name:<21} {run.records:>9,} records {run.requests:>6,} "
            f"requests {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU {run.peak // 1024:>5} MB"
        )

    def warm(self, contenders: Iterable[Contender], named: dict[str, Work]) -> None:
        """Run everything once, so that bytecode exists and files are cached."""
        for contender in contenders:
            for work in named.values():
                measure(contender, work.nothing(), self._server)

    def alternate(self, name: str, work: Work, contenders: Iterable[Contender], rounds: int) -> None:
        """Measure contenders in turns, each with and without anything to read."""
        for contender in self._in_turns(name, contenders, rounds):
            self.run(START_UP, contender, work.nothing())
            self.run((name,), contender, work)

    def late(self, name: str, work: Work, latency: float, contenders: Sequence[Contender]) -> None:
        """Measure with slow answers."""
        key, work = (name, milliseconds(latency)), replace(work, pace=Pace(latency))
        quick = [contender for contender in contenders if contender.workers > 1]
        for contender in self._in_turns(name, quick, self._figures.size.rounds):
            self.run(key, contender, work)
        self._wait(key, work, contenders)

    def date(self, contenders: Sequence[Contender]) -> None:
        """Measure when the newest day of a long history is complete."""
        size = self._figures.size
        work = Work("uxcam", ("sessions",), sessions=size.history * PAGE // 2, days=size.history, is_dated=True)
        work = replace(work, pace=Pace(size.latencies[0]))
        for contender in contenders:
            if contender.workers > 1:
                self.run(HISTORY, contender, work)
        self._wait(HISTORY, work, contenders)

    def _wait(self, key: tuple[str, ...], work: Work, contenders: Sequence[Contender]) -> None:
        """Measure those that send one request at a time. They run in parallel, because they mostly wait."""
        patient = [contender for contender in contenders if contender.workers == 1]
        with ThreadPoolExecutor(max_workers=len(patient) or 1) as pool:
            list(pool.map(lambda contender: self.run(key, contender, work), patient))

    def limit(self, place: Path) -> None:
        """Measure this project with vendors that have a capacity, beside fixed numbers of workers.

        All runs are at the same time, because they mostly wait.
        """
        runs = [(kind, number) for kind, numbers in LIMITED.items() for number in (None, *numbers)]
        with ThreadPoolExecutor(max_workers=len(runs)) as pool:
            list(pool.map(lambda run: self._limit(run[0], run[1], place), runs))

    def _limit(self, kind: str, number: int | None, place: Path) -> None:
        """Measure one run; without a number of workers, with an adaptive one."""
        size, refuses = self._figures.size, kind == REFUSES
        days = size.limited // (FEWER if refuses and number and number > CAPACITY else 1)
        pace = Pace(size.limited_latency, CAPACITY, refuses=refuses)
        work = Work("uxcam", ("sessions",), days * PAGE // 10, days, workers=number or MANY, pace=pace)
        own = place / f"{kind}-{number}"
        contender = FixedWorkers(own) if number else Ours(own)
        own.mkdir()
        self._note((kind,), fixed(number) if number else Ours.name, measure(contender, work, self._server))

    def grow(self, work: Work, contenders: Iterable[Contender]) -> None:
        """Measure memory with more sessions: this project with ``largest``, the others with ``large``."""
        size = self._figures.size
        longer = work.days * size.largest // work.sessions
        for contender in contenders:
            self.run(("memory", "large"), contender, replace(work, sessions=size.large))
            if contender.name == Ours.name:
                self.run(("memory", "long"), contender, replace(work, sessions=size.largest, days=longer))
                self.run(("memory", "dense"), contender, replace(work, sessions=size.largest))

    def _in_turns(self, name: str, contenders: Iterable[Contender], rounds: int) -> Iterator[Contender]:
        """Yield every contender once per round; a slow one only once."""
        left = list(contenders)
        for _ in range(rounds):
            for contender in list(left):
                yield contender
                if (self._figures.median((name,), contender.name, lambda run: run.cpu) or 0) > SLOW:
                    left.remove(contender)

    def go_on(self, work: Work, contenders: Iterable[Contender]) -> None:
        """Read all days except the last, then run an incremental sync, with a tenth of the sessions."""
        work = replace(work, sessions=work.sessions // 10)
        for contender in contenders:
            self.run(("first sync",), contender, replace(work, until=work.days - 1))
            self.run(("incremental sync",), contender, work, goes_on=True)


def fixed(workers: int) -> str:
    """Return the name of this project with a fixed number of workers."""
    return f"{workers} workers"


def _starts(rounds: int) -> tuple[float, float]:
    """Return the median wall times of ``spec`` and of ``import airbyte_cdk``, measured in turns."""
    script = str(Path(sys.executable).with_name("source-uxcam"))
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for found, command in zip(
            times, ([script, "spec"], [sys.executable, "-c", "import airbyte_cdk"]), strict=True
        ):
            began = time.monotonic()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
            found.append(time.monotonic() - began)
    return statistics.median(times[0]), statistics.median(times[1])
