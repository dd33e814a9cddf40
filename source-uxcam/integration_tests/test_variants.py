"""UXCam where it differs from its page: small budgets, days and times of another zone, lists by another date."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_tests.clock import Clock
from integration_tests.conftest import starting
from integration_tests.connector import Connector, Json, Output, expected, held
from integration_tests.verifying import Rewritten
from integration_tests.whole import check_whole


def finished(output: Output) -> timedelta:
    """Return how much time the states of a sync have finished."""
    total = timedelta()
    for state in output.states.values():
        for part in state.get("states", [{"cursor": state}]):
            for piece in part["cursor"].get("slices", []):
                total += datetime.fromisoformat(piece["end"]) - datetime.fromisoformat(piece["start"])
    return total


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("lookback", [0, 1])
def test_each_sync_within_a_small_budget_finishes_something(tmp_path: Path, lookback: int) -> None:
    """A day needs more requests than an hour allows: 4,000 sessions, 500 a page, 6 requests."""
    with starting("source-uxcam", tmp_path) as start:
        api = {"version": "data_access_v2", "requests_per_hour": 6}
        config = {"api": api, "lookback_window_days": lookback}
        connector, server = start("data_access_v2", config, sessions=4000, days=1)
        outputs: list[Output] = []
        state: list[Json] = []
        done = timedelta()
        while not outputs or outputs[-1].exit_code:
            assert len(outputs) < 30, "the syncs make no progress"
            outputs.append(connector.read("sessions", state=an_hour_later(state)))
            state = outputs[-1].state
            assert finished(outputs[-1]) > done or outputs[-1].exit_code == 0
            done = finished(outputs[-1])
        wanted = expected(server, "data_access_v2")["sessions"]
        check_whole(connector, outputs, {"sessions": wanted}, held(server, "data_access_v2"))
        assert len(outputs) > 1, "the budget was never used up"


def an_hour_later(state: list[Json]) -> list[Json]:
    """Return the state as if its requests had been sent an hour earlier."""
    for message in state:
        blob = message["stream"]["stream_state"]
        blob["requests"] = {str(int(minute) - 61): count for minute, count in blob.get("requests", {}).items()}
    return state


@pytest.mark.promise(n=4)
@pytest.mark.parametrize("hours_ahead", [9, -9])
@pytest.mark.parametrize("lookback", [0, 1])
def test_days_of_another_zone_lose_nothing_at_any_edge(tmp_path: Path, hours_ahead: int, lookback: int) -> None:
    with starting("source-uxcam", tmp_path) as start:
        connector, server = start(
            "session_api", {"lookback_window_days": lookback}, sessions=360, days=6, hours_ahead=hours_ahead
        )
        wanted = expected(server, "session_api")
        first_day = datetime.fromisoformat(connector.config["start_date"])
        later, end = (f"{first_day + timedelta(days=n):%Y-%m-%d}" for n in (3, 5))
        middle = with_config(connector, {"start_date": later, "end_date": end}).read()
        server.clear()
        both = [middle, connector.read(state=middle.state)]
        check_whole(connector, both, wanted, held(server, "session_api"))
        requested = [entry.request.target for entry in server.requests]
        # Two gaps share a day. A page of it may hold only rows of the other gap: the connector requests it twice.
        assert len(requested) - len(set(requested)) <= 2


@pytest.mark.promise(n=3)
def test_pages_of_the_days_around_a_gap_are_requested_once(tmp_path: Path) -> None:
    with starting("source-uxcam", tmp_path) as start:
        connector, server = start("session_api", {"window_in_days": 1}, sessions=1500, days=6, hours_ahead=9)
        first_day = datetime.fromisoformat(connector.config["start_date"])
        before, later, end = (f"{first_day + timedelta(days=n):%Y-%m-%d}" for n in (1, 2, 4))
        output = with_config(connector, {"start_date": later, "end_date": end}).read("sessions")
        assert output.exit_code == 0, output.errors
        requested = [entry.request.target for entry in server.requests]
        assert any(before in target for target in requested), "a day more is requested"
        assert len(requested) == len(set(requested))


def with_config(connector: Connector, change: Json) -> Connector:
    return replace(connector, config={**connector.config, **change})


@pytest.mark.promise(n=4)
@pytest.mark.parametrize(("hour", "hours_ahead"), [(3, -9), (21, 9)])
def test_a_gap_that_begins_within_a_day_of_the_vendor_loses_nothing_beside_an_earlier_gap(
    tmp_path: Path, hour: int, hours_ahead: int
) -> None:
    clock = Clock(start=datetime(2026, 2, 8, hour, tzinfo=UTC))
    config = {"lookback_window_days": 0}
    with starting("source-uxcam", tmp_path) as start:
        connector, server = start("session_api", config, sessions=100, days=6, hours_ahead=hours_ahead, now=clock)
        first = with_config(connector, {"start_date": "2026-02-05"}).read()
        clock.advance(timedelta(hours=1))
        server.vendor.grow(20)
        clock.advance(timedelta(hours=1))
        second = connector.read(state=first.state)
        check_whole(connector, [first, second], expected(server, "session_api"), held(server, "session_api"))


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("hours", [9, -8])
def test_uploads_written_in_another_zone_lose_nothing(tmp_path: Path, hours: int) -> None:
    clock = Clock(behind=300)
    with starting("source-uxcam", tmp_path) as start:
        options: dict[str, Any] = {"time_form": "space", "time_zone_hours": hours, "late_every": 10, "now": clock}
        connector, server = start("data_access_v2", {"lookback_window_days": 0}, sessions=300, days=5, **options)
        end = f"{connector.now - timedelta(seconds=200):%Y-%m-%dT%H:%M:%SZ}"
        first = with_config(connector, {"end_date": end}).read()
        clock.behind = 100  # the new sessions are later than the end of the first sync
        server.vendor.grow(20)
        outputs = [first, connector.read(state=first.state)]
        assert [output.exit_code for output in outputs] == [0, 0]
        check_whole(connector, outputs, expected(server, "data_access_v2"), held(server, "data_access_v2"))


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("date_by", ["occurrence", "upload"])
def test_sessions_listed_by_the_day_they_occurred_are_emitted_and_the_log_names_the_cause(
    tmp_path: Path, date_by: str
) -> None:
    with starting("source-uxcam", tmp_path) as start:
        # In a window of one day, uploads that are days later show which day the vendor filters by.
        options: dict[str, Any] = {"date_by": date_by, "late_every": 10}
        connector, server = start("session_api", {"window_in_days": 1}, sessions=300, days=20, **options)
        output = connector.read()
        check_whole(connector, [output], expected(server, "session_api"), held(server, "session_api"))
        is_logged = "Set lookback_window_days to their longest delay" in output.log
        assert is_logged == (date_by == "occurrence")


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=3)
@pytest.mark.parametrize("page_cap", [None, 20])
def test_v2_without_pagination_is_read_until_a_page_is_empty_or_short(
    tmp_path: Path, page_cap: int | None
) -> None:
    with starting("source-uxcam", tmp_path) as start:
        connector, server = start("data_access_v2", sessions=130, days=3, page_cap=page_cap)
        server.faults.append(Rewritten(change=without_pagination, times=None))
        output = connector.read("sessions")
        assert output.exit_code == 0, output.errors
        wanted, allowed = (keys(server, "data_access_v2")["sessions"] for keys in (expected, held))
        check_whole(connector, [output], {"sessions": wanted}, {"sessions": allowed})


def without_pagination(content: Any) -> Any:
    return {name: value for name, value in content.items() if name != "pagination"}


@pytest.mark.promise(n=1)
def test_users_who_were_seen_after_end_date_too_are_emitted(tmp_path: Path) -> None:
    with starting("source-uxcam", tmp_path) as start:
        clock = Clock()
        connector, server = start("data_access_v2", sessions=200, days=8, now=clock)
        end = clock.now - timedelta(days=2)
        output = with_config(connector, {"end_date": f"{end:%Y-%m-%dT%H:%M:%SZ}"}).read("users")
        first, last = datetime.fromisoformat(connector.config["start_date"] + "T00:00:00Z"), end
        active = {
            user.id
            for user in server.vendor.data.users  # type: ignore[attr-defined]
            if any(first.timestamp() <= moment < last.timestamp() - 1 for moment in user.active)
        }
        found = {record["uxcam_user_id"]: record["last_seen_at"] for record in output.records["users"]}
        assert active <= found.keys()
        assert max(found.values()) > f"{end:%Y-%m-%dT%H:%M:%SZ}", "some were seen later, too"
