"""UXCam's sandbox: both of its session APIs over the same data.

`/public` is the API of https://dashboardapi.uxcam.com/public/session (announced for retirement), `/v2` the one of
https://developer.uxcam.com. Options in `readings.py` cover what their pages leave open; `session_api.py` and
`data_access.py` document the remaining choices.
"""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Literal

from sandbox_server import Answer, Config, Keys, Record, Request, Vendor
from sandbox_server.traffic import Traffic

from . import data_access, readings, session_api
from .data import Data
from .records import Session

OLD_APP = "5d4a550f3596b9016670fc04+a/b"
OLD_KEY = "k/ey+1%41\"'&ü#=? 0a0c"
NEW_APP = "60f6c0b8;97ba/41+%20=?"
# Characters that a header may contain; not all clients can send a space at either end or a non-ASCII letter.
NEW_KEY = "k/ey+1%41\"'&\\#=?{9c63}"

ENDPOINTS = {"sessions": "session", "events": "event", "users": "user"}

Shuffle = Literal["none", "page", "list"]


class Uxcam(Vendor):
    """UXCam, with the data of one app.

    `sessions`, `days`, `seed`: the number of mobile sessions (including the page's two examples) and of days until
    now, and the seed of the data. `web`: the number of sessions in browsers, which only the new API lists
    (default: a tenth). `examples`: the page's own records, "shifted" to the first day of the data, "verbatim" in
    2019, or "none". `late_every`: every n-th session is uploaded `late_days` days after it occurred; 0 for none.
    `traffic`: ordinary names
    and moments, for demos. `now`: the clock.

    `at_most`: how many requests may be open; further ones get a 429 (UXCam's limit is five). None for no limit.
    `shuffle`: "page" changes the order within each page; "list" changes the order of the whole list with each
    request, so that pages overlap and miss rows.

    All other options are those of `SessionApiReadings` (old API) and `DataAccessReadings` (new API). Options that
    both have, such as `page_cap`, are set in both.
    """

    name: ClassVar[str] = "uxcam"
    id_names = ("id", "sessionId", "eventId", "uxcamUserId")
    repeated = frozenset({"users"})
    credentials_in_url = frozenset({"session_api"})
    endless = {"data_access_v2": ({"endless": "empty"}, {"endless": "full"})}
    moods = (
        {"between_inclusive": False},
        {"hours_ahead": 14},
        {"hours_ahead": -12},
        {"hours_ahead": 9, "writes_local": True},
        {"date_by": "occurrence", "late_every": 5, "late_days": 2},
        {"late_every": 4},
        {"late_every": 4, "late_days": 2, "events_by_upload": False},
        {"page_cap": 20},
        {"page_cap": 100},
        {"beyond_end": "repeats_last"},
        {"beyond_end": "refused"},
        {"beyond_end": "refused", "beyond_status": 404},
        {"lower_inclusive": False, "upper_inclusive": False},
        {"events_by_upload": False},
        {"time_form": "space"},
        {"time_form": "space", "time_zone_hours": 9},
        {"time_form": "space", "time_zone_hours": -8},
        {"refuses_headers": True},
        {"refuses_headers": True, "refusal": 403},
        {"refuses_headers": True, "refusal": "success_false"},
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
        late_every: int = 0,
        late_days: int = 9,
        at_most: int | None = None,
        shuffle: Shuffle = "none",
        traffic: Traffic | None = None,
        now: Callable[[], float] = time.time,
        **options: Any,  # noqa: ANN401
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
            late_every=late_every,
            late_days=late_days,
            traffic=traffic,
            clock=self.clock,
        )
        old, new = readings.read(options)
        self.old = session_api.SessionApi(self.data, OLD_APP, OLD_KEY, old)
        self.new = data_access.DataAccess(self.data, NEW_APP, NEW_KEY, new)
        for api in (self.old, self.new):
            api.arrange = lambda rows: self._shuffled(rows, "list")
            api.arrange_page = lambda rows: self._shuffled(rows, "page")

    def clock(self) -> float:
        """The sandbox's clock, in seconds since 1970."""
        return self._now() + self._ahead

    def advance(self, seconds: float) -> None:
        """Advance the clock, for the hourly budget and the lockout of a day."""
        self._ahead += seconds

    def answer(self, request: Request) -> Answer:
        """Return UXCam's answer."""
        if request.path == "/public/session":
            return self.old.answer(request)
        if request.path.startswith("/v2/"):
            return self.new.answer(request)
        return self.error(404, request.path)

    def error(self, status: int, path: str = "") -> Answer:
        """Return an error in the form of the API that the path belongs to."""
        failure = data_access.failure if path.startswith("/v2/") else session_api.failure
        return failure(status, f"this is a {status} of the sandbox")

    def edge(self, config_name: str) -> timedelta:
        """Return two days for the old API, because its page does not name the time zone of its days."""
        return timedelta(days=2) if config_name == "session_api" else super().edge(config_name)

    def error_inside(self, path: str = "") -> Answer:
        """Return a 200 in which `success` is not true."""
        failure = self.error(500, path)
        return Answer(200, failure.body, failure.headers)

    def records(self, content: Any) -> list[Record]:  # noqa: ANN401
        """Return the rows."""
        rows: list[Record] = content.get("data", [])
        return rows

    def configs(self, origin: str) -> dict[str, Config]:
        """Return one config for each API."""
        start = time.strftime("%Y-%m-%d", time.gmtime(self.data.start))
        old = {"app_id": OLD_APP, "api_key": OLD_KEY, "api": {"version": "session_api"}}
        new = {"app_id": NEW_APP, "api_key": NEW_KEY, "api": {"version": "data_access_v2"}}
        return {
            "session_api": {**old, "start_date": start, "base_url": f"{origin}/public"},
            "data_access_v2": {**new, "start_date": start, "base_url": f"{origin}/v2"},
        }

    def expected(self, config_name: str) -> Keys:
        """Return keys by stream: `session_id` and 0-based indexes; `event_id`; `uxcam_user_id`.

        They count from the start date by the time that the vendor filters by. So sessions of the old API that
        occurred earlier are not expected if `date_by` is "occurrence", nor are such events if `events_by_upload`
        is false.
        """
        return self._keys(config_name, self.data.start)

    def held(self, config_name: str) -> Keys:
        """Return the same keys at any date."""
        return self._keys(config_name, 0)

    def grow(self, count: int, *, late: bool = False) -> None:
        """Add sessions on Android and iOS that are uploaded now; late ones occurred `late_days` ago."""
        with self.lock:
            self.data.grow(count, late=late)

    def delete(self, count: int) -> None:
        """Delete the newest sessions, mobile or web."""
        with self.lock:
            self.data.delete(count)

    def _keys(self, config_name: str, start: int) -> Keys:
        with self.lock:
            if config_name == "session_api":
                return old_keys(self.old.since(start))
            rows = {name: self.new.since(endpoint, start) for name, endpoint in ENDPOINTS.items()}
            return {name: [(row.id,) for row in found] for name, found in rows.items()}

    def _shuffled(self, rows: Sequence[Any], what: str) -> Sequence[Any]:
        if self.shuffle != what:
            return rows
        return self._order.sample(rows, len(rows))


def old_keys(sessions: Iterable[Session]) -> Keys:
    """Return the keys of sessions of the old API."""
    keys: Keys = {"sessions": [], "screens": [], "gestures": [], "events": []}
    for session in sessions:
        keys["sessions"].append((session.id,))
        parts = zip(session.flow.gestures_by_screen, session.flow.events_by_screen, strict=True)
        for screen, (gestures, events) in enumerate(parts):
            keys["screens"].append((session.id, screen))
            keys["gestures"] += [(session.id, screen, gesture) for gesture in range(gestures)]
            keys["events"] += [(session.id, screen, event) for event in range(events)]
    return keys
