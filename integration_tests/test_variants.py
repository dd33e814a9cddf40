"""Vendors that differ from their page in one respect: too large requests, endless lists, broken parts."""

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from integration_tests.conftest import Start, starting
from integration_tests.connector import Connector, Json, Output, expected, held
from integration_tests.whole import check_whole


def finished(output: Output) -> timedelta:
    """How much time the states of a sync have finished."""
    total = timedelta()
    for state in output.states.values():
        for part in state.get("states", [{"cursor": state}]):
            for piece in part["cursor"].get("slices", []):
                total += datetime.fromisoformat(piece["end"]) - datetime.fromisoformat(piece["start"])
    return total


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("status", [413, 504])
def test_a_request_that_is_too_large_is_cut_until_it_is_answered(
    start: Start, case: tuple[str, str], status: int
) -> None:
    too_large = {"rows": 40, "status": status}
    connector, server = start(inside=True, sessions=160, days=8, too_large=too_large)
    output = connector.read()
    assert output.exit_code == 0, output.errors
    check_whole(connector, [output], expected(server, case[1]), held(server, case[1]))


@pytest.mark.promise(n=5)
def test_each_sync_within_a_small_budget_finishes_something(tmp_path: Path) -> None:
    """A day that holds more than the requests of an hour: 4,000 sessions, 500 a page, 6 requests."""
    with starting("source-uxcam", tmp_path) as start:
        api = {"version": "data_access_v2", "requests_per_hour": 6}
        connector, server = start("data_access_v2", {"api": api, "lookback_window_days": 0}, sessions=4000, days=1)
        outputs: list[Output] = []
        state: list[Json] = []
        done = timedelta()
        while not outputs or outputs[-1].exit_code:
            assert len(outputs) < 30, "the syncs do not get on"
            outputs.append(connector.read("sessions", state=an_hour_later(state)))
            state = outputs[-1].state
            assert finished(outputs[-1]) > done or outputs[-1].exit_code == 0
            done = finished(outputs[-1])
        wanted = expected(server, "data_access_v2")["sessions"]
        check_whole(connector, outputs, {"sessions": wanted}, held(server, "data_access_v2"))
        assert len(outputs) > 1, "the budget was never used up"


def an_hour_later(state: list[Json]) -> list[Json]:
    """The state as if its requests had been sent an hour earlier."""
    for message in state:
        blob = message["stream"]["stream_state"]
        blob["requests"] = {str(int(minute) - 61): count for minute, count in blob.get("requests", {}).items()}
    return state


@pytest.mark.promise(n=5)
def test_a_few_busy_days_are_read_by_all_workers_with_checkpoints(tmp_path: Path) -> None:
    with starting("source-devrev", tmp_path) as start:
        one_app = {"apps": [{"version_key": "app", "platform": "android"}], "num_workers": 8}
        connector, server = start("default", sessions=12_000, days=4, latency=0.05)
        apps = connector.config["apps"][:1]
        busy = Connector(connector.folder, {**connector.config, **one_app, "apps": apps}, tmp_path)
        output = type(connector)(busy.folder, busy.config, tmp_path).read("sessions")
        assert output.exit_code == 0, output.errors
        assert server.max_in_flight >= 4, "it was one"
        states = [n for n, message in enumerate(output.messages) if message["type"] == "STATE"]
        assert states[0] < 0.8 * len(output.messages), "the first checkpoint comes late"


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
        asked = [entry.request.target for entry in server.requests]
        # A page of a day that two gaps share may hold only rows of the other one: that is looked at twice.
        assert len(asked) - len(set(asked)) <= 2


def with_config(connector: Connector, change: Json) -> Connector:
    return type(connector)(connector.folder, {**connector.config, **change}, connector.place)


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("hours", [9, -8])
def test_uploads_written_in_another_zone_lose_nothing(tmp_path: Path, hours: int) -> None:
    with starting("source-uxcam", tmp_path) as start:
        options: dict[str, Any] = {"time_form": "space", "time_zone_hours": hours, "late_every": 10}
        connector, server = start("data_access_v2", {"lookback_window_days": 0}, sessions=300, days=5, **options)
        first = connector.read()
        time.sleep(1.1)
        server.vendor.grow(20)
        time.sleep(1.1)  # what is uploaded in the second of the sync's start belongs to the next one
        outputs = [first, connector.read(state=first.state)]
        assert [output.exit_code for output in outputs] == [0, 0]
        check_whole(connector, outputs, expected(server, "data_access_v2"), held(server, "data_access_v2"))


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("date_by", ["occurrence", "upload"])
def test_sessions_that_are_listed_by_the_day_they_occurred_are_emitted_and_the_log_says_so(
    tmp_path: Path, date_by: str
) -> None:
    with starting("source-uxcam", tmp_path) as start:
        # In a window of one day, uploads that are days later show which day the vendor filters by.
        options: dict[str, Any] = {"date_by": date_by, "late_every": 10}
        connector, server = start("session_api", {"window_in_days": 1}, sessions=300, days=20, **options)
        output = connector.read()
        check_whole(connector, [output], expected(server, "session_api"), held(server, "session_api"))
        is_said = "set lookback_window_days to how late they are" in output.log
        assert is_said == (date_by == "occurrence")


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    ("folder", "config", "option"),
    [
        ("source-devrev", "default", "empty"),
        ("source-devrev", "default", "full"),
        ("source-uxcam", "data_access_v2", "empty"),
        ("source-uxcam", "data_access_v2", "full"),
        ("source-opentracker", "default", "full"),
    ],
)
def test_a_list_without_an_end_is_an_error_that_names_where(
    folder: str, config: str, option: str, tmp_path: Path
) -> None:
    with starting(folder, tmp_path) as start:
        connector, server = start(config, sessions=60, days=2, endless=option)
        output = connector.read("sessions")
        assert output.exit_code == 1
        assert "does not continue its list of sessions" in output.errors[0]["message"]
        assert server.count < 80


@pytest.mark.promise(n=7)
def test_a_broken_site_does_not_stop_the_others(tmp_path: Path) -> None:
    with starting("source-opentracker", tmp_path) as start:
        connector, server = start("default", sessions=80, days=3, broken_sites=1)
        began = time.monotonic()
        output = connector.read()
        assert output.exit_code == 1
        assert time.monotonic() - began < 200
        wanted = set(expected(server, "default")["sessions"])
        assert wanted
        assert wanted <= set(output.keys("sessions", connector.key("sessions")))


@pytest.mark.promise(n=1)
def test_a_cache_that_serves_one_list_for_every_day_is_an_error(tmp_path: Path) -> None:
    with starting("source-opentracker", tmp_path) as start:
        connector, _ = start("default", sessions=120, days=6, cache=True)
        output = connector.read()
        assert output.exit_code == 1
        assert output.statuses["sessions"][-1] == "INCOMPLETE"


@pytest.mark.promise(n=7)
def test_details_that_are_always_refused_are_an_error_and_one_broken_session_is_left_out(tmp_path: Path) -> None:
    with starting("source-inspectlet", tmp_path) as start:
        connector, _ = start("one_website", sessions=20, days=2, detail_failures={"all": 400})
        output = connector.read()
        assert output.exit_code == 1
        assert output.statuses["session_details"][-1] == "INCOMPLETE"
        assert output.statuses["sessions"][-1] == "COMPLETE"
    with starting("source-inspectlet", tmp_path) as start:
        # With one website, the session that cannot be read is one of it.
        connector, server = start("one_website", sessions=20, days=2, websites=1, detail_failures={1: 500})
        output = connector.read()
        assert output.exit_code == 0, output.errors
        check_whole(connector, [output], expected(server, "one_website"), held(server, "one_website"))
        assert "The row is skipped" in output.log
