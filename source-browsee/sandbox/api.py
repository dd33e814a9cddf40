"""Browsee's sandbox: `POST /api/v1/export/sessions`, as https://docs.browsee.io describes it.

Choices where the page is silent: an unknown API key gets a 401, like a wrong secret key (the page's 400 is for
missing or malformed parameters). A second request while one is open gets a 429 without Retry-After. Other methods
get a 405, other paths a 404. Parameters belong in the body; a query is refused.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

from sandbox_server import Answer, Config, Keys, Record, Request, TooLarge, Vendor, check_size
from sandbox_server.traffic import Traffic

from .data import DAY, SECOND, Data
from .query import Bounds, Query, RefusedError, SelectAt, credentials, read
from .records import CAMPAIGN, MOBILE, SEGMENTS, IdField, Session, Writer, identity

API_KEY = "a/pi:1%41+@ \"'&ü{0a0c}"
SECRET_KEY = "s/ecret:@2%42+ \"'&\\#=?ключ-9c63"  # noqa: S105
PLACE = "/api/v1/export/sessions"
FIELDS = ["userId", "urls", "duration", "tags", "utm_source"]
WORDS = {
    400: "API Key missing.",
    401: "Secret Key invalid.",
    429: "Only one open request is allowed.",
}


class Browsee(Vendor):
    """Browsee, with the data of one project.

    `sessions`, `days`, `seed`: the number of sessions and of days until now, and the seed of the data. Of twenty
    or more, nine differ from the first one in a single value of its identity each. `twins`: how many more sessions
    have the same identity as another one. `earlier`: how many more begin just before the first day and end in it;
    they are held, not expected. `traffic`: ordinary names
    and moments, for demos. `now`: the clock.

    What the page leaves open. `id_field`: the name of a session's id; None for no id, as documented.
    `id_with_select`: whether the id is included if fields are selected (the page does not list it, so it cannot be
    selected). `order` of the list; "shuffled" is an arbitrary order that does not change. `compares`: whether
    `start` and `end` filter by a session's "start", its "end", or any part of it ("overlap"). `start_inclusive`,
    `end_inclusive`: whether they belong to the interval. `whole_seconds`: whether a session's time is truncated to
    seconds before it is compared. `page_cap`: the largest page, whatever size is requested; None for 100. `to_is`:
    the index after the last session of the page ("end"), the index of the last one ("last"), or `from` plus the
    size of a full page even if there are fewer ("asked"). `totals`: "growing" counts at most one session beyond
    the page, so that the total grows from page to page. `select_at`: where a selection has an effect: in
    `options`, at the "top" level, or at "both"; elsewhere it is ignored. `country`: a "code" or a "name".
    `numeric_user_ids`: whether sites identify users by number. `failure_message`: whether `message` in failures
    that the page does not show is an "object", as in those it shows, or a "string".

    `retention_days`: older sessions are deleted, counted from the start of today; None keeps all. `max_in_flight`:
    how many requests may be open before a 429, None for no limit. `too_large`: the limit of sessions that one
    request may match.
    """

    name: ClassVar[str] = "browsee"
    id_names = ("sessionId", "_id", "id")
    shown_in_errors = frozenset({"segment_ids"})
    moods = (
        {"id_field": "sessionId"},
        {"order": "oldest_first"},
        {"order": "shuffled"},
        {"compares": "end"},
        {"compares": "end", "earlier": 3},
        {"compares": "overlap", "earlier": 3},
        {"start_inclusive": False, "end_inclusive": False},
        {"whole_seconds": True},
        {"page_cap": 30},
        {"page_cap": 30, "to_is": "last"},
        {"page_cap": 30, "to_is": "asked"},
        {"to_is": "last"},
        {"to_is": "asked"},
        {"totals": "growing"},
        {"select_at": "top"},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        twins: int = 0,
        earlier: int = 0,
        id_field: IdField | None = None,
        id_with_select: bool = False,
        order: Literal["newest_first", "oldest_first", "shuffled"] = "newest_first",
        compares: Literal["start", "end", "overlap"] = "start",
        start_inclusive: bool = True,
        end_inclusive: bool = True,
        whole_seconds: bool = False,
        page_cap: int | None = None,
        to_is: Literal["end", "last", "asked"] = "end",
        totals: Literal["true", "growing"] = "true",
        select_at: SelectAt = "options",
        country: Literal["code", "name"] = "code",
        numeric_user_ids: bool = False,
        failure_message: Literal["object", "string"] = "object",
        retention_days: int | None = None,
        max_in_flight: int | None = 1,
        too_large: TooLarge | None = None,
        traffic: Traffic | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.max_in_flight = max_in_flight
        self.order = order
        self.page_cap = page_cap
        self.to_is = to_is
        self.totals = totals
        self.select_at: SelectAt = select_at
        self.failure_message = failure_message
        self.retention_days = retention_days
        self.too_large: TooLarge | None = too_large
        self.bounds = Bounds(compares, start_inclusive, end_inclusive, whole_seconds)
        self.writer = Writer(id_field, id_with_select, country)
        self.data = Data(
            sessions=sessions,
            days=days,
            seed=seed,
            twins=twins,
            earlier=earlier,
            numeric_user_ids=numeric_user_ids,
            traffic=traffic,
            clock=now,
        )
        self._matches: dict[tuple[object, ...], list[Session]] = {}

    identity = staticmethod(identity)

    def answer(self, request: Request) -> Answer:
        """Return Browsee's answer."""
        if request.path != PLACE:
            return self.error(404, request.path)
        if request.method != "POST":
            return self._failure(405, "It only supports POST method")
        try:
            return self._export(request)
        except RefusedError as error:
            return self._failure(error.status, str(error))

    def error(self, status: int, path: str = "") -> Answer:
        """Return an error; 400 and 401 have the page's text."""
        return self._failure(status, WORDS.get(status, f"this is a {status} of the sandbox"))

    def error_inside(self, path: str = "") -> Answer:
        """Return a 200 with the status "failure"."""
        failure = self.error(500, path)
        return Answer(200, failure.body, failure.headers)

    def records(self, content: Any) -> list[Record]:  # noqa: ANN401
        """Return the sessions."""
        rows: list[Record] = content.get("exports", {}).get("data", [])
        return rows

    def configs(self, origin: str) -> dict[str, Config]:
        """Return configs for all sessions, all sessions and two segments, and some of the fields."""
        default = {
            "api_key": API_KEY,
            "secret_key": SECRET_KEY,
            "start_date": time.strftime("%Y-%m-%d", time.gmtime(self.data.first_day // SECOND)),
            "base_url": f"{origin}/api/v1",
        }
        return {
            "default": default,
            "segments": {**default, "segment_ids": [MOBILE, CAMPAIGN]},
            "fields": {**default, "fields": FIELDS},
        }

    def expected(self, config_name: str) -> Keys:
        """Return keys by stream: (session), (session, index of the URL), (segment, session).

        These are sessions that began on the first day or later. `session` is the id, or the record's `identity` if
        records have no id; then twins occur twice.
        """
        with self.lock:
            return self._keys(config_name, [one for one in self.listed() if one.started >= self.data.first_day])

    def held(self, config_name: str) -> Keys:
        """Return the same keys at any date."""
        with self.lock:
            return self._keys(config_name, self.listed())

    def _keys(self, config_name: str, sessions: Iterable[Session]) -> Keys:
        config = self.configs("")[config_name]
        return self.keys(sessions, selected="fields" in config, segment_ids=config.get("segment_ids", ()))

    def keys(
        self, sessions: Iterable[Session], *, selected: bool = False, segment_ids: Iterable[str] = ()
    ) -> Keys:
        """Return the keys of these sessions."""
        keyed = [(self.writer.key(session, selected=selected), session) for session in sessions]
        return {
            "sessions": [(key,) for key, _ in keyed],
            "session_pages": [(key, index) for key, session in keyed for index in range(len(session.urls))],
            "segment_sessions": [
                (segment, key) for segment in segment_ids for key, session in keyed if SEGMENTS[segment](session)
            ],
        }

    def listed(self) -> list[Session]:
        """Return the sessions that are not deleted yet, newest first."""
        oldest = self._oldest()
        return [session for session in self.data.sessions if session.started >= oldest]

    def grow(self, count: int, *, ago: float = 0) -> None:
        """Add sessions that started now, or that started some seconds ago and appear late."""
        with self.lock:
            self.data.grow(count, ago)

    def delete(self, count: int) -> None:
        """Delete the newest sessions."""
        with self.lock:
            self.data.delete(count)

    def touch(self, count: int) -> list[Session]:
        """Continue the newest sessions, identify their visitors, and return these sessions.

        Duration, times, counts and URLs grow; userId, name, email and tags are set. The identity does not change.
        """
        with self.lock:
            return self.data.touch(count)

    def _failure(self, status: int, words: str) -> Answer:
        documented = status in {400, 401}
        message = {"error": words} if documented or self.failure_message == "object" else words
        return Answer.json({"status": "unauthorized" if status == 401 else "failure", "message": message}, status)

    def _oldest(self) -> int:
        if self.retention_days is None:
            return 0
        return (self.data.now() // DAY - self.retention_days) * DAY

    def _export(self, request: Request) -> Answer:
        if request.query:
            raise RefusedError("Parameters belong into the body.")
        try:
            given = request.json()
        except ValueError as error:
            raise RefusedError(f"The body has to be JSON: {error}") from error
        api_key, secret_key = credentials(given)
        if api_key != API_KEY:
            raise RefusedError("API Key invalid.", 401)
        if secret_key != SECRET_KEY:
            raise RefusedError(WORDS[401], 401)
        return self._page(read(given, SEGMENTS, self.select_at))

    def _page(self, query: Query) -> Answer:
        found = self._matching(query)
        check_size(self.too_large, len(found))
        size = min(query.limit, self.page_cap or query.limit)
        rows = found[query.offset : query.offset + size]
        end = query.offset + len(rows)
        to = end
        if rows and self.to_is != "end":
            to = end - 1 if self.to_is == "last" else query.offset + size
        total = len(found) if self.totals == "true" else min(len(found), end + 1)
        written = b",".join([self.writer.write(session, query.select) for session in rows])
        return Answer.raw_json(
            b'{"status":"success","exports":{"total":%d,"to":%d,"data":[%b]}}' % (total, to, written)
        )

    def _matching(self, query: Query) -> list[Session]:
        start, end = query.interval(self.data.now())
        oldest = self._oldest()
        key = (self.data.version, oldest, start, end, query.segment)
        if key not in self._matches:
            if len(self._matches) > 200:
                self._matches.clear()
            segment = (lambda _: True) if query.segment is None else SEGMENTS[query.segment]
            self._matches[key] = [
                session
                for session in self._ordered()
                if session.started >= oldest and self.bounds.hold(session, start, end) and segment(session)
            ]
        return self._matches[key]

    def _ordered(self) -> list[Session]:
        if self.order == "newest_first":
            return self.data.sessions
        if self.order == "oldest_first":
            return self.data.sessions[::-1]
        return sorted(self.data.sessions, key=lambda session: session.rank)
