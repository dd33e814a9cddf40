"""`verify` names what is otherwise about DevRev, and nothing else."""

import dataclasses
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sandbox_server import NewFields, Request, Status

from integration_tests.verifying import (
    Headers,
    NoIds,
    Replaced,
    SameIds,
    Sent,
    Variant,
    check,
    check_every_assumption_has_a_variant,
    check_variant,
    left_open,
    of_any_vendor,
    otherwise,
    verified,
    words,
)

FOLDER = "source-devrev"
ENOUGH: dict[str, Any] = {"sessions": 300, "days": 14}
NO_LIMITS: dict[str, str | None] = dict.fromkeys(
    ("X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Reset")
)


def shifted(after: timedelta, before: timedelta) -> Sent:
    """The bounds of `created_at` mean other moments."""

    def change(request: Request) -> Request:
        body = json.loads(request.body)
        for name, by in (("after", after), ("before", before)):
            moment = datetime.fromisoformat(body["created_at"][name]) + by
            body["created_at"][name] = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
        return dataclasses.replace(request, body=json.dumps(body).encode())

    return Sent(change=change)


def without_zone(text: str) -> str:
    """A time that is written in UTC+9 and does not say so."""
    return (datetime.fromisoformat(text) + timedelta(hours=9)).replace(tzinfo=None).isoformat()


MILLISECOND = timedelta(milliseconds=1)
VARIANTS = {
    **of_any_vendor(("session_duration_ms",), ("session_duration_ms",)),
    "new fields of sites": Variant({"fields": "otherwise"}, faults=[NewFields(where='"web"')]),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "a smaller limit": Variant({"limit": "refused"}, {"largest_limit": 50}),
    "smaller pages": Variant({"page-size": "smaller"}, {"largest_page": 30}),
    "null at the end": Variant({"end-of-list": "null"}, {"end_of_list": "null"}),
    "nothing at the end": Variant({"end-of-list": "empty"}, {"end_of_list": "empty"}),
    "another time": Variant(
        {"filter-time": "other"},
        faults=[shifted(timedelta(hours=5), timedelta(hours=5))],
        cannot_tell=frozenset({"bounds"}),
    ),
    "another zone": Variant(
        {"filter-time": "shifted"},
        faults=[Replaced(name=("created_at",), value=without_zone)],
        cannot_tell=frozenset({"bounds"}),
    ),
    "excluded bounds": Variant({"bounds": "exclusive"}, faults=[shifted(MILLISECOND, -MILLISECOND)]),
    "sort_by refused": Variant({"sort-by": "refused"}, {"takes_sort_by": False}),
    "sort_by ignored": Variant({"sort-by": "ignored"}, {"applies_sort_by": False}),
    "no ids": Variant({"ids": "missing"}, faults=[NoIds()]),
    "equal ids": Variant({"ids": "repeated"}, faults=[SameIds()]),
    "limits": Variant({"rate-limit-headers": "absent"}, faults=[Headers(headers=NO_LIMITS)]),
}


def test_all_is_as_assumed() -> None:
    check(verified(FOLDER, "default", **ENOUGH), {})


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_otherwise_is_named_and_nothing_else(name: str) -> None:
    check_variant(FOLDER, "default", VARIANTS[name], **ENOUGH)


def test_every_assumption_has_a_variant() -> None:
    check_every_assumption_has_a_variant(FOLDER, "", VARIANTS.values())


def test_five_sessions_are_too_few_to_tell() -> None:
    result = verified(FOLDER, "default", sessions=5, days=2)
    assert otherwise(result) == {}, words(result)
    assert left_open(result) >= {"page-size", "order", "ids", "fields", "types", "columns"}, words(result)
