"""Checks of the types of a request's members; each raises the vendor's error for a wrong value."""

import calendar
import math
import re
import time
from collections.abc import Callable, Mapping

from .errors import RefusedError, invalid_field, not_permitted

Shape = Callable[[object, str], None]

INT32 = 2**31 - 1
INT64 = 2**63 - 1
UINT32 = 2**32 - 1
SECOND = 1_000_000_000
DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)


def kind_of(value: object) -> str:
    """Return the JSON type of a value, as the vendor's errors name it."""
    kinds: dict[type, str] = {bool: "bool", str: "string", int: "number", float: "number", list: "array"}
    return "null" if value is None else kinds.get(type(value), "object")


def expect(value: object, kind: str, name: str) -> None:
    """Refuse any other JSON type; null is never allowed."""
    actual = kind_of(value)
    if actual != kind:
        message = f"{name}: expected {kind}, found {actual}"
        raise RefusedError("unexpected_json_type", message, field_name=name, actual=actual, expected=kind)


def text(value: object, name: str) -> None:
    """Check a string."""
    expect(value, "string", name)


def flag(value: object, name: str) -> None:
    """Check a boolean."""
    expect(value, "bool", name)


def number(value: object, name: str) -> None:
    """Check a finite number; JSON has no infinity, but 1e999 is parsed as one."""
    expect(value, "number", name)
    if isinstance(value, float) and not math.isfinite(value):
        raise not_permitted(name, "too large for a double")


def whole(lowest: int, highest: int) -> Shape:
    """Check an integer within bounds; 1.0 is not one."""

    def check(value: object, name: str) -> None:
        expect(value, "number", name)
        if not isinstance(value, int) or not lowest <= value <= highest:
            raise not_permitted(name, f"{value} is no integer from {lowest} to {highest}")

    return check


def choice(*allowed: str) -> Shape:
    """Check a value of an enumeration."""

    def check(value: object, name: str) -> None:
        text(value, name)
        if value not in allowed:
            message = f"{name}: {value!r} is none of {', '.join(allowed)}"
            members = {"field_name": name, "value": value, "allowed_values": list(allowed)}
            raise RefusedError("invalid_enum_value", message, **members)

    return check


def several(of: Shape) -> Shape:
    """Check a list. An empty list is refused, because no page documents whether it means everything or nothing."""

    def check(value: object, name: str) -> None:
        expect(value, "array", name)
        if isinstance(value, list):
            if not value:
                raise not_permitted(name, "an empty list")
            for index, each in enumerate(value):
                of(each, f"{name}[{index}]")

    return check


texts = several(text)


def members(shapes: Mapping[str, Shape], *required: str) -> Shape:
    """Check an object with these members and no others."""

    def check(value: object, name: str) -> None:
        expect(value, "object", name)
        if isinstance(value, dict):
            for missing in (each for each in required if each not in value):
                message = f"{name}.{missing} is required"
                raise RefusedError("missing_required_field", message, field_name=f"{name}.{missing}")
            for member, held in value.items():
                if member not in shapes:
                    raise invalid_field(f"{name}.{member}", "there is no such field")
                shapes[member](held, f"{name}.{member}")

    return check


def limits(lower: str, upper: str, of: Shape, of_lower: Shape | None = None) -> Shape:
    """Check a range of numbers with inclusive, optional ends."""
    shape = members({lower: of_lower or of, upper: of})

    def check(value: object, name: str) -> None:
        shape(value, name)
        if isinstance(value, dict) and len(value) == 2 and value[lower] > value[upper]:
            raise not_permitted(name, f"{lower} is above {upper}")

    return check


def within(value: float, limit: Mapping[str, float], lower: str, upper: str) -> bool:
    """Return whether a number is in such a range."""
    return limit.get(lower, -math.inf) <= value <= limit.get(upper, math.inf)


def instant(value: object, name: str) -> int:
    """Parse an RFC 3339 date-time into nanoseconds since the epoch."""
    text(value, name)
    found = DATE_TIME.fullmatch(str(value))
    if found is None:
        raise not_permitted(name, f"{value!r} is no date-time as 2023-01-01T12:00:00.000Z")
    day, fraction, sign, hours, minutes = found.groups()
    try:
        seconds = calendar.timegm(time.strptime(day, "%Y-%m-%dT%H:%M:%S"))
    except ValueError as error:
        raise not_permitted(name, f"{value!r} does not exist") from error
    if sign:
        ahead = int(hours) * 3600 + int(minutes) * 60
        seconds += -ahead if sign == "+" else ahead
    return seconds * SECOND + int((fraction or "0").ljust(9, "0"))
