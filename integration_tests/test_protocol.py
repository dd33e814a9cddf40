"""The output of every command, for every connector."""

import os
import re
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sandbox_server import NeverAnswers, Status, refused_origin
from session_source.airbyte import check

from integration_tests import forked
from integration_tests.conftest import Start, cases, starting
from integration_tests.connector import Connector, Json, Output, duplicates

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SHARED_PROPERTIES = [
    "start_date",
    "end_date",
    "lookback_window_days",
    "window_in_days",
    "max_waiting_time",
    "base_url",
]
SESSION_COLUMNS = [
    "session_id",
    "user_id",
    "started_at",
    "ended_at",
    "duration_seconds",
    "country_code",
    "app_platform",
    "page_count",
]


@pytest.mark.promise(n=9)
def test_spec_describes_every_property_and_needs_no_config(start: Start) -> None:
    connector, _ = start(sessions=2, days=2)
    schema = connector.specification
    assert set(SHARED_PROPERTIES) <= set(schema["properties"])
    assert "start_date" in schema["required"]
    assert schema["additionalProperties"] is True
    orders = [part["order"] for part in schema["properties"].values()]
    assert sorted(orders) == list(range(len(orders)))
    for name, part in schema["properties"].items():
        assert part["title"], name
        assert part["description"], name
        if part.get("airbyte_secret"):
            assert part["minLength"] == 1, name
    assert schema["properties"]["base_url"]["airbyte_hidden"] is True


@pytest.mark.promise(n=9)
def test_check_succeeds_with_few_requests(start: Start) -> None:
    connector, server = start(sessions=20, days=3)
    output = connector.run("check")
    assert output.of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert output.exit_code == 0
    assert 1 <= server.count <= 10


@pytest.mark.long
@pytest.mark.promise(n=9)
def test_check_ends_within_30_seconds_if_the_vendor_never_answers(start: Start) -> None:
    connector, server = start(sessions=5, days=2)
    server.faults.append(NeverAnswers(times=None))
    # The connector's 30 seconds, and its start on a busy machine.
    (status,) = connector.run("check", timeout=45).of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "did not answer within" in status["message"]


@pytest.mark.long
@pytest.mark.promise(n=9)
@pytest.mark.parametrize("status", [429, 503])
def test_check_ends_within_30_seconds_if_the_vendor_fails_slowly(start: Start, status: int) -> None:
    connector, server = start(sessions=5, days=2, latency=9)
    server.faults.append(Status(status, retry_after=1, times=None))
    began = time.monotonic()
    (message,) = connector.run("check", timeout=60).of_type("CONNECTION_STATUS")
    assert time.monotonic() - began < 30
    assert message["status"] == "FAILED"


@pytest.mark.promise(n=9)
def test_check_sends_nothing_when_its_time_is_over(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "SECONDS", 0.0)
    connector, server = start(inside=True, sessions=2, days=2)
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert server.count == 0


@pytest.mark.promise(n=8)
def test_loopback_addresses_are_not_requested_through_a_proxy(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, refused_origin())
    connector, _ = start(inside=True, sessions=2, days=2)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


@pytest.mark.promise(n=8)
def test_private_addresses_are_not_requested_on_airbyte_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT_MODE", "cloud")
    folder, config = cases(every=False)[0]
    with starting(folder, tmp_path, Connector) as begin:
        connector, server = begin(config, sessions=2, days=2)
        (status,) = connector.run("check").of_type("CONNECTION_STATUS")
        assert status["status"] == "FAILED"
        assert "private network" in status["message"]
        assert connector.read().errors[-1]["failure_type"] == "config_error"
        assert server.count == 0


@pytest.mark.promise(n=9)
def test_check_sends_at_most_two_requests_and_reports_the_error(start: Start) -> None:
    connector, server = start(inside=True, sessions=5, days=2)
    server.faults.append(Status(500, times=None))
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "500" in status["message"]
    assert server.count == 2


@pytest.mark.promise(n=9)
def test_discover_needs_no_network_and_declares_keys_and_cursors(start: Start) -> None:
    connector, server = start(sessions=2, days=2)
    for name, stream in connector.streams.items():
        properties = stream["json_schema"]["properties"]
        for (column,) in stream["source_defined_primary_key"]:
            assert column in properties, (name, column)
        if "incremental" in stream["supported_sync_modes"]:
            (cursor,) = stream["default_cursor_field"]
            assert properties[cursor]["airbyte_type"] == "timestamp_with_timezone", (name, cursor)
            assert stream["is_resumable"] is True
        lowered = [column.lower() for column in properties]
        assert len(set(lowered)) == len(lowered), name
        assert all(part.get("description") for part in properties.values()), name
    assert server.count == 0


def test_session_streams_have_the_same_eight_columns(start: Start) -> None:
    connector, _ = start(sessions=2, days=2)
    properties = connector.streams["sessions"]["json_schema"]["properties"]
    types = {name: set(properties[name]["type"]) - {"null"} for name in SESSION_COLUMNS[1:]}
    assert properties["session_id"]["type"] == "string"
    assert types == {
        "user_id": {"string"},
        "started_at": {"string"},
        "ended_at": {"string"},
        "duration_seconds": {"number"},
        "country_code": {"string"},
        "app_platform": {"string"},
        "page_count": {"integer"},
    }


@pytest.mark.promise(n=10)
def test_records_match_their_schema(start: Start) -> None:
    connector, _ = start(inside=True, sessions=40, days=3)
    output = connector.read()
    assert output.exit_code == 0, output.log
    for name, records in output.records.items():
        schema = connector.streams[name]["json_schema"]
        validator = jsonschema.Draft4Validator(schema)
        moments = [n for n, part in schema["properties"].items() if part.get("format") == "date-time"]
        for record in records:
            problem = next(validator.iter_errors(record), None)
            assert problem is None, (name, problem)
            assert all(record[n] is None or MOMENT.fullmatch(record[n]) for n in moments if n in record), name
            assert all(record[column] is not None for column in connector.key(name)), name
    if "sessions" in output.records:
        seen: defaultdict[str, set[Any]] = defaultdict(set)
        for record in output.records["sessions"]:
            for column in SESSION_COLUMNS:
                seen[column].add(type(record[column]))
            assert record["app_platform"] in {None, "android", "ios", "web"}
            assert record["country_code"] is None or re.fullmatch("[A-Z]{2}", record["country_code"])
        assert seen["started_at"] <= {str, type(None)}
        assert str in seen["session_id"]


def check_order(output: Output) -> None:
    """Check that records come while a stream runs, and that each state counts the records since the last one."""
    since: defaultdict[str, int] = defaultdict(int)
    running: dict[str, str] = {}
    stated: set[str] = set()
    for message in output.messages:
        if message["type"] == "RECORD":
            name = message["record"]["stream"]
            assert running[name] == "RUNNING"
            since[name] += 1
            stated.discard(name)
        elif message["type"] == "STATE":
            name = message["state"]["stream"]["stream_descriptor"]["name"]
            assert running[name] in {"STARTED", "RUNNING"}
            assert message["state"]["sourceStats"]["recordCount"] == since[name]
            since[name] = 0
            stated.add(name)
        elif message["type"] == "TRACE" and message["trace"]["type"] == "STREAM_STATUS":
            status = message["trace"]["stream_status"]
            name = status["stream_descriptor"]["name"]
            if status["status"] in {"COMPLETE", "INCOMPLETE"}:
                assert name in stated, f"{name} ended with records that no state covers"
            running[name] = status["status"]


@pytest.mark.promise(n=4)
def test_the_console_script_prints_records_then_state_then_complete(case: tuple[str, str], tmp_path: Path) -> None:
    with starting(case[0], tmp_path, Connector) as begin:
        connector, _ = begin(case[1], {"window_in_days": 1}, sessions=60, days=4)
        output = connector.read()
        assert output.exit_code == 0
        check_order(output)
        assert output.statuses == {name: ["STARTED", "RUNNING", "COMPLETE"] for name in connector.streams}


@pytest.mark.promise(n=7)
def test_a_stream_that_does_not_exist_is_incomplete_and_others_complete(start: Start) -> None:
    connector, _ = start(sessions=5, days=2)
    connector.streams["no_such_stream"] = {**connector.streams["sessions"], "name": "no_such_stream"}
    output = connector.read("sessions", "no_such_stream")
    assert output.exit_code == 1
    assert output.statuses["sessions"][-1] == "COMPLETE"
    assert output.statuses["no_such_stream"] == ["INCOMPLETE"]
    assert output.errors[-1]["failure_type"] == "config_error"
    assert "no_such_stream" in output.errors[-1]["message"]


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start_date": "2026-02-30"}, "not a date that exists"),
        ({"start_date": "2999-01-01"}, "in the future"),
        ({"end_date": "2001-01-01"}, "end_date is not after start_date"),
        ({"start_date": "yesterday"}, "start_date"),
        ({"start_date": None}, "start_date"),
        ({"base_url": "http://example.com"}, "base_url"),
        ({"base_url": "http://127.example.com"}, "base_url"),
        ({"base_url": "https://user:pass@example.com"}, "base_url"),
        ({"base_url": "https://:pass@example.com"}, "base_url"),
        ({"base_url": "https://example.com:no-port"}, "base_url"),
        ({"base_url": "https://example.com:99999"}, "base_url"),
        ({"base_url": "https://*.example.com"}, "base_url"),
        ({"base_url": "https://.example.com"}, "base_url"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"window_in_days": 0}, "window_in_days"),
        ({"max_waiting_time": 61}, "max_waiting_time"),
    ],
)
def test_an_impossible_config_is_reported_in_one_sentence(start: Start, change: Json, words: str) -> None:
    connector, server = start(change, inside=True, sessions=2, days=2)
    output = connector.run("check")
    (status,) = output.of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert words in status["message"]
    assert "Traceback" not in status["message"]
    assert server.count == 0


@pytest.mark.promise(n=1)
def test_no_key_is_emitted_twice(start: Start) -> None:
    connector, _ = start({"window_in_days": 2}, inside=True, sessions=150, days=6)
    output = connector.read()
    for name in connector.streams:
        if name not in connector.repeated:
            assert duplicates(output.keys(name, connector.key(name))) == [], name


@pytest.mark.promise(n=7)
def test_a_terminal_that_is_not_utf_8_loses_no_message(
    case: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}.items():
        monkeypatch.setenv(name, value)
    with starting(case[0], tmp_path, Connector) as begin:
        connector, server = begin(case[1], sessions=5, days=2)
        server.faults += [
            Status(503, body='{"message": "später, 例え"}'),
            Status(400, body='{"message": "nein, 例え"}', times=None),
        ]
        output = connector.read()
        assert output.exit_code == 1
        assert output.errors, "and each line is a message"
        assert output.stderr == ""
        assert output.statuses["sessions"][-1] == "INCOMPLETE"


def test_a_command_ends_without_a_stack_trace_when_its_output_is_closed(start: Start) -> None:
    connector, _ = start(sessions=100, days=2)
    stdout, stderr = connector.place / "pipe", connector.place / "stderr"
    os.mkfifo(stdout)
    arguments = [*connector.read_arguments(), "--config", connector.config_file]
    process = forked.start(connector.folder, arguments, stdout, stderr)
    with stdout.open("rb") as output:
        output.readline()
    process.join(60)
    assert process.exitcode == 1
    assert stderr.read_text() == ""
