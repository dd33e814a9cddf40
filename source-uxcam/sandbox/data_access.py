"""The new API: `GET /v2/session`, `/v2/event`, `/v2/user`, as https://developer.uxcam.com describes it.

The documentation shows no error body for lists. The sandbox uses the one of the deletion API of the same host:
`{"success":false,"error":{"message","status"}}`. 401 means a wrong or missing credential, 403 an app that does not
belong to the key. The limits are five requests at once and 500 per hour, and "This limit will only be reset every
24 hours": a request over the hourly budget gets a 429, and so does every request in the following day. Retry-After
is not documented and not sent. A page beyond the end is an empty list without `pagination`.
"""

import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sandbox_server import Answer, Request, check_size, load_json

from .data import DAY, Data
from .data_access_filters import EVENT, SESSION, USER, FilterError, Held, Row, Test, filter_test
from .data_access_records import Writer
from .readings import DataAccessReadings

HOUR = 3600
DEFAULT_DAYS = 30
DEFAULT_SIZE = 50
LARGEST_SIZE = 500
PARAMETERS = {"appid", "apikey", "page", "page_size", "filters"}
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


class Budget:
    """Limits of requests per hour and per second. Exceeding the hourly limit locks the app out for a day."""

    def __init__(self, per_hour: int | None, per_second: int | None, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.locked_until = 0.0
        self._hour = Window(HOUR, per_hour)
        self._second = Window(1, per_second)

    def spend(self) -> bool:
        """Take one request; return False if none is left."""
        now = self.clock()
        if now < self.locked_until:
            return False
        if not self._hour.has_room(now):
            self.locked_until = now + DAY
            return False
        if not self._second.has_room(now):
            return False
        self._hour.spent.append(now)
        self._second.spent.append(now)
        return True


class Window:
    """A sliding window of seconds with a limit of requests (None for no limit)."""

    def __init__(self, seconds: float, allowed: int | None) -> None:
        self.seconds = seconds
        self.allowed = allowed
        self.spent: deque[float] = deque()

    def has_room(self, now: float) -> bool:
        """Return whether one more request is allowed."""
        while self.spent and self.spent[0] <= now - self.seconds:
            self.spent.popleft()
        return self.allowed is None or len(self.spent) < self.allowed


def failure(status: int, message: str) -> Answer:
    """Return an error; see the module's docstring."""
    return Answer.json({"success": False, "error": {"message": message, "status": status}}, status)


def whole(given: dict[str, str], name: str, default: int, largest: int | None) -> int:
    """Parse a positive integer of the query."""
    text = given.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[1-9][0-9]*", text) or (largest is not None and int(text) > largest):
        raise FilterError(f"{name}={text} is not an integer from 1{f' to {largest}' if largest else ''}")
    return int(text)


class DataAccess:
    """The rules of the new API, applied to the data."""

    def __init__(self, data: Data, app_id: str, api_key: str, readings: DataAccessReadings) -> None:
        self.data = data
        self.app_id = app_id
        self.api_key = api_key
        self.readings = readings
        self.budget = Budget(readings.requests_per_hour, readings.requests_per_second, data.clock)
        self.writer = Writer(app_id, readings.time_form, readings.time_zone_hours)
        self.arrange: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self.arrange_page: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        events = {**EVENT}
        if not readings.events_by_upload:
            events["date_range"] = ("date", lambda event: [event.at])
        self._attributes: dict[str, dict[str, tuple[str, Held]]] = {
            "session": SESSION,
            "event": events,
            "user": USER,
        }
        self._rows: dict[tuple[int, str], Sequence[Row]] = {}
        self._matches: dict[tuple[int, str, str], list[Row]] = {}

    def since(self, endpoint: str, start: int) -> list[Row]:
        """Return the rows of an endpoint since that moment, by the time that `date_range` filters by."""
        held = self._attributes[endpoint]["date_range"][1]
        return [row for row in self.rows(endpoint) if any(at >= start for at in held(row))]

    def answer(self, request: Request) -> Answer:
        """Return the vendor's answer; its note `credentials` names where they were sent."""
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
        """Return the refusal of a client without access, None if it has access.

        The vendor's pages disagree about credentials in headers. Its newest page about the classic API says 401
        and shows these words.
        """
        if self.readings.refuses_headers and "X-Api-Key" in request.headers:
            words = "Request authentication failed"
            if self.readings.refusal == "success_false":
                return Answer(200, failure(401, words).body, failure(401, words).headers)
            return failure(self.readings.refusal, words)
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
        size = min(size, self.readings.page_cap or size)
        found = self._matching(endpoint, given.get("filters", "[]"))
        check_size(self.readings.too_large, len(found))
        start = 0 if self.readings.endless == "full" else (page - 1) * size
        rows = self.arrange_page(self.arrange(found)[start : start + size])
        data = b'{"success":true,"data":[' + b",".join([self.writer.write(row) for row in rows]) + b"]"
        if (rows or self.readings.endless) and ("page" in given or "page_size" in given):
            following = page + 1 if self.readings.endless or page * size < len(found) else None
            # In all of the vendor's samples, `total` is the number of rows on this page.
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
        if dated:  # the result of "the last 30 days" changes with time
            self._matches[key] = found
        return found

    def _tests(self, endpoint: str, filters: str) -> tuple[list[Test], bool]:
        """Return the filters of a request, and whether one of them concerns the date."""
        try:
            given = load_json(filters)
        except ValueError as error:
            raise FilterError(f"filters is not JSON: {error}") from error
        if not isinstance(given, list):
            raise FilterError("filters is a list of objects")
        if re.search(r"\s", STRINGS.sub("", filters)):
            raise FilterError("Please do not use whitespace in request query parameters")
        found = [filter_test(each, self._attributes[endpoint], self.readings.bounds) for each in given]
        return [test for _, test in found], "date_range" in {attribute for attribute, _ in found}

    def rows(self, endpoint: str) -> Sequence[Row]:
        """Return all rows of an endpoint in the order of the vendor's samples, newest first."""
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
