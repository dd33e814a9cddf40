"""Users with their devices and locations."""

import random
from collections.abc import Mapping
from typing import Any

from .records import Device, Place, User, Web

ANDROID = "android"
IOS = "ios"

PLACES = [
    Place("US", "USA", "New York City", 40.7128, -74.006),
    Place("NP", "Nepal", "Kathmandu", 27.7172, 85.324),
    Place("DE", "Germany", "München", 48.1374, 11.5755),
    Place("JP", "Japan", "東京", 35.6895, 139.6917),
    Place("BR", "Brazil", "São Paulo", -23.5475, -46.6361),
    Place("FR", "France", None, 48.8566, 2.3522),
    Place(None, None, None, None, None),
]
NAMES = ["priya", "Steve Smith", "José Ñandú", 'O\'Brien "Bob"', "李雷", "steve@example.com", None]
ALIASES = ["Siddhartha Pandey", "Martin Meyers", "Isaias Altenwerth", "Zoë Müller", "Garfield Gerlach"]
PHONES = [("Samsung", "S6"), ("Huawei", "JKM-LX1"), ("Google", "Pixel 8"), ("motorola", "moto g")]
APPLE = [("Apple", "iPhone15,2"), ("Apple", "iPad13,4")]
BROWSERS = [("Chrome", "126.0"), ("Firefox", "127.0"), ("Safari", "17.5")]
REFERERS = [
    ("https://news.example.org/a?b=c", "news.example.org"),
    ("https://example.com/", "example.com"),
    None,
]


def device(dice: random.Random, platform: str, record: dict[str, Any] | None = None) -> Device:
    """Make a device of that platform, or the device of one of the page's records."""
    if record is not None:
        return Device(platform, record["os_version"].rpartition(" ")[2], record)
    producer, model = dice.choice(APPLE if platform == IOS else PHONES)
    version = dice.choice(["16.4", "17.2.1"] if platform == IOS else ["9", "13", "8.1"])
    name = {"ios": "iOS", "web": "Windows"}.get(platform, "Android")
    large = {"ios": "iPhone Large", "web": "Desktop"}.get(platform, "Android Large")
    return Device(
        platform,
        version,
        {
            "id": f"{dice.getrandbits(64):016x}",
            "producer": None if platform == "web" else producer,
            "model": None if platform == "web" else model,
            "type": "Desktop" if platform == "web" else "phone",
            "class": large,
            "height": dice.choice([2340, 1920, 844]),
            "width": dice.choice([1080, 390]),
            "dpi": dice.choice([-1, 320, 480]),
            "language": dice.choice(["English", "French", "Deutsch", "日本語"]),
            "app_version": dice.choice(["1.0", "3.1.3", "10.2.3", "10.2.4"]),
            "os_version": f"{name} {version}",
            "sdk_version": dice.choice(["3.0.5", "3.1.1", "3.6.23"]),
            "carrier_name": dice.choice(["Vodafone", "Verizon Wireless", None]),
            "total_ram_kb": dice.randrange(2_000_000, 8_000_000),
            "free_ram_kb": dice.choice([None, dice.randrange(400, 400_000)]),
            "total_storage_in_kb": dice.randrange(10_000_000, 128_000_000),
            "country": dice.choice(["USA", "France", "Nepal"]),
            "time_zone": dice.choice(["+4", "0", "-5", "+5"]),
            "is_rooted": int(dice.random() < 0.1),
            "notification_enabled": dice.choice([0, 1, 1, None]),
        },
    )


def person(dice: random.Random, number: int, with_device: Device) -> User:
    """Make a new user; an app may set any custom properties."""
    name = dice.choice(NAMES)
    identity = f"U#{number}" if dice.random() < 0.8 else None
    properties: dict[str, Any] = {
        "gender": dice.choice(["male", "female", None]),
        "age": dice.randrange(18, 80),
    }
    if dice.random() < 0.5:
        properties |= {
            "loyalty_card": "no",
            "städte": ["Köln", "Łódź"],
            "vip": True,
            "plan": {"name": "pro 🚀"},
        }
    if identity is not None:
        properties["kUXCam_UserIdentity"] = identity
    if dice.random() < 0.1:
        properties = {}
        identity = None
    return User(
        id=f"{dice.getrandbits(64):016x}{number:08x}",
        name=name,
        alias=dice.choice(ALIASES),
        identity=identity,
        place=dice.choice(PLACES),
        device=with_device,
        properties=properties,
    )


def place_of(location: Mapping[str, Any]) -> Place:
    """Return the location of one of the page's records, which has no real coordinates."""
    country = {place.code: place.country for place in PLACES}[location["country_code"]]
    return Place(location["country_code"], country, location["city"], location["latitude"], location["longitude"])


def web_visit(dice: random.Random) -> Web:
    """Make the referrer and landing page of a visit."""
    browser, version = dice.choice(BROWSERS)
    referer, domain = dice.choice(REFERERS) or (None, None)
    utm = {"utm_source": dice.choice(["newsletter", "google"]), "utm_campaign": "été"}
    return Web(browser, version, referer, domain, utm if dice.random() < 0.5 else {})
