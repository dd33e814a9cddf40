"""The filters of the old API: fields, data types and operators.

https://dashboardapi.uxcam.com/public/session: one query parameter per field, `{"operator":…,"value":…}`.
"""

import datetime as dt
import functools
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

from sandbox_server import load_json

from .readings import SessionApiReadings
from .records import Session

STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')

Test = Callable[[Session], bool]


class RefusedError(ValueError):
    """The page does not allow this request."""


def compact_json(text: str, name: str) -> Any:  # noqa: ANN401
    """Parse JSON without white space between tokens, as in the page's examples."""
    try:
        value = load_json(text)
    except ValueError as error:
        raise RefusedError(f"{name} is not JSON: {error}") from error
    if re.search(r"\s", STRINGS.sub("", text)):
        raise RefusedError(f"{name} has white space between its tokens")
    return value


def number(value: object, *, name: str) -> float:
    """Parse a non-negative number that is not a boolean; all numeric fields are unsigned."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise RefusedError(f"{name}: {value!r} is not a number of zero or more")
    return value


def text(value: object, *, name: str) -> str:
    """Parse a string."""
    if not isinstance(value, str):
        raise RefusedError(f"{name}: {value!r} is not a string")
    return value


def day(value: object, *, name: str) -> str:
    """Parse an existing date, `yyyy-mm-dd`; as a string it sorts by day."""
    written = text(value, name=name)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        raise RefusedError(f"{name}: {written!r} is not yyyy-mm-dd")
    try:
        dt.date.fromisoformat(written)
    except ValueError as error:
        raise RefusedError(f"{name}: {written!r} does not exist") from error
    return written


def several(value: object, *, name: str, of: Callable[..., Any]) -> list[Any]:
    """Parse a non-empty list."""
    if not isinstance(value, list) or not value:
        raise RefusedError(f"{name}: {value!r} is not a list of values")
    return [of(each, name=name) for each in value]


# The page's table of operators. A missing value equals nothing.
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "isnot": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "on": operator.eq,
    "noton": operator.ne,
    "after": operator.gt,
    "from": operator.ge,
    "before": operator.lt,
    "to": operator.le,
    "in": lambda held, value: held in value,
    "notin": lambda held, value: held not in value,
    "contains": lambda held, value: held is not None and value in held,
    "containsnot": lambda held, value: held is None or value not in held,
    "hasany": lambda held, value: not held.isdisjoint(value),
    "nothasany": lambda held, value: held.isdisjoint(value),
    "hasall": lambda held, value: held.issuperset(value),
    "nothasall": lambda held, value: not held.issuperset(value),
}
OPERATORS: dict[str, Sequence[str]] = {
    "unsigned int": ("is", "isnot", "gt", "gteq", "lt", "lteq", "in", "notin"),
    "float": ("gt", "lt"),
    "string": ("is", "isnot", "in", "notin", "contains", "containsnot"),
    "list": ("hasany", "nothasany", "hasall", "nothasall"),
    "date": ("on", "noton", "after", "from", "before", "to", "in", "notin", "between"),
    # The page lists no operators for booleans; `is` follows from its descriptions of `video` and `crashed`.
    "bool": ("is",),
    "platform": ("isandroid", "isios"),
}
ELEMENTS: dict[str, Callable[..., Any]] = {
    "unsigned int": number,
    "float": number,
    "string": text,
    "list": text,
    "date": day,
}

FIELDS: dict[str, tuple[str, Callable[[Session], Any]]] = {
    "sessiondate": ("date", Session.day),
    "countrycode": ("string", lambda session: session.place.code),
    "country": ("string", lambda session: session.place.country),
    "appversion": ("string", lambda session: session.device.record["app_version"]),
    "video": ("bool", lambda session: session.video),
    "uxcamuserid": ("string", lambda session: session.user.id),
    "platform": ("platform", lambda session: session.device.platform),
    "sessionhashofuser": ("unsigned int", lambda session: session.number),
    "osversion": ("string", lambda session: session.device.record["os_version"]),
    "crashed": ("bool", lambda session: session.crashed),
    "eventname": ("list", lambda session: session.flow.event_names),
    "screenname": ("list", lambda session: session.flow.screen_names),
    "sdkversion": ("string", lambda session: session.device.record["sdk_version"]),
    "sessionlength": ("float", lambda session: session.duration),
    "totalgesture": ("unsigned int", lambda session: session.gestures),
    "screencount": ("unsigned int", lambda session: session.screens),
    "useridentity": ("string", lambda session: session.user.identity),
    "alias": ("string", lambda session: session.user.alias),
    "username": ("string", lambda session: session.user.name),
}


def filter_test(name: str, written: str, readings: SessionApiReadings) -> Test:
    """Parse the filter of one parameter, `{"operator":…,"value":…}`."""
    given = compact_json(written, name)
    if not isinstance(given, dict) or set(given) != {"operator", "value"}:
        raise RefusedError(f"{name} has to be an object with operator and value, nothing else")
    kind, held = FIELDS[name]
    if name == "sessiondate":
        held = functools.partial(Session.day, by=readings.date_by, ahead=readings.hours_ahead)
    symbol, value = given["operator"], given["value"]
    if symbol not in OPERATORS[kind]:
        raise RefusedError(f"{name} is a {kind}: its operators are {', '.join(OPERATORS[kind])}")
    if kind == "platform":
        if value != "":
            raise RefusedError(f'{name} takes the value ""')
        return lambda session: held(session) == symbol.removeprefix("is")
    if kind == "bool":
        if not isinstance(value, bool):
            raise RefusedError(f"{name}: {value!r} is neither true nor false")
        return lambda session: held(session) is value
    if symbol == "between":
        return between(several(value, name=name, of=day), held, inclusive=readings.between_inclusive)
    of = ELEMENTS[kind]
    takes_list = kind == "list" or symbol in {"in", "notin"}
    wanted = several(value, name=name, of=of) if takes_list else of(value, name=name)
    compare = COMPARISONS[symbol]
    return lambda session: compare(held(session), wanted)


def between(days: list[str], held: Callable[[Session], Any], *, inclusive: bool) -> Test:
    """Parse `between` two days. The page leaves open whether the second is included; an option decides."""
    if len(days) != 2 or days[0] > days[1]:
        raise RefusedError(f"between takes two days, the earlier one first, not {days}")
    lower, upper = days
    last = operator.le if inclusive else operator.lt
    return lambda session: lower <= held(session) and last(held(session), upper)
