"""Coverage: which part of the configured time span is finished, from a stream's state."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sync.messages import Json


@dataclass(frozen=True)
class Interval:
    """A half-open interval of time."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        """The length in seconds; 0 if the end is before the start."""
        return max((self.end - self.start).total_seconds(), 0)

    def within(self, other: "Interval") -> "Interval":
        """Return the intersection with another interval."""
        return Interval(max(self.start, other.start), min(self.end, other.end))


def wanted(config: Json, now: datetime) -> Interval:
    """Return the interval that a config asks for, up to now; an empty one if a date is invalid."""
    try:
        end = moment(config["end_date"]) if config.get("end_date") else now
        return Interval(moment(config["start_date"]), min(end, now))
    except (KeyError, TypeError, ValueError):
        return Interval(now, now)


def finished(state: Json) -> dict[str, list[Interval]]:
    """Return the finished windows in a stream's state, by partition (a site, an app; "" without partitions)."""
    states = state.get("states")
    if isinstance(states, list):
        return {_name(piece.get("partition", {})): list(_intervals(piece.get("cursor", {}))) for piece in states}
    return {"": list(_intervals(state))} if "slices" in state else {}


def share(state: Json, span: Interval) -> float | None:
    """Return the finished share of a span, from 0 to 1; None for a stream without a cursor."""
    parts = finished(state)
    if not parts or not span.seconds:
        return None
    done = sum(interval.within(span).seconds for intervals in parts.values() for interval in intervals)
    return min(done / (span.seconds * len(parts)), 1.0)


def moment(text: str) -> datetime:
    """Parse a time of a config or state; one without a zone is in UTC."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)


def _intervals(cursor: Json) -> Iterator[Interval]:
    for piece in cursor.get("slices", []):
        yield Interval(moment(piece["start"]), moment(piece["end"]))


def _name(partition: dict[str, Any]) -> str:
    return ", ".join(str(value) for value in partition.values())


def common(parts: list[list[Interval]]) -> list[Interval]:
    """Return the intervals that are finished in every partition."""
    found, *others = parts or [[]]
    for other in others:
        pairs = [one.within(two) for one in found for two in other]
        found = [piece for piece in pairs if piece.start < piece.end]
    return found
