"""The sandbox's data. It is generated from a seed and grows or shrinks on request."""

import calendar
import json
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sandbox_server.traffic import Traffic

from .cast import ANDROID, IOS, device, person, place_of, web_visit
from .flows import flow_of, flows
from .records import Event, Session, User

DAY = 86_400
# Lists end slightly before now, because a session that is still being uploaded is not listed yet.
MARGIN = 60
LONG_AGO = 400 * DAY
PAGE_EXAMPLES = Path(__file__).with_name("examples.json")


def parse_old(text: str) -> int:
    """Parse `2019/01/31, 12:01:34` into epoch seconds."""
    return calendar.timegm(time.strptime(text, "%Y/%m/%d, %H:%M:%S"))


def old_form(moment: int) -> str:
    """Format a time as the old API does: `2019/01/31, 12:01:34`."""
    return time.strftime("%Y/%m/%d, %H:%M:%S", time.gmtime(moment))


class Data:
    """All sessions, newest upload first, and their users and events. `version` changes with every change."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        sessions: int,
        days: int,
        web: int,
        seed: int,
        examples: str,
        late_every: int,
        late_days: int,
        traffic: Traffic | None,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.late = late_days * DAY
        self.version = 0
        self.dice = random.Random(seed)  # noqa: S311
        self.users: list[User] = []
        self.sessions: list[Session] = []
        self._traffic = traffic
        self._stock = flows(self.dice, traffic)
        self._order = 0
        today = int(clock()) // DAY * DAY
        self.first_day = today - days * DAY
        found = [] if examples == "none" else list(self._examples(verbatim=examples == "verbatim"))
        self.start = min([self.first_day, *(session.verified // DAY * DAY for session in found)])
        mobile = max(0, sessions - len(found))
        moments = [(moment, False) for moment in self._moments(mobile, days)]
        moments += [(moment, True) for moment in self._moments(web, days)]
        for index, (moment, in_browser) in enumerate(sorted(moments), start=1):
            late = late_every > 0 and index % late_every == 0
            found.append(self._session(moment, in_browser=in_browser, late=late))
        self._add(found)

    def events(self) -> Iterable[Event]:
        """All events, unordered."""
        return (event for session in self.sessions for event in session.events)

    def grow(self, count: int, *, late: bool) -> None:
        """Add sessions that are uploaded now; late ones occurred `late_days` ago."""
        now = int(self.clock())
        self._add([self._session(now, in_browser=False, late=late) for _ in range(count)])

    def delete(self, count: int) -> None:
        """Delete the newest sessions, and users that have no other session."""
        for session in self.sessions[:count]:
            session.user.sessions.remove(session)
            session.user.changed()
        del self.sessions[:count]
        self.users = [user for user in self.users if user.sessions]
        self.version += 1

    def _add(self, sessions: list[Session]) -> None:
        self.sessions = sorted(
            [*sessions, *self.sessions], key=lambda session: (session.uploaded, session.order), reverse=True
        )
        self.version += 1

    def _moments(self, count: int, days: int) -> list[int]:
        """Choose upload times: first one per day, then random ones; some at midnight, some equal."""
        dice = random.Random(count)  # noqa: S311
        end = max(int(self.clock()) - MARGIN, self.first_day + 1)
        if self._traffic is not None:
            return [int(moment) for moment in self._traffic.moments(dice, count, self.first_day, end)]
        found: list[int] = []
        for index in range(count):
            chosen, fraction = dice.randrange(days + 1), dice.random()
            day = self.first_day + (index if index <= days else chosen) * DAY
            day = min(day, end // DAY * DAY)
            seconds = max(1, min(DAY, end - day))
            kind = index % 25 if index > days else 24
            if kind < 4:
                moment = day if kind < 2 else day + seconds - 1
            elif kind < 7:
                moment = found[-1]
            else:
                moment = day + int(fraction * seconds)
            found.append(moment)
        return found

    def _user(self, *, in_browser: bool) -> User:
        """Return an existing user or a new one."""
        if self.users and self.dice.random() < 0.7:
            user = self.dice.choice(self.users)
            if (user.device.platform == "web") == in_browser:
                return user
        platform = "web" if in_browser else self.dice.choice([ANDROID, ANDROID, IOS])
        user = person(self.dice, len(self.users), device(self.dice, platform))
        self.users.append(user)
        return user

    def _kept(self, **facts: Any) -> Session:  # noqa: ANN401
        session = Session(**facts)
        session.user.sessions.append(session)
        session.user.changed()
        return session

    def _session(self, uploaded: int, *, in_browser: bool, late: bool) -> Session:
        dice = self.dice
        user = self._user(in_browser=in_browser)
        flow = dice.choice(self._stock)
        offline = not in_browser and self._traffic is None and dice.random() < 0.02
        # Uploaded after it ended. Unless it is late, it occurred after the data begins, so that one start date
        # covers all.
        verified = max(uploaded - int(flow.duration) - dice.randrange(30, 3600), min(uploaded, self.first_day))
        self._order += 1
        return self._kept(
            id=f"{dice.getrandbits(64):016x}{self._order:08x}",
            order=self._order,
            uploaded=uploaded,
            verified=verified - (LONG_AGO if offline else self.late if late else 0),
            user=user,
            device=user.device,
            place=user.place,
            flow=flow,
            number=user.sessions[-1].number + 1 if user.sessions else 1,
            crashed=dice.random() < 0.1,
            video=dice.random() < 0.7,
            offline=offline,
            network=dice.choice(["wifi", "wifi", "cellular", None]),
            properties={
                **user.properties,
                "referrer": dice.choice(["Facebook", "Google", "Käsekuchen & Co"]),
            },
            duration=flow.duration,
            gestures=flow.gestures,
            screens=len(flow.gestures_by_screen),
            unresponsive=flow.unresponsive,
            rage=flow.rage,
            web=web_visit(dice) if in_browser else None,
        )

    def _examples(self, *, verbatim: bool) -> Iterable[Session]:
        """Add the page's two records; unless `verbatim`, they are uploaded on the first day of the data."""
        records = json.loads(PAGE_EXAMPLES.read_bytes())["data"]
        user = None
        for record in reversed(records):  # the page lists the newest first
            uploaded = parse_old(record["session"]["uploaded_server_time"])
            shift = 0 if verbatim else self.first_day - uploaded // DAY * DAY
            record["session"]["uploaded_server_time"] = old_form(uploaded + shift)
            if user is None:
                user = self._example_user(record)
                self.users.append(user)
            self._order += 1
            yield self._example(record, user, uploaded + shift, shift)

    def _example_user(self, record: dict[str, Any]) -> User:
        device_of_it = device(self.dice, ANDROID, record["device"])
        told = record["user"]
        place = place_of(record["location"])
        identity = told["name"]
        return User(
            told["uxcam_id"],
            told["name"],
            told["random_alias"],
            identity,
            place,
            device_of_it,
            record["properties"],
        )

    def _example(self, record: dict[str, Any], user: User, uploaded: int, shift: int) -> Session:
        told = record["session"]
        return self._kept(
            id=record["id"],
            order=self._order,
            uploaded=uploaded,
            # The old API keeps the page's own text; the new API uses the sandbox's time.
            verified=parse_old(told["verified_server_time"]) + shift,
            user=user,
            device=user.device,
            place=user.place,
            flow=flow_of(record["flow"]),
            number=record["user"]["session_number"],
            crashed=bool(told["is_crashed"]),
            video=bool(told["has_video"]),
            offline=bool(told["offline_recorded"]),
            network=None,
            properties=record["properties"],
            duration=told["duration_sec"],
            gestures=told["gesture_count"],
            screens=told["screen_count"],
            unresponsive=told["unresponsive_gesture_count"],
            rage=told["rage_gesture_count"],
            original=record,
        )
