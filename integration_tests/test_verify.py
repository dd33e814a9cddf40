"""`verify`: its table, its report and its exit code, for every vendor."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from datetime import time as time_of_day
from typing import Any

import orjson
import pytest
from sandbox_server import NewFields, Record, Status, load_vendor, refused_origin, vendor_names
from sandbox_server.changes import Change
from session_source.airbyte.verify.assumption import CANNOT_TELL

from integration_tests.clock import MOMENT, Clock
from integration_tests.conftest import Start
from integration_tests.inside import source_class
from integration_tests.test_secrets import shown, spellings
from integration_tests.verifying import left_open, otherwise, verified, words

FEW: dict[str, Any] = {"sessions": 60, "days": 4}
PLANTED = "Zoë O'Brien+zoe@example.com/203.0.113.7?token=t%2Fk"
"""In a custom property, by name and by value."""


@dataclass
class Watched(Change):
    """Records have a custom property that names a person, and all that they hold is noted."""

    values: set[str] = field(default_factory=set)

    def change(self, record: Record, id_name: str | None) -> None:
        record[PLANTED] = {PLANTED: PLANTED, "age": 4_711_471_147}
        self.values.update(leaves(record))


class Odd(Change):
    """Every value of a record but its id is a list."""

    def change(self, record: Record, id_name: str | None) -> None:
        record.update({name: [value] for name, value in record.items() if name not in {id_name, "site"}})


def leaves(value: Any) -> Iterator[str]:
    """All values in a record, as text."""
    if isinstance(value, dict):
        for part in value.values():
            yield from leaves(part)
    elif isinstance(value, list):
        for part in value:
            yield from leaves(part)
    elif isinstance(value, str) or (type(value) in {int, float} and abs(value) >= 100_000):
        yield str(value)


@pytest.mark.parametrize("folder", vendor_names())
def test_assumptions_are_declared_in_full(folder: str) -> None:
    for listed in source_class(folder).assumptions.values():
        assert listed[0].id == "reachable", "what cannot be reached is not probed"
        assert len({one.id for one in listed}) == len(listed)
        for one in listed:
            assert one.possible
            texts = [one.sentence, *(text for each in one.possible.values() for text in (each.seen, each.advice))]
            assert all(text.endswith(".") for text in texts), one.id
            assert (one.source or "https://").startswith("https://")


def test_assumptions_are_about_endpoints_that_the_connector_has(case: tuple[str, str]) -> None:
    folder, name = case
    config = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")[name]
    source = source_class(folder)()
    names = {endpoint.name for endpoint in source.endpoints(config)}
    listed = source.assumptions.get(source.api_version(config) or "", ())
    unknown = {one.id: one.endpoint for one in listed if one.endpoint not in names}
    assert unknown == {}, f"the connector has {names}: name the list of sessions `sessions`"


@pytest.mark.parametrize("time", ["00:00:30", "03:00:00", "12:00:00", "23:59:30"])
def test_at_no_time_of_the_day_is_anything_otherwise_that_is_as_assumed(case: tuple[str, str], time: str) -> None:
    clock = Clock(start=datetime.combine(MOMENT, time_of_day.fromisoformat(time), UTC))
    result = verified(*case, now=clock, sessions=300, days=4)
    assert otherwise(result) == {}, words(result)


def test_a_report_holds_no_value_of_a_row_and_no_custom_name(case: tuple[str, str]) -> None:
    watched = Watched()
    result = verified(*case, faults=[watched], **FEW)
    assert "reachable" not in otherwise(result)
    report = orjson.dumps(result.report()).decode()
    values = {value for value in watched.values if len(value) > 5}
    assert len(values) > 50
    names = {path.rpartition(".")[2] for one in result.report()["endpoints"].values() for path in one["fields"]}
    found = {value for value in values if value in report} - names
    assert found <= {"android", "mobile", case[0].removeprefix("source-"), "session", "string"}, "a value of a row"
    for text in (report, result.table()):
        assert not any(form in text for form in spellings(PLANTED))


def test_a_report_has_shapes_counts_and_timings(case: tuple[str, str]) -> None:
    report = verified(*case, faults=[NewFields()], **FEW).report()
    assert report["connector"] == case[0]
    (first, *_) = report["endpoints"].values()
    assert first["rows"] > 0
    assert all(sum(types.values()) > 0 for types in first["fields"].values())
    assert sum(first["undeclared"]["the row"].values()) == 2, "loyaltyTier and consent"
    assert all(one["status"] and one["seconds"] >= 0 for one in report["requests"])


def test_secrets_are_in_no_table_and_no_report(start: Start) -> None:
    connector, server = start(inside=True, sessions=2, days=1)
    server.faults.append(Status(401, body="no such key: {credentials}", times=None))
    place = connector.place / "report.json"
    with pytest.raises(SystemExit):
        connector.run("verify", "--report", str(place))
    result = source_class(connector.folder)().verify(connector.timed_config)
    output = connector.run("spec")
    printed = type(output)(1, place.read_text() + result.table(), "")
    assert shown(connector, printed) == []


def test_a_vendor_that_limits_requests_leaves_all_open(case: tuple[str, str]) -> None:
    result = verified(*case, faults=[Status(429, retry_after=3600, times=None)], **FEW)
    assert otherwise(result) == {}
    assert left_open(result) == {verdict.assumption.id for verdict in result.verdicts}
    assert all(verdict.word == CANNOT_TELL for verdict in result.verdicts)


def test_an_account_without_sessions_leaves_open_what_they_would_show(case: tuple[str, str]) -> None:
    result = verified(*case, config={"start_date": "2020-01-01", "end_date": "2020-01-15"}, **FEW)
    assert otherwise(result) == {}
    seen_without_rows = {"reachable", "credentials", "limit", "sort-by", "rate-limit-headers", "list-shape"}
    assert left_open(result) >= {verdict.assumption.id for verdict in result.verdicts} - seen_without_rows
    assert "failed" not in result.table()


def test_odd_rows_do_not_hide_what_else_there_is(case: tuple[str, str]) -> None:
    """The first value of each row is an object, whatever it was."""
    result = verified(*case, faults=[Odd()], **FEW)
    assert "reachable" not in otherwise(result)
    assert any("types" in name for name in otherwise(result))
    assert "failed" not in result.table()


def test_a_vendor_that_is_not_there_is_named(case: tuple[str, str]) -> None:
    result = verified(*case, config={"base_url": refused_origin()}, **FEW)
    assert otherwise(result) == {"reachable": "down"}
    assert "base_url" in result.table()


def test_if_the_key_is_wrong_the_table_has_only_that(case: tuple[str, str]) -> None:
    result = verified(*case, faults=[Status(401, times=None)], **FEW)
    first, *others = result.verdicts
    table = result.table()
    assert otherwise(result).keys() == {"reachable"}
    assert f"  {first.assumption.id}: " in table
    assert [one.assumption.id for one in others if f"  {one.assumption.id}: " in table] == []
    assert f"{len(others)} assumptions were not checked" in table
