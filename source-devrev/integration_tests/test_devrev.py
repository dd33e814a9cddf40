"""DevRev's specifics, against its sandbox: apps, cursors, an order that may be refused, long waits."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sandbox_server import RepeatToken, Server, Status
from source_devrev import SourceDevrev

from integration_tests.conftest import starting
from integration_tests.connector import Connector, Json, Output, duplicates
from integration_tests.forked import ForkedConnector

Begin = Callable[..., tuple[Connector, Server]]
FAR = {"X-Ratelimit-Reset": str(int(time.time()) + 86400)}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with starting("source-devrev", tmp_path) as start:
        yield partial(start, "default")


def bodies(server: Server) -> list[Json]:
    return [json.loads(entry.body) for entry in server.requests]


def read_whole(output: Output, connector: Connector, server: Server) -> None:
    assert output.exit_code == 0, output.errors
    for stream, keys in server.vendor.expected("default").items():
        found = output.keys(stream, connector.key(stream))
        assert set(found) == set(keys), stream
        assert duplicates(found) == [], stream


def failed_check(connector: Connector) -> str:
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    message: str = status["message"]
    return message


def as_process(connector: Connector) -> Connector:
    """Run the connector as a process: its output has the lines before an error too."""
    return ForkedConnector(connector.folder, connector.config, connector.place, clock=connector.clock)


def wait_after_fault(server: Server) -> float:
    """Return the seconds between the answer with a fault and the next request."""
    (number,) = [n for n, entry in enumerate(server.requests) if entry.fault]
    end = server.requests[number].end
    assert end is not None
    return server.requests[number + 1].start - end


def test_each_app_is_requested_separately(begin: Begin) -> None:
    connector, server = begin(sessions=300, days=3)
    output = connector.read()
    read_whole(output, connector, server)
    asked = {(body["version_key"], body["platform"], body["type"]) for body in bodies(server)}
    kinds = {"android": "mobile", "ios": "mobile", "web": "web"}
    assert asked == {
        (app["version_key"], app["platform"], kinds[app["platform"]]) for app in connector.config["apps"]
    }
    assert {(body["limit"], body["mode"]) for body in bodies(server)} == {(100, "after")}
    assert {entry.request.headers["Authorization"] for entry in server.requests} == {
        f"Bearer {connector.config['access_token']}"
    }
    told = {record.get("platform") for record in output.records["sessions"]}
    assert None in told, "the sandbox leaves the platform out of some sessions"


def test_a_key_on_two_platforms_is_two_apps_with_two_states(begin: Begin) -> None:
    connector, _ = begin(sessions=60, days=3)
    output = connector.read()
    android, ios, web = connector.config["apps"]
    assert android["version_key"] == ios["version_key"]
    for stream in connector.streams:
        partitions = [part["partition"] for part in output.states[stream]["states"]]
        assert partitions == [
            {"version_key": app["version_key"], "app_platform": app["platform"]} for app in (android, ios, web)
        ]
        assert all(len(part["cursor"]["slices"]) == 1 for part in output.states[stream]["states"])


def test_an_app_that_is_listed_twice_is_read_once(begin: Begin) -> None:
    connector, server = begin(sessions=60, days=3)
    connector.read()
    once = server.count
    server.clear()
    apps = connector.config["apps"]
    twice = replace(connector, config={**connector.config, "apps": [*apps, *apps]})
    read_whole(twice.read(), connector, server)
    assert server.count == once


@pytest.mark.promise(n=3)
def test_pages_are_as_few_as_their_rows_need(begin: Begin) -> None:
    connector, server = begin(sessions=1000, days=2)
    output = connector.read()
    read_whole(output, connector, server)
    rows: dict[str, int] = {}
    for record in output.records["sessions"]:
        rows[record["app_platform"]] = rows.get(record["app_platform"], 0) + 1
    assert server.count == sum(-(-count // 100) for count in rows.values())
    assert all(body["sort_by"] == ["created_at:asc"] for body in bodies(server))


@pytest.mark.promise(n=9)
def test_check_sends_one_request_per_app(begin: Begin) -> None:
    connector, server = begin(sessions=300, days=1)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert server.count == 3


@pytest.mark.parametrize("refusal", ["invalid_field", "value_not_permitted"])
def test_a_refused_order_is_requested_once_per_type(begin: Begin, refusal: str) -> None:
    connector, server = begin(
        {"num_workers": 1, "window_in_days": 1}, sessions=200, days=4, takes_sort_by=False, sort_by_refusal=refusal
    )
    read_whole(connector.read(), connector, server)
    with_order = [body["type"] for body in bodies(server) if "sort_by" in body]
    assert sorted(with_order) == ["mobile", "web"]
    assert [entry.status for entry in server.requests].count(400) == 2


def test_check_succeeds_if_the_order_is_refused(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=1, takes_sort_by=False)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert server.count == 3 + 2


def test_another_refusal_is_reported_unchanged(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=1)
    body = '{"type": "invalid_field", "message": "no", "field_name": "created_at"}'
    server.faults.append(Status(400, body=body, times=None))
    message = failed_check(connector)
    assert "created_at" in message
    assert "please report it" in message
    assert server.count == 2, "with an order and without"


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("takes_sort_by", [True, False])
@pytest.mark.parametrize(("largest", "size"), [(99, 50), (50, 50), (40, 20), (10, 10)])
def test_a_smaller_page_is_requested_if_the_largest_is_refused(
    begin: Begin, largest: int, size: int, *, takes_sort_by: bool
) -> None:
    connector, server = begin(
        {"num_workers": 1}, sessions=250, days=2, largest_limit=largest, takes_sort_by=takes_sort_by
    )
    read_whole(connector.read(), connector, server)
    limits = [body["limit"] for body in bodies(server)]
    tried = [limit for limit in (100, 50, 20, 10) if limit > size]
    assert limits[: len(tried)] == tried
    assert set(limits[len(tried) :]) == {size}, "a refused size is not requested again"
    assert [entry.status for entry in server.requests].count(400) == len(tried) + (0 if takes_sort_by else 2)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


def test_a_limit_that_is_always_refused_is_an_error_that_names_it(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=1, largest_limit=5)
    message = failed_check(connector)
    assert "limit" in message
    assert "please report it" in message
    assert [body["limit"] for body in bodies(server)] == [100, 50, 20, 10, 10]


@pytest.mark.parametrize(
    "mood",
    [
        {},
        {"cursors": "position"},
        {"cursors": "position", "takes_sort_by": False},
        {"cursors": "position", "applies_sort_by": False, "order": "shuffled"},
        {"order": "shuffled", "applies_sort_by": False},
    ],
    ids=str,
)
def test_sessions_that_appear_between_pages_lose_and_repeat_none(begin: Begin, mood: Json) -> None:
    connector, server = begin(sessions=600, days=3, grow_every=1, grow_by=3, **mood)
    before = server.vendor.expected("default")
    output = connector.read()
    assert output.exit_code == 0, output.errors
    for stream, keys in before.items():
        found = output.keys(stream, connector.key(stream))
        assert set(keys) <= set(found), stream
        assert duplicates(found) == [], stream


def test_a_repeated_cursor_is_an_error_that_names_the_list(begin: Begin) -> None:
    connector, server = begin(sessions=900, days=2)
    server.faults.append(RepeatToken(times=None, where='"cursor"'))
    output = as_process(connector).read()
    assert output.exit_code == 1
    assert {trace["failure_type"] for trace in output.errors} == {"transient_error"}
    assert "was named as the next one twice" in output.errors[0]["message"]
    for app in connector.config["apps"]:  # they are read in parallel: any of them may be the first to fail
        assert any(app["version_key"] in trace["message"] for trace in output.errors), app
    assert {status[-1] for status in output.statuses.values()} == {"INCOMPLETE"}


def test_the_example_of_the_vendors_page_is_read(begin: Begin) -> None:
    connector, server = begin({"end_date": "2023-01-02"}, sessions=30, days=2, examples="verbatim")
    output = connector.read()
    (session,) = output.records["sessions"]
    assert session["session_id"] == "string"
    assert session["created_at"] == "2023-01-01T12:00:00Z"
    assert session["rev_org_id"] == "REV-AbCdEfGh"
    assert [record["recording_id"] for record in output.records["session_recordings"]] == ["string"]
    assert server.count == 3


def test_a_start_with_fractional_seconds_loses_and_adds_nothing(begin: Begin) -> None:
    connector, server = begin(sessions=200, days=3)
    moments = sorted(record["created_at"] for record in connector.read("sessions").records["sessions"])
    start = next(moment for moment in moments[100:] if moment.endswith("000Z"))
    narrow = replace(connector, config={**connector.config, "start_date": start})
    read = sorted(record["created_at"] for record in narrow.read("sessions").records["sessions"])
    assert read == [moment for moment in moments if moment >= start]
    assert server.count > 0


@pytest.mark.parametrize("told", ["all", "header", "body", "reset"])
def test_a_limit_is_waited_for_as_the_vendor_asks(begin: Begin, told: str) -> None:
    connector, server = begin({"num_workers": 1}, sessions=50, days=1, retry_hint=told, retry_seconds=3)
    server.faults.append(Status(429))
    read_whole(connector.read(), connector, server)
    assert 1.9 <= wait_after_fault(server) < 60


@pytest.mark.parametrize(
    "fault",
    [
        Status(429, headers=FAR, body='{"type":"too_many_requests","retry_after":86400}', retry_after=2),
        Status(429, headers=FAR, body='{"type":"too_many_requests","retry_after":86400}', retry_date=3),
        Status(429, headers=FAR, body='{"type":"too_many_requests","retry_after":2}'),
    ],
    ids=["header first", "as a date", "body before reset"],
)
def test_the_most_specific_wait_is_used(begin: Begin, fault: Status) -> None:
    connector, server = begin({"num_workers": 1}, sessions=50, days=1, retry_hint="none")
    server.faults.append(fault)
    read_whole(connector.read(), connector, server)
    assert 1.5 <= wait_after_fault(server) < 60


@pytest.mark.parametrize(
    "fault",
    [Status(429), Status(429, body='{"type":"too_many_requests","retry_after":0}'), Status(503, headers=FAR)],
    ids=["not told", "none", "an outage"],
)
def test_without_a_given_wait_the_next_attempt_backs_off(begin: Begin, fault: Status) -> None:
    connector, server = begin({"num_workers": 1}, sessions=50, days=1, retry_hint="none", requests_per_window=None)
    server.faults.append(fault)
    read_whole(connector.read(), connector, server)
    assert 0.5 <= wait_after_fault(server) < 60


def test_a_limit_beyond_the_longest_wait_reports_when_it_ends(begin: Begin) -> None:
    connector, server = begin({"max_waiting_time": 1}, sessions=50, days=1, retry_hint="body", retry_seconds=299)
    server.faults.append(Status(429, times=None))
    output = connector.read()
    assert output.exit_code == 1
    assert "max_waiting_time" in output.errors[-1]["message"]
    assert output.errors[-1]["failure_type"] == "transient_error"


@pytest.mark.parametrize("kind", ["token_expired", "token_revoked", "dev_org_deactivated"])
def test_an_unusable_token_is_reported_with_a_hint(begin: Begin, kind: str) -> None:
    connector, server = begin(sessions=20, days=1, refuses_token=kind)
    message = failed_check(connector)
    assert kind.rpartition("_")[2] in message
    assert "access_token" in message
    assert server.count == 1
    output = connector.read()
    assert output.errors[-1]["failure_type"] == "config_error"


def test_a_token_with_a_line_break_is_reported(begin: Begin) -> None:
    connector, server = begin({"access_token": "pasted\n"}, sessions=20, days=1)
    assert "line break" in failed_check(connector)
    assert server.count == 0


def test_a_foreign_app_is_named_and_the_others_are_read(begin: Begin) -> None:
    connector, server = begin(sessions=60, days=2)
    apps = [{"version_key": "nobodys", "platform": "ios"}, *connector.config["apps"]]
    mixed = replace(connector, config={**connector.config, "apps": apps})
    message = failed_check(mixed)
    assert "nobodys" in message
    assert "version_key" in message
    output = as_process(mixed).read()
    assert output.exit_code == 1
    assert output.errors[-1]["failure_type"] == "config_error"
    for stream, keys in server.vendor.expected("default").items():
        assert set(output.keys(stream, connector.key(stream))) == set(keys)
        slices = {
            part["partition"]["version_key"]: part["cursor"]["slices"] for part in output.states[stream]["states"]
        }
        assert slices.pop("nobodys") == []
        assert all(slices.values())


def test_filters_are_sent_to_the_apps_that_support_them(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=2)
    config = server.vendor.configs(server.origin)["filters"]
    filters = config["filters"]
    filtered = replace(connector, config=config)
    assert filtered.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    sent = {body["platform"]: {name for name in filters if name in body} for body in bodies(server)}
    assert sent["android"] == sent["ios"]
    assert sent["android"] | sent["web"] == set(filters)
    assert "is_crash" in sent["android"] - sent["web"]
    assert "page_url" in sent["web"] - sent["android"]


def test_a_filter_that_no_app_supports_is_refused_before_any_request(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=2)
    apps = [app for app in connector.config["apps"] if app["platform"] != "web"]
    config = {**connector.config, "apps": apps, "filters": {"page_url": ["https://shop.example.com/"]}}
    refused = replace(connector, config=config)
    assert "page_url" in failed_check(refused)
    assert server.count == 0


def test_a_request_that_is_too_large_reports_the_limit(begin: Begin) -> None:
    filters = {"rev_user": [f"REVU-{n}" for n in range(500)]}
    connector, _ = begin({"filters": filters}, sessions=20, days=1, max_bytes=2000)
    message = failed_check(connector)
    assert "filters" in message
    assert "2000 bytes" in message


def test_the_reference_of_a_vendor_error_is_kept(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=1)
    server.faults.append(Status(500, times=None))
    message = failed_check(connector)
    assert "0f3a-sandbox" in message
    assert "Run the sync again later" in message


def test_a_wrong_base_url_is_reported(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=1)
    config = {**connector.config, "base_url": f"{server.origin}/elsewhere"}
    message = failed_check(replace(connector, config=config))
    assert "route not found" in message
    assert "base_url" in message


@pytest.mark.promise(n=5)
def test_a_few_busy_days_are_read_by_all_workers_with_checkpoints(begin: Begin) -> None:
    connector, server = begin(sessions=12_000, days=4, latency=0.05)
    config = {**connector.config, "num_workers": 8, "apps": connector.config["apps"][:1]}
    busy = replace(connector, config=config)
    output = busy.read("sessions")
    assert output.exit_code == 0, output.errors
    assert server.max_in_flight >= 4, "windows were not read in parallel"
    states = [n for n, message in enumerate(output.messages) if message["type"] == "STATE"]
    assert states[0] < 0.8 * len(output.messages), "the first checkpoint comes late"


def test_filter_descriptions_begin_with_their_platforms_and_are_grouped() -> None:
    spec = SourceDevrev().spec(logging.getLogger("test")).connectionSpecification
    filters = spec["properties"]["filters"]["properties"].values()
    named = [
        part["description"].partition(":")[0] for part in sorted(filters, key=lambda part: int(part["order"]))
    ]
    groups = ["All platforms", "Android and iOS", "Web"]
    assert set(named) == set(groups)
    assert named == sorted(named, key=groups.index)
