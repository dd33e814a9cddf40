"""The body parameters of a request, from the table on https://docs.browsee.io.

The page's 400 is for a required parameter that is missing and for an optional one that "does not follow the right
format". The sandbox applies this strictly. It refuses parameters and options that the page does not name, nulls,
numbers that are not JSON integers, times that cannot be in seconds, intervals that end before they start, limits
below 1 or above 100, unknown segments, and selections that are empty, repeat a field or name a field that the page
does not list. `select` is allowed at the top level too: the page puts it into `options`, but the vendor's own
sample scripts send it at the top level.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from .data import DAY, SECOND
from .records import FIELDS, Session

PARAMETERS = {"apiKey", "secretKey", "start", "end", "from", "limit", "segmentId", "options", "select"}
LARGEST = 100
# Later than any plausible time in seconds, earlier than any time in milliseconds since 1973.
LAST_SECOND = 10**11

SelectAt = Literal["options", "top", "both"]


class RefusedError(ValueError):
    """The page does not allow the request; `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Query:
    """A request. Times are in milliseconds, None if the request omits them."""

    start: int | None
    end: int | None
    offset: int
    limit: int
    segment: str | None
    select: tuple[str, ...] | None

    def interval(self, now: int) -> tuple[int, int]:
        """Return the interval: "Defaults to 24 hours before now", "Defaults to Now"."""
        return now - DAY if self.start is None else self.start, now if self.end is None else self.end


@dataclass(frozen=True)
class Bounds:
    """How `start` and `end` are compared; see the options of the sandbox."""

    compares: Literal["start", "end", "overlap"]
    start_inclusive: bool
    end_inclusive: bool
    whole_seconds: bool

    def hold(self, session: Session, start: int, end: int) -> bool:
        """Return whether a session is in the interval."""
        unit = SECOND if self.whole_seconds else 1
        began, ended = session.started // unit * unit, session.ended // unit * unit
        first, last = {"start": (began, began), "end": (ended, ended), "overlap": (began, ended)}[self.compares]
        after = last >= start if self.start_inclusive else last > start
        return after and (first <= end if self.end_inclusive else first < end)


def text(given: dict[str, Any], name: str, words: str) -> str:
    """Parse a required string."""
    value = given.get(name)
    if value is None or value == "":
        raise RefusedError(f"{words} missing.")
    if not isinstance(value, str):
        raise RefusedError(f"{words} has to be a string.")
    return value


def integer(given: dict[str, Any], name: str, least: int, most: int | None = None) -> int | None:
    """Parse an integer, None if it is omitted."""
    if name not in given:
        return None
    value = given[name]
    if type(value) is not int:  # a boolean is not an integer in JSON
        raise RefusedError(f"{name} has to be an integer.")
    if value < least or (most is not None and value > most):
        raise RefusedError(f"{name} is out of range: {value}.")
    return value


def credentials(given: object) -> tuple[str, str]:
    """Parse the two keys, which are checked before everything else."""
    if not isinstance(given, dict):
        raise RefusedError("The body has to be an object.")
    return text(given, "apiKey", "API Key"), text(given, "secretKey", "Secret Key")


def read(given: dict[str, Any], segments: Collection[str], select_at: SelectAt) -> Query:
    """Parse a body. A selection has an effect only at the levels that `select_at` names."""
    unknown = sorted(set(given) - PARAMETERS)
    if unknown:
        raise RefusedError(f"There is no parameter {', '.join(unknown)}.")
    start, end = (integer(given, name, 0, LAST_SECOND) for name in ("start", "end"))
    if start is not None and end is not None and start > end:
        raise RefusedError("end is before start.")
    limit = integer(given, "limit", 1, LARGEST)
    segment = given.get("segmentId")
    if "segmentId" in given and (not isinstance(segment, str) or segment not in segments):
        raise RefusedError("There is no such segment.")
    inside = selection(given["options"]) if "options" in given else None
    beside = fields(given["select"]) if "select" in given else None
    return Query(
        start=None if start is None else start * SECOND,
        end=None if end is None else end * SECOND,
        offset=integer(given, "from", 0) or 0,
        limit=LARGEST if limit is None else limit,
        segment=segment,
        select={"options": inside, "top": beside, "both": inside or beside}[select_at],
    )


def selection(options: object) -> tuple[str, ...] | None:
    """Parse the selected fields of `options`, None for all."""
    if not isinstance(options, dict):
        raise RefusedError("options has to be an object.")
    if set(options) - {"select"}:
        raise RefusedError("options takes select, nothing else.")
    return fields(options["select"]) if "select" in options else None


def fields(select: object) -> tuple[str, ...]:
    """Parse the fields of a selection."""
    if not isinstance(select, list) or not select or not all(isinstance(name, str) for name in select):
        raise RefusedError("select has to be a list of fields.")
    unknown = [name for name in select if name not in FIELDS]
    if unknown:
        raise RefusedError(f"select: there is no field {', '.join(unknown)}.")
    if len(set(select)) < len(select):
        raise RefusedError("select names a field twice.")
    return tuple(sorted(select))
