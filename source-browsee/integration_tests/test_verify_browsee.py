"""`verify` names what is otherwise about Browsee, and nothing else."""

import dataclasses
import json
from typing import Any

import pytest
from sandbox_server import Record, Request, Status
from sandbox_server.changes import Change

from integration_tests.verifying import (
    Replaced,
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

FOLDER = "source-browsee"
IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
ENOUGH: dict[str, Any] = {"sessions": 250, "days": 14}


def ignore_selection(request: Request) -> Request:
    body = {name: value for name, value in json.loads(request.body).items() if name not in {"select", "options"}}
    return dataclasses.replace(request, body=json.dumps(body).encode())


@dataclasses.dataclass
class NothingToIdentify(Change):
    """All values that identify a session are null."""

    def change(self, record: Record, id_name: str | None) -> None:
        record.update(dict.fromkeys(record.keys() & set(IDENTITY)))


VARIANTS = {
    **of_any_vendor(("pageCount",), ("pageCount",)),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "smaller pages": Variant({"page-size": "smaller"}, {"page_cap": 30}),
    "a growing total": Variant({"total": "grows"}, {"totals": "growing"}),
    "filter by end": Variant({"filter-time": "end"}, {"compares": "end"}),
    "filter by any time": Variant({"filter-time": "overlap"}, {"compares": "overlap"}),
    "another zone": Variant(
        {"filter-time": "neither"},
        faults=[Replaced(name=("timestamp",), value=lambda count: count - 40 * 3_600_000)],
        cannot_tell=frozenset({"precision"}),
    ),
    "whole seconds": Variant({"precision": "seconds"}, {"whole_seconds": True}),
    "ids": Variant({"ids": "present"}, {"id_field": "sessionId"}),
    "no keys": Variant(
        {"keys": "missing"},
        faults=[NothingToIdentify()],
        cannot_tell=frozenset({"filter-time", "precision", "order"}),
    ),
    "equal keys": Variant({"keys": "repeated"}, {"twins": 40}),
    "select at the top": Variant({"select": "top"}, {"select_at": "top"}),
    "selection refused": Variant({"select": "refused"}, faults=[Status(400, where='"select"', times=None)]),
    "no selection": Variant({"select": "ignored"}, faults=[Sent(change=ignore_selection)]),
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
    assert left_open(result) >= {"page-size", "total", "order", "keys", "fields", "types"}, words(result)
