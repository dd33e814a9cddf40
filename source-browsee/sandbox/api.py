"""Browsee for the sandbox: `POST /api/v1/export/sessions`, as https://docs.browsee.io describes it.

Chosen where the page is silent: an unknown API key is told like a wrong secret key, with a 401 (the page's 400
is for what is missing or malformed). A second request while one is open is answered 429; there is no
Retry-After. Other methods are 405, other places 404. Parameters belong into the body: a query is refused.
"""

import time
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

import orjson

from integration_tests.sandbox import Answer, Config, Keys, Request, Vendor

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

    `sessions`, `days`, `seed`: so many sessions over so many days until now. Of twenty or more, nine differ from
    the first one in a single value of its identity each. `twins`: as many sessions on top that agree with
    another one in all of it. `now`: the clock.

    Readings of what the page leaves open. `id_field`: the name of a session's id, None for none, as documented;
    `id_with_select`: whether it comes along with a selection (it cannot be selected: the page does not list it).
    `order`: of the list; "shuffled" is one that means nothing, and stays. `compares`: whether `start` and `end`
    are about a session's start or end; `start_inclusive`, `end_inclusive`: whether they belong to the interval;
    `whole_seconds`: whether a session's time loses its milliseconds before it is compared. `to_is`: the index
    after the last session given ("end"), that of the last one ("last"), or `from` plus `limit` even where there
    are fewer ("asked"). `totals`: "growing" counts no more than one beyond the page, so that the total grows
    from page to page. `select_at`: where a selection has an effect: in `options`, at the "top" level, at "both".
    `country`: as a "code" or a "name". `numeric_user_ids`: sites that identify by number.
    `failure_message`: what `message` is in failures that the page does not show, an "object" as in those it
    does, or a "string".

    `retention_days`: older sessions are gone, counted from the start of today; None keeps all. `max_in_flight`:
    open requests beyond which there is a 429, None for any number.
    """

    name: ClassVar[str] = "browsee"
    moods = (
        {"id_field": "sessionId"},
        {"select_at": "top"},
        {"order": "oldest_first"},
        {"order": "shuffled"},
        {"compares": "end"},
        {"start_inclusive": False, "end_inclusive": False},
        {"whole_seconds": True},
        {"to_is": "last"},
        {"to_is": "asked"},
        {"totals": "growing"},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        twins: int = 0,
        id_field: IdField | None = None,
        id_with_select: bool = False,
        order: Literal["newest_first", "oldest_first", "shuffled"] = "newest_first",
        compares: Literal["start", "end"] = "start",
        start_inclusive: bool = True,
        end_inclusive: bool = True,
        whole_seconds: bool = False,
        to_is: Literal["end", "last", "asked"] = "end",
        totals: Literal["true", "growing"] = "true",
        select_at: SelectAt = "options",
        country: Literal["code", "name"] = "code",
        numeric_user_ids: bool = False,
        failure_message: Literal["object", "string"] = "object",
        retention_days: int | None = None,
        max_in_flight: int | None = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.max_in_flight = max_in_flight
        self.order = order
        self.to_is = to_is
        self.totals = totals
        self.failure_message = failure_message
        self.select_at: SelectAt = select_at
        self.retention_days = retention_days
        self.bounds = Bounds(compares, start_inclusive, end_inclusive, whole_seconds)
        self.writer = Writer(id_field, id_with_select, country)
        self.data = Data(
            sessions=sessions, days=days, seed=seed, twins=twins, numeric_user_ids=numeric_user_ids, clock=now
        )
        self._matches: dict[tuple[object, ...], list[Session]] = {}

    identity = staticmethod(identity)

    def answer(self, request: Request) -> Answer:
        """What Browsee says."""
        if request.path != PLACE:
            return self.error(404, request.path)
        if request.method != "POST":
            return self._failure(405, "It only supports POST method")
        try:
            return self._export(request)
        except RefusedError as error:
            return self._failure(error.status, str(error))

    def error(self, status: int, path: str = "") -> Answer:
        """An error; 400 and 401 in the page's words."""
        return self._failure(status, WORDS.get(status, f"this is a {status} of the sandbox"))

    def error_inside(self, path: str = "") -> Answer:
        """The status "failure" in a 200."""
        told = self.error(500, path)
        return Answer(200, told.body, told.headers)

    def repeat_token(self, answer: Answer) -> Answer:
        """The page once more with a `to` that does not lead on."""
        told = orjson.loads(answer.body)
        if "exports" not in told:
            return answer
        exports = told["exports"]
        exports["to"] = max(0, exports["to"] - len(exports["data"]))
        return Answer.json(told, answer.status)

    def configs(self, origin: str) -> dict[str, Config]:
        """All sessions; with two segments beside; with some of the fields."""
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
        """Keys by stream: (session), (session, index of the URL), (segment, session).

        `session` is the id, or `identity` of the record where records have none; then twins are there twice.
        """
        config = self.configs("")[config_name]
        with self.lock:
            return self.keys(self.listed(), selected="fields" in config, segment_ids=config.get("segment_ids", ()))

    def keys(
        self, sessions: Iterable[Session], *, selected: bool = False, segment_ids: Iterable[str] = ()
    ) -> Keys:
        """The keys that a reader has to make of these sessions."""
        keyed = [(self.writer.key(session, selected=selected), session) for session in sessions]
        return {
            "sessions": [(key,) for key, _ in keyed],
            "session_pages": [(key, index) for key, session in keyed for index in range(len(session.urls))],
            "segment_sessions": [
                (segment, key) for segment in segment_ids for key, session in keyed if SEGMENTS[segment](session)
            ],
        }

    def listed(self) -> list[Session]:
        """The sessions that are kept, newest first."""
        oldest = self._oldest()
        return [session for session in self.data.sessions if session.started >= oldest]

    def grow(self, count: int, *, ago: float = 0) -> None:
        """Sessions that started now, or so many seconds ago and come late."""
        with self.lock:
            self.data.grow(count, ago)

    def delete(self, count: int) -> None:
        """The newest sessions."""
        with self.lock:
            self.data.delete(count)

    def touch(self, count: int) -> list[Session]:
        """Let the newest sessions go on, and their visitors be identified; gives these sessions.

        Duration, times, counts and URLs grow; userId, name, email and tags are set. Nothing of the identity
        changes.
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
        rows = found[query.offset : query.offset + query.limit]
        end = query.offset + len(rows)
        to = end
        if rows and self.to_is != "end":
            to = end - 1 if self.to_is == "last" else query.offset + query.limit
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
