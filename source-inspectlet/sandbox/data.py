"""The account's data. It is generated from a seed and grows or shrinks on request."""

import itertools
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from sandbox_server.traffic import Traffic

from .cast import HOSTS, PATHS, SITE_NAMES, TAGS, TITLES, Facts, Visit, Visitor, page_of, visitor, visits
from .records import Record, Session, Website, age

DAY = 86_400
# Lists end slightly before now, because a session that begins now may not be listed yet.
MARGIN = 60
PAGE_EXAMPLES = Path(__file__).with_name("examples.json")

Examples = Literal["shifted", "verbatim", "none"]


class Data:
    """All websites with their sessions. No session ends in the future."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int,
        days: int,
        seed: int,
        websites: int,
        earlier: int,
        examples: Examples,
        traffic: Traffic | None,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.days = days
        self.dice = random.Random(seed)  # noqa: S311
        self.websites: list[Website] = []
        self.sids: dict[int, Session] = {}
        self._traffic = traffic
        self._stock = visits(self.dice, traffic)
        self._visitors: dict[int, list[Visitor]] = {}
        self._orders = itertools.count()
        self._turns = itertools.count()
        self.first_day = int(clock()) // DAY * DAY - days * DAY
        for index in range(max(1, websites)):
            self._website(index)
        example = None if examples == "none" else self._example(verbatim=examples == "verbatim")
        began = self.first_day if example is None else example.started // DAY * DAY
        self.start = min(self.first_day, began)
        self._fill(self.websites, sessions - (example is not None))
        for index in range(earlier):
            self._overnight(self.websites[index % len(self.websites)])

    def sessions(self) -> list[Session]:
        """Return all sessions, newest first."""
        return sorted((each for site in self.websites for each in site.sessions), key=age, reverse=True)

    def website(self, wid: int) -> Website | None:
        """Return a website of the account."""
        return next((site for site in self.websites if site.wid == wid), None)

    def add_website(self, sessions: int) -> Website:
        """Add a website with its own history."""
        site = self._website(len(self.websites))
        self._fill([site], sessions)
        return site

    def grow(self, count: int) -> None:
        """Add sessions that begin now, on each website in turn."""
        now = int(self.clock())
        for _ in range(count):
            site = self.websites[next(self._turns) % len(self.websites)]
            site.add([self._session(site, now, now, self.dice.choice(self._stock).begun())])

    def delete(self, count: int) -> None:
        """Delete the newest sessions."""
        for session in self.sessions()[:count]:
            del self.sids[session.sid]
            self._site_of(session).remove(session)

    def touch(self, count: int) -> None:
        """Continue the newest sessions until now, with one more page and two more tags each."""
        now = int(self.clock())
        for session in self.sessions()[:count]:
            site = self._site_of(session)
            pages = len(session.record["pages"])
            url = site.host + self.dice.choice(PATHS)
            page = page_of(session.sid, pages, now, self.dice.choice(TITLES), url)
            drawn = [self.dice.choice(TAGS) for _ in range(2)]
            session.go_on(now, page, [{"tag": tag, "value": value, "timestamp": now} for tag, value in drawn])
            site.found.clear()

    def _site_of(self, session: Session) -> Website:
        return next(site for site in self.websites if site.wid == session.wid)

    def _website(self, index: int) -> Website:
        told: Record = json.loads(PAGE_EXAMPLES.read_bytes())["websites"]["response"][0]
        first = index == 0  # the page's own website
        name = told["site_name"] if first else SITE_NAMES[index % len(SITE_NAMES)]
        host = HOSTS[index % len(HOSTS)]
        site = Website(
            wid=told["wid"] if first else 20_000_000 + index * 1_000_003,
            name=self._traffic.hosts[index % len(self._traffic.hosts)] if self._traffic else name,
            added=told["date_added"] if first else self.first_day - index * DAY,
            host=f"https://{self._traffic.hosts[index % len(self._traffic.hosts)]}" if self._traffic else host,
        )
        self.websites.append(site)
        self._visitors[site.wid] = []
        return site

    def _fill(self, sites: list[Website], count: int) -> None:
        """Add sessions on all days until now; the oldest alternate between websites, so that none is empty."""
        found: dict[int, list[Session]] = {site.wid: [] for site in sites}
        latest = int(self.clock()) - MARGIN
        for index, moment in enumerate(sorted(self._moments(count))):
            site = sites[index] if index < len(sites) else self.dice.choice(sites)
            visit = self.dice.choice(self._stock)
            ended = max(moment, min(moment + visit.length, latest))
            found[site.wid].append(self._session(site, moment, ended, visit))
        for site in sites:
            site.add(found[site.wid])

    def _moments(self, count: int) -> list[int]:
        """Choose start times: first one per day, then random ones; some at midnight, some equal."""
        dice = random.Random(count)  # noqa: S311
        end = max(int(self.clock()) - MARGIN, self.first_day + 1)
        if self._traffic is not None:
            return [int(moment) for moment in self._traffic.moments(dice, count, self.first_day, end)]
        found: list[int] = []
        for index in range(count):
            chosen, fraction = dice.randrange(self.days + 1), dice.random()
            day = self.first_day + (index if index <= self.days else chosen) * DAY
            day = min(day, end // DAY * DAY)
            seconds = max(1, min(DAY, end - day))
            kind = index % 25 if index > self.days else 24
            if kind < 4:
                moment = day if kind < 2 else day + seconds - 1
            elif kind < 7:
                moment = found[-1]
            else:
                moment = day + int(fraction * seconds)
            found.append(moment)
        return found

    def _overnight(self, site: Website) -> None:
        """Add a session that begins before the data's first day and ends in it."""
        visit = self.dice.choice(self._stock)
        started = self.start - self.dice.randrange(60, 1800)
        latest = int(self.clock()) - MARGIN
        ended = max(started, min(self.start + self.dice.randrange(60, 1800), latest))
        site.add([self._session(site, started, ended, visit)])

    def _session(self, site: Website, started: int, ended: int, visit: Visit) -> Session:
        dice = self.dice
        known = self._visitors[site.wid]
        new = not known or dice.random() < 0.4
        who = visitor(dice, self._traffic) if new else dice.choice(known)
        if new:
            known.append(who)
        sid = dice.randrange(1_000_000_000, 1 << 32)
        while sid in self.sids:
            sid = dice.randrange(1_000_000_000, 1 << 32)
        starred = dice.random() < 0.1
        facts = Facts(site.wid, sid, started, ended, who, visit, new, starred, site.host)
        session = Session(site.wid, sid, next(self._orders), started, ended, who.size, facts.record)
        self.sids[sid] = session
        return session

    def _example(self, *, verbatim: bool) -> Session:
        """Add the page's session; unless `verbatim`, it begins on the first day of the data."""
        record: Record = json.loads(PAGE_EXAMPLES.read_bytes())["sessions"]["response"][0]
        began, ended = record["date_start_session"], record["date_end_session"]
        # If the only day has just begun, the session moves into the day before.
        shift = min(self.first_day - began // DAY * DAY, int(self.clock()) - MARGIN - ended)
        if not verbatim:
            record["date_start_session"] += shift
            record["date_end_session"] += shift
            for tag in record["tags"]:
                tag["timestamp"] += shift
            for page in record["pages"]:
                page["opened_at"] += shift
        session = Session(
            record["wid"],
            record["sid"],
            next(self._orders),
            record["date_start_session"],
            record["date_end_session"],
            (1280, 3000),
            lambda: record,
        )
        self.sids[session.sid] = session
        self.websites[0].add([session])
        return session
