"""The records of Browsee's sessions and pages."""

from hashlib import sha256
from importlib import resources

import pytest
import yaml
from session_source import Row, Stream
from session_source.testing import columns_of
from source_browsee import export
from source_browsee.export import IDENTITY, NEEDED, SegmentSessions, Sessions, pages, session_id

IDENTIFIED = {
    "timestamp": 1_769_817_600_123,
    "ip": "203.0.113.7",
    "landingPage": "https://example.com/ü",
    "browser": "Firefox",
    "os": "Linux",
    "device": None,
    "isMobile": False,
    "domain": "example.com",
}
FIELDS = [
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
    *("utm_content", "browser", "os", "device", "isMobile", "ip", "city", "country", "domain", "referrer"),
]
SESSION = {
    **IDENTIFIED,
    "userId": "u1",
    "duration": 61_500,
    "pageCount": 2,
    "country": "de",
    "urls": ["https://example.com/ü", {"url": "https://example.com/b", "time": 5}],
}


def test_the_columns_of_every_session() -> None:
    assert columns_of(Sessions.columns, SESSION) == (
        {
            "session_id": session_id(SESSION),
            "user_id": "u1",
            "started_at": "2026-01-31T00:00:00.123000Z",
            "ended_at": "2026-01-31T00:01:01.623000Z",
            "duration_seconds": 61.5,
            "country_code": "DE",
            "app_platform": "web",
            "page_count": 2,
        },
        [],
    )


def test_columns_that_the_vendor_leaves_out_are_null() -> None:
    values, nulled = columns_of(Sessions.columns, {"userId": "", "timestamp": None})
    assert values == dict.fromkeys(Sessions.columns) | {"app_platform": "web"}
    assert nulled == []


@pytest.mark.parametrize(
    ("country", "code"), [("DE", "DE"), ("Germany", None), ("", None), (None, None), ("ÄÖ", None), (49, None)]
)
def test_a_country_is_a_code_only_if_it_has_two_letters(country: object, code: str | None) -> None:
    assert columns_of(Sessions.columns, {"country": country})[0]["country_code"] == code


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"sessionId": "a", "_id": "b", "id": "c"}, "a"),
        ({"_id": "b", "id": "c"}, "b"),
        ({"sessionId": "", "_id": None, "id": 7}, "7"),
    ],
)
def test_an_id_of_the_vendor_is_preferred(row: Row, found: str) -> None:
    assert session_id(IDENTIFIED | row) == found


def test_without_an_id_the_hash_has_the_form_that_the_readme_describes() -> None:
    canonical = (
        '[1769817600123,"203.0.113.7","https://example.com/ü","Firefox","Linux",null,false,"example.com",null]'
    )
    assert session_id(IDENTIFIED) == f"hash:{sha256(canonical.encode()).hexdigest()}"
    assert session_id(IDENTIFIED) == "hash:05140c01f5eb5772419f980f5aaf9ce5f28596aff7e0cf55020b80f6f74bfd87"


def test_nothing_that_a_later_identify_or_a_longer_session_changes_is_in_the_hash() -> None:
    later = {name: "changed" for name in FIELDS if name not in IDENTITY}
    assert session_id(IDENTIFIED | later | {"_id": {"$oid": "5f"}}) == session_id(IDENTIFIED)
    for name in IDENTITY:
        assert session_id(IDENTIFIED | {name: "changed"}) != session_id(IDENTIFIED), name


def test_a_record_without_an_identity_is_left_to_the_hash_of_the_core() -> None:
    assert session_id({"userId": "u1", "id": True}) is None


def of(name: str) -> Stream:
    return next(stream for stream in (*Sessions.streams, *SegmentSessions.streams) if stream.name == name)


def test_pages_carry_the_sessions_key_and_cursor_and_are_objects() -> None:
    columns, _ = columns_of(Sessions.columns, SESSION)
    carried = {"session_id": columns["session_id"], "started_at": columns["started_at"]}
    assert list(of("session_pages").records(SESSION, columns)) == [
        {"url": "https://example.com/ü", "page_index": 0, **carried},
        {"url": "https://example.com/b", "time": 5, "page_index": 1, **carried},
    ]
    assert list(pages({"urls": None})) == list(pages({})) == []


@pytest.mark.parametrize("name", ["sessions", "segment_sessions"])
def test_the_schemas_declare_every_field_of_the_vendors_page(name: str) -> None:
    properties = of(name).json_schema("source_browsee")["properties"]
    assert set(FIELDS) | set(Sessions.columns) == set(properties) - {"segment_id"}
    assert ("segment_id" in properties) == (name == "segment_sessions")


def test_the_fields_to_choose_from_are_those_of_the_vendors_page() -> None:
    spec = yaml.safe_load((resources.files("source_browsee") / "spec.yaml").read_bytes())
    fields = spec["connectionSpecification"]["properties"]["fields"]
    assert fields["items"]["enum"] == FIELDS == list(export.FIELDS)
    assert all(name in fields["description"] for name in NEEDED)
