"""Reports: what a sync logs about its progress, for people or for programs."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import orjson

from session_source.api import times
from session_source.http.traffic import Traffic
from session_source.sync.progress import Progress, StreamProgress

INTERVAL = 30.0
"""Seconds between two reports for people."""


class Report(Protocol):
    """Something that is updated while a sync runs, such as log lines or a file."""

    def tick(self) -> None:
        """Report if it is time to. Called after each event, and every second without one."""

    def end_stream(self, stream: StreamProgress) -> None:
        """Report the end of a stream. Called when all its windows are read, and when its status is known."""

    def end(self) -> None:
        """Report the end of the sync. Called once, also where it fails."""


class Timer:
    """Decides when the next report is due.

    Args:
        seconds: the time between two reports.
        clock: seconds since any moment.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next = clock() + seconds

    def is_due(self) -> bool:
        """Return whether it is time; if so, the next time is one interval later."""
        if self._clock() < self._next:
            return False
        self._next = self._clock() + self._seconds
        return True


class LogReport:
    """Log lines for people: one for each stream at intervals and at its end, and a table at the end of the sync.

    Args:
        progress: the progress of the sync.
        logger: receives the lines.
        timer: when to write a line for each stream that is being read.
    """

    def __init__(self, progress: Progress, logger: logging.Logger, timer: Timer | None = None) -> None:
        self._progress = progress
        self._logger = logger
        self._timer = timer or Timer(INTERVAL)
        self._ended: set[str] = set()

    def tick(self) -> None:
        """Write a line for each stream that is being read."""
        if not self._timer.is_due():
            return
        for stream in self._progress.streams.values():
            if stream.readings and stream.name not in self._ended:
                self._logger.info(f"{stream.name}: {_figures(stream)}.{self._outlook(stream)}")

    def end_stream(self, stream: StreamProgress) -> None:
        """Write a stream's last line."""
        if stream.name not in self._ended:
            self._ended.add(stream.name)
            how = "failed" if stream.is_complete is False else "finished"
            after = times.in_words(self._progress.seconds)
            self._logger.info(f"{stream.name}: {how} after {after}. {_figures(stream)}.")

    def end(self) -> None:
        """Write the table."""
        if self._progress.streams:
            for line in table(self._progress):
                self._logger.info(line)

    def _outlook(self, stream: StreamProgress) -> str:
        wait = stream.traffic.current_wait()
        left = self._progress.seconds_left(stream)
        waiting = f" Waiting {times.in_words(wait.seconds)} for {wait.reason.value}." if wait else ""
        return waiting + (f" About {times.in_words(_rounded(left))} left." if left else "")


class JsonReport:
    """Log lines for programs: ``progress {"windows": {"sessions": [3, 14]}, "requests": 120, …}``.

    ``Progress.as_json`` describes the object.

    Args:
        progress: the progress of the sync.
        logger: receives the lines.
        timer: when to write a line.
    """

    def __init__(self, progress: Progress, logger: logging.Logger, timer: Timer) -> None:
        self._progress = progress
        self._logger = logger
        self._timer = timer

    def tick(self) -> None:
        """Write a line."""
        if self._timer.is_due():
            self._write()

    def end_stream(self, stream: StreamProgress) -> None:
        """Write nothing: the stream's status follows."""

    def end(self) -> None:
        """Write the last line."""
        self._write()

    def _write(self) -> None:
        self._logger.info(f"progress {orjson.dumps(self._progress.as_json()).decode()}")


def _figures(stream: StreamProgress) -> str:
    """Write a stream's counts: ``3 of 14 windows, 12,300 rows, 120 requests, 2 retries``."""
    done, planned = stream.windows
    parts = [f"{done:,} of {_counted(planned, 'window')}", _counted(stream.rows, "row")]
    if stream.shares_with:
        parts.append(f"from the requests of {stream.shares_with}")
        return ", ".join(parts)
    traffic = stream.traffic
    parts.append(_counted(traffic.requests.total(), "request"))
    if traffic.retries:
        parts.append(_counted(traffic.retries, "retry", "retries"))
    parts += [
        f"waited {times.in_words(seconds)} for {reason.value}"
        for reason, seconds in traffic.waited().items()
        if seconds >= 1
    ]
    return ", ".join(parts)


def _rounded(seconds: float) -> float:
    """Round an estimate to minutes, if it is longer than one."""
    return seconds if seconds < 60 else 60 * round(seconds / 60)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


HEAD = ("stream", "result", "windows", "rows", "requests", "retries", "waited")


def table(progress: Progress) -> Iterator[str]:
    """Write a summary: one line for each stream, then the totals. Requests that streams share are counted once."""
    lines: list[Sequence[str]] = [HEAD]
    for stream in progress.streams.values():
        done, planned = stream.windows
        figures = ("", "", "") if stream.shares_with else _traffic(stream.traffic)
        result = "complete" if stream.is_complete else "incomplete"
        lines.append((stream.name, result, f"{done:,} of {planned:,}", f"{stream.rows:,}", *figures))
    rows = sum(stream.rows for stream in progress.streams.values())
    lines.append(("total", times.in_words(progress.seconds), "", f"{rows:,}", *_traffic(progress.traffic)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [text.ljust(width) for text, width in zip(line[:2], widths[:2], strict=True)]
        cells += [text.rjust(width) for text, width in zip(line[2:], widths[2:], strict=True)]
        yield "  ".join(cells).rstrip()


def _traffic(traffic: Traffic) -> tuple[str, str, str]:
    waited = sum(traffic.waited().values())
    return f"{traffic.requests.total():,}", f"{traffic.retries:,}", f"{waited:,.0f} s"
