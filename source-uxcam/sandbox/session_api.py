"""The old API: `GET /public/session`, as its page describes it.

https://dashboardapi.uxcam.com/public/session takes `apikey`, `appid`, `page` and one parameter per filter field.
The page does not describe errors. The sandbox answers 400 for a request that the page does not allow, 401 for a
wrong key, 403 for a wrong app, 429 and 5xx as usual, each with `{"success":"false","message":…}`; `success` is a
string, as in the page's example.
"""

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

from sandbox_server import Answer, BeyondEndError, NumberedPages, Request, check_size

from .data import Data
from .readings import SessionApiReadings
from .records import Session
from .session_api_filters import FIELDS, RefusedError, filter_test
from .session_api_records import Writer

PAGE_SIZE = 100
CREDENTIALS = ("apikey", "appid")


def failure(status: int, message: str) -> Answer:
    """Return an error; see the module's docstring."""
    return Answer.json({"success": "false", "message": message}, status)


class SessionApi:
    """The rules of the old API, applied to the data."""

    def __init__(self, data: Data, app_id: str, api_key: str, readings: SessionApiReadings) -> None:
        self.data = data
        self.app_id = app_id
        self.api_key = api_key
        self.readings = readings
        self.arrange: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self.arrange_page: Callable[[Sequence[Any]], Sequence[Any]] = lambda rows: rows
        self._size = min(PAGE_SIZE, readings.page_cap or PAGE_SIZE)
        self._pages = NumberedPages(readings.beyond_end, readings.beyond_status)
        self._writer = Writer(readings)
        self._matches: dict[tuple[int, object], list[Session]] = {}

    def sessions(self) -> list[Session]:
        """Return the sessions that this API lists: Android and iOS, the only platforms on the page."""
        return [session for session in self.data.sessions if session.device.platform != "web"]

    def since(self, start: int) -> list[Session]:
        """Return the sessions of this API since that moment, by the time that `sessiondate` filters by."""
        return [session for session in self.sessions() if session.moment(self.readings.date_by) >= start]

    def answer(self, request: Request) -> Answer:
        """Return the vendor's answer; its note `beyond_end` is how many pages the request is past the end."""
        if request.method != "GET":
            return failure(405, "use GET")
        names = [name for name, _ in request.query]
        given = dict(request.query)
        if given.get("apikey") != self.api_key or names.count("apikey") > 1:
            return failure(401, "apikey is missing or wrong")
        if given.get("appid") != self.app_id or names.count("appid") > 1:
            return failure(403, "appid is missing or does not belong to this key")
        try:
            return self._page(request.query)
        except RefusedError as error:
            return failure(400, str(error))
        except BeyondEndError as error:
            refusal = failure(error.status, str(error))
            return dataclasses.replace(refusal, notes={"beyond_end": str(error.beyond)})

    def _page(self, query: list[tuple[str, str]]) -> Answer:
        parameters = [(name, value) for name, value in query if name not in CREDENTIALS]
        names = [name for name, _ in parameters]
        for name in names:
            if name != "page" and name not in FIELDS:
                raise RefusedError(f"there is no parameter {name}")
            if names.count(name) > 1:
                raise RefusedError(f"{name} is given twice")
        page = dict(parameters).get("page", "1")
        if not re.fullmatch(r"[1-9][0-9]*", page):
            raise RefusedError(f"page={page} is not a page: pages are counted from 1")
        filters = tuple(sorted((name, value) for name, value in parameters if name != "page"))
        return self._rows(int(page), self._matching(filters), filters)

    def _rows(self, asked: int, found: Sequence[Session], filters: object) -> Answer:
        check_size(self.readings.too_large, len(found))
        page, beyond = self._pages.serve(asked, size=self._size, rows=len(found), of=filters)
        rows = self.arrange(found)[(page - 1) * self._size : page * self._size]
        written = b",".join([self._writer.write(session) for session in self.arrange_page(rows)])
        answer = Answer.raw_json(b'{"success":"true","data":[' + written + b"]}")
        return dataclasses.replace(answer, notes={"beyond_end": str(beyond)}) if beyond else answer

    def _matching(self, filters: tuple[tuple[str, str], ...]) -> list[Session]:
        key = (self.data.version, filters)
        if key not in self._matches:
            tests = [filter_test(name, value, self.readings) for name, value in filters]
            found = [session for session in self.sessions() if all(test(session) for test in tests)]
            if len(self._matches) > 200:
                self._matches.clear()
            self._matches[key] = found
        return self._matches[key]
