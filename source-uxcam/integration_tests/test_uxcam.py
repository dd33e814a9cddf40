"""UXCam's specifics, against its sandbox: two APIs, credentials in headers or the query, an hourly budget."""

import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from sandbox_server import Server
from source_uxcam import SourceUxcam
from source_uxcam.filters import DATA_ACCESS_V2, SESSION_API, DataType

from integration_tests.conftest import starting
from integration_tests.connector import Connector, duplicates
from integration_tests.forked import ForkedConnector
from integration_tests.inside import run_inside

Begin = Callable[..., tuple[Connector, Server]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with starting("source-uxcam", tmp_path) as start:
        yield start


@pytest.mark.promise(n=2)
def test_four_streams_cost_the_requests_of_one(begin: Begin) -> None:
    connector, server = begin("session_api", sessions=450, days=3)
    connector.read("sessions")
    alone = server.count
    server.clear()
    output = connector.read("sessions", "screens", "gestures", "events")
    assert server.count == alone
    assert len(output.records) == 4


@pytest.mark.promise(n=3)
def test_pages_are_as_few_as_the_rows_of_each_window_need(begin: Begin) -> None:
    """A split window costs one more page; no window costs a page after its short one."""
    connector, server = begin("session_api", sessions=1000, days=2)
    rows = connector.read("sessions").records["sessions"]
    windows = {dict(parse_qsl(urlsplit(entry.request.target).query))["sessiondate"] for entry in server.requests}
    assert server.count <= len(rows) // 100 + len(windows)
    assert len(windows) <= 1 + 4, "more windows than the first one and its days"


@pytest.mark.promise(n=8)
@pytest.mark.parametrize(
    "options", [{}, *({"refuses_headers": True, "refusal": refusal} for refusal in (401, 403, "success_false"))]
)
def test_v2_keeps_the_key_out_of_urls_if_the_vendor_accepts_headers(begin: Begin, options: dict[str, Any]) -> None:
    connector, server = begin("data_access_v2", sessions=20, days=2, **options)
    output = connector.read()
    assert output.exit_code == 0, output.log
    used = [entry.notes["credentials"] for entry in server.requests]
    if options:
        assert used[0] == "header"
        assert set(used[1:]) == {"header", "query"} or set(used[1:]) == {"query"}
        assert used.count("header") <= 4, "at most one try for each worker"
    else:
        assert set(used) == {"header"}


@pytest.mark.parametrize("refusal", [401, 403, "success_false"])
def test_the_first_refusal_of_credentials_is_reported(begin: Begin, refusal: object) -> None:
    connector, server = begin(
        "data_access_v2", {"api_key": "wrong"}, sessions=5, days=1, refuses_headers=True, refusal=refusal
    )
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert [entry.notes["credentials"] for entry in server.requests] == ["header", "query"]
    assert status["status"] == "FAILED"
    assert "Request authentication failed" in status["message"], "the refusal of the header is reported"
    assert "Create an API key in the app's settings" in status["message"]
    output = connector.read()
    assert {error["failure_type"] for error in output.errors} == {"config_error"}


def most_in(seconds: float, moments: list[float]) -> int:
    """Return the largest number of moments in any period of that length."""
    ordered = sorted(moments)
    return max(bisect_left(ordered, start + seconds) - number for number, start in enumerate(ordered))


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("latency", [0, 0.3])
def test_v2_receives_at_most_five_requests_in_any_second(begin: Begin, latency: float) -> None:
    config = {"window_in_days": 1, "num_workers": 20}
    connector, server = begin("data_access_v2", config, sessions=60, days=8, latency=latency, at_most=5)
    output = connector.read()
    assert output.exit_code == 0, output.errors
    assert server.count >= 20
    assert most_in(1, [entry.start for entry in server.requests]) <= 5
    assert server.max_in_flight <= 5
    assert 429 not in {entry.status for entry in server.requests}
    starts = sorted(entry.start for entry in server.requests)
    periods = [later - earlier for earlier, later in zip(starts, starts[5:], strict=False)]
    assert median(periods) < 2 * (1 + latency), "five requests take longer than the limit requires"


def test_the_session_api_is_not_slowed_down(begin: Begin) -> None:
    connector, server = begin("session_api", {"window_in_days": 1, "num_workers": 8}, sessions=2000, days=8)
    assert connector.read("sessions").exit_code == 0
    assert most_in(1, [entry.start for entry in server.requests]) > 5


@pytest.mark.parametrize(
    "options",
    [
        {"lower_inclusive": False},
        {"upper_inclusive": False},
        {"events_by_upload": True},
        {"time_form": "space"},
        {"shuffle": "page"},
    ],
    ids=str,
)
def test_v2_is_read_completely_with_any_bounds_and_forms(begin: Begin, options: dict[str, Any]) -> None:
    connector, server = begin("data_access_v2", {"window_in_days": 1}, sessions=200, days=4, **options)
    output = connector.read()
    assert output.exit_code == 0, output.log
    for name, wanted in server.vendor.expected("data_access_v2").items():
        found = output.keys(name, connector.key(name))
        assert set(found) == set(wanted), name
        if name != "users":
            assert duplicates(found) == []


def test_the_examples_of_the_vendors_page_from_2019_are_read(begin: Begin) -> None:
    connector, _ = begin("session_api", sessions=3, days=2, examples="verbatim")
    connector = replace(connector, config={**connector.config, "end_date": "2019-02-01"})
    output = connector.read()
    assert {record["session_id"] for record in output.records["sessions"]} == {"3902r2hhoif290", "3902r2h0oif290"}


def test_the_hourly_budget_is_kept_across_syncs(begin: Begin) -> None:
    api = {"version": "data_access_v2", "requests_per_hour": 8}
    connector, server = begin(
        "data_access_v2",
        {"api": api, "window_in_days": 1, "max_waiting_time": 1},
        sessions=40,
        days=4,
        requests_per_hour=8,
    )
    first = connector.read()
    second = connector.read(state=first.state)
    assert [entry.status for entry in server.requests] == [200] * 8
    assert [output.log.splitlines()[-1].split()[-4] for output in (first, second)] == ["8", "0"], "in the table"
    for output in (first, second):
        assert output.exit_code == 1
        (message,) = {error["message"] for error in output.errors[:1]}
        assert "budget of 8 requests an hour" in message
        assert "max_waiting_time" in message
        assert output.errors[0]["failure_type"] == "transient_error"


def test_a_wait_for_the_hourly_budget_is_reported_as_a_rate_limit(begin: Begin) -> None:
    connector, _ = begin(
        "data_access_v2",
        {
            "api": {"version": "data_access_v2", "requests_per_hour": 2},
            "max_waiting_time": 60,
            "window_in_days": 1,
        },
        sessions=40,
        days=4,
    )
    before = time.time()
    output = run_inside(
        SourceUxcam(),
        [*connector.read_arguments("sessions"), "--config", connector.config_file],
        is_killed=lambda printed: b"RATE_LIMITED" in printed,
    )
    trace = output.of_type("TRACE")[-1]["stream_status"]
    assert (trace["stream_descriptor"]["name"], trace["status"]) == ("sessions", "RUNNING")
    (reason,) = trace["reasons"]
    assert reason["type"] == "RATE_LIMITED"
    assert before + 3500 <= reason["rate_limited"]["quota_reset"] / 1000 <= time.time() + 3600


def test_state_of_the_other_api_is_not_used(begin: Begin) -> None:
    connector, _ = begin("session_api", sessions=30, days=3)
    first = connector.read("sessions")
    other, server = begin("data_access_v2", sessions=30, days=3)
    second = other.read("sessions", state=first.state)
    assert "session_api" in second.log
    assert set(second.keys("sessions", ["session_id"])) == set(
        server.vendor.expected("data_access_v2")["sessions"]
    )


def example(data_type: DataType, operator: str) -> list[Any]:
    """Return values that the operator accepts."""
    value: Any = {
        "true or false": "true",
        "a moment": "2026-01-01T00:00:00Z",
        "a number from 0": 3,
        "a number": 2,
    }.get(data_type.what, "a")
    if operator in data_type.none:
        return []
    return [value, value] if operator in data_type.pair else [value]


@pytest.mark.parametrize("api", ["session_api", "data_access_v2"])
def test_the_vendor_accepts_every_field_with_every_operator(begin: Begin, api: str) -> None:
    grammar = SESSION_API if api == "session_api" else DATA_ACCESS_V2
    connector, server = begin(api, sessions=5, days=1, requests_per_hour=None)
    most = max(len(t.one) + len(t.many) + len(t.pair) + len(t.none) for t in grammar.types.values())
    for number in range(most):
        filters = []
        for field, data_type in grammar.types.items():
            operators = [*data_type.one, *data_type.many, *data_type.pair, *data_type.none]
            operator = operators[number % len(operators)]
            one = {"field": field, "operator": operator, "values": example(data_type, operator)}
            is_of_property = data_type.what == "text of a property" or (field == "event_name" and number % 2)
            filters.append(one | ({"property_name": "plan"} if api == "data_access_v2" and is_of_property else {}))
        version = {"version": api, "filters": filters}
        output = replace(connector, config={**connector.config, "api": version}).read()
        assert output.exit_code == 0, output.errors
    assert {entry.status for entry in server.requests} == {200}


def test_two_filters_on_one_attribute_narrow_the_list_together(begin: Begin) -> None:
    filters = [
        {"field": "session_duration", "operator": "greater_than", "values": [30]},
        {"field": "session_duration", "operator": "less_than", "values": ["90"]},
        {"field": "session_crashed", "operator": "equal", "values": [False]},
    ]
    api = {"version": "data_access_v2", "filters": filters}
    connector, server = begin("data_access_v2", {"api": api}, sessions=200, days=2)
    output = connector.read("sessions")
    assert output.exit_code == 0, output.errors
    found = {record["session_id"] for record in output.records["sessions"]}
    unfiltered = {**connector.config, "api": {"version": "data_access_v2"}}
    every = replace(connector, config=unfiltered).read("sessions")
    wanted = {
        record["session_id"]
        for record in every.records["sessions"]
        if 30 < record["duration_seconds"] < 90 and not record["property"]["isCrashed"]
    }
    assert found == wanted
    assert 0 < len(found) < len(server.vendor.expected("data_access_v2")["sessions"])


def test_a_filter_that_is_not_sent_is_logged_once_per_list(begin: Begin) -> None:
    filters = [
        {"field": "user_session_count", "operator": "greater", "values": [1]},
        {"field": "session_duration", "operator": "greater", "values": [5]},
        {"field": "session_duration", "operator": "less", "values": [500]},
    ]
    api = {"version": "data_access_v2", "filters": filters}
    connector, _ = begin("data_access_v2", {"api": api, "window_in_days": 1}, sessions=20, days=3)
    output = ForkedConnector(connector.folder, connector.config, connector.place, clock=connector.clock).read()
    assert output.exit_code == 0, output.errors
    for line in (
        "sessions: UXCam has no filter user_session_count for this list.",
        "events: UXCam has no filter user_session_count for this list.",
        "users: UXCam has no filter session_duration for this list.",
    ):
        assert output.log.count(line) == 1, line
    assert output.log.count("UXCam has no filter") == 3


def test_a_second_upload_of_a_session_is_read_with_the_next_lookback(begin: Begin) -> None:
    connector, server = begin("data_access_v2", sessions=20, days=2)
    first = connector.read()
    server.vendor.grow(2)
    again = connector.read(state=first.state)
    old = set(first.keys("sessions", ["session_id"]))
    new = set(again.keys("sessions", ["session_id"]))
    assert new & old, "the lookback is read again"
    assert len(new - old) == 2
