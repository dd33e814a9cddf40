"""Sessions and their records, generated at random; each record is serialized once.

The page shows only a mobile session. The members of web sessions, and which members are optional, come from the
types in the vendor's `@devrev/typescript-sdk` (`MobileSession`, `WebSession`).
"""

import random
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sandbox_server.traffic import Traffic

Record = dict[str, Any]


class App(NamedTuple):
    """The subject of a list: one app on one platform."""

    version_key: str
    platform: str

    @property
    def type(self) -> str:
        """The type of sessions on that platform."""
        return "web" if self.platform == "web" else "mobile"


class Page(NamedTuple):
    """A web page that was visited."""

    name: str
    url: str


@dataclass(eq=False)
class Session:
    """One session. `screens` and `pages` are used by filters but are not in records."""

    app: App
    order: int
    """Orders sessions within the same millisecond; the higher number is newer."""
    created: int
    """Milliseconds since the epoch."""
    record: Record
    screens: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    written: bytes = b""

    @property
    def id(self) -> str:
        """Unique only within its app."""
        return str(self.record["session_id"])

    @property
    def parts_name(self) -> str:
        """The name of the member that lists recordings."""
        return "tab_ids" if self.app.type == "web" else "recording_ids"

    @property
    def parts(self) -> list[str]:
        """The recordings of a mobile session, or the tabs of a web session."""
        return list(self.record.get(self.parts_name, []))

    def bytes(self) -> bytes:
        """The record as JSON."""
        if not self.written:
            self.written = orjson.dumps(self.record)
        return self.written

    def go_on(self, part: str) -> None:
        """Extend the session by half a minute and one recording."""
        longer = self.record["session_duration_ms"] + 30_000
        self.record = {**self.record, "session_duration_ms": longer, self.parts_name: [*self.parts, part]}
        self.written = b""


ORGS = ["REV-AbCdEfGh", "REV-1x2Y3z", "don:identity:dvrv-us-1:devo/0:revo/Ab+C/1", None]
PHONES = [("Samsung", "SM-S911B"), ("Google", "Pixel 8"), ("Xiaomi", 'Mi "Note" 10')]
APPLE = [("Apple", "iPhone15,2"), ("Apple", "iPad13,4")]
SCREENS = ["Home", "Détails du panier", "設定", "Checkout"]
PAGES = [
    Page("Welcome", "https://shop.example.com/"),
    Page("Käse & Co", "https://shop.example.com/käse?q=a%20b&c=1"),
    Page("Cart", "https://shop.example.com/cart#top"),
    Page("設定", "https://shop.example.com/settings"),
]
PLANS = ["pro 🚀", "free", "true", "42"]


def iso(created: int) -> str:
    """`2023-01-01T12:00:00.000Z`."""
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(created // 1000))}.{created % 1000:03d}Z"


def part_ids(dice: random.Random) -> list[str] | None:
    """Make zero to three recordings, or no such member; ids are unique only within a session."""
    count = dice.choice([None, 0, 1, 1, 1, 2, 2, 3])
    return None if count is None else [f"{dice.randrange(256):02x}/{index}" for index in range(count)]


def known(**values: object) -> Record:
    """Return the members without unknown values; optional members are absent, not null."""
    return {name: value for name, value in values.items() if value is not None}


def begin(dice: random.Random, app: App, session_id: str, created: int) -> Record:
    """Return the first members of all records; `platform` is optional."""
    platform = app.platform if dice.random() < 0.85 else None
    return known(type=app.type, platform=platform, session_id=session_id, created_at=iso(created))


def user(dice: random.Random) -> Record:
    """Return the members about the user; anonymous sessions have none."""
    user_id = f"REVU-{dice.randrange(40)}" if dice.random() < 0.75 else None
    return known(rev_org_id=dice.choice(ORGS), rev_user_id=user_id)


def mobile(dice: random.Random, app: App, session_id: str, created: int) -> Record:
    """Make a session on Android or iOS."""
    ios = app.platform == "ios"
    maker, model = dice.choice(APPLE if ios else PHONES)
    return {
        **begin(dice, app, session_id, created),
        "device_metadata": {
            "app_version": dice.choice(["1.0", "3.1.3", "10.2.4 (77)"]),
            "manufacturer": maker,
            "model": model,
            "network_type": dice.choice(["WiFi", "WiFi", "cellular", ""]),
            "os_version": dice.choice(["16.4", "17.2.1"] if ios else ["13", "14"]),
            "plug_sdk_version": dice.choice(["2.1.0", "2.2.3-beta.1"]),
            "screen_height": dice.choice([2340, 1920, 844]),
            "screen_width": dice.choice([1080, 390]),
            "sdk_version": dice.choice(["33", "34"]),
        },
        "has_exception_occurred": dice.random() < 0.2,
        "is_anr": dice.random() < 0.1,
        "is_crash": dice.random() < 0.15,
        "rage_tap": dice.random() < 0.3,
        **known(recording_ids=part_ids(dice)),
        **user(dice),
        "session_duration_ms": dice.choice([0, dice.randrange(1, 90_000), dice.randrange(1, 3_600_000)]),
    }


def web(dice: random.Random, app: App, session_id: str, created: int, first: Page) -> Record:
    """Make a web session."""
    counts = {"200": dice.randrange(1, 90), "304": dice.randrange(9), "404": 1, "500": 2}
    statuses = dict(dice.sample(list(counts.items()), dice.choice([0, 1, 2, 4])))
    console = known(
        error=dice.choice([None, 0, 0, 2]), log=dice.choice([None, 0, 14]), warn=dice.choice([None, 0, 3])
    )
    attributes = {"plan": dice.choice(PLANS), "région": "Île-de-France"}
    chance = dice.random
    return {
        **begin(dice, app, session_id, created),
        **known(console_metadata=console if chance() < 0.8 else None),
        "dead_click_count": dice.choice([0, 0, 1, 5]),
        "device_metadata": known(
            type=dice.choice(["desktop", "desktop", "mobile"]),
            browser=dice.choice(["Chrome", "Firefox", "Safari", None]),
            browser_version=dice.choice(["126.0", "17.5", None]),
            model=dice.choice(["Macintosh", None]),
            network_type=dice.choice(["4g", "3g", "wifi", None]),
            os=dice.choice(["Windows", "macOS", "Linux", None]),
        ),
        **known(
            first_page_title=first.name if chance() < 0.8 else None,
            first_page_url=first.url if chance() < 0.9 else None,
            network_metadata={"status_counts": statuses} if chance() < 0.8 else None,
            page_load_time_ms=dice.randrange(5_000) if chance() < 0.8 else None,
        ),
        "rage_click_count": dice.choice([0, 0, 0, 3]),
        **user(dice),
        **known(session_attributes={"attributes": attributes} if chance() < 0.6 else None),
        "session_duration_ms": dice.choice([0, dice.randrange(1, 90_000), dice.randrange(1, 3_600_000)]),
        **known(tab_ids=part_ids(dice)),
    }


def make(  # noqa: PLR0913, PLR0917
    dice: random.Random, app: App, order: int, session_id: str, created: int, traffic: Traffic | None = None
) -> Session:
    """Make a session of an app."""
    if app.type == "mobile":
        screens = tuple(dice.sample(list(traffic.screens) if traffic else SCREENS, dice.choice([1, 2, 3])))
        return Session(app, order, created, mobile(dice, app, session_id, created), screens=screens)
    known = (
        [Page(title, f"https://{traffic.hosts[0]}{path}") for path, title in traffic.pages] if traffic else PAGES
    )
    pages = tuple(dice.sample(known, dice.choice([1, 2, 3])))
    return Session(app, order, created, web(dice, app, session_id, created, pages[0]), pages=pages)
