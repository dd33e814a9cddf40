"""`POST /observability.sessions.list`: the rules of the body, the order of the list, its pages and cursors.

https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post and, for cursors,
https://developer.devrev.ai/about/pagination. A cursor is a position in one list: it is refused with other filters
or another order than those of the request that returned it. `limit` may change from page to page.
"""

import base64
import bisect
import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sandbox_server import Answer, TooLarge, check_size, load_json

from . import filters
from .data import Data
from .errors import RefusedError, invalid_field, not_permitted
from .records import App, Session
from .shapes import INT32, choice, expect, text, whole

Order = Literal["newest", "oldest", "shuffled"]
Refusal = Literal["invalid_field", "value_not_permitted"]
Key = tuple[int, int]

PLATFORMS = {"mobile": ["android", "ios"], "web": ["web"]}
OWN = {"type", "platform", "version_key", "cursor", "limit", "mode", "sort_by"}
SORTS: dict[str, Order] = {"created_at:asc": "oldest", "created_at:desc": "newest"}
# Multiplying by an odd number permutes the integers below 2^32, which makes an arbitrary but constant order.
MIX = 2_654_435_761
KEYS: dict[Order, Callable[[Session], Key]] = {
    "oldest": lambda session: (session.created, session.order),
    "newest": lambda session: (-session.created, -session.order),
    "shuffled": lambda session: (session.order * MIX % 2**32, session.order),
}


@dataclass(frozen=True)
class Rules:
    """What the page leaves open; `Devrev` documents the options."""

    order: Order = "newest"
    takes_sort_by: bool = True
    sort_by_refusal: Refusal = "invalid_field"
    applies_sort_by: bool = True
    cursors: Literal["key", "position"] = "key"
    end_of_list: Literal["absent", "empty", "null"] = "absent"
    cursor_after_full_page: bool = False
    default_limit: int = 50
    largest_limit: int = 100
    limit_refusal: Refusal = "value_not_permitted"
    largest_page: int | None = None
    endless: Literal["empty", "full"] | None = None
    too_large: TooLarge | None = None


@dataclass(frozen=True)
class Found:
    """The rows of a list and their sort keys, both in the order of the list."""

    rows: list[Session]
    keys: list[Key]


@dataclass(frozen=True)
class Query:
    """A request that was checked against the page."""

    app: App
    order: Order
    limit: int
    backwards: bool
    cursor: str | None
    tests: list[filters.Test]
    cache: bool
    fingerprint: str
    """A digest of everything that defines the list, independent of the page."""


class Listing:
    """The rules of the list, applied to the data."""

    def __init__(self, data: Data, rules: Rules) -> None:
        self.data = data
        self.rules = rules
        self._found: dict[tuple[int, str], Found] = {}
        self._serial = itertools.count()

    def read(self, body: bytes) -> Query:
        """Parse a request; raises RefusedError if the page does not allow it."""
        try:
            given = load_json(body)
        except (ValueError, RecursionError) as error:
            raise RefusedError("parse_error", f"the body is not JSON: {error}") from error
        expect(given, "object", "body")
        for name in ("type", "platform", "version_key"):
            if name not in given:
                raise RefusedError("missing_required_field", f"{name} is required", field_name=name)
        choice(*PLATFORMS)(given["type"], "type")
        choice("android", "ios", "web")(given["platform"], "platform")
        text(given["version_key"], "version_key")
        if given["platform"] not in PLATFORMS[given["type"]]:
            why = f"{given['platform']} is not a platform of the type {given['type']}"
            raise not_permitted("platform", why, PLATFORMS[given["type"]])
        if not given["version_key"]:
            raise not_permitted("version_key", "an empty string")
        mode = given.get("mode", "after")
        choice("after", "before")(mode, "mode")
        limit = self._limit(given)
        if "cursor" in given:
            text(given["cursor"], "cursor")
        tests = self.tests(given["type"], {name: value for name, value in given.items() if name not in OWN})
        what = {name: value for name, value in given.items() if name not in {"cursor", "limit", "mode"}}
        return Query(
            app=App(given["version_key"], given["platform"]),
            order=self._order(given),
            limit=limit,
            backwards=mode == "before",
            cursor=given.get("cursor"),
            tests=tests,
            # The result of "the last three days" changes with time.
            cache=given.get("created_at", {}).get("type") != "preset",
            fingerprint=digest(json.dumps(what, sort_keys=True)),
        )

    def tests(self, kind: str, given: Mapping[str, Any]) -> list[filters.Test]:
        """Return the tests that a session must pass; a filter of only the other type is refused."""
        found = []
        for name, value in given.items():
            if name == "created_at":
                found.append(filters.date_test(value, name, self.data.now))
                continue
            known = filters.find(name, kind)
            if known is None:
                raise invalid_field(name, f"there is no such field for sessions of the type {kind}")
            known.shape(value, name)
            found.append(known.test(value))
        return found

    def page(self, query: Query) -> Answer:
        """Return one page; its note `cursor` is the cursor of the request."""
        found = self._matching(query)
        check_size(self.rules.too_large, len(found.rows))
        size = min(query.limit, self.rules.largest_page or query.limit)
        if self.rules.endless == "full":
            first, last = 0, min(size, len(found.rows))
        elif query.backwards:
            last = len(found.rows) if query.cursor is None else self._place(query, found)
            first = max(0, last - size)
        else:
            first = 0 if query.cursor is None else self._place(query, found)
            last = min(first + size, len(found.rows))
        more = last < len(found.rows) or (self.rules.cursor_after_full_page and last - first == size)
        more = more or self.rules.endless is not None
        cursors = {
            "next_cursor": self._cursor(query, found, last) if more else None,
            "prev_cursor": self._cursor(query, found, first) if first else None,
        }
        parts = [
            b'"%s":%s,' % (name.encode(), self._cursor_json(value))
            for name, value in cursors.items()
            if self._has_cursor(value)
        ]
        rows = b",".join([session.bytes() for session in found.rows[first:last]])
        answer = Answer.raw_json(b'{%s"sessions":[%s]}' % (b"".join(parts), rows))
        return Answer(answer.status, answer.body, answer.headers, {"cursor": query.cursor or ""})

    def _has_cursor(self, cursor: str | None) -> bool:
        return cursor is not None or self.rules.end_of_list != "absent"

    def _cursor_json(self, cursor: str | None) -> bytes:
        end = "" if self.rules.end_of_list == "empty" else None
        return json.dumps(end if cursor is None else cursor).encode()

    def _limit(self, given: Mapping[str, Any]) -> int:
        """Return the limit of the request, or the default."""
        largest = self.rules.largest_limit
        if "limit" not in given:
            return min(self.rules.default_limit, largest)
        limit: int = given["limit"]
        whole(-INT32 - 1, INT32)(limit, "limit")
        if 1 <= limit <= largest:
            return limit
        refuse = invalid_field if self.rules.limit_refusal == "invalid_field" else not_permitted
        raise refuse("limit", f"{limit} is not from 1 to {largest}")

    def _order(self, given: Mapping[str, Any]) -> Order:
        """Return the order of the request, or the default."""
        if "sort_by" not in given:
            return self.rules.order
        if not self.rules.takes_sort_by:
            if self.rules.sort_by_refusal == "invalid_field":
                raise invalid_field("sort_by", "this list cannot be sorted")
            raise not_permitted("sort_by", "this list cannot be sorted", [])
        expect(given["sort_by"], "array", "sort_by")
        for index, each in enumerate(given["sort_by"]):
            text(each, f"sort_by[{index}]")
            if each not in SORTS:
                raise not_permitted("sort_by", f"{each!r} is not a field with a direction", list(SORTS))
        if len(given["sort_by"]) != 1:
            raise not_permitted("sort_by", "there is one field to sort by", list(SORTS))
        return SORTS[given["sort_by"][0]] if self.rules.applies_sort_by else self.rules.order

    def _matching(self, query: Query) -> Found:
        place = (self.data.version, query.fingerprint)
        if place in self._found:
            return self._found[place]
        key = KEYS[query.order]
        held = self.data.by_app.get(query.app, [])
        pairs = sorted((key(row), row) for row in held if all(test(row) for test in query.tests))
        found = Found([row for _, row in pairs], [placed for placed, _ in pairs])
        if len(self._found) > 200:
            self._found.clear()
        if query.cache:
            self._found[place] = found
        return found

    def _cursor(self, query: Query, found: Found, place: int) -> str:
        """Return the cursor of the position before the row with that index; it is opaque to clients."""
        numbers: tuple[int, ...] = (place, 0, 0)
        if self.rules.cursors == "key" and found.keys:
            # The position just after a row, if there is one, so that new rows before it shift nothing.
            numbers = (*found.keys[max(0, place - 1)], int(place > 0))
        if self.rules.endless:
            numbers += (next(self._serial),)  # makes every cursor unique
        return seal(f"{query.fingerprint}|{'|'.join(map(str, numbers))}")

    def _place(self, query: Query, found: Found) -> int:
        """Return the index of the row that follows the cursor."""
        fingerprint, *numbers = unseal(query.cursor or "").split("|")
        if fingerprint != query.fingerprint:
            raise not_permitted("cursor", "this cursor belongs to another list")
        first, second, after = map(int, numbers[:3])
        if self.rules.cursors == "position":
            return min(first, len(found.rows))
        return (bisect.bisect_right if after else bisect.bisect_left)(found.keys, (first, second))


def digest(text: str) -> str:
    """Return a short digest of a string."""
    return hashlib.blake2b(text.encode(), digest_size=9).hexdigest()


def seal(text: str) -> str:
    """Sign a string; clients must return it unchanged."""
    return base64.b64encode(f"{digest(text)}|{text}".encode()).decode()


def unseal(cursor: str) -> str:
    """Return the string inside a signed one."""
    try:
        mark, _, text = base64.b64decode(cursor, validate=True).decode().partition("|")
    except ValueError as error:
        raise not_permitted("cursor", "this cursor does not exist") from error
    if mark != digest(text):
        raise not_permitted("cursor", "this cursor does not exist")
    return text
