"""Opentracker's sandbox: sessions by user.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp. The options of `Readings` cover what that page
leaves open; `view.py` documents the remaining choices.
"""

import dataclasses
import datetime as dt
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Literal

import orjson
from sandbox_server import Answer, Config, Keys, Record, Request, Vendor
from sandbox_server.traffic import Traffic

from . import words
from .data import SECOND, Data, Site
from .parameters import DEMO, SITE
from .readings import Readings
from .records import FIELDS, Session
from .view import View

PATH = "/api/views/c_view_sessions_by_user.jsp"
LOGIN = "zoë.o'brien+a/b:c@example.com"
PASSWORD = "p@ss:/+%25 \"'&=ü€ ?#;\\"  # noqa: S105
SITES = ("shop.example.com", "www.例え.example")


class Opentracker(Vendor):
    """Opentracker, with the sessions of one login's two sites and those of the vendor's demo account.

    `sessions`, `days`, `seed`: the number of sessions and of days until now, by their last events, and the seed of
    the data; another twentieth of the sessions have their last event on the day before. `zones`: the time zone of
    each site. `longest_days`: the longest session. `examples`: the page's own record, "shifted" to the first day
    of the data and to the first site, "verbatim" in 2011 and in the demo account (the config "example" reads it),
    or "none". `inside`: which of `words.INSIDE` `error_inside` returns. `traffic`: ordinary names
    and moments, for demos. `now`: the clock. All other options are
    those of `Readings`.
    """

    name: ClassVar[str] = "opentracker"
    id_names = ("session_id",)
    object_rows = {"form": "objects"}
    endless = {"default": ({"endless": "empty"}, {"endless": "full"})}
    shown_in_errors = frozenset({"sites", "user_ids", "machine_ids", "visit_ids"})
    moods = (
        {"date_means": "from_that_day_on"},
        {"date_by": "session_start"},
        {"date_by": "any_activity"},
        {"honours_from_to": True},
        {"honours_from_to": True, "from_to_unit": "s"},
        {"next_page": "exclusive"},
        {"next_page": "overlapping"},
        {"last_page": "empty_token"},
        {"last_page": "dead_end"},
        {"form": "parenthesised"},
        {"form": "objects"},
        {"blank_lines": 5},
        {"fields": "shuffled"},
        {"page_cap": 60},
        {"page_cap": 7, "next_page": "exclusive"},
        {"page_cap": 7, "next_page": "overlapping", "last_page": "dead_end"},
        {"page_cap": 7, "last_page": "empty_token"},
        {"page_cap": 37, "has_next_token": False},
        {"page_cap": 7, "has_next_token": False},
        {"has_next_token": False, "honours_offset": False},
        {"has_next_token": False, "order": "oldest_first"},
        {"has_next_token": False, "order": "oldest_first", "page_cap": 37},
    )

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int = 300,
        days: int = 14,
        seed: int = 1,
        zones: Iterable[str] = ("America/New_York", "Asia/Tokyo"),
        longest_days: float = 3,
        examples: Literal["shifted", "verbatim", "none"] = "shifted",
        inside: str = "refused",
        traffic: Traffic | None = None,
        now: Callable[[], float] = time.time,
        **readings: Any,  # noqa: ANN401
    ) -> None:
        super().__init__()
        if examples not in {"shifted", "verbatim", "none"} or inside not in words.INSIDE:
            raise ValueError(f"there is no examples={examples} or no inside={inside}")
        self.inside = inside
        self.readings = Readings(**readings)
        self.verbatim = examples == "verbatim"
        self.data = Data(
            [Site(name, zone) for name, zone in zip(SITES, zones, strict=True)],
            Site(SITE, "America/New_York"),
            sessions=sessions,
            days=days,
            seed=seed,
            longest_days=longest_days,
            examples=examples,
            traffic=traffic,
            clock=now,
        )
        self._view = View(self.data, self.readings, LOGIN, PASSWORD, seed)
        # Chosen once, so that configs stay the same while the data grows.
        self._users, self._machines = self._visitors()
        self._visits = self._visits_of_others()

    def answer(self, request: Request) -> Answer:
        """Return Opentracker's answer."""
        if request.path != PATH:
            return self.error(404, request.path)
        return self._view.answer(request)

    def error(self, status: int, path: str = "") -> Answer:
        """Return an HTTP error in the form of the page's errors; the page does not document their status."""
        return words.text(words.error_text(f"this is a {status} of the sandbox"), status)

    def edge(self, config_name: str) -> dt.timedelta:
        """Return two days, because the page does not name the time zone of its dates."""
        return dt.timedelta(days=2)

    def error_inside(self, path: str = "") -> Answer:
        """Return the error with status 200 that `inside` names."""
        return words.text(words.INSIDE[self.inside], blank_lines=self.readings.blank_lines)

    def repeat_token(self, answer: Answer) -> Answer:
        """Return the answer with the token of its request; the first page gets a token of itself.

        An empty list is returned unchanged.
        """
        if not self.readings.has_next_token:
            raise NotImplementedError("answers have no tokens")
        start, end = answer.body.find(b"{"), answer.body.rfind(b"}") + 1
        content = orjson.loads(answer.body[start:end])
        rows = content.get("resultsList")
        if not rows:
            return answer
        fields = content.get("field", FIELDS)
        first = rows[0]["session_id"] if isinstance(rows[0], dict) else rows[0][fields.index("session_id")]
        content = {"nextToken": "", **content}
        content["nextToken"] = answer.notes.get("token", first)
        body = answer.body[:start] + words.dumps(content) + answer.body[end:]
        return dataclasses.replace(answer, body=body)

    def rewrite(self, answer: Answer, change: Callable[[Record], None]) -> Answer:
        """Return the answer with all sessions changed; a new column is added to the header and all rows."""
        start, end = answer.body.find(b"{"), answer.body.rfind(b"}") + 1
        if answer.status != 200 or answer.body[:start].strip() not in {b"", b"("} or start >= end:
            return answer
        content = json.loads(answer.body[start:end])
        rows, fields = content.get("resultsList", []), content.get("field")
        if fields is None:
            for row in rows:
                if "error" not in row:
                    change(row)
        else:
            records = [dict(zip(fields, row, strict=True)) for row in rows]
            for record in records:
                change(record)
            fields = list(dict.fromkeys([*fields, *(name for record in records for name in record)]))
            content["field"] = fields
            content["resultsList"] = [[record.get(name, "") for name in fields] for record in records]
        body = answer.body[:start] + json.dumps(content).encode() + answer.body[end:]
        return dataclasses.replace(answer, body=body)

    def configs(self, origin: str) -> dict[str, Config]:
        """Return configs for all sessions, some visitors, visitors named twice, and some visits with a visitor.

        If the page's example is verbatim, another config reads it.
        """
        start = time.strftime("%Y-%m-%d", time.gmtime(self.data.first_day / SECOND))
        shared = {"start_date": start, "base_url": origin + PATH.rpartition("/")[0]}
        default = {"login": LOGIN, "password": PASSWORD, "sites": list(SITES), **shared}
        users, machines = self._users, self._machines
        found = {
            "default": default,
            "visitors": {**default, "user_ids": users, "machine_ids": machines},
            "visitors_twice": {**default, "user_ids": [*users, *machines], "machine_ids": machines},
            "visits": {**default, "visit_ids": self._visits, "user_ids": users[:1]},
        }
        if self.verbatim:
            day = {"start_date": "2011-11-16", "end_date": "2011-11-17"}
            login, password = DEMO
            found["example"] = {**shared, "login": login, "password": password, "sites": [SITE], **day}
        return found

    def expected(self, config_name: str) -> Keys:
        """Return site and id of each session with its last event since the start date (and before the end date).

        Broken sites have no sessions to read.
        """
        with self.lock:
            config = self.configs("")[config_name]
            end = moment(config["end_date"]) if "end_date" in config else math.inf
            return {
                "sessions": [
                    (site.name, one.id)
                    for site, one in self._chosen(config)
                    if site not in self._view.broken and moment(config["start_date"]) <= one.last_event < end
                ]
            }

    def held(self, config_name: str) -> Keys:
        """Return the same keys at any date, of all sites of the config."""
        with self.lock:
            found = self._chosen(self.configs("")[config_name])
            return {"sessions": [(site.name, one.id) for site, one in found]}

    def _chosen(self, config: Config) -> Iterator[tuple[Site, Session]]:
        """Return the sessions of a config's sites, visitors and visits, at any date."""
        # By kind, because a visitor's first visit has the same id as their machine.
        users, machines, visits = (set(config.get(kind, ())) for kind in ("user_ids", "machine_ids", "visit_ids"))
        is_whole = not (users or machines or visits)
        for site in (*self.data.sites, self.data.demo):
            for one in site.newest_first("last_event") if site.name in config["sites"] else []:
                is_listed = one.person.user in users or one.person.machine in machines
                if is_whole or is_listed or one.id in visits:
                    yield site, one

    def grow(self, count: int) -> None:
        """Add sessions that are active now, alternating between both sites."""
        with self.lock:
            self.data.grow(count)

    def go_on(self, count: int) -> None:
        """Continue the newest sessions: their last event, end and pages change."""
        with self.lock:
            self.data.go_on(count)

    def delete(self, count: int) -> None:
        """Delete the sessions with the newest last events."""
        with self.lock:
            self.data.delete(count)

    def _visitors(self) -> tuple[list[str], list[str]]:
        """Return two identified users per site, and two machines of unidentified visitors."""
        users: list[str] = []
        machines: list[str] = []
        for site in self.data.sites:
            named = dict.fromkeys(person.user for person in site.people if person.user != person.machine)
            users += sorted(named, key=str.isascii)[:2]
            machines += [person.machine for person in site.people if person.user == person.machine][:2]
        return list(dict.fromkeys(users)), machines

    def _visits_of_others(self) -> list[str]:
        """Return two visits per site, by visitors other than these."""
        ids = {*self._users, *self._machines}
        found: list[str] = []
        for site in self.data.sites:
            others = [one.id for one in site.sessions if not ids & {one.person.user, one.person.machine}]
            found += others[len(others) // 2 :][:2]
        return found


def moment(day: str) -> int:
    """Return the first millisecond of a day in UTC."""
    return round(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp() * SECOND)
