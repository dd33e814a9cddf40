"""`verify` names what is otherwise about Inspectlet, and nothing else."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import Record, Status
from sandbox_server.changes import Change

from integration_tests.conftest import starting
from integration_tests.connector import Connector
from integration_tests.verifying import (
    NoIds,
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

FOLDER = "source-inspectlet"
ENOUGH: dict[str, Any] = {"sessions": 400, "days": 14}


@dataclasses.dataclass
class InAnotherZone(Change):
    """Times are those of another time zone."""

    def change(self, record: Record, id_name: str | None) -> None:
        for name in ("date_start_session", "date_end_session"):
            record[name] -= 9 * 3600


VARIANTS = {
    **of_any_vendor(("num_pages",), ("num_pages",)),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "lists in objects": Variant({"list-shape": "object"}, {"shape": "object"}),
    "details in objects": Variant({"details-shape": "object"}, {"detail_shape": "object"}),
    "details as they are": Variant({"details-shape": "record"}, {"detail_shape": "record"}),
    "smaller pages": Variant({"page-size": "smaller"}, {"page_cap": 37}),
    "repeated pages": Variant({"end-of-list": "repeated"}, {"beyond_end": "repeats_last"}),
    "refused pages": Variant({"end-of-list": "refused"}, {"beyond_end": "refused"}),
    "refused pages, 404": Variant({"end-of-list": "refused"}, {"beyond_end": "refused", "beyond_status": 404}),
    "filter by end": Variant({"filter-time": "end"}, {"compared": "end"}),
    "filter by any time": Variant({"filter-time": "overlap"}, {"compared": "overlap"}),
    "another zone": Variant(
        {"filter-time": "neither"},
        faults=[InAnotherZone()],
        cannot_tell=frozenset({"bounds"}),
    ),
    "excluded bounds": Variant({"bounds": "exclusive"}, {"lower_inclusive": False, "upper_inclusive": False}),
    "no lower bound": Variant({"bounds": "exclusive"}, {"lower_inclusive": False}),
    "another order": Variant({"order": "changes"}, {"order": "reshuffled"}),
    "no ids": Variant({"ids": "missing"}, faults=[NoIds()], cannot_tell=frozenset({"details-shape"})),
    "equal ids": Variant({"ids": "repeated"}, faults=[SameIds()]),
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


def test_the_command_prints_a_table_and_exits_with_1_if_something_is_otherwise(tmp_path: Path) -> None:
    with starting("source-inspectlet", tmp_path, Connector) as start:
        connector, _ = start("default", shape="object", sessions=60, days=4)
        place = tmp_path / "report.json"
        done = connector.run("verify", "--report", str(place))
    assert done.exit_code == 1, done.stdout + done.stderr
    (row,) = [line for line in done.stdout.splitlines() if "list-shape" in line]
    assert row.startswith("otherwise ")
    assert not any(line.startswith("{") for line in done.stdout.splitlines()), "a message of Airbyte's"
    assert json.loads(place.read_text())["assumptions"][0]["id"] == "reachable"
