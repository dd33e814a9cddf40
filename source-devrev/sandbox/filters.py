"""The filters of the list, by the type of session that has them.

https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post names the filters of mobile
sessions; those of web sessions, and all types, come from the vendor's `@devrev/typescript-sdk`
(`MobileSessionsFilter`, `WebSessionsFilter`). Choices where both are silent: strings are compared exactly; all
filters must match, and any of the values of one filter; an anonymous user is one without `rev_user_id`.

The sandbox has no data for the following filters. It checks them and then ignores them: `custom_events`,
`response_time_list`, `session_attributes` of mobile sessions, `console_logs.body` and `.full_url`,
`events.value`, `network_logs.request_method` and `.request_url`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import shapes
from .errors import not_permitted
from .records import Session
from .shapes import Shape, choice, flag, limits, members, number, several, text, texts, whole, within

Test = Callable[[Session], bool]
Clock = Callable[[], int]

DAY_IN_NANOSECONDS = 86_400 * shapes.SECOND
MILLISECOND = 1_000_000
BOTH = ("mobile", "web")
MOBILE = ("mobile",)
WEB = ("web",)


@dataclass(frozen=True)
class Filter:
    """The types of session that have the filter, its check, and the test that its value makes."""

    types: tuple[str, ...]
    shape: Shape
    test: Callable[[Any], Test]


INT64 = whole(-shapes.INT64 - 1, shapes.INT64)
ATTRIBUTE_SHAPES: dict[str, Mapping[str, Shape]] = {
    "none": {},
    "bool_filter": {"equals": flag},
    "int64_filter": {"equals": several(INT64), "range": limits("min", "max", INT64)},
    "string_filter": {"equals": texts, "contains": texts},
}


def attribute(value: object, name: str) -> None:
    """Check a filter of custom attributes, whose members depend on its `filter_type`."""
    shapes.expect(value, "object", name)
    held = value if isinstance(value, dict) else {}
    kind = held.get("filter_type", "none")
    choice(*ATTRIBUTE_SHAPES)(kind, f"{name}.filter_type")
    allowed = {"attribute_path": text, "filter_type": text, **ATTRIBUTE_SHAPES[kind]}
    members(allowed, "attribute_path")(value, name)


def attribute_fits(given: Mapping[str, Any], attributes: Mapping[str, str]) -> bool:
    """Return the test whether a session's attribute matches; without conditions it must exist."""
    held = attributes.get(given["attribute_path"])
    kind = given.get("filter_type", "none")
    if held is None:
        return False
    if kind == "bool_filter":
        return "equals" not in given or held == ("true" if given["equals"] else "false")
    if kind == "int64_filter":
        if not held.removeprefix("-").isdecimal():
            return False
        value = int(held)
        return value in given.get("equals", [value]) and within(value, given.get("range", {}), "min", "max")
    contains = given.get("contains")
    return held in given.get("equals", [held]) and (contains is None or any(each in held for each in contains))


def attributes_test(given: list[Mapping[str, Any]]) -> Test:
    """Return the test of all attribute filters on a web session."""

    def test(session: Session) -> bool:
        if session.app.type == "mobile":
            return True
        held = session.record.get("session_attributes", {}).get("attributes", {})
        return all(attribute_fits(each, held) for each in given)

    return test


def equal(held: Callable[[Session], object]) -> Callable[[Any], Test]:
    """Return the test that a value is one of several strings, or equals a boolean."""

    def make(value: Any) -> Test:  # noqa: ANN401
        if isinstance(value, bool):
            return lambda session: bool(held(session)) is value
        wanted = set(value)
        return lambda session: held(session) in wanted

    return make


def common(held: Callable[[Session], Iterable[str]]) -> Callable[[Any], Test]:
    """Return the test that one of a list's strings is one of several strings."""

    def make(value: Any) -> Test:  # noqa: ANN401
        wanted = set(value)
        return lambda session: not wanted.isdisjoint(held(session))

    return make


def anybody(session: Session) -> bool:
    """Match every session."""
    del session
    return True


def everything(value: object) -> Test:
    """Match every session, because the sandbox has no data to filter by."""
    del value
    return anybody


def member(name: str) -> Callable[[Session], object]:
    """Return a member of the record."""
    return lambda session: session.record.get(name)


def device(name: str) -> Callable[[Session], object]:
    """Return a member of the record's device."""
    return lambda session: session.record["device_metadata"].get(name)


def statuses(session: Session) -> dict[int, int]:
    """Return how often each HTTP status occurred."""
    counts = session.record.get("network_metadata", {}).get("status_counts", {})
    return {int(status): count for status, count in counts.items() if count}


def console(session: Session) -> set[str]:
    """Return the types of log entries."""
    return {kind for kind, count in session.record.get("console_metadata", {}).items() if count}


def duration_test(given: Mapping[str, float]) -> Test:
    """Return the test of the duration, with inclusive bounds."""
    return lambda session: within(session.record["session_duration_ms"], given, "min_ms", "max_ms")


def device_types(value: object, name: str) -> None:
    """Check a list of strings that has two possible values."""
    texts(value, name)
    allowed = ["desktop", "mobile"]
    if isinstance(value, list) and not set(value) <= set(allowed):
        raise not_permitted(name, f"{value} is not among desktop, mobile", allowed)


def events_test(given: Mapping[str, Any]) -> Test:
    """Return the test of dead and rage clicks; the sandbox has no data for `value`."""
    names = {"is_dead": "dead_click_count", "is_rage": "rage_click_count"}
    tests = [equal(member(names[name]))(value) for name, value in given.items() if name in names]
    return lambda session: all(test(session) for test in tests)


def console_test(given: Mapping[str, Any]) -> Test:
    """Return the test by log type; the sandbox has no messages and addresses."""
    return common(console)(given["log_type"]) if "log_type" in given else everything(given)


def network_test(given: Mapping[str, Any]) -> Test:
    """Return the test by status; the sandbox has no methods and addresses."""
    wanted = given.get("response_status")
    return everything(given) if wanted is None else lambda session: not set(wanted).isdisjoint(statuses(session))


DURATION = limits("min_ms", "max_ms", INT64, whole(0, shapes.INT64))
ATTRIBUTES = several(attribute)
MOBILE_EVENTS = members({"event_name": texts, "exception_class_name": texts, "properties_filters": ATTRIBUTES})
WEB_EVENTS = members({"event_name": texts, "event_details_filters": ATTRIBUTES})
RESPONSES = members(
    {
        "api_name": texts,
        "request_properties": ATTRIBUTES,
        "response_properties": ATTRIBUTES,
        "round_trip_time": members({"equals_ms": several(number), "range": limits("min_ms", "max_ms", number)}),
    }
)
CLICKS = members({"is_dead": flag, "is_rage": flag, "value": texts})
CONSOLE = members({"body": texts, "full_url": texts, "log_type": texts})
NETWORK = members({"request_method": texts, "request_url": texts, "response_status": several(number)})

FILTERS: dict[str, list[Filter]] = {
    "custom_events": [Filter(MOBILE, MOBILE_EVENTS, everything), Filter(WEB, WEB_EVENTS, everything)],
    "is_anonymous": [Filter(BOTH, flag, equal(lambda session: "rev_user_id" not in session.record))],
    "network_type": [Filter(BOTH, texts, equal(device("network_type")))],
    "rev_org": [Filter(BOTH, texts, equal(member("rev_org_id")))],
    "rev_user": [Filter(BOTH, texts, equal(member("rev_user_id")))],
    "session_attributes": [Filter(BOTH, ATTRIBUTES, attributes_test)],
    "session_duration": [Filter(BOTH, DURATION, duration_test)],
    "app_version": [Filter(MOBILE, texts, equal(device("app_version")))],
    "device_model": [Filter(MOBILE, texts, equal(device("model")))],
    "has_exception_occurred": [Filter(MOBILE, flag, equal(member("has_exception_occurred")))],
    "is_anr": [Filter(MOBILE, flag, equal(member("is_anr")))],
    "is_crash": [Filter(MOBILE, flag, equal(member("is_crash")))],
    "manufacturer": [Filter(MOBILE, texts, equal(device("manufacturer")))],
    "os_version": [Filter(MOBILE, texts, equal(device("os_version")))],
    "rage_tap": [Filter(MOBILE, flag, equal(member("rage_tap")))],
    "response_time_list": [Filter(MOBILE, RESPONSES, everything)],
    "screen_name": [Filter(MOBILE, texts, common(lambda session: session.screens))],
    "browser": [Filter(WEB, texts, equal(device("browser")))],
    "browser_version": [Filter(WEB, texts, equal(device("browser_version")))],
    "console_logs": [Filter(WEB, CONSOLE, console_test)],
    "device_type": [Filter(WEB, device_types, equal(device("type")))],
    "events": [Filter(WEB, CLICKS, events_test)],
    "has_console_errors": [Filter(WEB, flag, equal(lambda session: "error" in console(session)))],
    "has_dead_clicks": [Filter(WEB, flag, equal(member("dead_click_count")))],
    "has_network_errors": [Filter(WEB, flag, equal(lambda session: max(statuses(session), default=0) >= 400))],
    "has_rage_clicks": [Filter(WEB, flag, equal(member("rage_click_count")))],
    "network_logs": [Filter(WEB, NETWORK, network_test)],
    "normalized_url": [
        Filter(WEB, texts, common(lambda session: [normalized(page.url) for page in session.pages]))
    ],
    "os": [Filter(WEB, texts, equal(device("os")))],
    "page_name": [Filter(WEB, texts, common(lambda session: [page.name for page in session.pages]))],
    "page_url": [Filter(WEB, texts, common(lambda session: [page.url for page in session.pages]))],
}


def normalized(url: str) -> str:
    """Return an address without query and fragment; DevRev does not document its normalization."""
    return url.partition("#")[0].partition("?")[0]


def find(name: str, kind: str) -> Filter | None:
    """Return the filter of that name for that type of session."""
    return next((each for each in FILTERS.get(name, []) if kind in each.types), None)


def unchecked(value: object, name: str) -> None:
    """Accept a value that is checked elsewhere."""
    del value, name


def date_test(value: object, name: str, now: Clock) -> Test:
    """Parse `created_at`: a range with inclusive, optional ends, or a number of days from now."""
    shapes.expect(value, "object", name)
    held = value if isinstance(value, dict) else {}
    kinds = {"range": ("after", "before"), "preset": ("preset_type", "days")}
    if "type" in held:
        choice("preset", "range")(held["type"], f"{name}.type")
    kind = held.get("type", "range")
    required = () if kind == "range" else kinds[kind]
    members(dict.fromkeys(("type", *kinds[kind]), unchecked), "type", *required)(value, name)
    if kind == "preset":
        choice("last_n_days", "next_n_days")(held["preset_type"], f"{name}.preset_type")
        whole(0, shapes.UINT32)(held["days"], f"{name}.days")
        here = now() * MILLISECOND
        there = here + held["days"] * DAY_IN_NANOSECONDS * (-1 if held["preset_type"] == "last_n_days" else 1)
        first, last = sorted((here, there))
        return lambda session: first <= session.created * MILLISECOND <= last
    lower = shapes.instant(held["after"], f"{name}.after") if "after" in held else None
    upper = shapes.instant(held["before"], f"{name}.before") if "before" in held else None
    if lower is not None and upper is not None and lower > upper:
        raise not_permitted(name, "after is later than before")

    def test(session: Session) -> bool:
        at = session.created * MILLISECOND
        return (lower is None or lower <= at) and (upper is None or at <= upper)

    return test
