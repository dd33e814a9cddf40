"""Metrics: what a sync did, as a file in Prometheus's text format, for node_exporter's textfile collector.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from session_source.api.errors import config_error
from session_source.sync.progress import Progress, StreamProgress
from session_source.sync.reports import INTERVAL, Timer

_LOGGER = logging.getLogger("airbyte")

PREFIX = "session_sync_"

LAST_SUCCESS = "last_success_timestamp_seconds"

HELP = {
    LAST_SUCCESS: "When the stream was last read to its end, in seconds since 1970; 0 for never.",
    "start_timestamp_seconds": "When the sync started, in seconds since 1970.",
    "duration_seconds": "How long the sync has been running, or ran.",
    "rows": "Records that the sync emitted.",
    "windows": "Windows that are read (done), or are being read or still to be read (open).",
    "requests": "Requests that the sync sent, by HTTP status; timeout or no_answer where there is none.",
    "retries": "How many of these requests repeated an earlier one.",
    "wait_seconds": "Seconds in which at least one worker waited before a request.",
    "received_bytes": "Bytes of the bodies of all answers, decompressed.",
}
"""The metrics, without their prefix. All are gauges: each sync starts from 0."""

_FORMER = re.compile(rf'{PREFIX}{LAST_SUCCESS}{{.*stream="([^"]+)".*}} ([0-9.e+]+)')

Sample = tuple[str, Mapping[str, str], float]
"""A metric's name without its prefix, its labels and its value."""


class MetricsFile:
    """A file that is replaced by a new one at the start of a sync, every 30 seconds and at its end.

    A stream that fails, or is not read to its end, keeps the time of its last success from the former file.

    Args:
        path: the file. Its name without the suffix is the label ``sync`` of every metric.
        connector: the label ``connector``, ``source-<vendor>``.
        progress: the progress of the sync.
        timer: when to write it.
        now: returns seconds since 1970.

    Raises:
        AirbyteTracedException: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        connector: str,
        progress: Progress,
        *,
        timer: Timer | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._labels = {"connector": connector, "sync": path.stem}
        self._progress = progress
        self._timer = timer or Timer(INTERVAL)
        self._now = now
        self._started = now()
        try:
            self._successes = _successes(path)
            self._write()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise config_error(f"The metrics file {path} cannot be written ({why}). Check its path.") from None

    def tick(self) -> None:
        """Write the file if it is time to."""
        if self._timer.is_due():
            self._update()

    def end_stream(self, stream: StreamProgress) -> None:
        """Note when a stream was read to its end."""
        if stream.is_complete:
            self._successes[stream.name] = self._now()

    def end(self) -> None:
        """Write the file."""
        self._update()

    def _update(self) -> None:
        try:
            self._write()
        except OSError as error:
            _LOGGER.warning(f"The metrics file {self._path} cannot be written ({error.strerror}).")

    def _write(self) -> None:
        """Replace the file in one step, so that no reader gets a part of it."""
        with tempfile.NamedTemporaryFile("w", dir=self._path.parent, prefix=".metrics", delete=False) as file:
            try:
                file.write(written(self._samples(), self._labels))
                os.fchmod(file.fileno(), 0o644)  # node_exporter runs as another user
                file.close()
                Path(file.name).replace(self._path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise

    def _samples(self) -> Iterator[Sample]:
        yield "start_timestamp_seconds", {}, self._started
        yield "duration_seconds", {}, self._progress.seconds
        for stream in self._progress.streams.values():
            labels = {"stream": stream.name}
            done, planned = stream.windows
            yield LAST_SUCCESS, labels, self._successes.get(stream.name, 0)
            yield "rows", labels, stream.rows
            yield "windows", {**labels, "state": "done"}, done
            yield "windows", {**labels, "state": "open"}, planned - done
        for endpoint, traffic in self._progress.traffic.parts.items():
            labels = {"endpoint": endpoint}
            yield "retries", labels, traffic.retries
            yield "received_bytes", labels, traffic.received
            for status, count in traffic.requests.items():
                yield "requests", {**labels, "status": status}, count
            for reason, seconds in traffic.waited().items():
                yield "wait_seconds", {**labels, "reason": reason.name.lower()}, seconds


def _successes(path: Path) -> dict[str, float]:
    """Read when each stream was last read to its end; nothing if there is no file yet.

    Raises:
        ValueError: it is another kind of file.
    """
    text = path.read_text() if path.exists() else ""
    if text and not text.startswith(f"# HELP {PREFIX}"):
        raise ValueError("it exists and holds something else")
    return {stream: float(moment) for stream, moment in _FORMER.findall(text)}


def written(samples: Iterable[Sample], labels: Mapping[str, str]) -> str:
    """Write samples in Prometheus's text format, each with these labels before its own."""
    lines: dict[str, list[str]] = {name: [] for name in HELP}
    for name, own, value in samples:
        pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in {**labels, **own}.items())
        lines[name].append(f"{PREFIX}{name}{{{pairs}}} {value}")
    return "".join(
        "\n".join([f"# HELP {PREFIX}{name} {HELP[name]}", f"# TYPE {PREFIX}{name} gauge", *found, ""])
        for name, found in lines.items()
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
