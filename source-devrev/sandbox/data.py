"""The sandbox's data. It is generated from a seed and grows, shrinks or changes on request."""

import hashlib
import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path

from sandbox_server.traffic import Traffic

from .records import App, Session, iso, make
from .shapes import instant

DAY = 86_400_000
# Lists end slightly before now, because a session that begins now may not be listed yet.
MARGIN = 60_000
MILLISECOND = 1_000_000
PAGE_EXAMPLES = Path(__file__).with_name("examples.json")

# One app on two platforms, since the version key alone does not identify a list.
KEY = 'läden/app+1 "β"&?=%41\\'
WEB_KEY = "0b5c3f1e-web"
ANDROID = App(KEY, "android")
IOS = App(KEY, "ios")
WEB = App(WEB_KEY, "web")
APPS = (ANDROID, IOS, WEB)
# The shares of ten sessions; growth uses the same order.
ROUND = (ANDROID, WEB, IOS, ANDROID, WEB, ANDROID, WEB, IOS, ANDROID, WEB)


class Data:
    """All sessions by app, oldest first. `version` changes with every change."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int,
        days: int,
        seed: int,
        examples: str,
        traffic: Traffic | None,
        clock: Callable[[], float],
    ) -> None:
        self._traffic = traffic
        self.clock = clock
        self.version = 0
        self.seed = seed
        self.dice = random.Random(seed)  # noqa: S311
        self.by_app: dict[App, list[Session]] = {app: [] for app in APPS}
        self._numbers = dict.fromkeys(APPS, 0)
        self._order = 0
        self._grown = 0
        self.today = int(clock()) * 1000 // DAY * DAY
        self.first_day = self.today - days * DAY
        found = [] if examples == "none" else list(self._examples(verbatim=examples == "verbatim"))
        self.start = min([self.first_day, *(session.created // DAY * DAY for session in found)])
        chosen = [ROUND[index % len(ROUND)] for index in range(max(0, sessions - len(found)))]
        plan = [(moment, app) for app in APPS for moment in self._moments(chosen.count(app), days)]
        self._add(found + [self._session(app, moment) for moment, app in sorted(plan)])

    def now(self) -> int:
        """Return milliseconds since the epoch."""
        return int(self.clock() * 1000)

    def all(self) -> Iterable[Session]:
        """Return all sessions, app by app."""
        return (session for app in APPS for session in self.by_app[app])

    def grow(self, count: int) -> None:
        """Add sessions that begin now."""
        now = self.now()
        apps = [ROUND[(self._grown + index) % len(ROUND)] for index in range(count)]
        self._grown += count
        self._add([self._session(app, now) for app in apps])

    def delete(self, count: int) -> None:
        """Delete the newest sessions of any app."""
        gone = set(self._newest(count))
        self.by_app = {
            app: [session for session in held if session not in gone] for app, held in self.by_app.items()
        }
        self.version += 1

    def touch(self, count: int) -> None:
        """Continue the newest sessions: they last longer and have one more recording."""
        for session in self._newest(count):
            session.go_on(f"{self.dice.randrange(256):02x}/{len(session.parts)}")
        self.version += 1

    def _newest(self, count: int) -> list[Session]:
        return sorted(self.all(), key=lambda session: (session.created, session.order), reverse=True)[:count]

    def _add(self, sessions: list[Session]) -> None:
        for session in sessions:
            self.by_app[session.app].append(session)
        for held in self.by_app.values():
            held.sort(key=lambda session: (session.created, session.order))
        self.version += 1

    def _moments(self, count: int, days: int) -> list[int]:
        """Choose times for one app: midnights, one per day, then random ones; some of them equal."""
        end = max(self.now() - MARGIN, self.first_day)
        if self._traffic is not None:
            chosen = self._traffic.moments(self.dice, count, self.first_day / 1000, end / 1000)
            return [int(moment * 1000) for moment in chosen]
        edges = [self.today, self.first_day, self.first_day + DAY - 1, self.today, self.today - 1]
        found: list[int] = []
        for index in range(count):
            kind = index % 20
            day = self.first_day + self.dice.randrange(days + 1) * DAY
            unit = 1000 if kind == 5 else 1
            if len(edges) <= index <= len(edges) + days:
                day = self.today - (index - len(edges)) * DAY
            last = max(day, min(day + DAY - 1, end))
            moment = self.dice.randint(day, last)
            if index < len(edges):
                moment = edges[index]
            elif index > len(edges) + days and kind < 5:
                moment = found[-1] if kind > 1 else (day, last)[kind]
            found.append(max(self.first_day, min(moment - moment % unit, end)))
        return found

    def _session(self, app: App, created: int) -> Session:
        """Make a session. Its id depends on its number within the app, so that two apps have equal ids."""
        self._numbers[app] += 1
        self._order += 1
        digest = hashlib.blake2b(f"{self.seed}/{self._numbers[app]}".encode(), digest_size=16).hexdigest()
        session_id = f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"
        return make(self.dice, app, self._order, session_id, created, self._traffic)

    def _examples(self, *, verbatim: bool) -> Iterable[Session]:
        """Add the page's record; unless `verbatim`, it was created on the first day of the data."""
        for record in json.loads(PAGE_EXAMPLES.read_bytes())["sessions"]:
            created = instant(record["created_at"], "created_at") // MILLISECOND
            if not verbatim:
                created += self.first_day - created // DAY * DAY
            self._order += 1
            shown = {**record, "created_at": iso(created)}
            yield Session(App(KEY, record["platform"]), self._order, created, shown)
