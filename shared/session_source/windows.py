"""Windows of time: half-open, tiled over what is still to be read, and the state that remembers the rest.

Pure functions. "Finished" is always a tuple of windows that are sorted, disjoint and do not touch; its JSON
is the CDK's date-range state, which Airbyte, PyAirbyte and the Connector Builder understand.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from session_source import times


class Window(NamedTuple):
    """A half-open piece of time ``[start, end)``: the unit of parallel reading and of checkpoints."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        """Tell whether a moment lies in the window: at its start yes, at its end no."""
        return isinstance(moment, datetime) and self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{times.rfc3339(self.start)} to {times.rfc3339(self.end)}"

    def days(self) -> list[str]:
        """List the UTC days that the window touches, as ``2026-01-31``."""
        last = self.end - timedelta(microseconds=1)
        count = (times.midnight(last) - times.midnight(self.start)).days + 1
        return [(self.start + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(count)]

    def whole_seconds(self, *, early: int = 0) -> "Window":
        """Widen the window to whole seconds, and begin some seconds early.

        For vendors that compare seconds, or do not say whether the lower bound is included.
        """
        start = self.start.replace(microsecond=0) - timedelta(seconds=early)
        late = timedelta(seconds=1 if self.end.microsecond else 0)
        return Window(start, self.end.replace(microsecond=0) + late)


Finished = tuple[Window, ...]

SLACK = timedelta(days=1)
"""How far outside of its window a row may lie before its page cannot be the answer to what was asked: vendors
filter by days, and whose midnight they mean is not always known."""


def union(windows: Iterable[Window]) -> Finished:
    """Merge windows that overlap or touch; drop empty ones."""
    merged: list[Window] = []
    for window in sorted(windows):
        if window.start >= window.end:
            continue
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return tuple(merged)


def within(finished: Finished, span: Window) -> Finished:
    """Keep what of the finished windows lies in the span."""
    return union(Window(max(w.start, span.start), min(w.end, span.end)) for w in finished)


def before(finished: Finished, end: datetime) -> Finished:
    """Keep what of the finished windows lies before a moment."""
    return union(Window(window.start, min(window.end, end)) for window in finished)


def gaps(finished: Finished, span: Window) -> Finished:
    """Give what of the span is not finished."""
    missing: list[Window] = []
    start = span.start
    for window in within(finished, span):
        missing.append(Window(start, window.start))
        start = window.end
    missing.append(Window(start, span.end))
    return union(missing)


class Pace:
    """How many days the next window takes: few where the vendor lists much, many where it lists little.

    A busy month is then many pieces of work and many checkpoints, and a quiet year few requests.

    Args:
        most: how many days a window may have.
        missing: what is to be read.
    """

    ROWS = 2000
    """What a window should hold: seconds of work, not minutes."""

    AT_ONCE = timedelta(days=4)
    """What is not cut on suspicion: all that a daily sync has to read, also after a weekend."""

    def __init__(self, most: int, missing: Finished) -> None:
        self._most = most
        is_little = sum((window.end - window.start for window in missing), timedelta()) <= self.AT_ONCE
        self.days = most if is_little else 1
        self.is_guess = self.days < most
        """Whether nothing was read yet that tells."""

    def note(self, window: Window, rows: int) -> None:
        """Learn how many days the next window should have from one that was read, and how many rows it had."""
        days = (window.end - window.start) / timedelta(days=1)
        self.days = max(1, min(self._most, math.floor(days * self.ROWS / max(rows, 1))))
        self.is_guess = False


def tiles(missing: Finished, pace: Pace) -> Iterator[Window]:
    """Cut windows into pieces, oldest first, that end at a midnight (UTC) where they can.

    Vendors that filter by whole days are then asked for each day once.
    """
    for window in missing:
        start = window.start
        while start < window.end:
            end = min(times.midnight(start) + timedelta(days=pace.days), window.end)
            yield Window(start, end)
            start = end


def to_json(finished: Finished) -> dict[str, Any]:
    """Write finished windows as the CDK's date-range state."""
    return {
        "state_type": "date-range",
        "slices": [{"start": times.rfc3339(w.start), "end": times.rfc3339(w.end)} for w in finished],
    }


def from_json(cursor: object) -> Finished:
    """Read finished windows from a date-range state; keys it does not know are passed over.

    Raises:
        ValueError: it is no date-range state. Reading from the start is then the safe thing to do.
    """
    slices = cursor.get("slices") if isinstance(cursor, Mapping) else None
    if not isinstance(slices, list):
        raise ValueError("it has no list of slices")
    try:
        read = [Window(times.from_text(piece["start"]), times.from_text(piece["end"])) for piece in slices]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("a slice lacks its start or its end") from error
    return union(Window(max(window.start, times.EPOCH), window.end) for window in read)
