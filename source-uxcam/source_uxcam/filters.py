"""Filters: the fields and operators of each API. Filters are checked before anything is sent.

Session API: the tables of https://dashboardapi.uxcam.com/public/session. v2:
https://developer.uxcam.com/reference/filter-operators
"""

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

from session_source import Config, Value, config_error, moment_text

Filter: TypeAlias = Mapping[str, Any]
"""One filter of a config: ``field``, ``operator``, ``values``, and ``property_name`` for custom properties."""


def _text(value: Value) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _number(value: Value) -> float:
    text = str(value)
    number = int(text) if text.lstrip("-").isdecimal() else float(text)
    if not isfinite(number):
        raise ValueError
    return number


def _count(value: Value) -> float:
    number = _number(value)
    if number < 0:
        raise ValueError
    return number


def _boolean(value: Value) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


class DataType(NamedTuple):
    """A type of values, and its operators by how many values they take."""

    what: str
    convert: Callable[[Value], Value]
    one: tuple[str, ...] = ()
    many: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def value(self, operator: str, values: list[Value]) -> Value:
        """Return the value to send.

        Raises:
            ValueError: the type does not have the operator, or the operator does not take these values.
        """
        if operator in self.none and not [value for value in values if value]:
            return ""
        if operator in self.many and values:
            return [self.convert(value) for value in values]
        if operator in self.one and len(values) == 1:
            return self.convert(values[0])
        if operator in self.pair and len(values) == 2:
            lower, upper = (self.convert(value) for value in values)
            return {"lower": lower, "upper": upper}
        raise ValueError

    def described(self) -> str:
        """Describe the operators and how many values they take."""
        by_count = {"one value": self.one, "a list": self.many, "two values": self.pair, "no value": self.none}
        operators = "; ".join(f"{', '.join(names)} with {count}" for count, names in by_count.items() if names)
        return f"{self.what}: {operators}"


class Grammar:
    """The filters of one API.

    Args:
        types: the fields, by their data type.
        has_one_per_field: whether a request takes only one filter per field.
        unknown_to: fields that some endpoints do not have, by endpoint.
        properties: the fields that take ``property_name``, and whether they need it.
    """

    def __init__(
        self,
        types: Mapping[DataType, tuple[str, ...]],
        *,
        has_one_per_field: bool = False,
        unknown_to: Mapping[str, frozenset[str]] | None = None,
        properties: Mapping[str, bool] | None = None,
    ) -> None:
        self.types = {field: data_type for data_type, fields in types.items() for field in fields}
        self._has_one_per_field = has_one_per_field
        self._unknown_to = unknown_to or {}
        self._properties = properties or {}

    def checked(self, filters: list[Filter]) -> list[tuple[Filter, Value]]:
        """Check a config's filters and return each with the value to send.

        Raises:
            AirbyteTracedException: UXCam does not take one; the message says what its field takes.
        """
        fields = [one["field"] for one in filters if one["field"] in self.types]
        for field in fields:
            if self._has_one_per_field and fields.count(field) > 1:
                raise config_error(
                    f"There are two filters for {field}, and the Session API takes one per field. Keep one of "
                    "them and put several values into its list."
                )
        return [(one, self._value(one, number)) for number, one in enumerate(filters, start=1)]

    def knows(self, endpoint: str, field: str) -> bool:
        """Return whether an endpoint has a field; filters that it does not have are not sent to it."""
        return field not in self._unknown_to.get(endpoint, frozenset())

    def _value(self, one: Filter, number: int) -> Value:
        field = one["field"]
        data_type = self.types.get(field)
        if data_type is None:
            raise config_error(
                f"Filter number {number} in api.filters has a field that this API does not have. The fields are: "
                f"{', '.join(sorted(self.types))}."
            )
        if self._properties.get(field) and not one.get("property_name"):
            raise config_error(f"The filter for {field} needs property_name: the name of the custom property.")
        if field not in self._properties and one.get("property_name"):
            taking = f" Only these do: {', '.join(sorted(self._properties))}." if self._properties else ""
            raise config_error(f"The filter for {field} takes no property_name. Remove it.{taking}")
        values = one.get("values") or []
        try:
            return data_type.value(one["operator"], values)
        except (ValueError, KeyError, OverflowError):
            raise config_error(
                f"Filter number {number} in api.filters has an operator or values that do not fit its field. "
                f"{field} is {data_type.described()}."
            ) from None


_EQUALITY = ("is", "isnot")
_MEMBERSHIP = ("in", "notin")

SESSION_API = Grammar(
    {
        DataType("text", _text, one=(*_EQUALITY, "contains", "containsnot"), many=_MEMBERSHIP): (
            "countrycode",
            "country",
            "appversion",
            "uxcamuserid",
            "osversion",
            "sdkversion",
            "useridentity",
            "alias",
            "username",
        ),
        DataType("true or false", _boolean, one=("is",)): ("video", "crashed"),
        DataType("a platform", _text, none=("isandroid", "isios")): ("platform",),
        # Unsigned integers; the page's table of operators compares them with floats.
        DataType("a number from 0", _count, one=(*_EQUALITY, "gt", "gteq", "lt", "lteq"), many=_MEMBERSHIP): (
            "sessionhashofuser",
            "totalgesture",
            "screencount",
        ),
        DataType("a number", _number, one=("gt", "lt")): ("sessionlength",),
        DataType("a list of names", _text, many=("hasany", "nothasany", "hasall", "nothasall")): (
            "eventname",
            "screenname",
        ),
    },
    has_one_per_field=True,
)

# The documentation has two spellings of two of them; each is sent as the user writes it.
_NUMBER_OPERATORS = ("greater", "less", "greater_or_equal", "less_or_equal", "greater_than", "less_than")
_STRING_OPERATORS = {"one": ("equal", "not_equal", "contains", "not_contains"), "many": ("in", "not_in")}
_OF_SESSIONS = ("session_crashed", "session_has_video")
_COUNTS_OF_SESSIONS = (
    "session_duration",
    "session_gesture_count",
    "session_rage_gesture_count",
    "session_responsive_gesture_count",
    "session_screen_count",
    "session_unique_screen_count",
    "session_unresponsive_gesture_count",
)
_COUNTS_OF_USERS = (
    "user_gesture_count",
    "user_rage_gesture_count",
    "user_responsive_gesture_count",
    "user_session_screen_count",
    "user_session_duration",
    "user_unresponsive_gesture_count",
)
# In the vendor's Postman requests both take `equal` too; the second one is documented only there.
_SESSION_NUMBER, _SESSION_COUNT = "session_number_of_user", "user_session_count"

DATA_ACCESS_V2 = Grammar(
    {
        DataType("text", _text, **_STRING_OPERATORS): (
            "app_version",
            "device_class",
            "device_id",
            "device_manufacturer",
            "device_model",
            "device_os_version",
            "device_platform",
            "sdk_version",
            "event_name",
            "device_city",
            "device_country",
            "uxcamuserid",
            "user_name",
            "session_id",
            "event_screen_name",
            "user_first_referer",
            "user_first_screen_name",
            "user_first_referer_domain",
            "browser_name",
            "browser_version",
            "referer",
            "referer_domain",
            "device_os_name",
            "device_type",
        ),
        DataType("text of a property", _text, **_STRING_OPERATORS): (
            "user_custom_property",
            "event_custom_property",
            "user_first_utm",
            "utm",
        ),
        # "Bool String" in the documentation, a boolean in the vendor's Postman requests.
        DataType("true or false", _boolean, one=("equal",)): _OF_SESSIONS,
        DataType("a number", _number, one=_NUMBER_OPERATORS): (*_COUNTS_OF_SESSIONS, *_COUNTS_OF_USERS),
        DataType("a number from 0", _count, one=(*_NUMBER_OPERATORS, "equal")): (_SESSION_NUMBER, _SESSION_COUNT),
        DataType("a list of names", _text, many=("has_any", "not_has_any")): ("session_screen_list",),
        DataType("a moment", moment_text, one=("on", "not_on", "after", "before"), pair=("between_dates",)): (
            "user_first_seen_on",
        ),
    },
    unknown_to={
        "session": frozenset(
            {
                "event_screen_name",
                "event_custom_property",
                "user_first_seen_on",
                _SESSION_COUNT,
                *_COUNTS_OF_USERS,
            }
        ),
        "event": frozenset({"session_id", "user_first_seen_on", _SESSION_COUNT, *_COUNTS_OF_USERS}),
        "user": frozenset(
            {
                "session_id",
                "event_screen_name",
                "event_custom_property",
                _SESSION_NUMBER,
                *_OF_SESSIONS,
                *_COUNTS_OF_SESSIONS,
            }
        ),
    },
    properties={
        "user_custom_property": True,
        "event_custom_property": True,
        "event_name": False,
        "user_first_utm": False,
        "utm": False,
    },
)


def of_config(config: Config) -> list[Filter]:
    """Return the filters of a config."""
    filters: list[Filter] = config.get("api", {}).get("filters") or []
    return filters
