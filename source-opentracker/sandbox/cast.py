"""Visitors: their locations, browsers and pages."""

import random

from .records import EXAMPLE, FIELDS, Gear, Person, Place, Referrer, Row, Session, WebPage

PLACES = [
    Place(
        "US", "United States", "Brooklyn", "New York", "NY", "11219", "40.633194", "-73.9967", "America/New_York"
    ),
    Place("DE", "Germany", "München", "Bayern", "BY", "80331", "48.1374", "11.5755", "Europe/Berlin"),
    Place("JP", "Japan", "東京", "Tokyo", "13", "100-0001", "35.6895", "139.6917", "Asia/Tokyo"),
    Place("BR", "Brazil", "São Paulo", "São Paulo", "SP", "01000", "-23.5475", "-46.6361", "America/Sao_Paulo"),
    Place("NP", "Nepal", "Kathmandu", "", "", "", "27.7172", "85.324", "Asia/Kathmandu"),
    Place("", "", "", "", "", "", "", "", ""),
]
GEAR = [
    Gear("Firefox", "8.0", "Windows XP", "1920 x 1080"),
    Gear("Chrome", "126.0", "Windows 10", "1366 x 768"),
    Gear("Safari", "17.5", "Mac OS X", "2560 x 1440"),
    Gear("Chrome", "125.0", "Android", "412 x 915"),
]
PROVIDERS = ["optonline.net", "Deutsche Telekom AG", "Orange & Cie", ""]
PAGES = [
    WebPage("/loginpage", "Get in here. | Opentracker.net"),
    WebPage("/", "Home"),
    WebPage("/preise?währung=€", "Preise & Größen"),
    WebPage("/検索", '検索 "results" \\ 1/2'),
    WebPage("/blog/a%20b+c", ""),
]
REFERRERS = [
    Referrer("", "", ""),
    Referrer("", "", ""),
    Referrer("https://www.google.com/", "google.com", "käse & wein kaufen"),
    Referrer("http://news.example.org/a?b=c&d=%2F", "example.org", ""),
]
OWN_IDS = ["jane+{}@example.com", "Zoë & Söhne #{}", "日本 {}", "o'brien/{}:100%25", "{}"]


def person(dice: random.Random, others: list[Person], first_seen: int) -> Person:
    """Make a new visitor. Sites identify some visitors, sometimes on a second machine."""
    machine = f"{first_seen}.{dice.randrange(10**8, 10**9)}"
    user = machine
    if dice.random() < 0.3:
        known = [other.user for other in others if other.user != other.machine]
        again = known and dice.random() < 0.3
        user = dice.choice(known) if again else dice.choice(OWN_IDS).format(len(others) + 1)
    return Person(
        machine=machine,
        user=user,
        first_seen=first_seen,
        address=".".join(str(dice.randrange(1, 255)) for _ in range(4)),
        place=dice.choice(PLACES),
        gear=dice.choice(GEAR),
        provider=dice.choice(PROVIDERS),
    )


def example_row() -> Row:
    """Return the page's own row."""
    return dict(zip(FIELDS, EXAMPLE["resultsList"][0], strict=True))


def example_session(row: Row) -> Session:
    """Make the session of this row. Values that are not needed to find it are only in the row."""
    return Session(
        id=row["session_id"],
        site=row["site"],
        person=Person(
            machine=row["machine_idx"],
            user=row["use_id"],
            first_seen=int(row["first_session_unix_timestamp"]),
            address=row["ip_number"],
            place=PLACES[0],
            gear=GEAR[0],
            provider=row["provider"],
        ),
        start=int(row["session_start_unix_timestamp"]),
        end=int(row["session_end_unix_timestamp"]),
        last_event=int(row["eventUnixTimestamp"]),
        live=False,
        pages=int(row["pages_viewed"]),
        number=int(row["number_visits"]),
        entry=PAGES[0],
        exit=PAGES[0],
        referrer=REFERRERS[0],
        original=row,
    )
