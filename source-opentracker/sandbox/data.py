"""The sandbox's data: sites and their sessions, generated from a seed. It grows or shrinks on request."""

import datetime as dt
import itertools
import random
import re
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from sandbox_server.traffic import Traffic

from .cast import PAGES, REFERRERS, example_row, example_session, person
from .displays import DEFAULT, display
from .records import Person, Row, Session, WebPage

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# Lists end slightly before now, because a session that is active now may not be listed yet.
MARGIN = MINUTE


def day_start(day: dt.date, zone: ZoneInfo) -> int:
    """Return the first millisecond of a day in a time zone."""
    return round(dt.datetime.combine(day, dt.time(), zone).timestamp() * SECOND)


class Site:
    """One site with its time zone, visitors and sessions. `version` changes with every change."""

    def __init__(self, name: str, zone: str) -> None:
        self.name = name
        self.zone = ZoneInfo(zone)
        self.version = 0
        self.people: list[Person] = []
        self.sessions: list[Session] = []
        self.known: dict[str, Session] = {}
        """Sessions by id, including deleted ones, which a token may still name."""
        self._ordered: dict[str, tuple[int, list[Session]]] = {}

    def add(self, session: Session) -> None:
        """Add a session."""
        self.sessions.append(session)
        self.known[session.id] = session
        self.version += 1

    def newest_first(self, by: str) -> list[Session]:
        """Return all sessions, sorted by start or last event, newest first."""
        version, found = self._ordered.get(by, (-1, []))
        if version != self.version:
            found = sorted(self.sessions, key=lambda session: session.order(by), reverse=True)
            self._ordered[by] = (self.version, found)
        return found


class Data:
    """The sites of a login and of the demo account. Times are epoch milliseconds."""

    def __init__(  # noqa: PLR0913
        self,
        sites: list[Site],
        demo: Site,
        *,
        sessions: int,
        days: int,
        seed: int,
        longest_days: float,
        examples: str,
        traffic: Traffic | None,
        clock: Callable[[], float],
    ) -> None:
        self.sites = sites
        self.demo = demo
        self.longest = round(longest_days * DAY)
        self._clock = clock
        self._dice = random.Random(seed)  # noqa: S311
        self._counter = itertools.count()
        self._traffic = traffic
        self._pages = [WebPage(path, title) for path, title in traffic.pages] if traffic else PAGES
        self.first_day = self.now() // DAY * DAY - days * DAY
        # Today it could be in the future.
        shifted = examples == "shifted" and sessions > 0 and days > 0
        if shifted:
            sites[0].add(example_session(self._shifted(example_row(), sites[0].name)))
        if examples == "verbatim":
            demo.add(example_session(example_row()))
        for index, site in enumerate(sites):
            # The example belongs to the first site.
            count = len(range(index, sessions, len(sites))) - (shifted and index == 0)
            self._fill(site, self._moments(site, count, days))
            # Sessions of the day before, which may belong to the first day in the time zone of a site.
            early = 0 if traffic else len(range(index, sessions // 20, len(sites)))
            self._fill(site, [self.first_day - 1 - self._dice.randrange(DAY) for _ in range(early)])
        self._fill(demo, self._moments(demo, max(5, sessions // 10), days))

    def now(self) -> int:
        """Return the current time."""
        return int(self._clock() * SECOND)

    def grow(self, count: int) -> None:
        """Add sessions that are active now, on all sites in turn."""
        now = self.now()
        for index in range(count):
            self._fill(self.sites[index % len(self.sites)], [now])

    def go_on(self, count: int) -> None:
        """Continue the newest sessions: they are active now and have one more page."""
        now = self.now()
        for session, site in self._newest(count):
            session.last_event = session.end = now
            session.live = True
            session.pages += 1
            session.original = None
            session.written.clear()
            site.version += 1

    def delete(self, count: int) -> None:
        """Delete the sessions with the newest last events."""
        for session, site in self._newest(count):
            site.sessions.remove(session)
            site.version += 1

    def _newest(self, count: int) -> list[tuple[Session, Site]]:
        both = [(session, site) for site in self.sites for session in site.sessions]
        return sorted(both, key=lambda pair: pair[0].order("last_event"), reverse=True)[:count]

    def _fill(self, site: Site, moments: Iterable[int]) -> None:
        for moment in sorted(moments):
            site.add(self._session(site, moment))

    def _moments(self, site: Site, count: int, days: int) -> list[int]:
        """Choose last events: first one per day, then random ones; some at midnight, some equal."""
        dice = self._dice
        end = max(self.now() - MARGIN, self.first_day + 1)
        if self._traffic is not None:
            chosen = self._traffic.moments(dice, count, self.first_day / SECOND, end / SECOND)
            return [int(moment * SECOND) for moment in chosen]
        found: list[int] = []
        # Today counts after its first hour. Before, too many sessions would have the same few moments.
        last_day = max(0, (end - HOUR - self.first_day) // DAY)
        for index in range(count):
            day = self.first_day + (index if index <= days else dice.randrange(last_day + 1)) * DAY
            midnight = day_start(dt.datetime.fromtimestamp(day / SECOND, dt.UTC).date(), site.zone)
            anywhere = min(day, end // DAY * DAY) + dice.randrange(max(1, min(DAY, end - day)))
            kind = index % 25 if index > days else 24
            edges = {0: day, 1: day + DAY - 1, 2: midnight, 3: midnight - 1, 4: found[-1] if found else day}
            moment = edges.get(kind, anywhere)
            found.append(moment if self.first_day <= moment < end else anywhere)
        return found

    def _duration(self, index: int) -> int:
        """Choose a duration: mostly minutes, sometimes a night, sometimes days."""
        dice = self._dice
        if self._traffic is not None:
            return (dice.choice(self._traffic.seconds) + dice.randrange(30)) * SECOND
        if index % 17 == 3:
            return min(DAY, self.longest) + dice.randrange(max(1, self.longest - DAY))
        if index % 12 == 5:
            return min(dice.randrange(HOUR, 20 * HOUR), self.longest)
        return min(dice.choice([0, dice.randrange(MINUTE), dice.randrange(40 * MINUTE)]), self.longest)

    def _person(self, site: Site, start: int) -> Person:
        """Return an existing visitor or a new one."""
        dice = self._dice
        if site.people and dice.random() < 0.7:
            found = dice.choice(site.people)
            if found.first_seen <= start:
                return found
        found = person(dice, site.people, start - dice.choice([0, dice.randrange(60 * DAY)]))
        site.people.append(found)
        return found

    def _session(self, site: Site, last_event: int) -> Session:
        dice = self._dice
        end = last_event - dice.randrange(300)
        start = end - self._duration(next(self._counter))
        somebody = self._person(site, start)
        while f"{start}.{somebody.mark}" in site.known:
            start -= 1
        pages = dice.choice([1, 1, 2, 3, 5, 40])
        entry = dice.choice(self._pages)
        return Session(
            id=f"{start}.{somebody.mark}",
            site=site.name,
            person=somebody,
            start=start,
            end=end,
            last_event=last_event,
            live=self.now() - last_event < 30 * MINUTE,
            pages=pages,
            number=dice.randrange(1, 30),
            entry=entry,
            exit=entry if pages == 1 else dice.choice(self._pages),
            referrer=dice.choice(REFERRERS),
        )

    def _shifted(self, row: Row, site: str) -> Row:
        """Return the page's row with its last event on the first day of the data, on that site."""
        shift = self.first_day - int(row["eventUnixTimestamp"]) // DAY * DAY
        # Every number of this length is a time, also at the start or the end of an id.
        moved = {
            name: re.sub(r"\b1\d{12}\b", lambda found: str(int(found[0]) + shift), value)
            for name, value in row.items()
        }
        for name in ("lastEvent", "firstMeasurement"):
            shown = dt.datetime.strptime(f"2011 {row[name]} +0000", "%Y %b %d %I:%M %p %z")
            moved[name] = display(shown + dt.timedelta(milliseconds=shift), DEFAULT)
        return {**moved, "site": site}
