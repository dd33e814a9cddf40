"""Opentracker for the sandbox: sessions by user.

The one call of https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp. What that page leaves open is an
option of `Readings`, or is chosen in `view.py`.
"""

import dataclasses
import datetime as dt
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Literal

import orjson

from integration_tests.sandbox import Answer, Config, Keys, Request, Vendor

from . import words
from .data import SECOND, Data, Site
from .parameters import DEMO, SITE
from .readings import Readings
from .records import FIELDS
from .view import View

PATH = "/api/views/c_view_sessions_by_user.jsp"
LOGIN = "zoë.o'brien+a/b:c@example.com"
PASSWORD = "p@ss:/+%25 \"'&=ü€ ?#;\\"  # noqa: S105
SITES = ("shop.example.com", "www.例え.example")


class Opentracker(Vendor):
    """Opentracker, with the sessions of one login's two sites and those of the vendor's demo account.

    `sessions`, `days`, `seed`: so many sessions over so many days until now, by their last events; a twentieth
    more were active last on the day before. `zones`: the clock of each site. `longest_days`: the longest session.
    `examples`: the page's own record, "shifted" to the first day of the data and to the first site, "verbatim" in
    2011 and in the demo account (the config "example" reads it), or "none". `inside`: which of `words.INSIDE` an
    `error_inside` is. `now`: the clock. All further options are those of `Readings`.
    """

    name: ClassVar[str] = "opentracker"
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
            clock=now,
        )
        self._view = View(self.data, self.readings, LOGIN, PASSWORD, seed)
        # Once, so that a config stays the same while the data grows.
        self._users, self._machines = self._visitors()
        self._visits = [one.id for site in self.data.sites for one in site.newest_first("last_event")[:40:20]]

    def answer(self, request: Request) -> Answer:
        """What Opentracker says."""
        if request.path != PATH:
            return self.error(404, request.path)
        return self._view.answer(request)

    def error(self, status: int, path: str = "") -> Answer:
        """An HTTP error in the form of the page's errors; it does not say what status those have."""
        return words.text(words.error_text(f"this is a {status} of the sandbox"), status)

    def error_inside(self, path: str = "") -> Answer:
        """One of the errors in a 200, as `inside` says."""
        return words.text(words.INSIDE[self.inside], blank_lines=self.readings.blank_lines)

    def repeat_token(self, answer: Answer) -> Answer:
        """The answer with the token that it was asked by; the first page gets one that leads to itself.

        A list that holds nothing has no place for a token and stays as it is.
        """
        if not self.readings.has_next_token:
            raise NotImplementedError("no answer has a place for a token")
        start, end = answer.body.find(b"{"), answer.body.rfind(b"}") + 1
        told = orjson.loads(answer.body[start:end])
        rows = told.get("resultsList")
        if not rows:
            return answer
        fields = told.get("field", FIELDS)
        first = rows[0]["session_id"] if isinstance(rows[0], dict) else rows[0][fields.index("session_id")]
        told = {"nextToken": "", **told}
        told["nextToken"] = answer.notes.get("token", first)
        body = answer.body[:start] + words.dumps(told) + answer.body[end:]
        return dataclasses.replace(answer, body=body)

    def configs(self, origin: str) -> dict[str, Config]:
        """Everything, certain visitors, visitors who are named twice; the page's example, if it is verbatim."""
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
        """Sites and ids of the sessions that were active last since the start date (and before the end date)."""
        with self.lock:
            config = self.configs("")[config_name]
            start = moment(config["start_date"])
            end = moment(config["end_date"]) if "end_date" in config else None
            ids = {one for kind in ("user_ids", "machine_ids", "visit_ids") for one in config.get(kind, [])}
            sites = [site for site in (*self.data.sites, self.data.demo) if site.name in config["sites"]]
            return {
                "sessions": [
                    (site.name, one.id)
                    for site in sites
                    for one in site.newest_first("last_event")
                    if one.last_event >= start
                    and (end is None or one.last_event < end)
                    and (not ids or ids & {one.person.user, one.person.machine, one.id})
                ]
            }

    def grow(self, count: int) -> None:
        """Sessions that are active now, on both sites in turn."""
        with self.lock:
            self.data.grow(count)

    def go_on(self, count: int) -> None:
        """The sessions that were active last are so again: their last event, their end and their pages change."""
        with self.lock:
            self.data.go_on(count)

    def delete(self, count: int) -> None:
        """The sessions that were active last."""
        with self.lock:
            self.data.delete(count)

    def _visitors(self) -> tuple[list[str], list[str]]:
        """Of each site two users whom it named, and two machines of nobody else."""
        users: list[str] = []
        machines: list[str] = []
        for site in self.data.sites:
            named = dict.fromkeys(person.user for person in site.people if person.user != person.machine)
            users += sorted(named, key=str.isascii)[:2]
            machines += [person.machine for person in site.people if person.user == person.machine][:2]
        return list(dict.fromkeys(users)), machines


def moment(day: str) -> int:
    """The first millisecond of a day, in UTC."""
    return round(dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp() * SECOND)
