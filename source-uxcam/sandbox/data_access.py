"""The new API: `GET /v2/session`, `/v2/event`, `/v2/user`, as https://developer.uxcam.com describes it.

The documentation gives lists no error body. Chosen here: the one it gives for the deletion API of the same
host, `{"success":false,"error":{"message","status"}}`. 401 is for the key and for what is missing, 403 for an
app that is not the key's. It says five requests at once and 500 in an hour, "This limit will only be reset every
24 hours": a request over the hour's budget is answered 429, and so is all that follows it for a day. No
Retry-After is documented, and none is sent. A page beyond the end is an empty list, without `pagination`.
"""

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Literal

from integration_tests.sandbox import Answer, Request, load_json

from .data import DAY, Data
from .data_access_filters import EVENT, SESSION, USER, Bounds, FilterError, Held, Row, Test, filter_test
from .data_access_records import Writer

HOUR = 3600
DEFAULT_DAYS = 30
DEFAULT_SIZE = 50
LARGEST_SIZE = 500
PARAMETERS = {"appid", "apikey", "page", "page_size", "filters"}
Refusal = Literal[401, 403, "success_false"]
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


class Budget:
    """So many requests in any hour; one too many, and the app is locked out for a day."""

    def __init__(self, per_hour: int | None, clock: Callable[[], float]) -> None:
        self.per_hour = per_hour
        self.clock = clock
        self.locked_until = 0.0
        self._spent: deque[float] = deque()

    def spend(self) -> bool:
        """Take one request; False when there is none."""
        if self.per_hour is None:
            return True
        now = self.clock()
        while self._spent and self._spent[0] <= now - HOUR:
            self._spent.popleft()
        if now < self.locked_until:
            return False
        if len(self._spent) >= self.per_hour:
            self.locked_until = now + DAY
            return False
        self._spent.append(now)
        return True


def failure(status: int, message: str) -> Answer:
    """An error; see the module's docstring."""
    return Answer.json({"success": False, "error": {"message": message, "status": status}}, status)


def whole(given: dict[str, str], name: str, default: int, largest: int | None) -> int:
    """A positive integer of the query."""
    text = given.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]*", text) or (largest is not None and int(text) > largest):
        raise FilterError(f"{name}={text} is not an integer from 1{f' to {largest}' if largest else ''}")
    return int(text)


class DataAccess:
    """The rules of the new API over the data."""

    def __init__(  # noqa: PLR0913
        self,
        data: Data,
        app_id: str,
        api_key: str,
        *,
        bounds: Bounds,
        events_by_upload: bool,
        time_form: str,
        requests_per_hour: int | None,
        refuses_headers: bool,
        refusal: Refusal,
    ) -> None:
        self.data = data
        self.app_id = app_id
        self.api_key = api_key
        self.refuses_headers = refuses_headers
        self.refusal = refusal
        self.bounds = bounds
        self.budget = Budget(requests_per_hour, data.clock)
        self.writer = Writer(app_id, time_form)
        self.arrange: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self.arrange_page: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        events = {**EVENT}
        if events_by_upload:
            events["date_range"] = ("date", lambda event: [event.session.uploaded])
        self._attributes: dict[str, dict[str, tuple[str, Held]]] = {
            "session": SESSION,
            "event": events,
            "user": USER,
        }
        self._rows: dict[tuple[int, str], Sequence[Row]] = {}
        self._matches: dict[tuple[int, str, str], list[Row]] = {}

    def answer(self, request: Request) -> Answer:
        """What the vendor says; the notes tell where the credentials were."""
        answer = self._answer(request)
        in_header = "X-Api-Key" in request.headers or "X-App-Id" in request.headers
        in_query = any(name in {"apikey", "appid"} for name, _ in request.query)
        place = {(True, False): "header", (False, True): "query", (True, True): "both"}.get((in_header, in_query))
        return Answer(answer.status, answer.body, answer.headers, {"credentials": place or "none"})

    def _answer(self, request: Request) -> Answer:
        endpoint = request.path.removeprefix("/v2/")
        if endpoint not in self._attributes:
            return failure(404, f"there is no {request.path}")
        if request.method != "GET":
            return failure(405, "use GET")
        given = dict(request.query)
        refusal = self._refusal(request, given)
        if refusal is not None:
            return refusal
        names = [name for name, _ in request.query]
        unknown = {name for name in names if name not in PARAMETERS or names.count(name) > 1}
        if unknown:
            return failure(400, f"unknown, or given twice: {', '.join(sorted(unknown))}")
        try:
            return self._page(endpoint, given)
        except FilterError as error:
            return failure(400, str(error))

    def _refusal(self, request: Request, given: dict[str, str]) -> Answer | None:
        """What keeps this client out, whatever it asks.

        The vendor's pages do not agree on whether it takes credentials in headers: by the newest one of the
        classic API it answers those with 401 and these words.
        """
        if self.refuses_headers and "X-Api-Key" in request.headers:
            if self.refusal == "success_false":
                return Answer.json({"success": False, "error": {"message": "Request authentication failed"}})
            return failure(self.refusal, "Request authentication failed")
        app_id = request.headers.get("X-App-Id", given.get("appid"))
        if app_id is None or request.headers.get("X-Api-Key", given.get("apikey")) != self.api_key:
            return failure(401, "Missing valid API Key or App ID")
        if app_id != self.app_id:
            return failure(403, "this API Key does not belong to this App ID")
        if not self.budget.spend():
            return failure(429, "Request limit exceeded")
        return None

    def _page(self, endpoint: str, given: dict[str, str]) -> Answer:
        page = whole(given, "page", 1, None)
        size = whole(given, "page_size", DEFAULT_SIZE, LARGEST_SIZE)
        found = self.arrange(self._matching(endpoint, given.get("filters", "[]")))
        rows = self.arrange_page(found[(page - 1) * size : page * size])
        data = b'{"success":true,"data":[' + b",".join([self.writer.write(row) for row in rows]) + b"]"
        if rows and ("page" in given or "page_size" in given):
            following = page + 1 if page * size < len(found) else None
            # `total` is the number of rows on this page in all of the vendor's samples.
            pagination = Answer.json({"current": page, "next": following, "total": len(rows)}).body
            data += b',"pagination":' + pagination
        return Answer.raw_json(data + b"}")

    def _matching(self, endpoint: str, filters: str) -> list[Row]:
        key = (self.data.version, endpoint, filters)
        if key in self._matches:
            return self._matches[key]
        tests, dated = self._tests(endpoint, filters)
        if not dated:
            now = int(self.data.clock())
            held = self._attributes[endpoint]["date_range"][1]
            tests.append(lambda row: any(now - DEFAULT_DAYS * DAY <= at <= now for at in held(row)))
        found = [row for row in self.rows(endpoint) if all(test(row) for test in tests)]
        if len(self._matches) > 200:
            self._matches.clear()
        if dated:  # "the last 30 days" are others in a moment
            self._matches[key] = found
        return found

    def _tests(self, endpoint: str, filters: str) -> tuple[list[Test], bool]:
        """What lets a row pass, and whether its date is among it."""
        try:
            given = load_json(filters)
        except ValueError as error:
            raise FilterError(f"filters is not JSON: {error}") from error
        if not isinstance(given, list):
            raise FilterError("filters is a list of objects")
        if re.search(r"\s", STRINGS.sub("", filters)):
            raise FilterError("Please do not use whitespace in request query parameters")
        found = [filter_test(each, self._attributes[endpoint], self.bounds) for each in given]
        return [test for _, test in found], "date_range" in {attribute for attribute, _ in found}

    def rows(self, endpoint: str) -> Sequence[Row]:
        """All rows of an endpoint in the order of the vendor's samples: newest first."""
        key = (self.data.version, endpoint)
        if key not in self._rows:
            if endpoint == "session":
                found: Sequence[Row] = self.data.sessions
            elif endpoint == "event":
                events = [(event.at, event.id, event) for event in self.data.events()]
                found = [event for *_, event in sorted(events, reverse=True)]
            else:
                users = [(user.active[-1], user.id, user) for user in self.data.users]
                found = [user for *_, user in sorted(users, reverse=True)]
            self._rows = {place: rows for place, rows in self._rows.items() if place[0] == key[0]}
            self._rows[key] = found
        return self._rows[key]
