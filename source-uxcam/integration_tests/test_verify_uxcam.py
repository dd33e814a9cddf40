"""`verify` names what is otherwise about UXCam's two APIs, and nothing else."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from sandbox_server import NewFields, Record, Status, Vendor
from sandbox_server.changes import Change

from integration_tests.verifying import (
    RATE_LIMIT,
    NoIds,
    Replaced,
    Reversed,
    Rewritten,
    SameIds,
    Variant,
    Without,
    check,
    check_every_assumption_has_a_variant,
    check_variant,
    left_open,
    of_any_vendor,
    otherwise,
    verified,
    words,
)

FOLDER = "source-uxcam"
V2, SESSION_API = "data_access_v2", "session_api"
FULL_PAGES: dict[str, Any] = {V2: {"sessions": 600}, SESSION_API: {"sessions": 300}}
ENOUGH: dict[str, Any] = {V2: {"sessions": 60}, SESSION_API: {"sessions": 300}}
LATE: dict[str, Any] = {"days": 14, "late_every": 10}
FEW = {V2: {"page-size"}, SESSION_API: set[str]()}
"""What cannot be told without a full page."""


def wrap(value: Any) -> Any:
    return {"value": value}


def without_pagination(content: Any) -> Any:
    return {name: value for name, value in content.items() if name != "pagination"}


def hours_later(text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=5)).isoformat().replace("+00:00", "Z")


@dataclasses.dataclass
class MonthEarlier(Change):
    """Records have times of a month before those that the vendor filters by."""

    def change(self, record: Record, id_name: str | None) -> None:
        for name in ("uploaded_server_time", "verified_server_time"):
            moment = datetime.strptime(record["session"][name], "%Y/%m/%d, %H:%M:%S")  # noqa: DTZ007 - as it is
            record["session"][name] = (moment - timedelta(days=30)).strftime("%Y/%m/%d, %H:%M:%S")


V2_VARIANTS: dict[str, Variant] = {
    "gone": Variant({"reachable": "gone"}, faults=[Status(404, times=None)]),
    "refused": Variant({"reachable": "refused"}, faults=[Status(401, times=None)]),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "credentials in the URL": Variant({"credentials": "second"}, {"refuses_headers": True}),
    "smaller pages": Variant({"page-size": "smaller"}, {"page_cap": 30}),
    "no next page": Variant({"next-page": "absent"}, faults=[Rewritten(change=without_pagination)]),
    "another zone": Variant(
        {"filter-time": "shifted"},
        {"time_form": "space", "time_zone_hours": 9},
        cannot_tell=frozenset({"bounds", "events-filter-time"}),
    ),
    "another time": Variant(
        {"filter-time": "other"},
        faults=[Replaced(path="/v2/session", name=("property", "uploadedServerTime"), value=hours_later)],
        cannot_tell=frozenset({"bounds", "events-filter-time"}),
    ),
    "excluded bounds": Variant({"bounds": "exclusive"}, {"lower_inclusive": False, "upper_inclusive": False}),
    "no upper bound": Variant({"bounds": "exclusive"}, {"upper_inclusive": False}),
    "events by occurrence": Variant({"events-filter-time": "occurrence"}, {"events_by_upload": False}),
    "no order": Variant({"order": "changes"}, faults=[Reversed()]),
    "another order": Variant({"order": "changes"}, {"shuffle": "page"}),
    "limits": Variant({"rate-limit-headers": "present"}, faults=[RATE_LIMIT]),
}
OF_A_LIST = {
    "sessions": (("location", "countryCode"), ("location", "countryCode")),
    "events": (("eventDate",), ("eventName",)),
    "users": (("usage", "lastseenOn"), ("usage", "eventCount")),
}
for listed, (column, typed) in OF_A_LIST.items():
    path = f"/v2/{listed[:-1]}"
    V2_VARIANTS |= {
        f"{listed} without ids": Variant(
            {f"{listed}-ids": "missing"},
            faults=[NoIds(path=path)],
            cannot_tell=frozenset({"events-filter-time"} if listed == "sessions" else ()),
        ),
        f"{listed} with equal ids": Variant({f"{listed}-ids": "repeated"}, faults=[SameIds(path=path)]),
        f"{listed} with new fields": Variant({f"{listed}-fields": "otherwise"}, faults=[NewFields(path=path)]),
        f"{listed} with other types": Variant(
            {f"{listed}-types": "otherwise"}, faults=[Replaced(path=path, name=typed, value=wrap)]
        ),
        f"{listed} without a column": Variant(
            {f"{listed}-columns": "missing"}, faults=[Without(path=path, name=column)]
        ),
    }

SESSION_API_VARIANTS = {
    **of_any_vendor(("location", "country_code"), ("location", "country_code")),
    "retired": Variant({"reachable": "gone"}, faults=[Status(410, times=None)]),
    "down": Variant({"reachable": "down"}, faults=[Status(500, times=None)]),
    "smaller pages": Variant({"page-size": "smaller"}, {"page_cap": 50}),
    "repeated pages": Variant({"end-of-list": "repeated"}, {"beyond_end": "repeats_last"}),
    "refused pages": Variant({"end-of-list": "refused"}, {"beyond_end": "refused"}),
    "filter by occurrence": Variant({"filter-time": "other"}, {"date_by": "occurrence"}),
    "another time": Variant(
        {"filter-time": "neither"},
        faults=[MonthEarlier()],
        cannot_tell=frozenset({"day-zone", "times", "end-of-list"}),
    ),
    "days of another zone": Variant({"day-zone": "otherwise"}, {"hours_ahead": 9}),
    "days of a western zone": Variant({"day-zone": "otherwise"}, {"hours_ahead": -12}),
    "local times": Variant({"times": "ahead"}, {"hours_ahead": 9, "writes_local": True}),
    "another order": Variant({"order": "changes"}, {"shuffle": "page"}),
    "no ids": Variant({"ids": "missing"}, faults=[NoIds()]),
    "equal ids": Variant({"ids": "repeated"}, faults=[SameIds()]),
}
VARIANTS = [(V2, name) for name in V2_VARIANTS] + [(SESSION_API, name) for name in SESSION_API_VARIANTS]


def grown(vendor: Vendor) -> None:
    """Some sessions were uploaded just now."""
    vendor.grow(5)


@pytest.mark.parametrize("api", [V2, SESSION_API])
def test_all_is_as_assumed(api: str) -> None:
    check(verified(FOLDER, api, prepare=grown, **LATE, **FULL_PAGES[api]), {})


@pytest.mark.parametrize(("api", "name"), VARIANTS)
def test_what_is_otherwise_is_named_and_nothing_else(api: str, name: str) -> None:
    variants = V2_VARIANTS if api == V2 else SESSION_API_VARIANTS
    check_variant(FOLDER, api, variants[name], FEW[api], prepare=grown, **LATE, **ENOUGH[api])


def test_every_assumption_has_a_variant() -> None:
    check_every_assumption_has_a_variant(FOLDER, V2, V2_VARIANTS.values())
    check_every_assumption_has_a_variant(FOLDER, SESSION_API, SESSION_API_VARIANTS.values())


@pytest.mark.parametrize("api", [V2, SESSION_API])
def test_five_sessions_are_too_few_to_tell(api: str) -> None:
    result = verified(FOLDER, api, sessions=5, days=2, web=0)
    prefix = "sessions-" if api == V2 else ""
    expected = {"page-size", "order", *(f"{prefix}{name}" for name in ("ids", "fields", "types", "columns"))}
    assert otherwise(result) == {}, words(result)
    assert left_open(result) >= expected, words(result)
