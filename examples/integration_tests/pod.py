"""Runs what the Pod's containers run, as processes of this machine."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from integration_tests.connector import script

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = "vendor"


@dataclass(frozen=True)
class Pod:
    """One connector and its loader, with the folders that they share."""

    folder: str
    config: Json
    place: Path

    @property
    def warehouse(self) -> Path:
        return self.place / "sessions.duckdb"

    def prepare(self, *streams: str) -> subprocess.CompletedProcess[str]:
        """Run the init containers."""
        (self.place / "config.json").write_text(json.dumps(self.config))
        config = ["--config", str(self.place / "config.json")]
        for file, arguments in {"spec": ["spec"], "discovered": ["discover", *config]}.items():
            with (self.place / file).open("w") as output:
                subprocess.run([script(self.folder), *arguments], stdout=output, check=True)  # noqa: S603
        identify = [sys.executable, "-m", "sync.pod", "identify", "--exchange", str(self.place), *config]
        subprocess.run([*identify, "--connector", self.folder], cwd=ROOT, check=True)  # noqa: S603
        command = self._loader("prepare", "--streams", ",".join(streams))
        return subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=False)  # noqa: S603

    def start_connector(self) -> subprocess.Popen[str]:
        """Let the connector write into the pipe; it waits until the loader reads."""
        read = f"{script(self.folder)} read --config config.json --catalog catalog.json --state state.json"
        shell = ["/bin/sh", "-c", f"exec {read} > messages"]
        return subprocess.Popen(shell, cwd=self.place, text=True, stderr=subprocess.PIPE)  # noqa: S603

    def start_loader(self, *options: str) -> subprocess.Popen[str]:
        command, pipe = self._loader("load", *options), subprocess.PIPE
        return subprocess.Popen(command, cwd=ROOT, text=True, stdout=pipe, stderr=pipe)  # noqa: S603

    def sync(self, *streams: str) -> str:
        """Sync to the end and give what the loader printed."""
        prepared = self.prepare(*streams)
        assert prepared.returncode == 0, prepared.stderr
        connector, loader = self.start_connector(), self.start_loader()
        printed, failed = loader.communicate(timeout=120)
        assert (connector.wait(timeout=60), loader.returncode) == (0, 0), printed + failed
        return prepared.stdout + printed

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.warehouse, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def keys(self, stream: str, key: list[str]) -> list[tuple[Any, ...]]:
        columns = ", ".join(f'"{name}"' for name in key)
        return self.query(f'SELECT {columns} FROM {SCHEMA}."{stream}"')  # noqa: S608 - the test's own names

    def _loader(self, command: str, *options: str) -> list[str]:
        folders = ["--db", str(self.warehouse), "--schema", SCHEMA, "--exchange", str(self.place)]
        return [sys.executable, "-m", "sync.pod", command, *folders, *options]
