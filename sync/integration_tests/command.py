"""Runs the command of ``make sync`` in its own process group, with or without a terminal."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from sync.integration_tests.databases import Database
from sync.messages import Json

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Command:
    """One connector with one config into one database."""

    folder: str
    config: Json
    database: Database
    place: Path
    options: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        config = self.place / "real.json"
        config.write_text(json.dumps(self.config))
        return [
            *(sys.executable, "-m", "sync", "--connector", self.folder),
            *("--config", str(config), "--db", self.database.db, *self.options),
        ]

    def start(self) -> subprocess.Popen[str]:
        """Start the command in a new process group, which also contains the connector."""
        return subprocess.Popen(  # noqa: S603
            self.arguments,
            cwd=self.place,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def start_in_terminal(self, **variables: str) -> "Terminal":
        """Start the command in a terminal of its own."""
        return Terminal(self.arguments, self.place, variables=variables)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the command and wait for it."""
        return run(self.arguments, self.place)


class Terminal:
    """A terminal in which a program runs, as the leader of its own process group.

    Args:
        arguments: the program.
        cwd: where it runs.
        columns: the width of the terminal.
        variables: more of its environment.
    """

    def __init__(self, arguments: list[str], cwd: Path, columns: int = 110, variables: Json | None = None) -> None:
        self._bytes = b""
        self._is_open = True
        self._controller, device = pty.openpty()
        fcntl.ioctl(device, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(  # noqa: S603
            arguments,
            cwd=cwd,
            env=environment() | {"TERM": "xterm-256color"} | (variables or {}),
            stdin=device,
            stdout=device,
            stderr=device,
            start_new_session=True,
        )
        os.close(device)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def shown(self) -> str:
        """Everything that was shown, one after the other, without control sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._bytes.decode(errors="replace"))

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until something new is shown that matches the pattern."""
        start = len(self.shown)
        while not (found := re.search(pattern, self.shown[start:])):
            assert self.process.poll() is None, f"it ended before it showed {pattern}: {self.shown}"
            time.sleep(0.02)
        return found

    def kill(self) -> None:
        """Kill the program and its connector."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def hang_up(self) -> None:
        """Close the terminal: what the program writes from now on is an error."""
        self._is_open = False
        self._reader.join(timeout=60)
        os.close(self._controller)

    def end(self) -> int:
        """Wait until the program ends; return its exit code."""
        code = self.process.wait(timeout=120)
        if self._is_open:
            self._reader.join(timeout=60)
            self.hang_up()
        return code

    def _read(self) -> None:
        while self._is_open:
            if not select.select([self._controller], [], [], 0.1)[0]:
                continue
            try:
                self._bytes += os.read(self._controller, 65536)
            except OSError:  # the program has ended
                break


def run(arguments: list[str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        arguments,
        cwd=cwd,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
        check=False,
    )


def environment() -> dict[str, str]:
    """Return the environment without variables of pytest and make."""
    hidden = {"MAKEFLAGS", "MAKELEVEL", "COLUMNS"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"PYTHONPATH": str(ROOT)}
