"""Runs: measures one contender with one task, in its own process.

This module imports little: the peak memory of a child is at least that of the process that started it.
"""

import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from benchmarks.commands import ROOT, Contender
from benchmarks.work import Work

RECORD = (b'{"type":"RECORD"', b'{"type": "RECORD"')
STATE = (b'{"type":"STATE"', b'{"type": "STATE"')
COUNTS = (b'{"type": "COUNTS"',)


@dataclass(frozen=True)
class Run:
    """The figures of one run."""

    records: int
    requests: int
    refused: int
    """How many of the requests were answered with 429."""
    bytes: int
    most_open: int
    """The most requests that were open at the same time."""
    wall: float
    """Seconds, including start-up."""
    cpu: float
    """Seconds of user and system time, including start-up."""
    peak: int
    """Memory in kB."""
    busy: float
    """Seconds between the first request and the last answer."""
    newest: float
    """Seconds until the last session of the newest day was printed; ``wall`` if that was not looked for."""

    @property
    def rate(self) -> float:
        """The answers per second, without start-up and without refusals."""
        return (self.requests - self.refused) / self.busy


class Server:
    """The server's process, as a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._address = self._process.stdout.readline().strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def begin(self, work: Work) -> str:
        """Start a run, and return its address."""
        pace = work.pace._asdict()
        asked = {"vendor": work.vendor, "sessions": work.sessions, "days": work.days, "pace": pace}
        request = urllib.request.Request(f"{self._address}/runs", json.dumps(asked).encode())  # noqa: S310
        return f"{self._address}/{_json(request)}"

    def figures(self, origin: str) -> dict[str, Any]:
        """Return the figures of a run's requests."""
        number = origin.rsplit("/", 1)[1]
        figures: dict[str, Any] = _json(urllib.request.Request(f"{self._address}/runs/{number}"))  # noqa: S310
        return figures


def _json(request: urllib.request.Request) -> Any:  # noqa: ANN401 - JSON
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - a server of this machine
        return json.load(answer)


def measure(contender: Contender, work: Work, server: Server, *, goes_on: bool = False) -> Run:
    """Measure a contender with a task.

    Args:
        contender: the contender.
        work: the task.
        server: the server.
        goes_on: whether it gets the state of the previous run. The number of its records is not checked then.

    Raises:
        SystemExit: it failed, or it returned the wrong number of records.
    """
    origin = server.begin(work)
    command = contender.command(work, origin, goes_on=goes_on)
    log = contender.place / "log"
    began = time.monotonic()
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603
            command, bufsize=1 << 20, stdout=subprocess.PIPE, stderr=errors, env=_variables(contender)
        ) as process,
    ):
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        records, states = 0, []
        left, newest = work.of_newest_day, 0.0
        for line in process.stdout:
            if line.startswith(RECORD):
                records += 1
                if work.is_dated and work.newest_day in line:
                    left -= 1
                    newest = newest if left else time.monotonic() - began
            elif line.startswith(STATE):
                states.append(line)
            elif line.startswith(COUNTS):
                records += sum(json.loads(line)["counts"].values())
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{contender.name} failed. The end of its log:\n{log.read_text()[-4000:]}")
    # The last day may be one of another time zone, so rows after it are allowed.
    is_more_right = work.until is not None and records > work.records
    if not goes_on and records != work.records and not is_more_right:
        raise SystemExit(f"{contender.name} returned {records:,} records instead of {work.records:,} of {work}.")
    contender.keep(states)
    cpu = usage.ru_utime + usage.ru_stime
    return Run(
        records=records,
        wall=wall,
        cpu=cpu,
        peak=usage.ru_maxrss,
        newest=newest or wall,
        **server.figures(origin),
    )


def _variables(contender: Contender) -> dict[str, str]:
    """Return the environment variables. Bytecode is written, because every start would compile otherwise."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | contender.variables
