"""Windows of time, and sets of them: pure functions.

``Intervals`` are windows that are sorted and disjoint and do not touch each other. The finished intervals of a
stream are its state: their JSON is the CDK's date-range state, which Airbyte, PyAirbyte and the Connector Builder
understand.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from session_source.api import times


class Window(NamedTuple):
    """A half-open piece of time ``[start, end)``: the unit of parallel reading and of checkpoints."""

    start: datetime
    end: datetime

    def __contains__(self, moment: object) -> bool:
        """Return whether a moment is in the window. The start is, the end is not."""
        return isinstance(moment, datetime) and self.start <= moment < self.end

    def __str__(self) -> str:
        return f"{times.rfc3339(self.start)} to {times.rfc3339(self.end)}"

    def days(self) -> list[str]:
        """Return the UTC days that the window overlaps, as ``2026-01-31``."""
        last = self.end - timedelta(microseconds=1)
        count = (times.midnight(last) - times.midnight(self.start)).days + 1
        return [(self.start + timedelta(days=n)).strftime("%Y-%m-%d") for n in range(count)]

    def whole_seconds(self, *, early: int = 0) -> "Window":
        """Widen the window to whole seconds, and start it ``early`` seconds earlier.

        For vendors that compare seconds, or do not document whether the lower bound is included.
        """
        start = self.start.replace(microsecond=0) - timedelta(seconds=early)
        late = timedelta(seconds=1 if self.end.microsecond else 0)
        return Window(start, self.end.replace(microsecond=0) + late)


Intervals = tuple[Window, ...]


def union(windows: Iterable[Window]) -> Intervals:
    """Merge windows that overlap or touch, and drop empty ones."""
    merged: list[Window] = []
    for window in sorted(windows):
        if window.start >= window.end:
            continue
        if merged and window.start <= merged[-1].end:
            merged[-1] = Window(merged[-1].start, max(merged[-1].end, window.end))
        else:
            merged.append(window)
    return tuple(merged)


def within(intervals: Intervals, span: Window) -> Intervals:
    """Return the part of the intervals that is in the span."""
    return union(Window(max(w.start, span.start), min(w.end, span.end)) for w in intervals)


def before(intervals: Intervals, end: datetime) -> Intervals:
    """Return the part of the intervals that is before a moment."""
    return union(Window(window.start, min(window.end, end)) for window in intervals)


def gaps(intervals: Intervals, span: Window) -> Intervals:
    """Return the part of the span that is in none of the intervals."""
    missing: list[Window] = []
    start = span.start
    for window in within(intervals, span):
        missing.append(Window(start, window.start))
        start = window.end
    missing.append(Window(start, span.end))
    return union(missing)


def overlaps(intervals: Intervals, first: datetime, last: datetime) -> bool:
    """Return whether an interval holds a moment from ``first`` to ``last``, both included."""
    return any(first < window.end and last >= window.start for window in intervals)


def to_json(intervals: Intervals) -> dict[str, Any]:
    """Write finished intervals as the CDK's date-range state."""
    return {
        "state_type": "date-range",
        "slices": [{"start": times.rfc3339(w.start), "end": times.rfc3339(w.end)} for w in intervals],
    }


def from_json(cursor: object) -> Intervals:
    """Read finished intervals from a date-range state. Unknown keys are ignored.

    Raises:
        ValueError: it is not a date-range state. The caller then reads from the start.
    """
    slices = cursor.get("slices") if isinstance(cursor, Mapping) else None
    if not isinstance(slices, list):
        raise ValueError("it has no list of slices")
    try:
        read = [Window(times.from_text(piece["start"]), times.from_text(piece["end"])) for piece in slices]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError("a slice lacks its start or its end") from error
    return union(Window(max(window.start, times.EPOCH), window.end) for window in read)
