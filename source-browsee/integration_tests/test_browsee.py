"""Browsee's specifics, against its sandbox: one open request, unknown bounds, offsets, ids by hash."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Type
from sandbox_server import Answer, ErrorInside, Fault, NeverAnswers, Server, Status
from sandbox_server.exchange import Exchange
from source_browsee import SourceBrowsee

from integration_tests.conftest import starting
from integration_tests.connector import Connector, Json, Output, duplicates

Begin = Callable[..., tuple[Connector, Server]]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with starting("source-browsee", tmp_path) as start:
        yield lambda case, config=None, **options: start(case, config, **options)


def hashed(part: Any) -> Any:
    """Return the hash that the README describes, of the values that identify a session without an id."""
    if not isinstance(part, tuple):
        return part
    text = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
    return f"hash:{sha256(text.encode()).hexdigest()}"


def check_all_is_read(connector: Connector, server: Server, case: str) -> Output:
    output = connector.read()
    assert output.exit_code == 0, output.log
    for name, wanted in server.vendor.expected(case).items():
        found = output.keys(name, connector.key(name))
        assert set(found) == {tuple(map(hashed, key)) for key in wanted}, name
        assert duplicates(found) == [], name
    assert {entry.status for entry in server.requests} == {200}
    return output


def bodies(server: Server) -> list[Json]:
    return [json.loads(entry.body) for entry in server.requests]


@pytest.mark.promise(n=5)
def test_at_most_one_request_is_open_for_every_config(begin: Begin) -> None:
    config = {"num_workers": 8, "window_in_days": 1}
    connector, server = begin("segments", config, sessions=60, days=3, latency=0.02)
    output = check_all_is_read(connector, server, "segments")
    assert server.max_in_flight == 1
    assert server.count == 3 * 4
    assert len(output.records) == 3
    assert "num_workers" not in connector.run("spec").of_type("SPEC")[0]["connectionSpecification"]["properties"]


@pytest.mark.promise(n=5)
def test_after_a_timeout_nothing_is_sent_for_a_while(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    connector, server = begin("segments", sessions=5, days=1)
    retry_policy = replace(SourceBrowsee().retry_policy(), read=1, after_timeout=3)
    monkeypatch.setattr(SourceBrowsee, "retry_policy", lambda _: retry_policy)
    catalog = ConfiguredAirbyteCatalogSerializer.load(connector.catalog())
    server.faults.append(NeverAnswers(after=1))
    messages = list(SourceBrowsee().read(logging.getLogger("test"), connector.timed_config, catalog))
    assert sum(message.type is Type.RECORD for message in messages) > 5
    unanswered, following = server.requests[1:3]
    assert unanswered.status is None
    assert following.start - unanswered.start >= 1 + 3
    # A window that took too long is split: the next request is for less time with the same end.
    whole, part = json.loads(unanswered.body), json.loads(following.body)
    assert part["end"] == whole["end"]
    assert part["start"] > whole["start"]
    assert server.max_in_flight == 1


@pytest.mark.promise(n=9)
def test_check_sends_nothing_after_a_timeout_and_ends_in_time(begin: Begin) -> None:
    connector, server = begin("segments", sessions=5, days=1)
    server.faults.append(NeverAnswers(times=None))
    began = time.monotonic()
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert time.monotonic() - began < 30
    assert status["status"] == "FAILED"
    assert "Browsee did not answer within 10 seconds." in status["message"]
    assert server.count == 1


def test_every_request_has_bounds_in_seconds_an_offset_and_the_largest_page_size(begin: Begin) -> None:
    connector, server = begin("default", {"window_in_days": 2}, sessions=400, days=4)
    check_all_is_read(connector, server, "default")
    for body in bodies(server):
        assert body.keys() == {"apiKey", "secretKey", "start", "end", "from", "limit"}
        assert body["limit"] == 100
        assert body["end"] - body["start"] <= 2 * 86_400 + 1
    assert len({body["start"] for body in bodies(server)}) == 3


@pytest.mark.parametrize(
    "options",
    [
        {"start_inclusive": False},
        {"end_inclusive": False},
        {"start_inclusive": False, "end_inclusive": False},
        {"whole_seconds": True},
        {"whole_seconds": True, "start_inclusive": False, "end_inclusive": False},
        {"compares": "end"},
        {"compares": "end", "start_inclusive": False, "end_inclusive": False},
        {"order": "oldest_first"},
        {"order": "shuffled"},
        {"to_is": "last"},
        {"to_is": "asked"},
        {"totals": "growing"},
        {"totals": "growing", "to_is": "last"},
        {"twins": 5},
        {"country": "name", "numeric_user_ids": True},
    ],
    ids=str,
)
def test_everything_is_read_once_for_every_reading_of_the_page(begin: Begin, options: Json) -> None:
    # An exclusive bound hides the session at midnight of the start date unless requests start a second early.
    connector, server = begin("segments", {"window_in_days": 1}, sessions=240, days=2, **options)
    check_all_is_read(connector, server, "segments")


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("compares", ["start", "end"])
def test_no_session_is_lost_at_a_configured_date_for_any_comparison(begin: Begin, compares: str) -> None:
    connector, server = begin("default", {"lookback_window_days": 0}, sessions=600, days=6, compares=compares)
    key = connector.key("sessions")
    whole = {tuple(map(hashed, key)) for key in server.vendor.expected("default")["sessions"]}
    edge = (connector.now - timedelta(days=3)).strftime("%Y-%m-%d")
    until = replace(connector, config={**connector.config, "end_date": edge}).read("sessions")
    late = replace(connector, config={**connector.config, "start_date": edge}).read("sessions")
    rest = connector.read("sessions", state=late.state)
    for before in (until, rest):
        assert all(record["started_at"] < edge for record in before.records["sessions"])
        assert set(before.keys("sessions", key)) | set(late.keys("sessions", key)) == whole


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("to_is", ["end", "last", "asked"])
@pytest.mark.parametrize("totals", ["true", "growing"])
def test_pages_are_as_few_as_their_rows_need(begin: Begin, to_is: str, totals: str) -> None:
    connector, server = begin("default", sessions=240, days=2, to_is=to_is, totals=totals)
    check_all_is_read(connector, server, "default")
    assert server.count == 3


@dataclass
class EmptyList(Fault):
    """A page without its rows, but with the true total."""

    def answer(self, exchange: Exchange) -> Answer:
        truth = exchange.truth()
        body = json.loads(truth.body)
        body["exports"] |= {"data": [], "to": json.loads(exchange.request.body)["from"]}
        return Answer(truth.status, json.dumps(body).encode(), truth.headers)


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_page_that_is_empty_before_its_total_is_requested_again(begin: Begin, after: int) -> None:
    connector, server = begin("default", sessions=250, days=2)
    empty = EmptyList(after=after)
    server.faults.append(empty)
    output = check_all_is_read(connector, server, "default")
    assert empty.hits == 1
    assert "its total says that there is more" in output.log


@dataclass
class IgnoredOffset(Fault):
    """The first page for every offset."""

    def answer(self, exchange: Exchange) -> Answer:
        body = json.loads(exchange.request.body) | {"from": 0}
        request = replace(exchange.request, body=json.dumps(body).encode())
        return exchange.service.truth(exchange.entry, request)


def test_an_ignored_offset_is_an_error_that_names_the_list(begin: Begin) -> None:
    connector, server = begin("default", sessions=240, days=2)
    server.faults.append(IgnoredOffset(times=None))
    output = connector.read("sessions")
    assert output.exit_code == 1
    assert output.errors[0]["failure_type"] == "transient_error"
    assert output.statuses["sessions"][-1] == "INCOMPLETE"
    assert re.search(r"page [1-9]\d* holds only rows that came before", output.errors[0]["message"])
    assert server.count < 60


@pytest.mark.parametrize("name", ["sessionId", "_id", "id"])
def test_the_vendors_id_is_the_key_if_there_is_one(begin: Begin, name: str) -> None:
    connector, server = begin("segments", sessions=30, days=2, id_field=name, twins=3)
    output = check_all_is_read(connector, server, "segments")
    assert all(record["session_id"] == record[name] for record in output.records["sessions"])
    assert len(output.records["sessions"]) == 33


@pytest.mark.parametrize("select_at", ["options", "top", "both"])
@pytest.mark.parametrize("comes_along", [True, False])
def test_a_selection_requests_its_fields_and_the_needed_ones(
    begin: Begin, select_at: str, *, comes_along: bool
) -> None:
    connector, server = begin(
        "fields", sessions=30, days=2, id_field="_id", id_with_select=comes_along, select_at=select_at
    )
    output = check_all_is_read(connector, server, "fields")
    select = bodies(server)[0]["options"]["select"]
    assert len(select) == len(set(select)) == 16
    record = output.records["sessions"][0]
    assert set(select) <= record.keys()
    assert not {"email", "browser_version", "eventCount", "city"} & record.keys()
    assert all(record[name] is not None for name in ("session_id", "started_at", "ended_at", "page_count"))
    assert record["session_id"].startswith("hash:") != comes_along


def test_an_unknown_field_is_refused_before_any_request(begin: Begin) -> None:
    connector, server = begin("default", {"fields": ["urls", "colour"]}, sessions=2, days=1)
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "fields[1] must be one of: userId, " in status["message"]
    assert server.count == 0


def test_a_session_keeps_its_hash_when_it_grows_and_is_identified(begin: Begin) -> None:
    connector, server = begin("default", sessions=60, days=1)
    first = connector.read()
    vendor: Any = server.vendor
    vendor.touch(20)
    second = connector.read(state=first.state)
    before, after = (
        {record["session_id"]: record for record in output.records["sessions"]} for output in (first, second)
    )
    assert after.keys() <= before.keys()
    assert sum(record.get("email") != before[key].get("email") for key, record in after.items()) == 20
    assert duplicates(second.keys("session_pages", ["session_id", "page_index"])) == []


def test_without_segments_there_are_no_records_and_one_log_line(begin: Begin) -> None:
    connector, server = begin("default", sessions=5, days=1)
    output = connector.read("segment_sessions")
    assert output.exit_code == 0
    assert output.statuses == {"segment_sessions": ["STARTED", "RUNNING", "COMPLETE"]}
    assert "segment_sessions: the configuration selects nothing to read." in output.log
    assert server.count == 0


@pytest.mark.promise(n=9)
def test_check_requests_each_segment_and_names_a_refused_one(begin: Begin) -> None:
    connector, server = begin("segments", sessions=5, days=1)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert [body["segmentId"] for body in bodies(server)] == connector.config["segment_ids"]
    wrong = {**connector.config, "segment_ids": [connector.config["segment_ids"][0], "5f3a1c0e9b7d4e0017a2c4d7"]}
    (status,) = replace(connector, config=wrong).run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "5f3a1c0e9b7d4e0017a2c4d7" in status["message"]


def test_a_refused_segment_fails_its_stream_only(begin: Begin) -> None:
    ids = ["5f3a1c0e9b7d4e0017a2c4d7", "5f3a1c0e9b7d4e0017a2c4d8"]
    connector, server = begin("segments", {"segment_ids": ids}, sessions=60, days=1)
    output = connector.read()
    assert output.exit_code == 1
    assert {name: all_[-1] for name, all_ in output.statuses.items()} == {
        "segment_sessions": "INCOMPLETE",
        "sessions": "COMPLETE",
        "session_pages": "COMPLETE",
    }
    assert {record["segment_id"] for record in output.records["segment_sessions"]} == {ids[1]}
    assert len(output.records["sessions"]) == 60
    assert server.count == 3


@pytest.mark.parametrize("status", [400, 401])
def test_missing_and_wrong_keys_are_config_errors(begin: Begin, status: int) -> None:
    connector, server = begin("default", sessions=5, days=1)
    server.faults.append(Status(status, times=None))
    (told,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert told["status"] == "FAILED"
    assert "secret_key" in told["message"]
    output = connector.read("sessions")
    assert {error["failure_type"] for error in output.errors} == {"config_error"}
    assert server.count == 2


@pytest.mark.parametrize("form", ["object", "string"])
def test_a_failure_in_a_200_is_retried(begin: Begin, form: str) -> None:
    connector, server = begin("default", sessions=5, days=1, failure_message=form)
    server.faults.append(ErrorInside())
    output = connector.read("sessions")
    assert output.exit_code == 0
    assert len(output.records["sessions"]) == 5
    assert server.count == 2


@pytest.mark.parametrize("status", [200, 400, 429])
def test_an_open_request_is_waited_for_with_any_status(begin: Begin, status: int) -> None:
    connector, server = begin("default", sessions=5, days=1)
    body = '{"status": "failure", "message": "Only one open request is allowed"}'
    server.faults.append(Status(status, body=body))
    output = connector.read("sessions")
    assert output.exit_code == 0, output.log
    assert len(output.records["sessions"]) == 5
    reasons = [
        reason["type"]
        for trace in output.of_type("TRACE")
        for reason in trace.get("stream_status", {}).get("reasons") or ()
    ]
    assert reasons == ["RATE_LIMITED"]
    assert server.count == 2


def test_a_country_name_is_not_a_country_code(begin: Begin) -> None:
    connector, _ = begin("default", sessions=40, days=1, country="name")
    records = connector.read("sessions").records["sessions"]
    assert {record["country_code"] for record in records} == {None}
    assert len({record.get("country") for record in records}) > 2
