"""Runs a connector as a process that is forked from one that has imported the connectors already.

It starts in a fraction of the time of a console script. It is still a process: it has an exit code, it can be
killed, its output can be closed. Environment variables that the interpreter reads at its start have no effect.
"""

import importlib
import multiprocessing
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from sandbox_server import vendor_names

from integration_tests.connector import Connector, Output


def package(folder: str) -> str:
    """Return the name of a connector's package."""
    return folder.replace("-", "_")


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__, "pytest", *map(package, vendor_names())])


@dataclass(frozen=True)
class ForkedConnector(Connector):
    """A ``Connector`` with processes that start quickly."""

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        """Run a command to its end."""
        config = [] if command == "spec" else ["--config", self.config_file]
        return run(self.folder, [command, *config, *more], self.place, timeout)


def run(folder: str, arguments: list[str], place: Path, timeout: float = 60) -> Output:
    """Run a connector with any arguments; what it prints is kept in files of a folder."""
    stdout, stderr = place / "stdout", place / "stderr"
    process = start(folder, arguments, stdout, stderr)
    process.join(timeout)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"{folder} {arguments} runs for more than {timeout} seconds")
    return Output(process.exitcode, stdout.read_text(), stderr.read_text())


def start(folder: str, arguments: list[str], stdout: Path, stderr: Path) -> ForkServerProcess:
    """Start a connector with any arguments."""
    words = [folder, *arguments]
    process = _forks.Process(target=_main, args=(package(folder), words, stdout, stderr, dict(os.environ)))
    process.start()
    return process


def _main(name: str, words: list[str], stdout: Path, stderr: Path, environment: Mapping[str, str]) -> None:
    for number, place in ((1, stdout), (2, stderr)):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    # New objects: those of the first process may belong to a file, which has a position.
    sys.stdout, sys.stderr = (open(number, "w", closefd=False) for number in (1, 2))  # noqa: SIM115
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    importlib.import_module(name).run()
