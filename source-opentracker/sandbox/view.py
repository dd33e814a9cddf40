"""The call itself: the account, the filters and the rows of an answer.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp. Choices where the page is silent and
no option is needed: a request without a login is answered as the demo account, whatever site it names; `date`
applies with or without `from`, `to` or an id; each parameter takes one id; all filters apply.
"""

import bisect
import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sandbox_server import Answer, Request, check_size

from . import words
from .data import SECOND, Data, Site, day_start
from .parameters import DEMO, DEMO_LOGIN, SITE, Asked, RefusedError, asked, parameters
from .readings import Readings
from .records import Session
from .writing import Writer

METHODS = ("GET", "POST")
# Tokens that name no session begin here: 13 digits like all tokens, but in the year 2255.
FIRST_MADE_UP = 9 * 10**12


class Bounds(NamedTuple):
    """The requested interval `[lower, upper)`."""

    lower: int
    upper: int | None

    def test(self, by: str) -> Callable[[Session], bool]:
        """Return the test whether a session is in the bounds."""
        lower, upper = self.lower, self.upper
        if by == "any_activity":
            return lambda one: one.last_event >= lower and (upper is None or one.start < upper)
        return lambda one: (moment := one.order(by)[0]) >= lower and (upper is None or moment < upper)


class Page(NamedTuple):
    """The rows of one answer, and its token."""

    rows: Sequence[Session]
    token: str | None


class View:
    """The rules of the call, applied to the data."""

    def __init__(self, data: Data, readings: Readings, login: str, password: str, seed: int) -> None:
        self.data = data
        self.readings = readings
        self._account = (login, password)
        self._writer = Writer(readings, seed)
        self._lists: dict[object, list[Session]] = {}
        self._tokens: dict[tuple[str, str], tuple[int, str]] = {}
        """The position of a token's session when the token was sent; it may have been active since then."""
        self._cached: dict[str, Answer] = {}
        self._serial = itertools.count(FIRST_MADE_UP)

    @property
    def broken(self) -> list[Site]:
        """Return the sites that always fail."""
        return self.data.sites[len(self.data.sites) - self.readings.broken_sites :]

    def answer(self, request: Request) -> Answer:
        """Return the vendor's answer; errors also have status 200."""
        if request.method not in METHODS:
            return words.text(words.error_text("use GET or POST"), 405)
        blank_lines = self.readings.blank_lines
        notes: dict[str, str] = {}
        try:
            given = parameters(request)
            if "password" in given:
                notes["password_in"] = "query" if "password" in dict(request.query) else "body"
            site = self._site(given)
            if site in self.broken:
                return words.text(words.INSIDE["refused_list"], blank_lines=blank_lines, notes=notes)
            if self.readings.cache and site.name in self._cached:
                return self._cached[site.name]
            wanted = asked(given, max_limit=self.readings.max_limit, clip=self.readings.clips_limit)
            page = self._page(site, wanted)
        except RefusedError as error:
            message = words.error_text(str(error), error.kind)
            return words.text(message, blank_lines=blank_lines, notes={**notes, "refused": str(error)})
        notes |= {"site": site.name, "rows": str(len(page.rows))}
        if wanted.token is not None:
            notes["token"] = wanted.token
        body = self._writer.body(site, wanted, page.rows, page.token)
        self._cached[site.name] = words.text(body, blank_lines=blank_lines, notes=notes)
        return self._cached[site.name]

    def _site(self, given: dict[str, str]) -> Site:
        login, password = given.get("login", ""), given.get("password", "")
        if self.readings.ignores_credentials or login in {"", DEMO_LOGIN}:
            return self.data.demo
        name = given.get("site", SITE)
        if (login, password) == DEMO and name == SITE:
            return self.data.demo
        for site in self.data.sites:
            if (login, password) == self._account and name == site.name:
                return site
        raise RefusedError(words.LOGIN_IS_WRONG)

    def _page(self, site: Site, wanted: Asked) -> Page:
        found = self._matching(site, wanted)
        if wanted.uid is wanted.machine is wanted.visit is None:
            check_size(self.readings.too_large, len(found))
        start = self._start(site, wanted, found)
        rows = found[start : start + min(wanted.limit, self.readings.page_cap or wanted.limit)]
        more = start + len(rows) < len(found)
        if not self.readings.has_next_token or wanted.data_type != "jsondatatable":
            return Page(rows, None)
        if self.readings.endless == "full" or (self.readings.endless and not more):
            return Page(rows, f"{next(self._serial)}.1")
        named = None
        if rows and more:
            named = found[start + len(rows)] if self.readings.next_page == "inclusive" else rows[-1]
        elif rows and self.readings.last_page == "dead_end":
            named = self._beyond(site, rows[-1])
        if named is not None:
            self._tokens[site.name, named.id] = named.order(self._by)
            return Page(rows, named.id)
        return Page(rows, "" if self.readings.last_page == "empty_token" else None)

    @property
    def _by(self) -> str:
        """Return the time that the list is sorted by."""
        return "session_start" if self.readings.date_by == "session_start" else "last_event"

    def _start(self, site: Site, wanted: Asked, found: Sequence[Session]) -> int:
        """Return how many rows of the list precede the page."""
        if self.readings.endless == "full":
            return 0
        if self.readings.endless and wanted.token is not None and int(wanted.token[:13]) >= FIRST_MADE_UP:
            return len(found)
        if wanted.offset is not None:
            return wanted.offset if self.readings.honours_offset else 0
        if wanted.token is None or not self.readings.has_next_token:
            return 0
        named = site.known.get(wanted.token)
        if named is None:
            raise RefusedError(f"nextToken '{wanted.token}' is not valid")
        position = self._tokens.get((site.name, wanted.token), named.order(self._by))
        by = self._by
        if self.readings.next_page == "exclusive":
            return bisect.bisect_left(found, 1, key=lambda one: one.order(by) < position)
        return bisect.bisect_left(found, 1, key=lambda one: one.order(by) <= position)

    def _beyond(self, site: Site, last: Session) -> Session | None:
        """Return a session that no row of the list follows."""
        if self.readings.next_page == "exclusive":
            return last
        ordered = site.newest_first(self._by)
        return next(iter(ordered[ordered.index(last) + 1 :]), None)

    def _bounds(self, site: Site, wanted: Asked) -> list[Bounds]:
        date = wanted.date or dt.datetime.fromtimestamp(self.data.now() / SECOND, site.zone).date()
        upper = None
        if self.readings.date_means == "that_day" and date < dt.date.max:
            upper = day_start(date + dt.timedelta(days=1), site.zone)
        bounds = [Bounds(day_start(date, site.zone), upper)]
        if self.readings.honours_from_to and (wanted.since, wanted.until) != (None, None):
            unit = SECOND if self.readings.from_to_unit == "s" else 1
            until = wanted.until
            # An inclusive second has all its milliseconds.
            over = None if until is None else (until + self.readings.to_inclusive) * unit
            bounds.append(Bounds((wanted.since or 0) * unit, over))
        return bounds

    def _matching(self, site: Site, wanted: Asked) -> list[Session]:
        """Return all sessions that match the request, in the order of a list."""
        by, bounds = self.readings.date_by, self._bounds(site, wanted)
        order = self.readings.order
        key = (site.name, site.version, by, order, *bounds, wanted.uid, wanted.machine, wanted.visit)
        if key not in self._lists:
            if len(self._lists) > 200:
                self._lists.clear()
            tests = [bound.test(by) for bound in bounds]
            tests += [lambda one: one.person.user == wanted.uid] if wanted.uid is not None else []
            tests += [lambda one: machine_is(one, wanted.machine)] if wanted.machine is not None else []
            tests += [lambda one: one.id == wanted.visit] if wanted.visit is not None else []
            ordered = site.newest_first(self._by)[:: 1 if order == "newest_first" else -1]
            self._lists[key] = [one for one in ordered if all(test(one) for test in tests)]
        return self._lists[key]


def machine_is(one: Session, machine: str | None) -> bool:
    """Return whether a session was on a machine, which has two ids."""
    return machine in {one.person.machine, f"{one.person.address}:{one.person.first_seen}"}
