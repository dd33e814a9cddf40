"""UXCam for the sandbox: both of its session APIs over the same data.

`/public` is the API of https://dashboardapi.uxcam.com/public/session (announced for retirement), `/v2` that
of https://developer.uxcam.com. What their pages leave open is chosen in `session_api.py` and `data_access.py`.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Literal

from integration_tests.sandbox import Answer, Config, Keys, Request, Vendor

from . import data_access, session_api
from .data import Data
from .data_access_filters import Bounds
from .session_api import Readings, SessionApi

OLD_APP = "5d4a550f3596b9016670fc04+a/b"
OLD_KEY = "k/ey+1%41\"'&ü#=? 0a0c"
NEW_APP = "60f6c0b8;97ba/41+%20=?"
# A header's value may hold these; a space at its ends or a letter beyond ASCII would not survive all clients.
NEW_KEY = "k/ey+1%41\"'&\\#=?{9c63}"

Shuffle = Literal["none", "page", "list"]


class Uxcam(Vendor):
    """UXCam, with the data of one app.

    `sessions`, `days`, `seed`: so many mobile sessions (the page's two examples among them) over so many days
    until now; `web` more of them in the new API (default: a tenth). `examples`: the page's own records, "shifted"
    to the first day of the data, "verbatim" in 2019, or "none".

    Readings of what the pages leave open: `between_inclusive` (old API: is the second day of `between` in),
    `hours_ahead` (old API: of UTC, are the clocks whose days `sessiondate` means),
    `lower_inclusive` and `upper_inclusive` (new API: `between_dates`), `events_by_upload` (new API:
    `date_range` of events is about the upload of their session instead of the event's date), `time_form` ("iso"
    or "space").

    `refuses_headers`: whether the new API takes credentials in the URL only, and `refusal`, how it answers those
    in headers: 401, 403, or "success_false" in a 200.

    `requests_per_hour`: the new API's budget, None for none. `at_most`: requests in flight, beyond which there
    is a 429 (UXCam says five), None for any number. `shuffle`: "page" changes the order within each page, "list"
    that of the whole list with each request, so that pages overlap and miss rows. `now`: the clock.
    """

    name: ClassVar[str] = "uxcam"
    moods = (
        {"between_inclusive": False},
        {"hours_ahead": 14},
        {"hours_ahead": -12},
        {"lower_inclusive": False, "upper_inclusive": False},
        {"events_by_upload": True},
        {"time_form": "space"},
        {"refuses_headers": True},
        {"shuffle": "page"},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        web: int | None = None,
        examples: Literal["shifted", "verbatim", "none"] = "shifted",
        between_inclusive: bool = True,
        hours_ahead: float = 0,
        lower_inclusive: bool = True,
        upper_inclusive: bool = True,
        events_by_upload: bool = False,
        time_form: Literal["iso", "space"] = "iso",
        requests_per_hour: int | None = 500,
        refuses_headers: bool = False,
        refusal: data_access.Refusal = 401,
        at_most: int | None = None,
        shuffle: Shuffle = "none",
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self.max_in_flight = at_most
        self.shuffle: Shuffle = shuffle
        self._now = now
        self._ahead = 0.0
        self._order = random.Random(seed)  # noqa: S311
        self.data = Data(
            sessions=sessions,
            days=days,
            web=sessions // 10 if web is None else web,
            seed=seed,
            examples=examples,
            clock=self.clock,
        )
        self.old = SessionApi(self.data, OLD_APP, OLD_KEY, Readings(between_inclusive, hours_ahead))
        self.new = data_access.DataAccess(
            self.data,
            NEW_APP,
            NEW_KEY,
            bounds=Bounds(lower_inclusive, upper_inclusive),
            events_by_upload=events_by_upload,
            time_form=time_form,
            requests_per_hour=requests_per_hour,
            refuses_headers=refuses_headers,
            refusal=refusal,
        )
        for api in (self.old, self.new):
            api.arrange = lambda rows: self._shuffled(rows, "list")
            api.arrange_page = lambda rows: self._shuffled(rows, "page")

    def clock(self) -> float:
        """The sandbox's time."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass: for the budget of an hour, for the lock of a day."""
        self._ahead += seconds

    def answer(self, request: Request) -> Answer:
        """What UXCam says."""
        if request.path == "/public/session":
            return self.old.answer(request)
        if request.path.startswith("/v2/"):
            return self.new.answer(request)
        return self.error(404, request.path)

    def error(self, status: int, path: str = "") -> Answer:
        """An error in the words of the API that the path belongs to."""
        failure = data_access.failure if path.startswith("/v2/") else session_api.failure
        return failure(status, f"this is a {status} of the sandbox")

    def error_inside(self, path: str = "") -> Answer:
        """`success` that is not true, in a 200."""
        told = self.error(500, path)
        return Answer(200, told.body, told.headers)

    def configs(self, origin: str) -> dict[str, Config]:
        """One config for each API."""
        start = time.strftime("%Y-%m-%d", time.gmtime(self.data.start))
        old = {"app_id": OLD_APP, "api_key": OLD_KEY, "api": {"version": "session_api"}}
        new = {"app_id": NEW_APP, "api_key": NEW_KEY, "api": {"version": "data_access_v2"}}
        return {
            "session_api": {**old, "start_date": start, "base_url": f"{origin}/public"},
            "data_access_v2": {**new, "start_date": start, "base_url": f"{origin}/v2"},
        }

    def expected(self, config_name: str) -> Keys:
        """Keys by stream: `session_id` and 0-based indexes; `event_id`; `uxcam_user_id`."""
        with self.lock:
            return {"session_api": self._expected_old, "data_access_v2": self._expected_new}[config_name]()

    def grow(self, count: int) -> None:
        """Sessions of Android and iOS, uploaded now."""
        with self.lock:
            self.data.grow(count)

    def delete(self, count: int) -> None:
        """The newest sessions, in a browser or not."""
        with self.lock:
            self.data.delete(count)

    def _expected_old(self) -> Keys:
        keys: Keys = {"sessions": [], "screens": [], "gestures": [], "events": []}
        for session in self.old.sessions():
            keys["sessions"].append((session.id,))
            parts = zip(session.flow.gestures_by_screen, session.flow.events_by_screen, strict=True)
            for screen, (gestures, events) in enumerate(parts):
                keys["screens"].append((session.id, screen))
                keys["gestures"] += [(session.id, screen, gesture) for gesture in range(gestures)]
                keys["events"] += [(session.id, screen, event) for event in range(events)]
        return keys

    def _expected_new(self) -> Keys:
        # Sessions that were recorded without a network tell of events long before the start date.
        events = [event for event in self.data.events() if event.at >= self.data.start]
        return {
            "sessions": [(session.id,) for session in self.data.sessions],
            "events": [(event.id,) for event in events],
            "users": [(user.id,) for user in self.data.users],
        }

    def _shuffled(self, rows: Sequence[Any], what: str) -> Sequence[Any]:
        if self.shuffle != what:
            return rows
        return self._order.sample(rows, len(rows))
