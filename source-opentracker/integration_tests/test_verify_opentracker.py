"""`verify` names what is otherwise about Opentracker, and nothing else."""

from typing import Any

import pytest
from sandbox_server import Status

from integration_tests.verifying import (
    NoIds,
    Replaced,
    Rewritten,
    SameIds,
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

FOLDER = "source-opentracker"
FULL_PAGES: dict[str, Any] = {"sessions": 5000, "days": 1}
ENOUGH: dict[str, Any] = {"sessions": 1000, "days": 8, "longest_days": 5}
FEW = frozenset({"page-size"})
"""What cannot be told without a full page."""


def without_country(content: Any) -> Any:
    """The column is not in the answer."""
    place = content["field"].index("country_code")
    for values in (content["field"], *content["resultsList"]):
        del values[place]
    return content


def oldest_first(content: Any) -> Any:
    content["resultsList"].reverse()
    return content


VARIANTS = {
    **of_any_vendor(("country_code",), ("country_code",)),
    "missing": Variant({"columns": "missing"}, faults=[Rewritten(change=without_country)]),
    "oldest first": Variant({"newest-first": "otherwise"}, faults=[Rewritten(change=oldest_first)]),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "another account": Variant({"reachable": "refused"}, {"ignores_credentials": True}),
    "lists from a day on": Variant({"date": "from"}, {"date_means": "from_that_day_on"}),
    "days of starts": Variant(
        {"date-by": "start"},
        {"date_by": "session_start"},
        cannot_tell=frozenset({"from-and-to"}),
    ),
    "days of any activity": Variant(
        {"date-by": "any"}, {"date_by": "any_activity"}, cannot_tell=frozenset({"from-and-to"})
    ),
    "seconds": Variant({"from-and-to": "seconds"}, {"from_to_unit": "s"}),
    "no bounds": Variant({"from-and-to": "ignored"}, {"honours_from_to": False}),
    "no tokens": Variant({"tokens": "offset"}, {"has_next_token": False}),
    "nothing continues": Variant(
        {"tokens": "nothing"},
        {"has_next_token": False, "honours_offset": False},
        may_not_tell=frozenset({"date-by"}),
    ),
    "smaller pages": Variant({"page-size": "smaller"}, {"page_cap": 40, "sessions": 900}),
    "in parentheses": Variant({"form": "callback"}, {"form": "parenthesised"}),
    "objects": Variant({"form": "objects"}, {"form": "objects"}),
    "no ids": Variant({"ids": "missing"}, faults=[NoIds()], cannot_tell=frozenset({"from-and-to", "visit-id"})),
    "equal ids": Variant(
        {"ids": "repeated"},
        faults=[SameIds(also=("visit_id",))],
        may_not_tell=frozenset({"date-by", "from-and-to"}),
    ),
    "other visit ids": Variant(
        {"visit-id": "differs"}, faults=[Replaced(name=("visit_id",), value=lambda v: v + "9")]
    ),
}


def test_all_is_as_assumed() -> None:
    check(verified(FOLDER, "default", **FULL_PAGES), {})


@pytest.mark.parametrize("name", VARIANTS)
def test_what_is_otherwise_is_named_and_nothing_else(name: str) -> None:
    check_variant(FOLDER, "default", VARIANTS[name], FEW, **ENOUGH)


def test_every_assumption_has_a_variant() -> None:
    check_every_assumption_has_a_variant(FOLDER, "", VARIANTS.values())


def test_five_sessions_are_too_few_to_tell() -> None:
    result = verified(FOLDER, "default", sessions=5, days=2)
    assert otherwise(result) == {}, words(result)
    assert left_open(result) >= {"page-size", "order", "ids", "fields", "types", "columns"}, words(result)
