"""What a request may ask, by the page's table of body parameters: https://docs.browsee.io.

The page's 400 is for a required parameter that is missing and for an optional one that "does not follow the
right format". Read strictly here: a parameter or an option that the page does not name is refused, and so are
a null, a number that is no JSON integer, a time that cannot be seconds, an interval that ends before it starts,
a limit below 1 or above 100, a segment that does not exist, and a selection that is empty, repeats itself or
names a field that the page does not list.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from .data import DAY, SECOND
from .records import FIELDS, Session

# The page has `select` in `options`; the vendor's own sample scripts send it beside them.
PARAMETERS = {"apiKey", "secretKey", "start", "end", "from", "limit", "segmentId", "options", "select"}
LARGEST = 100
# Later than any time in seconds that makes sense, earlier than any in milliseconds since 1973.
LAST_SECOND = 10**11


SelectAt = Literal["options", "top", "both"]


class RefusedError(ValueError):
    """The request is none that the page allows; `status` is the HTTP status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Query:
    """One request, read. Times are milliseconds; None where the request leaves them to the vendor."""

    start: int | None
    end: int | None
    offset: int
    limit: int
    segment: str | None
    select: tuple[str, ...] | None

    def interval(self, now: int) -> tuple[int, int]:
        """From when to when: "Defaults to 24 hours before now", "Defaults to Now"."""
        return now - DAY if self.start is None else self.start, now if self.end is None else self.end


@dataclass(frozen=True)
class Bounds:
    """How `start` and `end` are compared; see the options of the vendor."""

    compares: Literal["start", "end"]
    start_inclusive: bool
    end_inclusive: bool
    whole_seconds: bool

    def hold(self, session: Session, start: int, end: int) -> bool:
        """Whether a session is between them."""
        at = session.started if self.compares == "start" else session.ended
        if self.whole_seconds:
            at = at // SECOND * SECOND
        after = at >= start if self.start_inclusive else at > start
        return after and (at <= end if self.end_inclusive else at < end)


def text(given: dict[str, Any], name: str, words: str) -> str:
    """A required string."""
    value = given.get(name)
    if value is None or value == "":
        raise RefusedError(f"{words} missing.")
    if not isinstance(value, str):
        raise RefusedError(f"{words} has to be a string.")
    return value


def integer(given: dict[str, Any], name: str, least: int, most: int | None = None) -> int | None:
    """An integer, None where there is none."""
    if name not in given:
        return None
    value = given[name]
    if type(value) is not int:  # a boolean is no integer in JSON
        raise RefusedError(f"{name} has to be an integer.")
    if value < least or (most is not None and value > most):
        raise RefusedError(f"{name} is out of range: {value}.")
    return value


def credentials(given: object) -> tuple[str, str]:
    """The two keys; what keeps a client out comes before what it asks."""
    if not isinstance(given, dict):
        raise RefusedError("The body has to be an object.")
    return text(given, "apiKey", "API Key"), text(given, "secretKey", "Secret Key")


def read(given: dict[str, Any], segments: Collection[str], select_at: SelectAt) -> Query:
    """The query of a body."""
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
    return Query(
        start=None if start is None else start * SECOND,
        end=None if end is None else end * SECOND,
        offset=integer(given, "from", 0) or 0,
        limit=LARGEST if limit is None else limit,
        segment=segment,
        select=selected(given, select_at),
    )


def selected(given: dict[str, Any], select_at: SelectAt) -> tuple[str, ...] | None:
    """The selection that has an effect, None for all."""
    inside = selection(given["options"]) if "options" in given else None
    beside = selection({"select": given["select"]}) if "select" in given else None
    return {"options": inside, "top": beside, "both": inside or beside}[select_at]


def selection(options: object) -> tuple[str, ...] | None:
    """The fields that are asked for, None for all."""
    if not isinstance(options, dict):
        raise RefusedError("options has to be an object.")
    if set(options) - {"select"}:
        raise RefusedError("options takes select, nothing else.")
    if "select" not in options:
        return None
    fields = options["select"]
    if not isinstance(fields, list) or not fields or not all(isinstance(name, str) for name in fields):
        raise RefusedError("select has to be a list of fields.")
    unknown = [name for name in fields if name not in FIELDS]
    if unknown:
        raise RefusedError(f"select: there is no field {', '.join(unknown)}.")
    if len(set(fields)) < len(fields):
        raise RefusedError("select names a field twice.")
    return tuple(sorted(fields))
