"""The filters of the new API: attributes by endpoint, operators by type.

https://developer.uxcam.com/docs/query-parameters, https://developer.uxcam.com/docs/filter-operators and the
attribute tables of sessions, events and users.
"""

import calendar
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from .data import DAY
from .data_access_records import PLATFORM_NUMBERS, session_properties
from .records import Event, Session, User

Row = Session | Event | User
Test = Callable[[Row], bool]
Held = Callable[[Any], Any]

STRING_OPERATORS = ("equal", "not_equal", "in", "not_in", "contains", "not_contains")
# `filter-operators` has `greater` and `less`; a newer summary of it has `greater_than` and `less_than`.
NUMBER_OPERATORS = ("greater", "less", "greater_or_equal", "less_or_equal", "greater_than", "less_than")
OPERATORS = {
    "string": STRING_OPERATORS,
    "json": STRING_OPERATORS,
    "event": STRING_OPERATORS,
    "number": NUMBER_OPERATORS,
    # The vendor's own requests also compare the number of a user's sessions with `equal`.
    "count": (*NUMBER_OPERATORS, "equal"),
    "list": ("has_any", "not_has_any"),
    "bool": ("equal",),
    "date": ("on", "not_on", "after", "before", "between_dates"),
}


class FilterError(ValueError):
    """The documentation does not allow this."""


def refuse(message: str) -> NoReturn:
    """Raise the refusal."""
    raise FilterError(message)


@dataclass(frozen=True)
class Bounds:
    """Whether `between_dates` includes its ends, which the documentation leaves open."""

    lower_inclusive: bool = True
    upper_inclusive: bool = True


def texts(*values: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the string that a string filter compares; null is never equal to anything."""
    return tuple(value if isinstance(value, str) else str(value) for value in values if value is not None)


def first_web(session: Session) -> Session | None:
    """Return the first web session of a session's user."""
    return next((each for each in session.user.sessions if each.web), None)


def first_referer(session: Session, *, domain: bool) -> tuple[str, ...]:
    """Return the referrer of the user's first visit."""
    first = first_web(session)
    if first is None or first.web is None:
        return ()
    return texts(first.web.referer_domain if domain else first.web.referer)


def first_screen(session: Session) -> tuple[str, ...]:
    """Return the landing page of the user's first visit."""
    first = first_web(session)
    return texts(*sorted(first.flow.screen_names)[:1]) if first else ()


def first_utm(session: Session) -> Mapping[str, Any]:
    """Return a campaign parameter of the user's first visit."""
    first = first_web(session)
    return first.web.utm if first and first.web else {}


def of_device(name: str) -> Held:
    """Return an attribute of the session's device."""
    return lambda session: texts(session.device.record[name])


def of_web(name: str) -> Held:
    """Return an attribute that only web sessions have."""
    return lambda session: texts(getattr(session.web, name)) if session.web else ()


COMMON: dict[str, tuple[str, Held]] = {
    "app_version": ("string", of_device("app_version")),
    "device_class": ("string", of_device("class")),
    "device_id": ("string", of_device("id")),
    "device_manufacturer": ("string", of_device("producer")),
    "device_model": ("string", of_device("model")),
    "device_os_version": ("string", lambda session: texts(session.device.version)),
    "device_platform": ("string", lambda session: texts(PLATFORM_NUMBERS[session.device.platform])),
    "sdk_version": ("string", of_device("sdk_version")),
    "device_city": ("string", lambda session: texts(session.place.city)),
    "device_country": ("string", lambda session: texts(session.place.country)),
    "uxcamuserid": ("string", lambda session: texts(session.user.id)),
    "user_name": ("string", lambda session: texts(session.user.alias)),
    "user_custom_property": ("json", session_properties),
    "user_first_utm": ("json", first_utm),
    "user_first_referer": ("string", lambda session: first_referer(session, domain=False)),
    "user_first_screen_name": ("string", first_screen),
    "user_first_referer_domain": ("string", lambda session: first_referer(session, domain=True)),
    "browser_name": ("string", of_web("browser")),
    "browser_version": ("string", of_web("browser_version")),
    "referer": ("string", of_web("referer")),
    "referer_domain": ("string", of_web("referer_domain")),
    "utm": ("json", lambda session: session.web.utm if session.web else {}),
    "device_os_name": (
        "string",
        lambda session: texts(session.device.record["os_version"].rpartition(" ")[0]),
    ),
    "device_type": ("string", of_device("type")),
}
OF_SESSION: dict[str, tuple[str, Held]] = {
    "session_crashed": ("bool", lambda session: session.crashed),
    "session_has_video": ("bool", lambda session: session.video),
    "session_duration": ("number", lambda session: session.duration),
    "session_gesture_count": ("number", lambda session: session.gestures),
    "session_number_of_user": ("count", lambda session: session.number),
    "session_rage_gesture_count": ("number", lambda session: session.rage),
    "session_responsive_gesture_count": ("number", lambda session: session.gestures - session.unresponsive),
    "session_screen_count": ("number", lambda session: session.screens),
    "session_unique_screen_count": ("number", lambda session: len(session.flow.screen_names)),
    "session_unresponsive_gesture_count": ("number", lambda session: session.unresponsive),
    "session_screen_list": ("list", lambda session: session.flow.screen_names),
}


def total(part: Callable[[Session], float]) -> Held:
    """Return a sum over a user's sessions."""
    return lambda user: sum(part(session) for session in user.sessions)


def through(fields: Mapping[str, tuple[str, Held]], session_of: Callable[[Any], Session]) -> dict[str, Any]:
    """Return the attributes of a row that has a session."""

    def via(held: Held) -> Held:
        return lambda row: held(session_of(row))

    return {name: (kind, via(held)) for name, (kind, held) in fields.items()}


SESSION = {
    **COMMON,
    **OF_SESSION,
    "date_range": ("date", lambda session: [session.uploaded]),
    "event_name": ("event", lambda session: [event for _, event in session.flow.events]),
    "session_id": ("string", lambda session: texts(session.id)),
}
EVENT = {
    **through({**COMMON, **OF_SESSION}, lambda event: event.session),
    # The documentation has the text "DateTime … sessions are uploaded" for events too.
    "date_range": ("date", lambda event: [event.session.uploaded]),
    "event_name": ("event", lambda event: [event.content]),
    "event_screen_name": ("string", lambda event: texts(event.screen)),
    "event_custom_property": ("json", lambda event: event.content["params"]),
}
USER = {
    **through(COMMON, lambda user: user.sessions[-1]),
    "date_range": ("date", lambda user: user.active),
    "user_first_seen_on": ("date", lambda user: [user.registered]),
    "event_name": ("event", lambda user: [event for each in user.sessions for _, event in each.flow.events]),
    "session_screen_list": (
        "list",
        lambda user: frozenset().union(*(each.flow.screen_names for each in user.sessions)),
    ),
    "user_gesture_count": ("number", total(lambda session: session.gestures)),
    "user_rage_gesture_count": ("number", total(lambda session: session.rage)),
    "user_responsive_gesture_count": (
        "number",
        total(lambda session: session.gestures - session.unresponsive),
    ),
    # From the vendor's own requests; no table of attributes lists it.
    "user_session_count": ("count", lambda user: len(user.sessions)),
    "user_session_screen_count": ("number", total(lambda session: session.screens)),
    "user_session_duration": ("number", total(lambda session: session.duration)),
    "user_unresponsive_gesture_count": ("number", total(lambda session: session.unresponsive)),
}


def filter_test(given: object, attributes: Mapping[str, tuple[str, Held]], bounds: Bounds) -> tuple[str, Test]:
    """Parse one filter: its attribute and the test that a row must pass."""
    if not isinstance(given, dict):
        refuse(f"a filter is an object, not {given!r}")
    attribute = given.get("attribute")
    if not isinstance(attribute, str) or attribute not in attributes:
        refuse(f"there is no attribute {attribute!r} here")
    kind, held = attributes[attribute]
    members = {"attribute", "operator", "value"} | ({"property_name"} if kind == "json" else set())
    if set(given) - ({"property_name"} if kind == "event" else set()) != members:
        refuse(f"{attribute} takes {', '.join(sorted(members))}, not {', '.join(sorted(given))}")
    symbol, value = given["operator"], given["value"]
    if symbol not in OPERATORS[kind]:
        refuse(f"{attribute} is a {kind}: its operators are {', '.join(OPERATORS[kind])}")
    if kind == "date":
        return attribute, date_test(symbol, value, held, bounds)
    name = given.get("property_name")
    if name is not None and (not isinstance(name, str) or not name):
        refuse("property_name is the name of a property")
    if kind == "json":
        return attribute, string_test(symbol, value, lambda row: texts(held(row).get(name)))
    if kind == "event":
        return attribute, event_test(symbol, value, name, held)
    return attribute, TESTS[kind](symbol, value, held)


def event_test(symbol: str, value: object, name: str | None, held: Held) -> Test:
    """Parse `event_name`, for all events of the row or only those with the property `name`."""

    def names(row: Row) -> tuple[str, ...]:
        return texts(*(event["name"] for event in held(row) if name is None or name in event["params"]))

    return string_test(symbol, value, names)


def strings(value: object) -> list[str]:
    """Parse a non-empty list of strings."""
    if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
        refuse(f"{value!r} is no list of strings")
    return value


def string_test(symbol: str, value: object, held: Callable[[Any], Iterable[str]]) -> Test:
    """Parse a string operator; one of several strings must match, none for a negated operator."""
    positive = symbol not in {"not_equal", "not_in", "not_contains"}
    if symbol in {"in", "not_in"}:
        several = strings(value)
        return lambda row: any(each in several for each in held(row)) == positive
    if not isinstance(value, str):
        refuse(f"{value!r} is no string")
    if symbol in {"contains", "not_contains"}:
        return lambda row: any(value in each for each in held(row)) == positive
    return lambda row: (value in tuple(held(row))) == positive


def bool_test(symbol: str, value: object, held: Held) -> Test:
    """Parse `equal` with a boolean, which is a string in the documentation and a boolean in its samples."""
    wanted = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
    if not isinstance(wanted, bool):
        refuse(f"{value!r} is neither true nor false: {symbol} takes no other")
    return lambda row: held(row) == wanted


def list_test(symbol: str, value: object, held: Held) -> Test:
    """Parse a test whether a row's list shares an element with the given one."""
    wanted = strings(value)
    return lambda row: held(row).isdisjoint(wanted) == (symbol == "not_has_any")


def number_test(symbol: str, value: object, held: Held) -> Test:
    """Parse a comparison of numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        refuse(f"{value!r} is no number")
    limit: float = value
    match symbol:
        case "equal":
            return lambda row: held(row) == limit
        case "greater" | "greater_than":
            return lambda row: held(row) > limit
        case "less" | "less_than":
            return lambda row: held(row) < limit
        case "greater_or_equal":
            return lambda row: held(row) >= limit
        case _:
            return lambda row: held(row) <= limit


TESTS: dict[str, Callable[[str, object, Held], Test]] = {
    "string": string_test,
    "bool": bool_test,
    "list": list_test,
    "number": number_test,
    "count": number_test,
}


def moment(value: object) -> tuple[int, int]:
    """Return when `2023-01-01` or `2023-01-01T11:23:12Z` begins and how many seconds it lasts."""
    written = value if isinstance(value, str) else refuse(f"{value!r} is no DateTime string")
    for shape, form, length in (
        (r"\d{4}-\d\d-\d\d", "%Y-%m-%d", DAY),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "%Y-%m-%dT%H:%M:%SZ", 1),
    ):
        if re.fullmatch(shape, written, re.ASCII):
            try:
                return calendar.timegm(time.strptime(written, form)), length
            except ValueError as error:
                raise FilterError(f"{written} does not exist") from error
    refuse(f"{written} is neither 2023-01-01 nor 2023-01-01T11:23:12Z")


def date_test(symbol: str, value: object, held: Callable[[Any], Iterable[int]], bounds: Bounds) -> Test:
    """Parse a DateTime operator; one of the row's times must match. Except with `on`, a date is its midnight."""
    if symbol == "between_dates":
        fits = between(value, bounds)
    else:
        begin, length = moment(value)
        choices: dict[str, Callable[[int], bool]] = {
            "on": lambda at: begin <= at < begin + length,
            "not_on": lambda at: not begin <= at < begin + length,
            "after": lambda at: at > begin,
            "before": lambda at: at < begin,
        }
        fits = choices[symbol]
    return lambda row: any(fits(at) for at in held(row))


def between(value: object, bounds: Bounds) -> Callable[[int], bool]:
    """Parse `between_dates` with `{"lower":…,"upper":…}`."""
    if not isinstance(value, dict) or set(value) != {"lower", "upper"}:
        refuse(f'{value!r} is not {{"lower":…,"upper":…}}')
    lower, upper = moment(value["lower"])[0], moment(value["upper"])[0]
    if lower > upper:
        refuse(f"{value['lower']} is after {value['upper']}")
    first = lower if bounds.lower_inclusive else lower + 1  # all times here are whole seconds
    last = upper if bounds.upper_inclusive else upper - 1
    return lambda at: first <= at <= last
