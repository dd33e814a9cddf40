"""The data behind both APIs: users, devices, sessions and events, each stored once."""

import functools
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .flows import Flow

DateBy = Literal["upload", "occurrence"]


class Place(NamedTuple):
    """The location of an IP address; UXCam returns the country and its code."""

    code: str | None
    country: str | None
    city: str | None
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True)
class Device:
    """A device: its record in the old API, and the fields that only the new API has."""

    platform: str
    """android, ios or web."""
    version: str
    """The version of the operating system, without its name."""
    record: dict[str, Any]


@dataclass(frozen=True)
class Web:
    """The fields that only web sessions have."""

    browser: str
    browser_version: str
    referer: str | None
    referer_domain: str | None
    utm: dict[str, str]


@dataclass(eq=False)
class User:
    """A user with all stored sessions."""

    id: str
    name: str | None
    alias: str
    identity: str | None
    place: Place
    device: Device
    properties: dict[str, Any]
    sessions: "list[Session]" = field(default_factory=list)
    written: dict[str, bytes] = field(default_factory=dict)
    """The user's record in the new API, by the form of its times; emptied when it is outdated."""

    @functools.cached_property
    def active(self) -> list[int]:
        """When the user uploaded a session or triggered an event, in order."""
        moments = {session.uploaded for session in self.sessions}
        return sorted(moments.union(event.at for session in self.sessions for event in session.events))

    @property
    def registered(self) -> int:
        """When the user was first seen."""
        return min(session.verified for session in self.sessions)

    def changed(self) -> None:
        """Clear everything that was derived from the sessions."""
        self.written.clear()
        self.__dict__.pop("active", None)


@dataclass(eq=False)
class Session:
    """One session; times are epoch seconds."""

    id: str
    order: int
    """Orders sessions within the same second; the higher number is newer."""
    uploaded: int
    verified: int
    user: User
    device: Device
    place: Place
    flow: Flow
    number: int
    crashed: bool
    video: bool
    offline: bool
    network: str | None
    properties: dict[str, Any]
    duration: float
    gestures: int
    screens: int
    unresponsive: int
    rage: int
    web: Web | None = None
    original: dict[str, Any] | None = None
    """The page's own record if this session is one of its examples."""
    written: dict[str, bytes] = field(default_factory=dict)
    events: "list[Event]" = field(default_factory=list)

    def moment(self, by: DateBy = "upload") -> int:
        """Return when the session was uploaded, or when it occurred by the vendor's clock."""
        return self.uploaded if by == "upload" else self.verified

    def day(self, *, by: DateBy = "upload", ahead: float = 0) -> str:
        """Return the day of that moment in a time zone that many hours ahead of UTC, as `2019-04-21`."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.moment(by) + ahead * 3600))

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(self.id.encode(), digest_size=12).hexdigest()
        self.events = [
            Event(
                id=f"{digest[:8]}-{digest[8:12]}-4{index:03x}-8{digest[12:15]}-{digest[15:]}{index:03x}",
                at=self.verified + int(event["time"]),
                session=self,
                screen=screen,
                content=event,
            )
            for index, (screen, event) in enumerate(self.flow.events)
        ]


@dataclass(eq=False)
class Event:
    """One event as the new API lists it."""

    id: str
    at: int
    session: Session
    screen: str
    content: dict[str, Any]
    written: dict[str, bytes] = field(default_factory=dict)
