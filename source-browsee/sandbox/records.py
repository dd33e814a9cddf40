"""Sessions and their records, with the fields listed on https://docs.browsee.io.

The page shows no record. It names the fields that `options.select` may contain; records have exactly these fields.
It names no session id, so by default there is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
FIELDS = (
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", *UTM, "browser", "os", "device", "isMobile", "ip", "city"),
    *("country", "domain", "referrer"),
)
IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")

IdField = Literal["sessionId", "_id", "id"]


def identity(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """The values that identify a session without an id; later identify calls and longer visits do not change them.

    A connector must derive an id from these nine values, in any form. Expected keys contain this tuple instead,
    and tests derive the same tuple from an emitted record.
    """
    return tuple(record.get(name) for name in IDENTITY)


@dataclass(frozen=True)
class User:
    """The data of an identify call; the page documents its types only as "as provided"."""

    id: str | int | None = None
    name: str | None = None
    email: str | None = None
    tags: list[Any] | dict[str, Any] | None = None


NOBODY = User()


@dataclass(frozen=True)
class Visitor:
    """A browser on a device behind an address."""

    ip: str | None
    browser: str
    os: str
    device: str | None
    is_mobile: bool
    city: str | None
    country: str | None
    """The country as two letters."""
    country_name: str | None


@dataclass(frozen=True)
class Arrival:
    """How a visit began."""

    domain: str
    landing: str
    referrer: str | None
    utm: tuple[str | None, ...] = (None,) * len(UTM)


@dataclass(eq=False, slots=True)
class Session:
    """One session; times are milliseconds, `started` since the epoch."""

    id: str
    order: int
    """Orders sessions within the same millisecond; the higher number is newer."""
    rank: float
    """Its position in an arbitrary order."""
    started: int
    duration: int
    inactive: int
    events: int
    visitor: Visitor
    arrival: Arrival
    urls: Sequence[str]
    user: User
    terse: bool
    """Whether the record omits unknown values; otherwise they are null."""
    written: dict[tuple[str, ...] | None, bytes] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """When it ended; it may still continue."""
        return self.started + self.duration


# "This is the ID in the URL when you view a segment's analytics."
MOBILE = "5f3a1c0e9b7d4e0017a2c4d8"
CAMPAIGN = "5f3a1c0e9b7d4e0017a2c4d9"
NO_ONE = "5f3a1c0e9b7d4e0017a2c4da"
SEGMENTS: dict[str, Callable[[Session], bool]] = {
    MOBILE: lambda session: session.visitor.is_mobile,
    CAMPAIGN: lambda session: session.arrival.utm[0] is not None,
    NO_ONE: lambda _: False,
}


@dataclass(frozen=True)
class Writer:
    """Serializes each record once per selection of fields (None for all)."""

    id_field: IdField | None
    id_with_select: bool
    country: Literal["code", "name"]

    def has_id(self, *, selected: bool) -> bool:
        """Return whether records have an id; fields that the page does not list cannot be selected."""
        return self.id_field is not None and (self.id_with_select or not selected)

    def key(self, session: Session, *, selected: bool) -> object:
        """Return the session's id, or its identity if it has no id."""
        return session.id if self.has_id(selected=selected) else identity(self.record(session))

    def write(self, session: Session, select: tuple[str, ...] | None) -> bytes:
        """Return the record as JSON."""
        found = session.written.get(select)
        if found is None:
            found = session.written[select] = orjson.dumps(self.record(session, select))
        return found

    def record(self, session: Session, select: tuple[str, ...] | None = None) -> dict[str, Any]:
        """Return the record."""
        visitor, arrival, user = session.visitor, session.arrival, session.user
        found: dict[str, Any] = {
            "userId": user.id,
            "duration": session.duration,
            "inactiveTime": session.inactive,
            "activeTime": session.duration - session.inactive,
            "urls": session.urls,
            "timestamp": session.started,
            "pageCount": len(session.urls),
            "eventCount": session.events,
            "name": user.name,
            "email": user.email,
            "tags": user.tags,
            "landingPage": arrival.landing,
            **dict(zip(UTM, arrival.utm, strict=True)),
            "browser": visitor.browser,
            "os": visitor.os,
            "device": visitor.device,
            "isMobile": visitor.is_mobile,
            "ip": visitor.ip,
            "city": visitor.city,
            "country": visitor.country if self.country == "code" else visitor.country_name,
            "domain": arrival.domain,
            "referrer": arrival.referrer,
        }
        if select is not None:
            found = {name: value for name, value in found.items() if name in select}
        if session.terse:
            found = {name: value for name, value in found.items() if value is not None}
        if self.id_field is not None and self.has_id(selected=select is not None):
            found = {self.id_field: session.id, **found}
        return found
