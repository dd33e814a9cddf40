"""DevRev's sandbox: `POST /observability.sessions.list`.

https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post. The same route with GET, which
has neither `type` nor filters, is not implemented and is answered as an unknown route.
"""

import math
import time
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import orjson
from sandbox_server import Answer, Config, Keys, Request, TooLarge, Vendor, load_json
from sandbox_server.traffic import Traffic

from . import filters
from .budget import Budget, RetryHint, too_many
from .data import APPS, KEY, WEB_KEY, Data
from .errors import RefusedError, failure, invalid_field
from .listing import Listing, Order, Query, Refusal, Rules
from .records import Session

# Characters that a header may contain; not all clients can send a space at either end or a non-ASCII letter.
BEARER = "eyJhbGciOiJSUzI1NiJ9.k/ey+1%41\"'&\\#=?{9c63}<~>|,;:@[!]"
ROUTE = "/observability.sessions.list"
# Filters of both types of session, and filters of one type.
FILTERS: dict[str, Any] = {
    "network_type": ["WiFi", "cellular", "4g", "wifi"],
    "session_duration": {"min_ms": 1, "max_ms": 3_000_000},
    "is_crash": False,
    "os_version": ["13", "17.2.1"],
    "screen_name": ["Home", "設定"],
    "has_console_errors": False,
    "device_type": ["desktop"],
    "page_url": ["https://shop.example.com/käse?q=a%20b&c=1", "https://shop.example.com/"],
}


class Devrev(Vendor):
    """DevRev, with the sessions of one app on Android and iOS and of another in browsers.

    `sessions`, `days`, `seed`: the number of sessions (including the page's example) and of days until now, and
    the seed of the data. `examples`: the page's own record, "shifted" to the first day of the data, "verbatim" in
    2023, or "none". `traffic`: ordinary names
    and moments, for demos. `now`: the clock.

    What the page leaves open. `order`: the default order of a list: "newest" or "oldest" first or "shuffled" (an
    arbitrary order that does not change). `takes_sort_by`: whether `sort_by` is allowed, and `sort_by_refusal`,
    the type of the error if it is not. `applies_sort_by`: whether it has an effect. `cursors`: whether a cursor is
    a "key", so that growth shifts nothing, or a "position", so that it does. `end_of_list`: whether the cursor of
    the last page is "absent", as https://developer.devrev.ai/about/pagination says, "empty" or "null";
    `cursor_after_full_page`: whether a full last page has one nevertheless. `default_limit`: without `limit`.
    `largest_limit`: a larger `limit` is refused with 400, and `limit_refusal` is the type of the error.
    `largest_page`: the largest page, whatever limit is requested; None for no such limit. `foreign_app`: a version
    key of another organization is "forbidden", or its list is "empty".

    Failures. `endless`: every page has a new cursor: pages after the end are "empty", or all pages are the "full"
    first one. `too_large`: the limit of sessions that one request may match; a 413 has the page's body.
    `refuses_token`: the type of the 401 for the right token, None to accept it. `max_bytes`: the longest body.
    `requests_per_window`: the budget per five minutes, None for no limit. `retry_hint`: where a 429 states when to
    retry: in the header Retry-After ("header"), in `retry_after` in the "body", in X-Ratelimit-Reset ("reset"), in
    "all" of them, or in "none". `retry_seconds`: the seconds in the 429 of a fault.
    """

    name: ClassVar[str] = "devrev"
    id_names = ("session_id",)
    endless = {"default": ({"endless": "empty"}, {"endless": "full"})}
    shown_in_errors = frozenset({"apps"})
    moods = (
        {"order": "oldest"},
        {"order": "shuffled"},
        {"takes_sort_by": False},
        {"takes_sort_by": False, "sort_by_refusal": "value_not_permitted"},
        {"applies_sort_by": False},
        {"cursors": "position"},
        {"end_of_list": "empty"},
        {"end_of_list": "null"},
        {"cursor_after_full_page": True},
        {"largest_page": 30},
        {"largest_limit": 50},
        {"largest_limit": 25, "limit_refusal": "invalid_field"},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        examples: Literal["shifted", "verbatim", "none"] = "shifted",
        order: Order = "newest",
        takes_sort_by: bool = True,
        sort_by_refusal: Refusal = "invalid_field",
        applies_sort_by: bool = True,
        cursors: Literal["key", "position"] = "key",
        end_of_list: Literal["absent", "empty", "null"] = "absent",
        cursor_after_full_page: bool = False,
        default_limit: int = 50,
        largest_limit: int = 100,
        limit_refusal: Refusal = "value_not_permitted",
        largest_page: int | None = None,
        foreign_app: Literal["forbidden", "empty"] = "forbidden",
        endless: Literal["empty", "full"] | None = None,
        too_large: TooLarge | None = None,
        refuses_token: Literal["token_expired", "token_revoked", "dev_org_deactivated"] | None = None,
        max_bytes: int = 500_000,
        requests_per_window: int | None = 1000,
        retry_hint: RetryHint = "all",
        retry_seconds: int = 1,
        traffic: Traffic | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._now = now
        self._ahead = 0.0
        self.foreign_app = foreign_app
        self.refuses_token: str | None = refuses_token
        self.max_bytes = max_bytes
        self.retry_hint: RetryHint = retry_hint
        self.retry_seconds = retry_seconds
        self.budget = Budget(requests_per_window, self.clock)
        self.data = Data(
            sessions=sessions, days=days, seed=seed, examples=examples, traffic=traffic, clock=self.clock
        )
        self.listing = Listing(
            self.data,
            Rules(
                order=order,
                takes_sort_by=takes_sort_by,
                sort_by_refusal=sort_by_refusal,
                applies_sort_by=applies_sort_by,
                cursors=cursors,
                end_of_list=end_of_list,
                cursor_after_full_page=cursor_after_full_page,
                default_limit=default_limit,
                largest_limit=largest_limit,
                limit_refusal=limit_refusal,
                largest_page=largest_page,
                endless=endless,
                too_large=too_large,
            ),
        )

    def clock(self) -> float:
        """The sandbox's clock, in seconds since 1970."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Advance the clock, for the window of the rate limit."""
        self._ahead += seconds

    def answer(self, request: Request) -> Answer:
        """Return DevRev's answer."""
        if request.path != ROUTE or request.method != "POST":
            return self.error(404)
        if request.headers.get("Authorization") != f"Bearer {BEARER}":
            return self.error(401)
        if self.refuses_token is not None:
            return failure(401, "this token is not valid any more", kind=self.refuses_token)
        if not self.budget.spend():
            return too_many(self.budget.left, self.retry_hint, self.budget.per_window)
        answer = self._list(request)
        return Answer(answer.status, answer.body, {**answer.headers, **self.budget.headers()}, answer.notes)

    def error(self, status: int, path: str = "") -> Answer:
        """Return an error in DevRev's form."""
        if status == 429:
            return too_many(self.retry_seconds, self.retry_hint, self.budget.per_window)
        members: dict[int, dict[str, object]] = {
            413: {"max_bytes": self.max_bytes},
            500: {"reference_id": "0f3a-sandbox"},
        }
        return failure(status, f"this is a {status} of the sandbox", members.get(status))

    def records(self, content: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Return the sessions."""
        rows: list[dict[str, Any]] = content.get("sessions", [])
        return rows

    def repeat_token(self, answer: Answer) -> Answer:
        """Return the answer with the cursor of its request; a first page is returned unchanged."""
        asked = answer.notes.get("cursor")
        if not asked:
            return answer
        body = orjson.dumps({**load_json(answer.body), "next_cursor": asked})
        return Answer(answer.status, body, answer.headers, answer.notes)

    def configs(self, origin: str) -> dict[str, Config]:
        """Return configs for all sessions, and for filtered sessions until the start of today."""
        start = time.strftime("%Y-%m-%d", time.gmtime(self.data.start // 1000))
        default = {
            "access_token": BEARER,
            "apps": [{"version_key": app.version_key, "platform": app.platform} for app in APPS],
            "start_date": start,
            "base_url": origin,
        }
        filtered = {**default, "filters": FILTERS}
        if self.data.start < self.data.today:
            # Some sessions began exactly then, and the end of a sync is exclusive.
            filtered["end_date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.data.today // 1000))
        return {"default": default, "filters": filtered}

    def expected(self, config_name: str) -> Keys:
        """Return keys by stream: `version_key`, platform, `session_id`, and the id of a recording or a tab."""
        end = self.data.today if "end_date" in self.configs("")[config_name] else math.inf
        return self._keys(config_name, self.data.start, end)

    def held(self, config_name: str) -> Keys:
        """Return the same keys at any date."""
        return self._keys(config_name, 0, math.inf)

    def grow(self, count: int) -> None:
        """Add sessions of all apps that begin now."""
        with self.lock:
            self.data.grow(count)

    def delete(self, count: int) -> None:
        """Delete the newest sessions of any app."""
        with self.lock:
            self.data.delete(count)

    def touch(self, count: int) -> None:
        """Continue the newest sessions: each lasts longer and has one more recording or tab."""
        with self.lock:
            self.data.touch(count)

    def _keys(self, config_name: str, start: float, end: float) -> Keys:
        keys: Keys = {"sessions": [], "session_recordings": []}
        with self.lock:
            for session in self._passing(self.configs("")[config_name].get("filters", {})):
                if start <= session.created < end:
                    key = (*session.app, session.id)
                    keys["sessions"].append(key)
                    keys["session_recordings"] += [(*key, part) for part in session.parts]
        return keys

    def _passing(self, given: dict[str, Any]) -> list[Session]:
        """Return the sessions that pass all filters of their type."""
        found: list[Session] = []
        for app in APPS:
            known = {name: value for name, value in given.items() if filters.find(name, app.type)}
            tests = self.listing.tests(app.type, known)
            found += [session for session in self.data.by_app[app] if all(test(session) for test in tests)]
        return found

    def _list(self, request: Request) -> Answer:
        if len(request.body) > self.max_bytes:
            return self.error(413)
        try:
            query = self._query(request)
            if query.app.version_key not in {KEY, WEB_KEY} and self.foreign_app == "forbidden":
                return failure(403, "this app does not belong to this organization")
            return self.listing.page(query)
        except RefusedError as error:
            return error.answer()

    def _query(self, request: Request) -> Query:
        content = request.headers.get("Content-Type", "")
        if content.partition(";")[0].strip().lower() != "application/json":
            raise RefusedError("invalid_content_type", "send application/json", value=content)
        for name, _ in request.query:
            raise invalid_field(name, "all fields belong into the body")
        return self.listing.read(request.body)
