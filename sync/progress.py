"""Progress: how far a read is, from a connector's messages.

Rows and the finished share come from records and states. With ``--progress SECONDS``, a connector also prints log
lines that start with ``progress``, followed by a JSON object in which every member is optional::

    progress {"windows": {"sessions": [3, 14]}, "requests": 120, "retries": 2,
              "wait": {"reason": "the vendor's rate limit", "seconds": 30}, "seconds_left": 240}

``windows``: windows done and planned, by stream. ``requests``, ``retries``: sent so far. ``wait``: why and how
long the connector waits; null if it does not wait. ``seconds_left``: null as long as it cannot be estimated.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from sync import coverage
from sync.messages import Json

PREFIX = "progress {"
NOISE = ("MemoryMonitor",)
"""Prefixes of log lines that come from libraries."""


@dataclass
class StreamProgress:
    """The progress of one stream."""

    name: str
    rows: int = 0
    status: str = ""
    share: float | None = None
    windows: tuple[int, int] | None = None


@dataclass
class Progress:
    """The progress of a read.

    Args:
        names: the streams.
        span: the time span to read.
    """

    names: list[str]
    span: coverage.Interval
    requests: int | None = None
    wait: str = ""
    seconds_left: float | None = None
    """An estimate of how long the read will still take."""
    errors: list[str] = field(default_factory=list)
    """The connector's error messages; empty if the read succeeded."""

    def __post_init__(self) -> None:
        self.streams = {name: StreamProgress(name) for name in self.names}
        self.started = time.monotonic()
        self._wait_ends = 0.0

    @property
    def rows(self) -> int:
        """Rows read so far."""
        return sum(stream.rows for stream in self.streams.values())

    @property
    def seconds(self) -> float:
        """Seconds since the read started."""
        return time.monotonic() - self.started

    @property
    def is_complete(self) -> bool:
        """Whether every stream is complete."""
        return all(stream.status == "COMPLETE" for stream in self.streams.values())

    def waiting(self) -> str:
        """Return the reason and the rest of the current wait; empty if there is none."""
        left = self._wait_ends - time.monotonic()
        return f"{self.wait}, {left:,.0f} s left" if self.wait and left > 0 else ""

    def take(self, message: Json) -> str | None:
        """Update from a message; return a line to show immediately, or None."""
        match message:
            case {"type": "RECORD", "record": {"stream": name}}:
                self.streams[name].rows += 1
            case {"type": "STATE", "state": {"stream": stream}}:
                name = stream["stream_descriptor"]["name"]
                self.streams[name].share = coverage.share(stream["stream_state"], self.span)
            case {"type": "LOG", "log": {"level": level, "message": text}}:
                return self._log(level, text)
            case {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": text}}}:
                is_repeated = any(error in text for error in self.errors)  # the last one sums up the others
                self.errors.append(text)
                return None if is_repeated else str(text)
            case {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": status}}:
                self.streams[status["stream_descriptor"]["name"]].status = status["status"]
        return None

    def _log(self, level: str, text: str) -> str | None:
        if text.startswith(PREFIX):
            self._read(text.removeprefix("progress "))
            return None
        if text.startswith(NOISE) or level in {"DEBUG", "TRACE"}:
            return None
        return text

    def _read(self, text: str) -> None:
        try:
            told: Json = orjson.loads(text)
            windows = {
                name: (int(done), int(planned)) for name, (done, planned) in told.get("windows", {}).items()
            }
            wait = told.get("wait") or {"reason": "", "seconds": 0}
            reason, seconds = str(wait["reason"]), float(wait["seconds"])
            requests = int(told["requests"]) if "requests" in told else self.requests
            left = told.get("seconds_left")
            seconds_left = None if left is None else float(left)
        except (AttributeError, KeyError, TypeError, ValueError):
            return
        for name, (done, planned) in windows.items():
            if name in self.streams:
                self.streams[name].windows = (done, planned)
        self.requests, self.wait, self._wait_ends = requests, reason, time.monotonic() + seconds
        self.seconds_left = seconds_left


def started_at(now: datetime, config: Json, names: list[str]) -> Progress:
    """Return the progress of a read that starts now."""
    return Progress(names, coverage.wanted(config, now))
