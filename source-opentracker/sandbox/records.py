"""Sessions, each with the 64 values of the page's example.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp has one answer as an example; the
meaning of its columns is taken from their names and that one row.
"""

import datetime as dt
import ipaddress
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

EXAMPLE: dict[str, Any] = json.loads(Path(__file__).with_name("examples.json").read_bytes())
"""The page's answer, verbatim."""
FIELDS: list[str] = EXAMPLE["field"]

Row = dict[str, str]


class Place(NamedTuple):
    """The location of an IP address."""

    country_code: str
    country: str
    city: str
    region: str
    region_code: str
    postal_code: str
    latitude: str
    longitude: str
    zone: str


class Gear(NamedTuple):
    """A browser and its system."""

    browser: str
    version: str
    platform: str
    resolution: str


class Referrer(NamedTuple):
    """A referrer with its search terms."""

    url: str
    host: str
    search: str


class WebPage(NamedTuple):
    """One page of a site: its path and its title."""

    path: str
    title: str


@dataclass(frozen=True)
class Person:
    """A visitor on one machine."""

    machine: str
    """`machine_idx`: the time of the first visit, a dot, and a random number."""
    user: str
    """`use_id`: the machine's, unless the site identified the visitor."""
    first_seen: int
    address: str
    place: Place
    gear: Gear
    provider: str

    @property
    def mark(self) -> str:
        """The random number at the end of all ids of this machine."""
        return self.machine.partition(".")[2]


@dataclass(eq=False)
class Session:
    """One session; times are epoch milliseconds."""

    id: str
    site: str
    person: Person
    start: int
    end: int
    last_event: int
    """When it was last active: slightly after `end`, as in the page's example."""
    live: bool
    """Whether its end is still unknown."""
    pages: int
    number: int
    entry: WebPage
    exit: WebPage
    referrer: Referrer
    original: Row | None = None
    """The page's own row if this session is its example."""
    written: dict[object, bytes] = field(default_factory=dict)
    """Its row as JSON, by everything that its form depends on."""

    def order(self, by: str) -> tuple[int, str]:
        """Return the sort key for a list ordered by start or by last event."""
        return (self.start if by == "session_start" else self.last_event, self.id)


def span(milliseconds: int) -> str:
    """Format a duration like `20h 47m 3s`."""
    seconds = milliseconds // 1000
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "m"), (seconds % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        del parts[0]
    return " ".join(f"{number}{unit}" for number, unit in parts)


def local(milliseconds: int, zone: ZoneInfo) -> dt.datetime:
    """Convert a time to a zone."""
    return dt.datetime.fromtimestamp(milliseconds / 1000, zone)


def row(session: Session, site_zone: ZoneInfo, *, visitors_zone: bool) -> Row:
    """Return the values by column, all strings; the two display dates are added with the answer."""
    if session.original is not None:
        return session.original
    person, place, gear = session.person, session.person.place, session.person.gear
    entry, last = (f"http://{session.site}{page.path}" for page in (session.entry, session.exit))
    duration, pages, number = span(session.end - session.start), str(session.pages), str(session.number)
    status = "online" if session.live else "offline"
    return {
        "duration": duration,
        "status": f"puppet_{status}",
        "flag": place.country_code.lower(),
        "country": place.country,
        "visits_pageviews": f"{number} ({pages})",
        "currentPage": last,
        "area": "",
        "area_code": "",
        "browser": f"{gear.browser} {gear.version}",
        "browser_version": gear.version,
        "city": place.city,
        "company_org": "",
        "country_code": place.country_code,
        "country_name": place.country,
        "currentTitle": session.exit.title,
        "currentVisitDuration": duration,
        "dma_code": "",
        "entry_root_url": entry,
        "entry_title": session.entry.title,
        "eventUnixTimestamp": str(session.last_event),
        "event_id": f"{session.end}.{person.mark}",
        "exit_root_url": last,
        "exit_title": session.exit.title,
        "first_session_unix_timestamp": str(person.first_seen),
        "inet_aton": str(int(ipaddress.IPv4Address(person.address))),
        "ip_number": person.address,
        "isp": "",
        "isp_org": person.provider,
        "lastVisitDuration": "0s",
        "latitude": place.latitude,
        "longitude": place.longitude,
        "machine_id": f"{person.address}:{person.first_seen}",
        "machine_idx": person.machine,
        "number_of_pages_viewed": pages,
        "number_visits": number,
        "pages_viewed": pages,
        "platform": gear.platform,
        "postal_code": place.postal_code,
        "provider": person.provider,
        "referrer": session.referrer.url,
        "referrersLogo": session.referrer.host,
        "region": place.region,
        "region_code": place.region_code,
        "resolution": gear.resolution,
        "rnd": person.mark[-5:],
        "search": session.referrer.search,
        "session_end_unix_timestamp": "" if session.live else str(session.end),
        "session_id": session.id,
        "session_referrer": session.referrer.url,
        "session_referrer_hostname": session.referrer.host.rpartition(".")[0],
        "session_referrer_unix_timestamp": str(session.start) if session.referrer.url else "",
        "session_start_unix_timestamp": str(session.start),
        "site": session.site,
        "timezone": place.zone if visitors_zone else site_zone.key,
        "total_duration": "",
        "total_number_visits": number,
        "total_pages_viewed": pages,
        "type": "session",
        "use_id": person.user,
        "user_status": status,
        "visit_id": session.id,
        "zipCode": place.postal_code,
    }
