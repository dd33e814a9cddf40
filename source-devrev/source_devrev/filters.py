"""Filters: which ones mobile apps have, and which ones sites have.

https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post
"""

from collections.abc import Iterable, Mapping
from typing import Any

from session_source import Value, config_error

TYPES = {"android": "mobile", "ios": "mobile", "web": "web"}
"""The request's type, by platform."""

_BOTH = (
    "is_anonymous",
    "network_type",
    "rev_org",
    "rev_user",
    "session_attributes",
    "session_duration.min_ms",
    "session_duration.max_ms",
    "custom_events.event_name",
)
KNOWN: Mapping[str, frozenset[str]] = {
    "mobile": frozenset(
        {
            *_BOTH,
            "app_version",
            "custom_events.exception_class_name",
            "custom_events.properties_filters",
            "device_model",
            "has_exception_occurred",
            "is_anr",
            "is_crash",
            "manufacturer",
            "os_version",
            "rage_tap",
            "response_time_list.api_name",
            "response_time_list.request_properties",
            "response_time_list.response_properties",
            "response_time_list.round_trip_time",
            "screen_name",
        }
    ),
    "web": frozenset(
        {
            *_BOTH,
            "browser",
            "browser_version",
            "console_logs.body",
            "console_logs.full_url",
            "console_logs.log_type",
            "custom_events.event_details_filters",
            "device_type",
            "events.is_dead",
            "events.is_rage",
            "events.value",
            "has_console_errors",
            "has_dead_clicks",
            "has_network_errors",
            "has_rage_clicks",
            "network_logs.request_method",
            "network_logs.request_url",
            "network_logs.response_status",
            "normalized_url",
            "os",
            "page_name",
            "page_url",
        }
    ),
}
"""The filters of each type of request; ``a.b`` is the part ``b`` of the filter ``a``."""

_WITH_PARTS = frozenset(path.split(".")[0] for known in KNOWN.values() for path in known if "." in path)


def by_platform(filters: Mapping[str, Value], platforms: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the filters of each platform.

    Args:
        filters: the config's filters, in the vendor's names and shapes; empty values count as absent.
        platforms: those of the configured apps.

    Raises:
        AirbyteTracedException: no platform has one of the filters; the message says what to do.
    """
    wanted = _parts(filters)
    known = {platform: KNOWN[TYPES[platform]] for platform in platforms}
    for path in wanted:
        if not any(path in names for names in known.values()):
            raise config_error(_unknown(path))
    return {
        platform: _joined({path: value for path, value in wanted.items() if path in names})
        for platform, names in known.items()
    }


def _unknown(path: str) -> str:
    if path == "created_at":
        return (
            "created_at cannot be a filter: the dates come from start_date and end_date. Remove it from filters."
        )
    platforms = [platform for platform, kind in TYPES.items() if path in KNOWN[kind]]
    if platforms:
        return (
            f"The filter {path} is for apps on {' or '.join(platforms)}, and apps has none. Remove it from "
            "filters, or add such an app."
        )
    known = ", ".join(sorted(frozenset().union(*KNOWN.values())))
    return f"DevRev has no filter {path!r}. Correct its name in filters. DevRev has: {known}."


def _parts(filters: Mapping[str, Value]) -> dict[str, Value]:
    """Split filters into the parts that a type may have or not, by path."""
    parts: dict[str, Value] = {}
    for name, given in filters.items():
        value = _without_empty(given)
        if isinstance(value, dict) and name in _WITH_PARTS:
            parts |= {f"{name}.{part}": inner for part, inner in value.items()}
        elif value is not None:
            parts[name] = value
    return parts


def _joined(parts: Mapping[str, Value]) -> dict[str, Any]:
    """Join the parts of filters."""
    filters: dict[str, Any] = {}
    for path, value in parts.items():
        name, _, part = path.partition(".")
        if part:
            filters.setdefault(name, {})[part] = value
        else:
            filters[name] = value
    return filters


def _without_empty(value: Value) -> Value:
    """Drop what a form sends for empty fields: null, ``""`` and empty lists and objects."""
    if isinstance(value, Mapping):
        value = {name: inner for name, part in value.items() if (inner := _without_empty(part)) is not None}
    elif isinstance(value, list):
        value = [inner for item in value if (inner := _without_empty(item)) is not None]
    return None if value in (None, "", [], {}) else value
