"""Visitors: how they arrive, which pages they visit, and how they are identified."""

import random
from typing import Any

from sandbox_server.traffic import Traffic

from .records import Arrival, User, Visitor

BROWSERS = [
    ("Chrome", "Windows", "Desktop", False),
    ("Chrome", "Android", "Samsung SM-G991B", True),
    ("Safari", "iOS", "iPhone", True),
    ("Safari", "Mac OS X", None, False),
    ("Firefox", "Linux", None, False),
    ("Samsung Internet", "Android", "小米 M2102J20SG", True),
]
PLACES = [
    ("IN", "India", "Bengaluru"),
    ("US", "United States", "New York"),
    ("DE", "Germany", "München"),
    ("JP", "Japan", "東京"),
    ("BR", "Brazil", "São Paulo"),
    ("FR", "France", None),
    (None, None, None),
]
DOMAINS = ["shop.example.com", "www.example.com", "bücher.example"]
PATHS = [
    "/",
    "/pricing",
    "/search?q=rote+Schuhe&page=2",
    "/produkte/größe-42?farbe=grün",
    "/a%20b/%E6%9D%B1%E4%BA%AC#top",
    "/checkout/'thanks'?order=1%2B1",
    "/" + "deep/" * 40 + "page.html",
]
REFERRERS = ["google.com", "news.example.org", "münchen.example", "", None, None]
CAMPAIGNS: list[tuple[str | None, ...]] = [
    ("newsletter", "email", "été 2026", None, None),
    ("google", "cpc", "brand", "shoes + socks", 'banner "A"'),
]
NO_CAMPAIGN = (None,) * 5
PEOPLE = [
    ("Priya Nair", "priya@example.com"),
    ("José Ñandú", "jose+shop@example.com"),
    ('O\'Brien "Bob"', None),
    ("李雷", "lilei@例え.example"),
    (None, "someone@example.com"),
]
TAGS: list[Any] = [["vip", "beta"], {"plan": "pro 🚀", "seats": 12, "since": None}, [], {}, None]


def visitor(dice: random.Random, number: int) -> Visitor:
    """Make a new visitor. Few addresses are shared, and some sites do not store them."""
    browser, system, device, mobile = dice.choice(BROWSERS)
    code, country, city = dice.choice(PLACES)
    addresses = [
        f"198.{18 + (number >> 16 & 1)}.{number >> 8 & 255}.{number & 255}",
        f"2001:db8::{number:x}",
        None,
    ]
    return Visitor(
        ip=dice.choices(addresses, (85, 12, 3))[0],
        browser=browser,
        os=system,
        device=device,
        is_mobile=mobile,
        city=city,
        country=code,
        country_name=country,
    )


def arrivals(traffic: Traffic | None = None) -> list[Arrival]:
    """Return all landing pages: each domain's pages, with and without a campaign."""
    found: list[Arrival] = []
    for domain in traffic.hosts if traffic else DOMAINS:
        for index, path in enumerate(traffic.paths if traffic else PATHS):
            for campaign in (NO_CAMPAIGN, NO_CAMPAIGN, CAMPAIGNS[index % 2]):
                referrer = REFERRERS[len(found) % len(REFERRERS)]
                found.append(Arrival(domain, f"https://{domain}{path}", referrer, campaign))
    return found


def urls(dice: random.Random, arrival: Arrival, traffic: Traffic | None = None) -> tuple[str, ...]:
    """Make the pages of a visit; pages may repeat, and a few visits have none."""
    kind = dice.random()
    if kind < 0.02:
        return ()
    count = dice.randrange(30, 60) if kind > 0.98 else min(1 + int(dice.expovariate(0.5)), 12)
    return (arrival.landing, *(next_url(dice, arrival, traffic) for _ in range(count - 1)))


def next_url(dice: random.Random, arrival: Arrival, traffic: Traffic | None = None) -> str:
    """Return one more page of the same site."""
    return f"https://{arrival.domain}{dice.choice(traffic.paths if traffic else PATHS)}"


def user(dice: random.Random, number: int, *, numeric: bool, traffic: Traffic | None = None) -> User:
    """Make the data of an identify call; sites choose the form of their ids."""
    if traffic is not None:
        name, email = dice.choice(traffic.people) or (None, None)
        return User(number if numeric else f"user-{number}", name, email, dict([dice.choice(traffic.tags)]))
    name, email = dice.choice(PEOPLE)
    return User(number if numeric else f"üser/{number}", name, email, dice.choice(TAGS))
