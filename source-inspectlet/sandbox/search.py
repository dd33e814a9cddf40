"""The searches of https://apidocs.inspectlet.com/ (Searching for Sessions): validation and results.

Where the page leaves something open, these rules apply:
- A property that the page does not call optional is required inside its object: `tags` needs a non-empty
  `tagslist`, a URL search a `url`, and `daterangecustom` both of its ends. `newold` takes `new`, `old` or both.
- `daterange` "custom" and `daterangecustom` need each other. The timestamps are whole seconds, as strings.
- A tag's value is a string, as in the table, or a boolean, as in the page's example: true finds "1", false "".
- Names, values and addresses are compared exactly, including case; durations and lengths include their bounds.
- URLs are compared without `http://` or `https://`, as in the page's examples. A `patternmatch` may match anywhere
  in the URL ("dash will match www.example.com/dash/profile"); `*` stands for any characters.
- `visitedpage` with a "not": no page of the session matches. `trafficsource` is the record's `referrer.source`.
- `browser` "other" is any browser that the page does not name.
"""

import bisect
import ipaddress
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, NoReturn

from .records import Session

DAY = 86_400
RELATIVE = {"week": 7 * DAY, "30days": 30 * DAY}
NAMED = ["chrome", "firefox", "safari", "mobile safari", "chrome mobile (ios)", "ie", "android", "opera"]

Test = Callable[[Session], bool]
Compared = Literal["start", "end", "overlap"]


class RefusedError(ValueError):
    """The page does not allow this request."""


@dataclass(frozen=True)
class Reading:
    """What the page leaves open about the properties of a search."""

    compared: Compared
    """What must be in the date range: a session's start, its end, or any part of it ("overlap")."""
    lower_inclusive: bool
    upper_inclusive: bool
    newold_missing: bool
    """The value of a half of `newold` that is not sent."""


def refuse(why: str) -> NoReturn:
    """Refuse the request."""
    raise RefusedError(why)


def text(value: object, name: str) -> str:
    """Check a string."""
    return value if isinstance(value, str) else refuse(f"{name}: {value!r} is not a string")


def flag(value: object, name: str) -> bool:
    """Check a boolean."""
    return value if isinstance(value, bool) else refuse(f"{name}: {value!r} is not a boolean")


def whole(value: object, name: str) -> int:
    """Check a non-negative JSON integer; a boolean or 2.0 is not one."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        refuse(f"{name}: {value!r} is not an integer of zero or more")
    return value


def choice(value: object, name: str, among: Sequence[str]) -> str:
    """Check one of these words."""
    if not isinstance(value, str) or value not in among:
        refuse(f"{name}: {value!r} is not one of {', '.join(among)}")
    return value


def members(value: object, name: str, required: set[str], optional: Iterable[str] = ()) -> dict[str, Any]:
    """Check an object with these properties and no others."""
    if not isinstance(value, dict):
        refuse(f"{name}: {value!r} is not an object")
    if not required <= set(value) <= required.union(optional):
        refuse(
            f"{name} has {', '.join(value) or 'nothing'}: it takes {', '.join(sorted(required.union(optional)))}"
        )
    return value


def same(property_of: str) -> Callable[[object, str], Test]:
    """Parse a string that must equal a property of the record."""

    def test(value: object, name: str) -> Test:
        wanted = text(value, name)
        return lambda session: bool(session.record[property_of] == wanted)

    return test


def country(value: object, name: str) -> Test:
    """Parse two letters."""
    wanted = text(value, name)
    if not re.fullmatch("[A-Z]{2}", wanted):
        refuse(f"{name}: {wanted!r} is not a code like US")
    return same("country")(wanted, name)


def newold(value: object, name: str, *, missing: bool) -> Test:
    """Parse a search for new visitors, returning ones, both, or none."""
    given = members(value, name, set(), {"new", "old"})
    if not given:
        refuse(f"{name} is empty")
    new, old = (flag(given.get(half, missing), f"{name}.{half}") for half in ("new", "old"))
    return lambda session: new if session.record["new_visitor"] else old


def one_tag(value: object, name: str) -> Callable[[dict[str, Any]], bool]:
    """Parse a search for a tag by its name, or by its name and value."""
    given = members(value, name, {"tag"}, {"value"})
    tag = text(given["tag"], f"{name}.tag")
    if "value" not in given:
        return lambda held: bool(held["tag"] == tag)
    wanted = given["value"]
    # The page's own example searches for `true`, but its session has "1".
    said = ("1" if wanted else "") if isinstance(wanted, bool) else text(wanted, f"{name}.value")
    return lambda held: bool(held["tag"] == tag and held["value"] == said)


def tags(value: object, name: str) -> Test:
    """Parse a search for all or any of some tags."""
    given = members(value, name, {"tagslist"}, {"operator"})
    listed = given["tagslist"]
    if not isinstance(listed, list) or not listed:
        refuse(f"{name}.tagslist: {listed!r} is not an array of tags")
    wanted = [one_tag(each, f"{name}.tagslist") for each in listed]
    enough = {"and": all, "or": any}[choice(given.get("operator", "and"), f"{name}.operator", ["and", "or"])]
    return lambda session: enough(any(fits(held) for held in session.record["tags"]) for fits in wanted)


def address(value: object, name: str) -> Test:
    """Parse an IP address."""
    wanted = text(value, name)
    try:
        ipaddress.ip_address(wanted)
    except ValueError as error:
        raise RefusedError(f"{name}: {error}") from error
    return same("ip")(wanted, name)


def starred(value: object, name: str) -> Test:
    """Parse a search for starred sessions only, or all."""
    only = flag(value, name)
    return lambda session: session.record["starred"] or not only


def browser(value: object, name: str) -> Test:
    """Parse a browser that the page names, or "other"."""
    wanted = choice(value, name, [*NAMED, "other"])
    if wanted == "other":
        return lambda session: session.record["browser"] not in NAMED
    return same("browser")(wanted, name)


def devices(value: object, name: str) -> Test:
    """Parse a device type: phones, desktops or all."""
    wanted = choice(value, name, ["all", "phone", "desktop"])
    return (lambda _: True) if wanted == "all" else same("device_type")(wanted, name)


def at_least(held: Callable[[Session], int], unit: int = 1) -> Callable[[object, str], Test]:
    """Parse a minimum."""

    def test(value: object, name: str) -> Test:
        limit = whole(value, name) * unit
        return lambda session: held(session) >= limit

    return test


def at_most(held: Callable[[Session], int], unit: int = 1) -> Callable[[object, str], Test]:
    """Parse a maximum."""

    def test(value: object, name: str) -> Test:
        limit = whole(value, name) * unit
        return lambda session: held(session) <= limit

    return test


def length(session: Session) -> int:
    """Return the number of pages."""
    return int(session.record["num_pages"])


def duration(session: Session) -> int:
    """Return the duration in milliseconds."""
    return int(session.record["session_duration"])


def bare(url: str) -> str:
    """Return a URL without http(s)://."""
    return re.sub("^https?://", "", url)


def pattern(wanted: str) -> Callable[[str], bool]:
    """Compile a wildcard pattern."""
    compiled = re.compile(".*".join(re.escape(part) for part in wanted.split("*")), re.DOTALL)
    return lambda url: compiled.search(url) is not None


URL_OPERATORS: dict[str, Callable[[str], Callable[[str], bool]]] = {
    "is": lambda wanted: lambda url: bare(url) == bare(wanted),
    "beginswith": lambda wanted: lambda url: bare(url).startswith(bare(wanted)),
    "contains": lambda wanted: lambda url: wanted in url,
    "patternmatch": pattern,
}


def by_url(urls: Callable[[Session], Iterable[str]]) -> Callable[[object, str], Test]:
    """Parse a search by URL: https://apidocs.inspectlet.com/ (Searching by URLs)."""

    def test(value: object, name: str) -> Test:
        given = members(value, name, {"url"}, {"operator"})
        wanted = text(given["url"], f"{name}.url") or refuse(f"{name}.url is empty")
        # There is no notpatternmatch.
        known = [*URL_OPERATORS, "notis", "notbeginswith", "notcontains"]
        operator = choice(given.get("operator", "is"), f"{name}.operator", known)
        fits = URL_OPERATORS[operator.removeprefix("not")](wanted)
        positive = not operator.startswith("not")
        return lambda session: any(map(fits, urls(session))) is positive

    return test


def traffic_source(value: object, name: str) -> Test:
    """Parse a search by the source of the visit."""
    wanted = text(value, name)
    return lambda session: bool(session.record["referrer"]["source"] == wanted)


CONDITIONS: dict[str, Callable[[object, str], Test]] = {
    "displayname": same("display_name"),
    "country": country,
    "tags": tags,
    "ipaddress": address,
    "showstarredonly": starred,
    "browser": browser,
    "devices": devices,
    "seslength_start": at_least(length),
    "seslength_end": at_most(length),
    "sestime_start": at_least(duration, 1000),
    "sestime_end": at_most(duration, 1000),
    "startpage": by_url(lambda session: [session.record["landing_page"]]),
    "visitedpage": by_url(lambda session: [page["url"] for page in session.record["pages"]]),
    "exitpage": by_url(lambda session: [session.record["exit_page"]]),
    "trafficsource": traffic_source,
}


def moment(value: object, name: str) -> int:
    """Parse a Unix timestamp in a string; with more digits it would be in milliseconds."""
    written = text(value, name)
    if not re.fullmatch("0|[1-9][0-9]{0,9}", written):
        refuse(f"{name}: {written!r} is not a Unix timestamp")
    return int(written)


def span(search: dict[str, Any], now: int, reading: Reading) -> tuple[float, float]:
    """Return the first and the last second of the date range of a search."""
    if "daterange" not in search:
        if "daterangecustom" in search:
            refuse('daterangecustom needs a daterange of "custom"')
        return 0, math.inf
    kind = choice(search["daterange"], "daterange", [*RELATIVE, "custom"])
    if (kind == "custom") != ("daterangecustom" in search):
        refuse('daterangecustom and a daterange of "custom" need each other')
    if kind != "custom":
        return now - RELATIVE[kind], now
    given = members(search["daterangecustom"], "daterangecustom", {"start", "end"})
    first = moment(given["start"], "daterangecustom.start")
    last = moment(given["end"], "daterangecustom.end")
    if first > last:
        refuse("daterangecustom ends before it starts")
    # All times are whole seconds.
    return first + (not reading.lower_inclusive), last - (not reading.upper_inclusive)


class Search(NamedTuple):
    """A search that the page allows."""

    first: float
    last: float
    fits: Test
    """All conditions except the time."""
    moving: bool
    """Whether its result changes with time."""

    def of(self, sessions: Sequence[Session], compared: Compared) -> list[Session]:
        """Return the sessions that match, newest first."""
        if compared == "end":
            in_time = [session for session in sessions if self.first <= session.ended <= self.last]
        elif compared == "overlap":
            in_time = [one for one in sessions if one.started <= self.last and self.first <= one.ended]
        else:
            begin = bisect.bisect_left(sessions, -self.last, key=lambda session: -session.started)
            end = bisect.bisect_right(sessions, -self.first, key=lambda session: -session.started)
            in_time = [*sessions[begin:end]]
        return [session for session in in_time if self.fits(session)]


def read_search(search: object, now: int, reading: Reading) -> Search:
    """Parse a search from its JSON; a session must meet all conditions."""
    if not isinstance(search, dict):
        refuse("search is not an object")
    first, last = span(search, now, reading)
    tests: list[Test] = []
    for name, value in search.items():
        if name in CONDITIONS:
            tests.append(CONDITIONS[name](value, name))
        elif name == "newold":
            tests.append(newold(value, name, missing=reading.newold_missing))
        elif name not in {"daterange", "daterangecustom"}:
            refuse(f"a search has no {name}")
    moving = search.get("daterange") in RELATIVE
    return Search(first, last, lambda session: all(test(session) for test in tests), moving)
