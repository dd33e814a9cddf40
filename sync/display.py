"""The display: progress of a sync, as a live table in a terminal and as a line every 30 seconds elsewhere."""

import io
import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sync.messages import Json
from sync.progress import Progress, StreamProgress

LINE_SECONDS = 30.0
"""Between two lines without a terminal."""

WIDE = 72
"""Columns of a terminal that has room for bars."""

_MARKS = {"COMPLETE": "✓", "INCOMPLETE": "✗"}


def screen() -> Console:
    """Return where programs for people print."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that is not UTF-8 shows ? for lines and bars
        sys.stdout.reconfigure(errors="replace")
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120)


class Display:
    """Shows the progress of one read.

    Args:
        console: where to print.
        progress: the progress of the read.
    """

    def __init__(self, console: Console, progress: Progress) -> None:
        self._console = console
        self._progress = progress
        self._kept = 0
        self._printed = time.monotonic()
        self._last = ""
        self._live: Live | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.is_dumb_terminal:
            self._live = Live(
                console=self._console, get_renderable=self._render, refresh_per_second=4, transient=True
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    @property
    def kept(self) -> int:
        """Rows that were committed to the warehouse."""
        return self._kept

    def message(self, message: Json) -> None:
        """Update the display from a message."""
        if (line := self._progress.take(message)) and line != self._last:
            self._last = line
            self._print(line, "bold red" if message["type"] == "TRACE" else "yellow")

    def committed(self, rows: int) -> None:
        """Set the number of committed rows."""
        self._kept = rows

    def tick(self) -> None:
        """Without a terminal, print a line if 30 seconds have passed."""
        if self._live is None and time.monotonic() - self._printed >= LINE_SECONDS:
            self._printed = time.monotonic()
            streams = ", ".join(_brief(stream) for stream in self._progress.streams.values())
            self._console.print(f"  {self._summary()} · {streams}", markup=False, soft_wrap=True)

    def _print(self, line: str, style: str) -> None:
        """Print a line with an indent; in a terminal also where it continues."""
        if self._live is None:
            self._console.print(f"  {line}", style=style, markup=False, soft_wrap=True)
        else:
            self._console.print(Padding(Text(line, style), (0, 0, 0, 2)))

    def _render(self) -> RenderableType:
        table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
        is_wide = self._console.width >= WIDE
        table.add_column("stream", min_width=18 if is_wide else None, overflow="fold")
        table.add_column("rows", justify="right", min_width=10 if is_wide else 4, no_wrap=True)
        table.add_column("done", min_width=22 if is_wide else None, no_wrap=True)
        for stream in self._progress.streams.values():
            table.add_row(stream.name, f"{stream.rows:,}", _done(stream, is_wide=is_wide))
        return Group(table, Text(self._summary(), style="dim"))

    def _summary(self) -> str:
        progress = self._progress
        rate = progress.rows / max(progress.seconds, 0.1)
        parts = [
            f"{_clock(progress.seconds)}",
            f"{progress.rows:,} rows read, {self._kept:,} kept",
            f"{rate:,.0f} rows/s",
        ]
        if progress.requests is not None:
            parts.append(f"{progress.requests:,} requests")
        if progress.seconds_left is not None:
            parts.append(f"about {_clock(progress.seconds_left)} left")
        if waiting := progress.waiting():
            parts.append(f"waiting: {waiting}")
        return " · ".join(parts)


def _done(stream: StreamProgress, *, is_wide: bool) -> str:
    """Describe how far a stream is; without bar and words in a narrow terminal."""
    mark = _MARKS.get(stream.status, "")
    if stream.windows:
        done, planned = stream.windows
        bar, unit = (f"{_bar(done / max(planned, 1))} ", " windows") if is_wide else ("", "")
        return f"{bar}{done:,} of {planned:,}{unit} {mark}"
    if stream.share is not None:
        return f"{_bar(stream.share)} {stream.share:.0%} {mark}" if is_wide else f"{stream.share:.0%} {mark}"
    return mark or stream.status.lower()


def _brief(stream: StreamProgress) -> str:
    if stream.windows:
        return f"{stream.name} {stream.windows[0]:,}/{stream.windows[1]:,} windows"
    return (
        f"{stream.name} {stream.share:.0%}" if stream.share is not None else f"{stream.name} {stream.rows:,} rows"
    )


def _bar(share: float, width: int = 12) -> str:
    full = round(width * share)
    return "━" * full + "╌" * (width - full)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
