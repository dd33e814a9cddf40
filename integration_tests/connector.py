"""Runs the console script of a connector as a process, as users do."""

import hashlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sandbox_server import Keys, Server
from sandbox_server.vendor import vendor_class
from session_source.airbyte.config import NOW

from integration_tests.clock import Clock

Json = dict[str, Any]

_catalogs: dict[tuple[str, str], list[Json]] = {}
_specifications: dict[str, Json] = {}


def script(folder: str) -> str:
    """Return the console script of a connector in the environment that runs the tests."""
    return str(Path(sys.executable).with_name(folder))


@dataclass(frozen=True)
class Output:
    """What a command printed."""

    exit_code: int
    stdout: str
    stderr: str

    @cached_property
    def messages(self) -> list[Json]:
        """All messages. A line that is not a message fails the test."""
        return [json.loads(line) for line in self.stdout.split("\n") if line]

    def of_type(self, kind: str) -> list[Json]:
        name = "connectionStatus" if kind == "CONNECTION_STATUS" else kind.lower()
        return [message[name] for message in self.messages if message["type"] == kind]

    @cached_property
    def records(self) -> dict[str, list[Json]]:
        """The data of the records, by stream."""
        found: dict[str, list[Json]] = {}
        for record in self.of_type("RECORD"):
            found.setdefault(record["stream"], []).append(record["data"])
        return found

    def keys(self, stream: str, key: list[str]) -> list[tuple[Any, ...]]:
        return [tuple(record[name] for name in key) for record in self.records.get(stream, [])]

    @cached_property
    def states(self) -> dict[str, Json]:
        """The last state of each stream."""
        return {
            s["stream"]["stream_descriptor"]["name"]: s["stream"]["stream_state"] for s in self.of_type("STATE")
        }

    @cached_property
    def state(self) -> list[Json]:
        """The last state message of each stream, which Airbyte passes to the next sync."""
        last = {s["stream"]["stream_descriptor"]["name"]: s for s in self.of_type("STATE")}
        return list(last.values())

    @cached_property
    def statuses(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for trace in self.of_type("TRACE"):
            if trace["type"] == "STREAM_STATUS":
                status = trace["stream_status"]
                found.setdefault(status["stream_descriptor"]["name"], []).append(status["status"])
        return found

    @cached_property
    def errors(self) -> list[Json]:
        return [trace["error"] for trace in self.of_type("TRACE") if trace["type"] == "ERROR"]

    @cached_property
    def log(self) -> str:
        return "\n".join(log["message"] for log in self.of_type("LOG"))


@dataclass(frozen=True)
class Connector:
    """One connector with one config, in a folder of its own."""

    folder: str
    config: Mapping[str, Any]
    place: Path
    clock: Clock | None = field(default=None, kw_only=True)
    """The clock that its commands use instead of the real one."""

    @property
    def program(self) -> list[str]:
        """The command."""
        return [script(self.folder)]

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        arguments = [*self.program, command]
        if command != "spec":
            arguments += ["--config", self.config_file]
        done = subprocess.run([*arguments, *more], capture_output=True, text=True, timeout=timeout, check=False)  # noqa: S603
        return Output(done.returncode, done.stdout, done.stderr)

    @cached_property
    def streams(self) -> dict[str, Json]:
        """The catalog's streams, by name. They do not depend on data: discover runs once per config."""
        known = (
            self.folder,
            json.dumps({n: v for n, v in self.config.items() if n not in {"base_url", "start_date"}}),
        )
        if known not in _catalogs:
            (catalog,) = self.run("discover").of_type("CATALOG")
            _catalogs[known] = catalog["streams"]
        return {stream["name"]: stream for stream in _catalogs[known]}

    @cached_property
    def specification(self) -> Json:
        """The JSON schema of a config."""
        if self.folder not in _specifications:
            (found,) = self.run("spec").of_type("SPEC")
            _specifications[self.folder] = found["connectionSpecification"]
        return _specifications[self.folder]

    @property
    def now(self) -> datetime:
        """The time at which a command would start."""
        return datetime.now(UTC) if self.clock is None else self.clock.now

    @property
    def secret_names(self) -> list[str]:
        return [name for name, part in self.specification["properties"].items() if part.get("airbyte_secret")]

    @property
    def repeated(self) -> frozenset[str]:
        """The streams that emit a key once per window instead of once per sync."""
        return vendor_class(self.folder).repeated

    def key(self, stream: str) -> list[str]:
        return [name for (name,) in self.streams[stream]["source_defined_primary_key"]]

    def catalog(self, *names: str, mode: str | None = None) -> Json:
        """Return a configured catalog of some streams, or all. Streams are incremental if they support it."""
        chosen = [self.streams[name] for name in names or self.streams]
        return {
            "streams": [
                {
                    "stream": stream,
                    "sync_mode": mode or stream["supported_sync_modes"][-1],
                    "destination_sync_mode": "append",
                }
                for stream in chosen
            ]
        }

    def read(
        self, *names: str, state: list[Json] | None = None, mode: str | None = None, timeout: float = 240
    ) -> Output:
        return self.run(*self.read_arguments(*names, state=state, mode=mode), timeout=timeout)

    def read_arguments(self, *names: str, state: list[Json] | None = None, mode: str | None = None) -> list[str]:
        arguments = ["read", "--catalog", self._file("catalog", self.catalog(*names, mode=mode))]
        if state is not None:
            messages = [{"type": "STREAM", "stream": message["stream"]} for message in state]
            arguments += ["--state", self._file("state", messages)]
        return arguments

    @property
    def config_file(self) -> str:
        """Write the config of the next command into a file."""
        return self._file("config", self.timed_config)

    @property
    def timed_config(self) -> Json:
        """The config of the next command: if there is a clock, it names the moment at which the command starts."""
        return {**self.config, **({} if self.clock is None else {NOW: self.clock.start_command()})}

    def _file(self, name: str, value: object) -> str:
        path = self.place / f"{name}.json"
        path.write_text(json.dumps(value))
        return str(path)


def expected(server: Server, config: str) -> Keys:
    """Return the keys that a full read must emit now, see ``Vendor.expected``."""
    return _as_emitted(server.vendor.expected(config))


def held(server: Server, config: str) -> Keys:
    """Return the keys that a read may emit now, see ``Vendor.held``."""
    return _as_emitted(server.vendor.held(config))


def _as_emitted(keys_by_stream: Keys) -> Keys:
    """Return the sandbox's keys as connectors emit them.

    If a vendor has no ids, its sandbox has the values that never change in a session instead. The connectors emit
    the SHA-256 of their JSON, as their READMEs document.
    """
    return {
        stream: [tuple(_hashed(part) if isinstance(part, tuple) else part for part in key) for key in keys]
        for stream, keys in keys_by_stream.items()
    }


def _hashed(values: tuple[Any, ...]) -> str:
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return "hash:" + hashlib.sha256(text.encode()).hexdigest()


def duplicates(keys: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [key for key, count in Counter(keys).items() if count > 1]
