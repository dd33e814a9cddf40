"""Windows of time: half-open, tiled over what is still to be read, and the state that remembers the rest.

Pure functions. "Finished" is always a tuple of windows that are sorted, disjoint and do not touch; its JSON
is the CDK's date-range state, which Airbyte, PyAirbyte and the Connector Builder understand.
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


def overlaps(finished: Finished, first: datetime, last: datetime) -> bool:
    """Return whether one of the windows has a moment from ``first`` to ``last``, both included."""
    return any(first < window.end and last >= window.start for window in finished)


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
