"""Visitors and their visits to a website."""

import hashlib
import random
from dataclasses import dataclass
from typing import NamedTuple

from sandbox_server.traffic import Traffic

from .records import Record

STOCK = 200
HOSTS = ["http://www.example.com", "https://shop.example.org", "http://xn--bcher-kva.example"]
SITE_NAMES = ["My App", "Büro & Möbel", '店 "O\'Brien" 100%']
PATHS = [
    "/",
    "/?utm_campaign=media",
    "/page",
    "/product-1123",
    "/profile/john",
    "/profile/bob",
    "/dash/profile",
    "/test-page.html",
    "/test-page.html?utm_campaign=banner",
    "/s%C3%BCche?q=a%20b&x=1+2#anker",
    "/checkout/",
]
TITLES = ["Title of first page in session.", "Über uns · 東京", 'Say "hi" & <b>go</b>', "", "🚲"]
LENGTHS = [0, 5, 42, 289, 600, 1800, 7300, 15_000]
NAMES = ["Johnny Appleseed", "José Ñandú", 'O\'Brien "Bob"', "李雷", "ann@example.com", "", None]
# The page does not document the value for an unknown country.
COUNTRIES = ["US", "US", "DE", "NP", "JP", "BR", ""]
IPS = ["53.68.13.141", "67.128.22.4", "10.0.0.7", "2001:db8::8a2e:370:7334"]
SOURCES = ["d", "d", "google", "facebook", "newsletter é & co"]
AGENT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}"
# The names that the page gives for a search, and one of the "other" kind.
BROWSERS = {
    "desktop": ["chrome", "chrome", "firefox", "safari", "ie", "opera", "edge"],
    "phone": ["mobile safari", "chrome mobile (ios)", "android"],
}
TAGS = [
    ("converted", "1"),
    ("converted-purchase", "1"),
    ("converted", ""),
    ("email", "johnny.appleseed@gmail.com"),
    ("email", "zoë+1@exämple.com"),
    ("plan", "Pro & más + 100%"),
    ("étape", "2/3"),
]


class Visitor(NamedTuple):
    """A visitor with a browser, on one website."""

    uid: int
    ip: str
    country: str
    name: str | None
    device: str
    browser: str
    size: tuple[int, int]


@dataclass(frozen=True)
class Visit:
    """The content of a session; times are fractions of its duration."""

    length: int
    source: str
    pages: tuple[tuple[float, str, str], ...]
    """Time, title, path."""
    tags: tuple[tuple[float, str, str], ...]
    """Time, tag, value."""

    def begun(self) -> "Visit":
        """Return the visit as it is at its start."""
        return Visit(0, self.source, self.pages[:1], self.tags[:1])


def visitor(dice: random.Random, traffic: Traffic | None = None) -> Visitor:
    """Make a new visitor."""
    device = dice.choice(["desktop", "desktop", "phone"])
    return Visitor(
        uid=dice.randrange(1 << 32),
        ip=dice.choice([*IPS, f"192.0.2.{dice.randrange(256)}"]),
        country=dice.choice(COUNTRIES),
        name=dice.choice([who and who[0] for who in traffic.people] if traffic else NAMES),
        device=device,
        browser=dice.choice(BROWSERS[device]),
        size=(390, 844) if device == "phone" else dice.choice([(1920, 1080), (1280, 3000)]),
    )


def visits(dice: random.Random, traffic: Traffic | None = None) -> list[Visit]:
    """Make a pool of visits; sessions share them."""
    return [visit(dice, index, traffic) for index in range(STOCK)]


def visit(dice: random.Random, index: int, traffic: Traffic | None = None) -> Visit:
    """Make one visit; a tenth have no tags, and a twentieth neither pages nor tags."""
    if traffic is not None:
        return _ordinary(dice, traffic)
    pages = [(dice.random(), dice.choice(TITLES), dice.choice(PATHS)) for _ in range(dice.randrange(5))]
    pages = sorted([(0.0, dice.choice(TITLES), dice.choice(PATHS)), *pages])
    tags = [(dice.random(), *dice.choice(TAGS)) for _ in range(dice.choice([1, 1, 2, 3, 5]))]
    if index % 4 == 0:  # two tags at the same time, and a repeated tag
        tags += [(tags[0][0], *dice.choice(TAGS)), tags[0]]
    return Visit(
        length=dice.choice(LENGTHS) + dice.randrange(30),
        source=dice.choice(SOURCES),
        pages=() if index % 20 == 0 else tuple(pages),
        tags=() if index % 10 == 0 else tuple(sorted(tags)),
    )


def _ordinary(dice: random.Random, traffic: Traffic) -> Visit:
    moments = [0.0, *sorted(dice.random() for _ in range(dice.randrange(5)))]
    chosen = [dice.choice(traffic.pages) for _ in moments]
    tags = [(dice.random(), *dice.choice(traffic.tags)) for _ in range(dice.choice([0, 0, 1, 2]))]
    return Visit(
        length=dice.choice(traffic.seconds) + dice.randrange(30),
        source=dice.choice(SOURCES),
        pages=tuple((moment, title, path) for moment, (path, title) in zip(moments, chosen, strict=True)),
        tags=tuple(sorted(tags)),
    )


def page_of(sid: int, index: int, opened: int, title: str, url: str) -> Record:
    """Make a page of a session; its id is derived from the session's id."""
    rid = (sid * 2654435761 + index * 40503) % (1 << 32)
    return {"rid": rid, "opened_at": opened, "pagetitle": title, "url": url}


class Facts(NamedTuple):
    """Everything that a record is made of."""

    wid: int
    sid: int
    started: int
    ended: int
    visitor: Visitor
    visit: Visit
    new: bool
    starred: bool
    host: str

    def record(self) -> Record:
        """Return the record, with the properties in the order of the page's example."""
        who, lasted = self.visitor, self.ended - self.started
        pages = [
            page_of(self.sid, index, self.started + int(moment * lasted), title, self.host + path)
            for index, (moment, title, path) in enumerate(self.visit.pages)
        ]
        tags = [
            {"tag": tag, "value": value, "timestamp": self.started + int(moment * lasted)}
            # Newest first, as in the page's example.
            for moment, tag, value in reversed(self.visit.tags)
        ]
        key = hashlib.blake2b(self.sid.to_bytes(8, "big"), digest_size=20).hexdigest()
        watch = f"http://www.inspectlet.com/dashboard/watchsession/{self.wid}/{self.sid}"
        system = "iPhone" if who.device == "phone" else "X11; Linux x86_64"
        return {
            "sid": self.sid,
            "wid": self.wid,
            "date_start_session": self.started,
            "date_end_session": self.ended,
            # The page documents seconds, but its example has milliseconds: 286893 for 289 seconds.
            "session_duration": max(0, lasted * 1000 - self.sid % 3000),
            "num_pages": len(pages),
            "uid": who.uid,
            "ip": who.ip,
            "browser": who.browser,
            "referrer": {"source": self.visit.source},
            "useragent": AGENT.format(system, who.browser.title()),
            "new_visitor": self.new,
            "starred": self.starred,
            "country": who.country,
            "landing_page": pages[0]["url"] if pages else "",
            "exit_page": pages[-1]["url"] if pages else "",
            "device_type": who.device,
            "display_name": who.name,
            "sessionlink": f"{watch}?pn=1&accessResourceKey={key}",
            "tags": tags,
            "pages": pages,
        }
