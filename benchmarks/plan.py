"""The plan: which runs make the figures, how often, and how large."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.commands import Contender, Ours
from benchmarks.runs import Run, Server, measure
from benchmarks.work import UXCAM_STREAMS, Work

SLOW = 5.0
"""A run of more CPU seconds than this is not repeated: its own differences are small beside its length."""

START_UP = ("start-up",)
"""What runs that have nothing to read are noted as, whatever the work: what a process takes before it."""


@dataclass(frozen=True)
class Size:
    """How much is done.

    Args:
        sessions: of the ordinary work.
        days: over which they are spread.
        rounds: how often each contender does it, in turns; the figures are medians. The first piece of work, on
            which most goals are, is done twice as often.
        large: sessions of the run that shows whether memory grows.
        largest: the same, of this project alone: over as many more days, and over no more days, so that each has
            more sessions.
        latencies: in seconds.
    """

    sessions: int = 20_000
    days: int = 20
    rounds: int = 3
    large: int = 100_000
    largest: int = 1_000_000
    latencies: tuple[float, ...] = (0.05, 0.3)


@dataclass
class Figures:
    """What was measured: runs by what was done and by the contender's name."""

    size: Size
    runs: dict[tuple[str, ...], dict[str, list[Run]]] = field(default_factory=dict)
    spec: float = 0.0
    """Seconds of this project's ``spec``."""
    bare: float = 0.0
    """Seconds of a bare import of the CDK."""

    def add(self, key: tuple[str, ...], name: str, run: Run) -> None:
        """Add a run."""
        self.runs.setdefault(key, {}).setdefault(name, []).append(run)

    def took_part(self, name: str) -> bool:
        """Whether a contender did anything."""
        return any(name in runs for runs in self.runs.values())

    def median(self, key: tuple[str, ...], name: str, of: Callable[[Run], float]) -> float | None:
        """Give the median of something, or None where it was not measured."""
        found = self.runs.get(key, {}).get(name)
        return statistics.median(of(run) for run in found) if found else None


def milliseconds(seconds: float) -> str:
    """Name a latency."""
    return f"{seconds * 1000:.0f} ms"


def works(size: Size) -> dict[str, Work]:
    """The four pieces of work, by name."""
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
    """Do all of it.

    Args:
        size: how much.
        kinds: who takes part.
        place: a folder for files.
        say: is given a line for every run.
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
    if Ours in kinds:
        figures.spec, figures.bare = _starts(size.rounds)
        say(f"spec {figures.spec:.2f} s, import airbyte_cdk {figures.bare:.2f} s")
    return figures


class _Bench:
    """Runs contenders on one server and notes their figures."""

    def __init__(self, server: Server, figures: Figures, say: Callable[[str], None]) -> None:
        self._server = server
        self._figures = figures
        self._say = say

    def run(
        self,
        key: tuple[str, ...],
        contender: Contender,
        work: Work,
        *,
        latency: float = 0,
        goes_on: bool = False,
    ) -> Run:
        """Do one run and note it."""
        run = measure(contender, work, self._server, latency=latency, goes_on=goes_on)
        self._figures.add(key, contender.name, run)
        self._say(
            f"{' '.join(key):<44} {contender.name:<21} {run.records:>9,} records {run.requests:>6,} "
            f"requests {run.wall:7.2f} s wall {run.cpu:7.2f} s CPU {run.peak // 1024:>5} MB"
        )
        return run

    def warm(self, contenders: Iterable[Contender], named: dict[str, Work]) -> None:
        """Run everything once, so that bytecode is there and files are in the system's cache."""
        for contender in contenders:
            for work in named.values():
                measure(contender, work.nothing(), self._server)

    def alternate(self, name: str, work: Work, contenders: Iterable[Contender], rounds: int) -> None:
        """Let contenders take turns, each with and without anything to read."""
        for contender in self._in_turns(name, contenders, rounds):
            self.run(START_UP, contender, work.nothing())
            self.run((name,), contender, work)

    def late(self, name: str, work: Work, latency: float, contenders: Sequence[Contender]) -> None:
        """Answer late. Those that send one request at a time mostly wait, so they may do it side by side."""
        key = (name, milliseconds(latency))
        quick = [contender for contender in contenders if contender.workers > 1]
        for contender in self._in_turns(name, quick, self._figures.size.rounds):
            self.run(key, contender, work, latency=latency)
        patient = [contender for contender in contenders if contender.workers == 1]
        with ThreadPoolExecutor(max_workers=len(patient) or 1) as pool:
            list(pool.map(lambda contender: self.run(key, contender, work, latency=latency), patient))

    def grow(self, work: Work, contenders: Iterable[Contender]) -> None:
        """Read many times as much; where a million sessions would take too long, fewer."""
        size = self._figures.size
        longer = work.days * size.largest // work.sessions
        for contender in contenders:
            self.run(("memory", "large"), contender, replace(work, sessions=size.large))
            if contender.name == Ours.name:
                self.run(("memory", "long"), contender, replace(work, sessions=size.largest, days=longer))
                self.run(("memory", "dense"), contender, replace(work, sessions=size.largest))

    def _in_turns(self, name: str, contenders: Iterable[Contender], rounds: int) -> Iterator[Contender]:
        """Give every contender, as often as there are rounds; one that turned out to be slow is done then."""
        left = list(contenders)
        for _ in range(rounds):
            for contender in list(left):
                yield contender
                if (self._figures.median((name,), contender.name, lambda run: run.cpu) or 0) > SLOW:
                    left.remove(contender)

    def go_on(self, work: Work, contenders: Iterable[Contender]) -> None:
        """Read all days but the last, then go on from the state of that; a tenth is enough to count bytes."""
        work = replace(work, sessions=work.sessions // 10)
        for contender in contenders:
            self.run(("first sync",), contender, replace(work, until=work.days - 1))
            self.run(("incremental sync",), contender, work, goes_on=True)


def _starts(rounds: int) -> tuple[float, float]:
    """Give the median wall times of `spec` and of a bare import, in turns."""
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
