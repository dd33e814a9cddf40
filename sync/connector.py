"""Connectors: runs the console scripts of this environment as processes."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from sync.messages import Json, Output, parse_lines


class ConnectorError(Exception):
    """A connector failed; the message is the connector's own error."""


def script(folder: str) -> Path:
    """Return the console script of a connector."""
    return Path(sys.executable).with_name(folder)


class Connector:
    """One connector with one config, in a folder that only this user can read.

    Args:
        folder: the connector's folder in the repository, source-uxcam for example.
        config: the file with its config.
        place: an empty folder for the catalog, the state and the error output.
    """

    def __init__(self, folder: str, config: Path, place: Path) -> None:
        self.folder = folder
        self._place = place
        self._config = str(config)
        self._process: subprocess.Popen[bytes] | None = None
        self._errors = place / "errors"

    def run(self, command: str, *arguments: str) -> list[Json]:
        """Run a command and return its messages.

        Raises:
            ConnectorError: The command failed.
        """
        config = [] if command == "spec" else ["--config", self._config]
        done = subprocess.run(  # noqa: S603 - a script of this environment
            [script(self.folder), command, *config, *arguments],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        messages = [line.message for line in parse_lines(done.stdout)]
        if done.returncode:
            raise ConnectorError(_last_error(messages) or _last_line(done.stderr, done.returncode))
        return messages

    def start_read(self, catalog: Json, states: Json) -> Output:
        """Start a read; return its output."""
        saved = [
            {
                "type": "STREAM",
                "stream": {"stream_descriptor": {"name": name}, "stream_state": state},
            }
            for name, state in states.items()
        ]
        command = [str(script(self.folder)), "read", "--config", self._config]
        command += ["--catalog", self._write("catalog", catalog), "--state", self._write("state", saved)]
        command += ["--progress", "1"]
        # Same process group: Ctrl-C and a closed terminal also end the connector.
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - a script of this environment
                command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL
            )
        if self._process.stdout is None:
            raise AssertionError("the connector has no output")
        return Output(self._process.stdout)

    def finish(self) -> str | None:
        """Wait until the read ends; return a fallback error message, or None if it succeeded."""
        if self._process is None:
            return None
        code = self._process.wait()
        if not code:
            return None
        return _last_line(self._errors.read_bytes(), code)

    def stop(self) -> None:
        """Stop the read if it is running."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def _write(self, name: str, value: Any) -> str:  # noqa: ANN401 - JSON
        path = self._place / f"{name}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(value))
        return str(path)


def _last_error(messages: list[Json]) -> str | None:
    found = None
    for message in messages:
        match message:
            case {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": text}}}:
                found = text
    return found


def _last_line(output: bytes, code: int) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    how = f"was stopped by a signal ({signal.strsignal(-code)})" if code < 0 else f"ended with exit code {code}"
    return f"The connector {how}{f': {lines[-1]}' if lines else '.'}"
