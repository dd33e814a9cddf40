"""The sandbox's data. It is generated from a seed and grows, changes or shrinks on request."""

import dataclasses
import random
from collections.abc import Callable, Iterator
from typing import Any

from sandbox_server.traffic import Traffic

from . import cast
from .records import IDENTITY, NOBODY, Session, User, Visitor

SECOND = 1000
DAY = 86_400 * SECOND
# Lists end slightly before now: a sync ends at the second in which it starts, and that second is ambiguous.
MARGIN = 60 * SECOND
ENOUGH = 20


class Data:
    """All sessions, newest first. `version` changes with every change."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int,
        days: int,
        seed: int,
        twins: int,
        earlier: int,
        numeric_user_ids: bool,
        traffic: Traffic | None,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.version = 0
        self.dice = random.Random(seed)  # noqa: S311
        self.sessions: list[Session] = []
        self.first_day = self.now() // DAY * DAY - days * DAY
        self._numeric = numeric_user_ids
        self._traffic = traffic
        self._arrivals = cast.arrivals(traffic)
        self._visitors: list[Visitor] = []
        self._users: list[User] = []
        self._taken: set[tuple[int, str | None]] = set()
        self._order = 0
        alike = len(IDENTITY) if sessions >= ENOUGH and traffic is None else 0
        found = [self._session(moment) for moment in sorted(self._moments(sessions - alike, days))]
        if alike:
            found += self._nearly_alike(found[0])
        found += [self._twin(session) for session in self.dice.sample(found, twins)]
        found += [self._overnight() for _ in range(earlier)]
        self._add(found)

    def now(self) -> int:
        """Return milliseconds since the epoch."""
        return int(self.clock() * SECOND)

    def grow(self, count: int, ago: float = 0) -> None:
        """Add sessions that started some seconds ago and were not listed before."""
        self._add([self._session(self.now() - int(ago * SECOND)) for _ in range(count)])

    def delete(self, count: int) -> None:
        """Delete the newest sessions."""
        del self.sessions[:count]
        self.version += 1

    def touch(self, count: int) -> list[Session]:
        """Continue the newest sessions with another page, more time and an identify call, and return them."""
        changed = self.sessions[:count]
        for session in changed:
            longer = max(0, min(MARGIN, self.now() - session.ended))
            session.duration += longer
            session.inactive += longer // 3
            session.events += 3
            session.urls = (*session.urls, cast.next_url(self.dice, session.arrival, self._traffic))
            session.user = self._identified(session.user)
            session.written.clear()
        self.version += 1
        return changed

    def _identified(self, before: User) -> User:
        number = len(self._users)
        user = cast.user(self.dice, number, numeric=self._numeric)
        known = user.id if before.id in {None, ""} else before.id
        self._users.append(User(known, f"Zoë {number}", f"zoe{number}@example.com", user.tags))
        return self._users[-1]

    def _add(self, sessions: list[Session]) -> None:
        self.sessions = sorted(
            [*sessions, *self.sessions], key=lambda session: (session.started, session.order), reverse=True
        )
        self.version += 1

    def _moments(self, count: int, days: int) -> list[int]:
        """Choose start times: first one per day, then random ones; some at midnight or on a whole second."""
        dice = self.dice
        end = max(self.now() - MARGIN, self.first_day + 1)
        if self._traffic is not None:
            usual = self._traffic.moments(dice, count, self.first_day / SECOND, end / SECOND)
            return [int(moment * SECOND) for moment in usual]
        found: list[int] = []
        for index in range(count):
            chosen, fraction = dice.randrange(days + 1), dice.random()
            day = min(self.first_day + (index if index <= days else chosen) * DAY, end // DAY * DAY)
            length = max(1, min(DAY, end - day))
            anywhere = day + int(fraction * length)
            edges = {0: day, 1: day + length - 1, 2: day + min(length - 1, SECOND - 1)}
            edges |= {3: anywhere // SECOND * SECOND, 4: found[-1] if found else anywhere}
            found.append(anywhere if index <= days else edges.get(index % 25, anywhere))
        if found:
            found[0] = self.first_day
        return found

    def _overnight(self) -> Session:
        """Make a session that begins before the first day and ends in it."""
        before, after = (self.dice.randrange(MARGIN, 30 * MARGIN) for _ in range(2))
        session = self._session(self.first_day - before)
        duration = before + min(after, self.now() - self.first_day)
        return dataclasses.replace(session, duration=duration, inactive=duration // 3)

    def _visitor(self, moment: int) -> Visitor:
        """Return an existing visitor or a new one, but no visitor twice at the same time."""
        seen = self._visitors and self.dice.random() < 0.6
        found = self.dice.choice(self._visitors) if seen else None
        while found is None or (moment, found.ip) in self._taken:
            found = cast.visitor(self.dice, len(self._visitors))
            self._visitors.append(found)
        self._taken.add((moment, found.ip))
        return found

    def _user(self) -> User:
        kind = self.dice.random()
        if kind < 0.5:
            return NOBODY
        if kind < 0.55:
            return User(id="")
        if not self._users or kind < 0.7:
            self._users.append(
                cast.user(self.dice, len(self._users), numeric=self._numeric, traffic=self._traffic)
            )
        return self.dice.choice(self._users)

    def _session(self, moment: int) -> Session:
        dice = self.dice
        arrival = dice.choice(self._arrivals)
        kind = dice.random()
        wanted = int(dice.expovariate(1 / (5 * MARGIN))) if kind < 0.9 else 0
        if kind > 0.95:  # a tab left open
            wanted = dice.randrange(DAY)
        if self._traffic is not None:
            wanted = (dice.choice(self._traffic.seconds) + dice.randrange(30)) * SECOND
        # Data ends now, so a running session has lasted until now.
        duration = max(0, min(wanted, self.now() - moment))
        return Session(
            id=self._id(),
            order=self._order,
            rank=dice.random(),
            started=moment,
            duration=duration,
            inactive=int(duration * dice.random()),
            events=dice.randrange(80),
            visitor=self._visitor(moment),
            arrival=arrival,
            urls=cast.urls(dice, arrival, self._traffic),
            user=self._user(),
            terse=dice.random() < 0.2,
        )

    def _id(self) -> str:
        self._order += 1
        return f"{self.dice.getrandbits(64):016x}{self._order:08x}"

    def _nearly_alike(self, base: Session) -> Iterator[Session]:
        """Make sessions that each differ from another one in a single value of its identity."""
        at, visitor, arrival = base.started, base.visitor, base.arrival
        landing = f"https://{arrival.domain}/another"
        yield self._like(base, started=at + 1)
        yield self._like(base, visitor=dataclasses.replace(visitor, ip="2001:db8:1::1"))
        yield self._like(base, visitor=dataclasses.replace(visitor, browser="Opera"))
        yield self._like(base, visitor=dataclasses.replace(visitor, os="Chrome OS"))
        yield self._like(base, visitor=dataclasses.replace(visitor, device="Pixel 8"))
        yield self._like(base, visitor=dataclasses.replace(visitor, is_mobile=not visitor.is_mobile))
        yield self._like(base, arrival=dataclasses.replace(arrival, landing=landing), urls=(landing,))
        yield self._like(base, arrival=dataclasses.replace(arrival, domain="m.example.com"))
        yield self._like(base, arrival=dataclasses.replace(arrival, referrer="other.example"))

    def _twin(self, base: Session) -> Session:
        """Make another session with the same identity, like two tabs opened at once."""
        return self._like(base, events=base.events + 1, duration=base.duration // 2, inactive=base.inactive // 2)

    def _like(self, base: Session, **differences: Any) -> Session:  # noqa: ANN401
        changes: dict[str, Any] = {"id": self._id(), "order": self._order, "rank": self.dice.random()}
        changes["written"] = {}
        return dataclasses.replace(base, **changes, **differences)
