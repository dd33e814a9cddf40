"""The old API: `GET /public/session`, as its page describes it.

https://dashboardapi.uxcam.com/public/session takes `apikey`, `appid`, `page` and one parameter per filter
field. The page has no word about errors. Chosen here: HTTP 400 for a request that the page does not allow, 401
for the key, 403 for the app, 429 and 5xx as usual, each with `{"success":"false","message":…}`: `success` is a
text, as in the page's example of an answer.
"""

import calendar
import datetime as dt
import functools
import operator
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson

from integration_tests.sandbox import Answer, Request, load_json

from .data import Data, old_form
from .records import Session

PAGE_SIZE = 100
CREDENTIALS = ("apikey", "appid")
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')

Test = Callable[[Session], bool]


class RefusedError(ValueError):
    """The request is none that the page allows."""


def compact_json(text: str, name: str) -> Any:  # noqa: ANN401
    """JSON without white space around its tokens, as the page's examples are written."""
    try:
        value = load_json(text)
    except ValueError as error:
        raise RefusedError(f"{name} is not JSON: {error}") from error
    if re.search(r"\s", STRINGS.sub("", text)):
        raise RefusedError(f"{name} has white space between its tokens")
    return value


def number(value: object, *, name: str) -> float:
    """A number that is no boolean and not below zero: all numeric fields are unsigned."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise RefusedError(f"{name}: {value!r} is no number of zero or more")
    return value


def text(value: object, *, name: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise RefusedError(f"{name}: {value!r} is no string")
    return value


def day(value: object, *, name: str) -> str:
    """A date that exists, `yyyy-mm-dd`; as text it sorts like the day."""
    written = text(value, name=name)
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        raise RefusedError(f"{name}: {written!r} is not yyyy-mm-dd")
    try:
        dt.date.fromisoformat(written)
    except ValueError as error:
        raise RefusedError(f"{name}: {written!r} does not exist") from error
    return written


def several(value: object, *, name: str, of: Callable[..., Any]) -> list[Any]:
    """A list that is not empty."""
    if not isinstance(value, list) or not value:
        raise RefusedError(f"{name}: {value!r} is no list of values")
    return [of(each, name=name) for each in value]


# The page's table of operators, data type by data type. A value that a session lacks equals nothing.
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
    # The page gives booleans no operators; `is` is what its words for `video` and `crashed` amount to.
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


class Readings(NamedTuple):
    """What the page leaves open."""

    between_inclusive: bool
    """Whether the second day of `between` is in."""
    hours_ahead: float
    """How far ahead of UTC the clocks are whose days `sessiondate` means."""


def filter_test(name: str, written: str, readings: Readings) -> Test:
    """The filter of one parameter: `{"operator":…,"value":…}`."""
    given = compact_json(written, name)
    if not isinstance(given, dict) or set(given) != {"operator", "value"}:
        raise RefusedError(f"{name} has to be an object with operator and value, nothing else")
    kind, held = FIELDS[name]
    if name == "sessiondate":
        held = functools.partial(Session.day, ahead=readings.hours_ahead)
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
    """`between` two days. The page does not say whether the second is in: both readings are offered."""
    if len(days) != 2 or days[0] > days[1]:
        raise RefusedError(f"between takes two days, the earlier one first, not {days}")
    lower, upper = days
    last = operator.le if inclusive else operator.lt
    return lambda session: lower <= held(session) and last(held(session), upper)


def write(session: Session) -> bytes:
    """The record as the page shows it, written once."""
    if not session.written.get("old"):
        session.written["old"] = orjson.dumps(session.original or record(session))
    return session.written["old"]


def record(session: Session) -> dict[str, Any]:
    """The record of a session that is not the page's own."""
    place, user = session.place, session.user
    zone = int(session.device.record["time_zone"])
    local = session.verified + zone * 3600 - (37 if session.offline else 0)
    return {
        "id": session.id,
        "session": {
            "uploaded_server_time": old_form(session.uploaded),
            "verified_server_time": old_form(session.verified),
            "recorded_device_time": old_form(local),
            "weekday_device": calendar.day_abbr[time.gmtime(local).tm_wday],
            "offline_recorded": int(session.offline),
            "is_crashed": int(session.crashed),
            "has_video": int(session.video),
            "duration_sec": session.duration,
            "screen_count": session.screens,
            "gesture_count": session.gestures,
            "unresponsive_gesture_count": session.unresponsive,
            "rage_gesture_count": session.rage,
        },
        "location": {
            "country_code": place.code,
            "city": place.city,
            "latitude": place.latitude,
            "longitude": place.longitude,
        },
        "user": {
            "name": user.name,
            "session_number": session.number,
            "random_alias": user.alias,
            "uxcam_id": user.id,
        },
        "device": session.device.record,
        "flow": orjson.Fragment(session.flow.written),
        "properties": session.properties,
    }


def failure(status: int, message: str) -> Answer:
    """An error; see the module's docstring."""
    return Answer.json({"success": "false", "message": message}, status)


class SessionApi:
    """The rules of the old API over the data."""

    def __init__(self, data: Data, app_id: str, api_key: str, readings: Readings) -> None:
        self.data = data
        self.app_id = app_id
        self.api_key = api_key
        self.readings = readings
        self.arrange: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self.arrange_page: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self._matches: dict[tuple[int, object], list[Session]] = {}
        self._full: dict[object, int] = {}

    def sessions(self) -> list[Session]:
        """What this API lists: Android and iOS; the page knows no other platform."""
        return [session for session in self.data.sessions if session.device.platform != "web"]

    def answer(self, request: Request) -> Answer:
        """What the vendor says."""
        if request.method != "GET":
            return failure(405, "use GET")
        names = [name for name, _ in request.query]
        given = dict(request.query)
        if given.get("apikey") != self.api_key or names.count("apikey") > 1:
            return failure(401, "apikey is missing or wrong")
        if given.get("appid") != self.app_id or names.count("appid") > 1:
            return failure(403, "appid is missing or not one of this key")
        try:
            return self._page(request.query)
        except RefusedError as error:
            return failure(400, str(error))

    def _page(self, query: list[tuple[str, str]]) -> Answer:
        parameters = [(name, value) for name, value in query if name not in CREDENTIALS]
        names = [name for name, _ in parameters]
        for name in names:
            if name != "page" and name not in FIELDS:
                raise RefusedError(f"there is no parameter {name}")
            if names.count(name) > 1:
                raise RefusedError(f"{name} is given twice")
        page = dict(parameters).get("page", "1")
        if not re.fullmatch(r"[1-9][0-9]*", page):
            raise RefusedError(f"page={page} is no page: they are counted from 1")
        filters = tuple(sorted((name, value) for name, value in parameters if name != "page"))
        return self._rows(int(page), self._matching(filters), filters)

    def _rows(self, page: int, found: Sequence[Session], filters: object) -> Answer:
        # A client learns the end from a short page, or from the empty one after a full last page; whoever asks
        # beyond that did not look. The page after one that was full when it was served is a fair question.
        last = max(len(found) // PAGE_SIZE, self._full.get(filters, 0)) + 1
        if page > last:
            raise RefusedError(f"page {page} is beyond the end: the last one is {last}")
        rows = self.arrange(found)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
        if len(rows) == PAGE_SIZE:
            self._full[filters] = max(page, self._full.get(filters, 0))
        written = b",".join([write(session) for session in self.arrange_page(rows)])
        return Answer.raw_json(b'{"success":"true","data":[' + written + b"]}")

    def _matching(self, filters: tuple[tuple[str, str], ...]) -> list[Session]:
        key = (self.data.version, filters)
        if key not in self._matches:
            tests = [filter_test(name, value, self.readings) for name, value in filters]
            found = [session for session in self.sessions() if all(test(session) for test in tests)]
            if len(self._matches) > 200:
                self._matches.clear()
            self._matches[key] = found
        return self._matches[key]
