"""Inspectlet's sandbox: https://apidocs.inspectlet.com/ for an account with several websites.

The page documents the errors 400, 401 and 429. The sandbox answers 400 to everything that the page does not allow
(including other paths and methods), and 401 for wrong credentials or a website of another account.
"""

import base64
import calendar
import dataclasses
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from sandbox_server import (
    Answer,
    BeyondEnd,
    BeyondEndError,
    Config,
    Keys,
    NumberedPages,
    Record,
    Request,
    TooLarge,
    Vendor,
    check_size,
    load_json,
)
from sandbox_server.traffic import Traffic

from .data import Data, Examples
from .details import DetailFailures
from .rate_limit import RateLimit
from .records import Absent, Session, Website, write
from .search import Compared, Reading, RefusedError, read_search, refuse

# In Basic authentication a user name cannot contain a colon, but a password can.
USERNAME = 'bob+büro%41/o\'neil "x" & co@exämple.com'
TOKEN = "t:k@9/n+1%41\"'& üΩ#=?\\{af9f}"  # noqa: S105
PREFIX = "/v1/websites"
SEARCH: Config = {
    "newold": {"new": True, "old": True},
    "devices": "desktop",
    "tags": {
        "tagslist": [{"tag": "plan", "value": "Pro & más + 100%"}, {"tag": "email"}, {"tag": "étape"}],
        "operator": "or",
    },
    "visitedpage": {"url": "/s%C3%BCche?q=a%20b&x=1+2", "operator": "notcontains"},
}

Order = Literal["newest_first", "shuffled", "reshuffled"]
Shape = Literal["list", "object"]
DetailShape = Literal["list", "object", "record"]


def failure(status: int, message: str) -> Answer:
    """Return an error as on the page (Errors)."""
    return Answer(status, write({"error": message}), {"Content-Type": "application/json"})


def response(written: bytes) -> Answer:
    """Return a successful answer: an object with `response`."""
    return Answer(200, b'{"response":' + written + b"}", {"Content-Type": "application/json"})


def number(given: dict[str, str], name: str, default: int, *, at_most: int) -> int:
    """Parse `limit` or `page`."""
    written = given.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,8}", written) or int(written) > at_most:
        refuse(f"{name}: {written!r} is not a number from 1 to {at_most}")
    return int(written)


class Inspectlet(Vendor):
    """Inspectlet, with one account of several websites.

    `sessions`, `days`, `seed`: the number of sessions (including the page's example) and of days until now, and
    the seed of the data; the sessions are spread over `websites`. `earlier`: how many more sessions begin just
    before the first day and end in it; they are held, not expected. `examples`: the page's own session, "shifted"
    to the first day of the data, "verbatim" in 2015, or "none". `traffic`: ordinary names
    and moments, for demos. `now`: the clock.

    What the page leaves open. `shape`: whether `response` is a "list", as on the page, or an "object" with
    `sessions`; `detail_shape`: the same for an individual session, or the "record" itself. `order`:
    "newest_first"; "shuffled", the same with each request; "reshuffled", another with each request, so that pages
    overlap and miss rows. `compared`: whether the "start" of a session must be in the date range, its "end", or
    any part of it ("overlap"). `lower_inclusive`, `upper_inclusive`: the bounds of `daterangecustom`.
    `newold_missing`: the value of a half of `newold` that is not sent. `absent`: whether a session without pages
    or tags has "empty" lists, "null", or "missing" properties. `missing_status`: the status for an individual
    session that does not exist (200 is an empty list). `page_cap`: the largest page, whatever limit is requested;
    None for 100. `beyond_end`: the answer to the page after the last one, and `beyond_status`, its status if it is
    "refused"; pages further beyond are always refused, and the note `beyond_end` in the log is how many pages a
    request is past the end.

    Failures. `refused_websites`: how many websites, the last ones, answer 401 (see also `refuse_website`).
    `detail_failures`: see `DetailFailures`; details that fail are held, not expected. `too_large`: the limit of
    sessions that one search may match. `rate_limit`: a number of requests and seconds, such as (100, 60), beyond
    which requests get a 429, with `Retry-After` if `retry_after`.
    """

    name: ClassVar[str] = "inspectlet"
    id_names = ("sid",)
    shown_in_errors = frozenset({"website_ids"})
    moods = (
        {"shape": "object", "detail_shape": "object"},
        {"detail_shape": "record"},
        {"order": "shuffled"},
        {"compared": "end"},
        {"compared": "overlap"},
        {"lower_inclusive": False, "upper_inclusive": False},
        {"absent": "null"},
        {"absent": "missing"},
        {"page_cap": 50},
        {"page_cap": 37},
        {"beyond_end": "repeats_last"},
        {"beyond_end": "refused"},
        {"beyond_end": "refused", "beyond_status": 404},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        websites: int = 3,
        earlier: int = 2,
        examples: Examples = "shifted",
        shape: Shape = "list",
        detail_shape: DetailShape = "list",
        order: Order = "newest_first",
        compared: Compared = "start",
        lower_inclusive: bool = True,
        upper_inclusive: bool = True,
        newold_missing: bool = False,
        absent: Absent = "empty",
        missing_status: int = 404,
        page_cap: int | None = None,
        beyond_end: BeyondEnd = "empty",
        beyond_status: int = 400,
        refused_websites: int = 0,
        detail_failures: Mapping[int | str, int] | None = None,
        too_large: TooLarge | None = None,
        rate_limit: Sequence[float] | None = None,
        retry_after: bool = True,
        traffic: Traffic | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._now = now
        self._ahead = 0.0
        self._dice = random.Random(seed)  # noqa: S311
        self.shape: Shape = shape
        self.detail_shape: DetailShape = detail_shape
        self.order: Order = order
        self.absent: Absent = absent
        self.missing_status = missing_status
        self.retry_after = retry_after
        self.page_cap = page_cap
        self.too_large: TooLarge | None = too_large
        self.reading = Reading(compared, lower_inclusive, upper_inclusive, newold_missing)
        self.limit = RateLimit(rate_limit, self.clock)
        self._pages = NumberedPages(beyond_end, beyond_status)
        self.data = Data(
            sessions=sessions,
            days=days,
            seed=seed,
            websites=websites,
            earlier=earlier,
            examples=examples,
            traffic=traffic,
            clock=self.clock,
        )
        oldest_first = [session for session in self.data.sessions()[::-1] if session.started >= self.data.start]
        self.detail_failures = DetailFailures(detail_failures or {}, oldest_first)
        # In UTF-8; the page names no encoding, and its btoa() accepts only Latin-1.
        self._credentials = base64.b64encode(f"{USERNAME}:{TOKEN}".encode()).decode()
        for site in self.data.websites[len(self.data.websites) - refused_websites :]:
            site.refused = True

    def clock(self) -> float:
        """The sandbox's clock, in seconds since 1970."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Advance the clock, for the rate limit and for sessions that continue."""
        self._ahead += seconds

    def answer(self, request: Request) -> Answer:
        """Return Inspectlet's answer."""
        if not self._authorized(request):
            return failure(401, "Unauthorized: your API token is invalid")
        seconds = self.limit.wait()
        if seconds:
            refusal = self.error(429)
            headers = {"Retry-After": str(seconds)} if self.retry_after else {}
            return Answer(429, refusal.body, {**refusal.headers, **headers})
        try:
            return self._route(request)
        except RefusedError as error:
            return failure(400, f"Bad Request: {error}")
        except BeyondEndError as error:
            refusal = failure(error.status, f"Bad Request: {error}")
            return dataclasses.replace(refusal, notes={"beyond_end": str(error.beyond)})

    def error(self, status: int, path: str = "") -> Answer:
        """Return an object with an `error`."""
        return failure(status, f"this is a {status} of the sandbox")

    def error_inside(self, path: str = "") -> Answer:
        """Return an `error` with status 200."""
        return failure(200, "this is an error of the sandbox")

    def records(self, content: Any) -> list[Record]:  # noqa: ANN401
        """Return the sessions in any of the shapes; websites are not included."""
        found = content.get("response", [])
        rows = found if isinstance(found, list) else found.get("sessions", [found])
        return [row for row in rows if "sid" in row]

    def configs(self, origin: str) -> dict[str, Config]:
        """Return configs for all websites, for one of them, and for some sessions of all."""
        default = {
            "username": USERNAME,
            "api_token": TOKEN,
            "start_date": time.strftime("%Y-%m-%d", time.gmtime(self.data.start)),
            "base_url": f"{origin}/v1",
        }
        one = self.data.websites[:2][-1].wid
        return {
            "default": default,
            "one_website": {**default, "website_ids": [one]},
            "search": {**default, "search": SEARCH},
        }

    def expected(self, config_name: str) -> Keys:
        """Return keys by stream: `wid`, `session_id` (`sid` as a string) and 0-based indexes.

        These are sessions that began since the start date. A config's `website_ids` limit the websites too; one
        that answers 401 is listed, and has nothing to read.
        """
        with self.lock:
            start = calendar.timegm(time.strptime(self.configs("")[config_name]["start_date"], "%Y-%m-%d"))
            keys = self._keys(config_name, start)
            readable = [key for key in keys["sessions"] if self.detail_failures.status(int(key[1])) is None]
            return keys | {"session_details": readable}

    def held(self, config_name: str) -> Keys:
        """Return the same keys at any date, whether or not details can be read."""
        with self.lock:
            return self._keys(config_name, 0)

    def _keys(self, config_name: str, start: int) -> Keys:
        config = self.configs("")[config_name]
        fits = read_search(config.get("search", {}), 0, self.reading).fits
        wids = config.get("website_ids", [site.wid for site in self.data.websites])
        sites = [site for site in self.data.websites if site.wid in wids]
        keys: Keys = {"websites": [(site.wid,) for site in sites], "sessions": []}
        keys |= {"session_pages": [], "session_tags": []}
        for site in sites:
            for session in site.sessions:
                if session.started >= start and not site.refused and fits(session):
                    key = (site.wid, str(session.sid))
                    keys["sessions"].append(key)
                    for stream, name in (("session_pages", "pages"), ("session_tags", "tags")):
                        keys[stream] += [(*key, index) for index in range(len(session.record[name]))]
        return keys | {"session_details": keys["sessions"][:]}

    def grow(self, count: int) -> None:
        """Add sessions that start now."""
        with self.lock:
            self.data.grow(count)

    def touch(self, count: int) -> None:
        """Continue the newest sessions: they get more pages and tags, and end now."""
        with self.lock:
            self.data.touch(count)

    def delete(self, count: int) -> None:
        """Delete the newest sessions."""
        with self.lock:
            self.data.delete(count)

    def add_website(self, sessions: int = 10) -> int:
        """Add a website to the account, with sessions since the first day, and return its `wid`."""
        with self.lock:
            return self.data.add_website(sessions).wid

    def refuse_website(self, wid: int, *, refused: bool = True) -> None:
        """Start or stop answering 401 for this website."""
        with self.lock:
            self._website(wid).refused = refused

    def _authorized(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "basic" and given == self._credentials

    def _route(self, request: Request) -> Answer:
        found = re.fullmatch(PREFIX + r"(?:/([0-9]{1,18})/sessions(?:/([0-9]{1,18}))?)?", request.path)
        if found is None:
            refuse(f"there is no {request.path}")
        wid, sid = found.groups()
        method = "POST" if wid and not sid else "GET"
        if request.method != method:
            refuse(f"{request.path} takes {method}")
        if request.query:
            refuse(f"{request.path} takes no query")
        if request.body and method == "GET":
            refuse(f"{request.path} takes no body")
        if wid is None:
            return response(write([site.write() for site in self.data.websites]))
        try:
            site = self._website(int(wid))
        except LookupError:
            site = None
        if site is None or site.refused:
            return failure(401, "Unauthorized: you don't have access to that resource")
        return self._session(site, int(sid)) if sid else self._sessions(site, request)

    def _website(self, wid: int) -> Website:
        site = self.data.website(wid)
        if site is None:
            raise LookupError(f"there is no website {wid}")
        return site

    def _session(self, site: Website, sid: int) -> Answer:
        status = self.detail_failures.status(sid)
        if status is not None:
            return self.error(status)
        session = self.data.sids.get(sid)
        if session is not None and session.wid == site.wid:
            return self._written([session], self.detail_shape, detail=True)
        if self.missing_status == 200:
            return self._written([], self.detail_shape, detail=True)
        return failure(self.missing_status, f"there is no session {sid}")

    def _sessions(self, site: Website, request: Request) -> Answer:
        given = self._form(request)
        limit = number(given, "limit", 10, at_most=100)
        page = number(given, "page", 1, at_most=10**9 - 1)
        search = given.get("search", "{}")
        found = self._found(site, search)
        check_size(self.too_large, len(found))
        size = min(limit, self.page_cap or limit)
        page, beyond = self._pages.serve(page, size=size, rows=len(found), of=(site.wid, search, size))
        answer = self._written(found[(page - 1) * size : page * size], self.shape, detail=False)
        return dataclasses.replace(answer, notes={"beyond_end": str(beyond)}) if beyond else answer

    def _form(self, request: Request) -> dict[str, str]:
        # All parameters are optional; without any there is no body to parse as a form.
        try:
            pairs = request.form() if request.body else []
        except ValueError as error:
            raise RefusedError(str(error)) from error
        names = [name for name, _ in pairs]
        for name in names:
            if name not in {"search", "limit", "page"}:
                refuse(f"there is no parameter {name}")
            if names.count(name) > 1:
                refuse(f"{name} is given twice")
        return dict(pairs)

    def _found(self, site: Website, written: str) -> Sequence[Session]:
        key = f"{self.order} {written}"
        found = site.found.get(key)
        if found is None:
            try:
                given: Any = load_json(written)
            except ValueError as error:
                raise RefusedError(f"search is not JSON: {error}") from error
            search = read_search(given, int(self.clock()), self.reading)
            found = search.of(site.sessions, self.reading.compared)
            if self.order == "shuffled":
                found.sort(key=lambda session: session.sid)  # which has nothing to do with its time
            if not search.moving:
                if len(site.found) > 200:
                    site.found.clear()
                site.found[key] = found
        return self._dice.sample(found, len(found)) if self.order == "reshuffled" else found

    def _written(self, sessions: Sequence[Session], shape: DetailShape, *, detail: bool) -> Answer:
        rows = b",".join([session.write(self.absent, detail=detail) for session in sessions])
        if shape == "record" and sessions:
            return response(rows)
        return response(b'{"sessions":[' + rows + b"]}" if shape == "object" else b"[" + rows + b"]")
