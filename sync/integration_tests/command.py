"""Runs the command of ``make sync`` in its own process group."""

import json
import os
import subprocess
import sys
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

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run the command and wait for it."""
        return run(self.arguments, self.place)


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
