"""Contenders: the command, the files and the state of each."""

import json
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.work import WORKERS, Work

ROOT = Path(__file__).resolve().parents[1]
FILES = Path(__file__).resolve().parent / "contenders"
ENVIRONMENTS = ROOT / ".cache" / "benchmarks"
"""The environments of contenders whose requirements conflict with the workspace. `make bench` creates them."""

OURS: dict[str, dict[str, Any]] = {
    "uxcam": {"app_id": "app", "api_key": "key", "api": {"version": "session_api"}, "window_in_days": 1},
    "devrev": {
        "access_token": "token",
        "apps": [{"version_key": "app", "platform": "android"}],
        "window_in_days": 1,
    },
    "inspectlet": {"username": "somebody@example.com", "api_token": "token"},
}


@dataclass(frozen=True)
class Contender(ABC):
    """A way to build a connector.

    Args:
        place: a folder for its files.
    """

    place: Path

    name: ClassVar[str]
    workers: ClassVar[int] = 1
    """How many requests it sends at the same time in most tasks."""
    environment: ClassVar[str | None] = None
    """The environment it needs; None: the workspace's."""
    package: ClassVar[str | None] = None
    """The name of the framework in that environment's requirements."""
    variables: ClassVar[dict[str, str]] = {}

    @abstractmethod
    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Write its files and return its command. ``goes_on``: with the state of the previous run."""

    def keep(self, states: list[bytes]) -> None:  # noqa: B027 - some keep it themselves, or have none
        """Save the state messages of a run for the next one."""

    def _python(self) -> str:
        return str(ENVIRONMENTS / self.environment / "bin" / "python") if self.environment else sys.executable

    def _write(self, name: str, value: object) -> str:
        self.place.mkdir(parents=True, exist_ok=True)
        path = self.place / f"{name}.json"
        path.write_text(json.dumps(value))
        return str(path)


class _Airbyte(Contender):
    """A connector with Airbyte's protocol."""

    def _read(self, work: Work, config: dict[str, Any], *, goes_on: bool) -> list[str]:
        streams = [
            {
                "stream": {
                    "name": name,
                    "json_schema": {},
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "incremental",
                "destination_sync_mode": "append",
            }
            for name in work.streams
        ]
        catalog = self._write("catalog", {"streams": streams})
        words = ["read", "--config", self._write("config", config), "--catalog", catalog]
        return [*words, "--state", str(self.place / "state.json")] if goes_on else words

    def keep(self, states: list[bytes]) -> None:
        """Save the last state of each stream."""
        found = [json.loads(line)["state"]["stream"] for line in states]
        last = {state["stream_descriptor"]["name"]: {"type": "STREAM", "stream": state} for state in found}
        self._write("state", list(last.values()))


class Ours(_Airbyte):
    """This project."""

    name = "this project"
    workers = WORKERS

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the connector's console script."""
        config = work.config(origin)
        shared = {name: config[name] for name in ("base_url", "start_date", "end_date", "num_workers")}
        script = Path(sys.executable).with_name(f"source-{work.vendor}")
        return [str(script), *self._read(work, shared | OURS[work.vendor], goes_on=goes_on)]


class FixedWorkers(Ours):
    """This project with a fixed number of workers, whatever the vendor does."""

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the same command, run by a script."""
        _, *words = super().command(work, origin, goes_on=goes_on)
        return [self._python(), str(FILES / "fixed_workers.py"), f"source_{work.vendor}", *words]


class Manifest(_Airbyte):
    """A declarative manifest, run by the CDK."""

    name = "declarative manifest"
    workers = WORKERS

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the CDK's runner with a manifest."""
        runner = Path(sys.executable).with_name("source-declarative-manifest")
        manifest = FILES / f"manifest_{work.vendor}.yaml"
        words = self._read(work, work.config(origin), goes_on=goes_on)
        return [str(runner), *words, "--manifest-path", str(manifest)]


class HttpStreams(_Airbyte):
    """Subclasses of the CDK's ``HttpStream``."""

    name = "HttpStream"

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the source as a script."""
        words = self._read(work, work.config(origin), goes_on=goes_on)
        return [self._python(), str(FILES / "http_stream.py"), *words]


class Singer(Contender):
    """A tap with Meltano's SDK."""

    name = "Singer SDK"
    environment = "singer"
    package = "singer-sdk"
    variables: ClassVar = {"TAP_SESSIONS_LOGLEVEL": "WARNING"}  # it logs five lines per session

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the tap with a catalog that selects the streams."""
        config = self._write("config", work.config(origin))
        tap = [self._python(), str(FILES / "singer_tap.py"), "--config", config]
        words = [*tap, "--catalog", self._catalog(tap, work)]
        return [*words, "--state", str(self.place / "state.json")] if goes_on else words

    def _catalog(self, tap: list[str], work: Work) -> str:
        """Discover the catalog and select the streams."""
        discovered = subprocess.run([*tap, "--discover"], check=True, capture_output=True)  # noqa: S603
        catalog = json.loads(discovered.stdout)
        for stream in catalog["streams"]:
            for metadata in stream["metadata"]:
                if not metadata["breadcrumb"]:
                    metadata["metadata"]["selected"] = stream["stream"] in work.streams
        return self._write("catalog", catalog)

    def keep(self, states: list[bytes]) -> None:
        """Save the last state, which has all streams."""
        self._write("state", json.loads(states[-1])["value"])


class Dlt(Contender):
    """A ``rest_api`` source of dlt. Its state is in the folder of its pipeline."""

    name = "dlt"
    workers = WORKERS
    environment = "dlt"
    package = "dlt"

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the pipeline. Without ``goes_on``, it starts in an empty folder."""
        config = self._write("config", work.config(origin))
        pipeline = self.place / "pipeline"
        if not goes_on and pipeline.exists():
            pipeline.rename(self.place / f"pipeline-{origin.rsplit('/', 1)[1]}")
        return [self._python(), str(FILES / "dlt_source.py"), config, str(pipeline)]


class Floor(Contender):
    """A minimal loop."""

    name = "floor"

    def command(self, work: Work, origin: str, *, goes_on: bool) -> list[str]:
        """Return the script."""
        return [self._python(), str(FILES / "floor.py"), self._write("config", work.config(origin))]


CONTENDERS: tuple[type[Contender], ...] = (Ours, Manifest, HttpStreams, Singer, Dlt, Floor)
