"""Inspectlet for the sandbox: https://apidocs.inspectlet.com/ over an account's websites.

The page knows the errors 400, 401 and 429. Chosen here: 400 for all that the page does not allow (other paths and
methods too), 401 for the credentials and for a website that the account does not have.
"""

import base64
import calendar
import math
import random
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from integration_tests.sandbox import Answer, Config, Keys, Request, Vendor, load_json

from .data import Data, Examples
from .records import Absent, Session, Website, write
from .search import Compared, Reading, RefusedError, read_search, refuse

# A user name cannot hold a colon in Basic authentication, a password can.
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


class RateLimit:
    """So many requests in so many seconds."""

    def __init__(self, limit: Sequence[float] | None, clock: Callable[[], float]) -> None:
        self.at_most: float
        self.span: float
        self.at_most, self.span = limit or (math.inf, 0)
        self.clock = clock
        self.taken: list[float] = []

    def wait(self) -> int:
        """Seconds to wait; 0 where the request may pass, which it then does."""
        now = self.clock()
        self.taken = [moment for moment in self.taken if now - moment < self.span]
        if len(self.taken) >= self.at_most:
            return max(1, math.ceil(self.taken[0] + self.span - now))
        if self.span:
            self.taken.append(now)
        return 0


def failure(status: int, message: str) -> Answer:
    """An error, as the page has it (Errors)."""
    return Answer(status, write({"error": message}), {"Content-Type": "application/json"})


def response(written: bytes) -> Answer:
    """A success: an object with `response`."""
    return Answer(200, b'{"response":' + written + b"}", {"Content-Type": "application/json"})


def number(given: dict[str, str], name: str, default: int, *, at_most: int) -> int:
    """`limit` or `page`."""
    written = given.get(name, str(default))
    if not re.fullmatch("[1-9][0-9]{0,8}", written) or int(written) > at_most:
        refuse(f"{name}: {written!r} is no number from 1 to {at_most}")
    return int(written)


class Inspectlet(Vendor):
    """Inspectlet, with one account of several websites.

    `sessions`, `days`, `seed`: so many sessions (the page's example among them) over so many days until now,
    spread over `websites`; `earlier` more begin just before the first day and end in it, so that no config asks
    for them.
    `examples`: the page's own session, "shifted" to the first day of the data, "verbatim" in 2015, or "none".
    `refused_websites`: so many, the last ones, answer 401 (see also `refuse_website`).

    Readings of what the page leaves open: `shape` (`response` is a "list", as on the page, or an "object" with
    `sessions`), `detail_shape` (the same for an individual session, or the "record" itself), `order`, `compared`
    (whether the "start" or the "end" of a session has to lie in the date range), `lower_inclusive` and
    `upper_inclusive` (the bounds of `daterangecustom`), `absent` (no pages or tags: "empty" lists, "null" or
    "missing"), `missing_status` (an individual session that is not there; 200 gives an empty list).

    `order`: "newest_first"; "shuffled", the same with each request; "reshuffled", another with each request, so
    that pages overlap and miss rows. `rate_limit`: requests and seconds, as (100, 60), beyond which there is a
    429, with `retry_after` or without. `now`: the clock.
    """

    name: ClassVar[str] = "inspectlet"
    moods = (
        {"shape": "object", "detail_shape": "object"},
        {"detail_shape": "record"},
        {"order": "shuffled"},
        {"compared": "end"},
        {"lower_inclusive": False, "upper_inclusive": False},
        {"absent": "null"},
        {"absent": "missing"},
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
        refused_websites: int = 0,
        shape: Shape = "list",
        detail_shape: DetailShape = "list",
        order: Order = "newest_first",
        compared: Compared = "start",
        lower_inclusive: bool = True,
        upper_inclusive: bool = True,
        absent: Absent = "empty",
        missing_status: int = 400,
        rate_limit: Sequence[float] | None = None,
        retry_after: bool = True,
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
        self.reading = Reading(compared, lower_inclusive, upper_inclusive)
        self.limit = RateLimit(rate_limit, self.clock)
        self.data = Data(
            sessions=sessions,
            days=days,
            seed=seed,
            websites=websites,
            earlier=earlier,
            examples=examples,
            clock=self.clock,
        )
        # In UTF-8: the page does not say, and its btoa() takes no letter beyond Latin-1.
        self._credentials = base64.b64encode(f"{USERNAME}:{TOKEN}".encode()).decode()
        for site in self.data.websites[len(self.data.websites) - refused_websites :]:
            site.refused = True

    def clock(self) -> float:
        """The sandbox's time."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass: for the rate limit, for sessions that go on."""
        self._ahead += seconds

    def answer(self, request: Request) -> Answer:
        """What Inspectlet says."""
        if not self._authorized(request):
            return failure(401, "Unauthorized: your API token is invalid")
        seconds = self.limit.wait()
        if seconds:
            told = self.error(429)
            headers = {"Retry-After": str(seconds)} if self.retry_after else {}
            return Answer(429, told.body, {**told.headers, **headers})
        try:
            return self._route(request)
        except RefusedError as error:
            return failure(400, f"Bad Request: {error}")

    def error(self, status: int, path: str = "") -> Answer:
        """An `error` in a text."""
        return failure(status, f"this is a {status} of the sandbox")

    def error_inside(self, path: str = "") -> Answer:
        """An `error` in a 200."""
        return failure(200, "this is an error of the sandbox")

    def configs(self, origin: str) -> dict[str, Config]:
        """All websites, one of them, and some sessions of all."""
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
        """Keys by stream: `wid`, `session_id` (the text of `sid`) and 0-based indexes.

        A config's `website_ids` limit the websites too; one that answers 401 is listed, and has nothing to read.
        """
        with self.lock:
            config = self.configs("")[config_name]
            start = calendar.timegm(time.strptime(config["start_date"], "%Y-%m-%d"))
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
        """Sessions that start now."""
        with self.lock:
            self.data.grow(count)

    def touch(self, count: int) -> None:
        """The newest sessions are live: they get more pages and tags, and end now."""
        with self.lock:
            self.data.touch(count)

    def delete(self, count: int) -> None:
        """The newest sessions."""
        with self.lock:
            self.data.delete(count)

    def add_website(self, sessions: int = 10) -> int:
        """A website that the account gets access to, with sessions since the first day; its `wid`."""
        with self.lock:
            return self.data.add_website(sessions).wid

    def refuse_website(self, wid: int, *, refused: bool = True) -> None:
        """Answer 401 for this website, or no longer."""
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
        found = self._found(site, given.get("search", "{}"))
        return self._written(found[(page - 1) * limit : page * limit], self.shape, detail=False)

    def _form(self, request: Request) -> dict[str, str]:
        # All parameters are optional, and without any there is no body that could be a form.
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
