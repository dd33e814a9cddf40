"""Faults of every kind, over real sockets: what passes costs no record, what does not ends with a message."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sandbox_server as sandbox
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sandbox_server import load_vendor, serve
from session_source import Config, Endpoint, Fetch, Partition
from session_source.airbyte.commands import Entrypoint
from source_inspectlet import SourceInspectlet
from source_inspectlet.sessions import Sessions
from source_inspectlet.websites import Websites

from integration_tests.conftest import Start, starting
from integration_tests.connector import Connector, Output, expected
from integration_tests.inside import InsideConnector
from integration_tests.test_protocol import check_order
from integration_tests.whole import check_whole

PASSING: dict[str, Callable[[], sandbox.Fault]] = {
    "500": lambda: sandbox.Status(500),
    "429 in seconds": lambda: sandbox.Status(429, retry_after=1),
    "429 as a date": lambda: sandbox.Status(429, retry_date=2),
    "429 without a word": lambda: sandbox.Status(429),
    "reset before the body": sandbox.ResetBeforeBody,
    "reset in the body": sandbox.ResetInBody,
    "truncated body": sandbox.TruncatedBody,
    "truncated JSON": sandbox.TruncatedJson,
    "HTML with 200": sandbox.Html,
    "empty body": sandbox.EmptyBody,
}


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=7)
@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_costs_no_record(start: Start, case: tuple[str, str], name: str) -> None:
    connector, server = start({"window_in_days": 2}, inside=True, sessions=130, days=5)
    wanted = expected(server, case[1])
    fault = PASSING[name]()
    fault.after = 2
    server.faults.append(fault)
    output = connector.read()
    assert output.exit_code == 0, output.log
    assert fault.hits == 1, "the fault was not played"
    assert "Trying again in" in output.log
    check_whole(connector, [output], wanted)


@pytest.mark.promise(n=7)
def test_an_error_told_in_a_200_is_no_empty_list(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=60, days=3)
    try:
        server.vendor.error_inside()
    except NotImplementedError:
        pytest.skip("this vendor tells no error in a 200")
    wanted = expected(server, case[1])
    server.faults.append(sandbox.ErrorInside(after=1))
    output = connector.read()
    for stream, keys in wanted.items():
        found = output.keys(stream, connector.key(stream))
        complete = output.statuses[stream][-1] == "COMPLETE"
        assert not complete or set(found) == set(keys), f"{stream} lost records without a word"


@pytest.mark.promise(n=7)
def test_a_rate_limited_stream_reports_when_the_vendor_may_be_asked_again(start: Start) -> None:
    connector, server = start(inside=True, sessions=10, days=2)
    server.faults.append(sandbox.Status(429, retry_after=1))
    before = time.time()
    output = connector.read()
    reasons = [
        reason
        for trace in output.of_type("TRACE")
        if trace["type"] == "STREAM_STATUS"
        for reason in trace["stream_status"].get("reasons", [])
    ]
    assert {reason["type"] for reason in reasons} == {"RATE_LIMITED"}
    quota_resets = [reason["rate_limited"]["quota_reset"] / 1000 for reason in reasons]
    assert all(before + 1 <= moment <= time.time() + 1 for moment in quota_resets)
    assert output.exit_code == 0


@pytest.mark.promise(n=4)
@pytest.mark.promise(n=7)
def test_what_fails_for_good_is_told_once_and_resumed_later(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1, "num_workers": 1}, inside=True, sessions=120, days=6)
    wanted = expected(server, case[1])
    refusal = sandbox.Status(403, after=3, times=None)
    server.faults.append(refusal)
    first = connector.read()
    check_order(first)
    assert first.exit_code == 1
    assert first.errors[-1]["failure_type"] == "config_error"
    failed = [name for name, statuses in first.statuses.items() if statuses[-1] == "INCOMPLETE"]
    assert failed
    assert "Traceback" not in first.errors[-1]["message"]
    assert refusal.hits == len(first.errors) - 1, "one refusal is one trace, and nothing is asked behind it"
    server.faults.clear()
    second = connector.read(state=first.state)
    assert second.exit_code == 0, second.log
    check_whole(connector, [first, second], wanted)


@pytest.mark.promise(n=4)
@pytest.mark.parametrize("after", [1, 2])
def test_rows_of_a_window_that_fails_are_counted_by_the_last_state(start: Start, after: int) -> None:
    connector, server = start({"num_workers": 1}, inside=True, sessions=700, days=2)
    server.faults.append(sandbox.Status(403, after=after, times=None))
    output = connector.read()
    assert output.exit_code == 1
    check_order(output)


@pytest.mark.promise(n=7)
def test_a_list_that_repeats_its_token_is_an_error_or_is_read_without_it(
    start: Start, case: tuple[str, str]
) -> None:
    connector, server = start(inside=True, sessions=700, days=2)
    wanted = expected(server, case[1])
    try:
        server.vendor.repeat_token(sandbox.Answer.json({}))
    except NotImplementedError:
        pytest.skip("this vendor has no page tokens")
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    server.faults.append(sandbox.RepeatToken(times=None))
    output = connector.read("sessions")
    assert server.count < 100
    if output.exit_code == 0:  # Browsee: the connector counts the offset itself
        check_whole(connector, [output], {"sessions": wanted["sessions"]})
    else:
        assert output.errors[-1]["failure_type"] == "transient_error"


@pytest.mark.promise(n=1)
def test_a_page_that_is_served_twice_costs_no_record(start: Start, case: tuple[str, str]) -> None:
    # One worker, so that it is the page before: that of another window may look like one of this window's.
    connector, server = start({"num_workers": 1}, inside=True, sessions=330, days=2)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.StalePage(after=2))
    output = connector.read()
    check_whole(connector, [output], wanted)


@pytest.mark.promise(n=7)
def test_one_failure_is_one_trace_and_ends_no_other_stream(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=60, days=6)
    wanted = expected(server, case[1])
    connector.read()
    paths = sorted({entry.path for entry in server.requests}, key=len)
    server.clear()
    server.faults.append(sandbox.Status(403, path=paths[-1], times=None))
    output = connector.read()
    failed = {name for name, statuses in output.statuses.items() if statuses[-1] == "INCOMPLETE"}
    assert failed
    told = [error["message"] for error in output.errors[:-1]]
    assert len(set(told)) == len(told)
    check_whole(connector, [output], {name: keys for name, keys in wanted.items() if name not in failed})


class Lost(Sessions):
    """Sessions of websites that cannot be told, for a reason that nobody expected."""

    def partitions(self, fetch: Fetch) -> list[Partition]:
        raise LookupError("nobody expected this")


class Surprised(SourceInspectlet):
    """A source with them."""

    package = "source_inspectlet"

    def endpoints(self, config: Config) -> list[Endpoint]:
        websites = Websites([])
        return [websites, Lost(websites, {})]


@pytest.mark.promise(n=7)
def test_what_nobody_expected_before_the_first_window_ends_its_streams_and_no_other(tmp_path: Path) -> None:
    lines: list[str] = []

    def read(connector: Connector) -> None:
        catalog = ConfiguredAirbyteCatalogSerializer.load(connector.catalog())
        for message in Surprised().read(logging.getLogger("test"), dict(connector.config), catalog):
            lines.append(Entrypoint.airbyte_message_to_string(message))  # noqa: PERF401 - before the error

    with starting("source-inspectlet", tmp_path) as start:
        connector, _ = start("default", sessions=20, days=2)
        with pytest.raises(AirbyteTracedException, match="LookupError"):
            read(connector)
    output = Output(1, "\n".join(lines), "")
    statuses = {name: statuses[-1] for name, statuses in output.statuses.items()}
    assert statuses == {"websites": "COMPLETE"} | dict.fromkeys(set(statuses) - {"websites"}, "INCOMPLETE")
    assert output.records.keys() == {"websites"}
    (error,) = output.errors
    assert error["failure_type"] == "system_error"
    assert "report it" in error["message"]


@pytest.mark.promise(n=7)
def test_a_vendor_that_is_away_at_first_is_waited_for(case: tuple[str, str], tmp_path: Path) -> None:
    folder, name = case
    with serve(load_vendor(folder, sessions=2, days=2)) as server:
        port = int(server.origin.rpartition(":")[2])
    vendor = load_vendor(folder, sessions=20, days=2)
    connector = InsideConnector(folder, vendor.configs(f"http://127.0.0.1:{port}")[name], tmp_path)
    outputs: list[Output] = []
    reading = threading.Thread(target=lambda: outputs.append(connector.read()))
    reading.start()
    reading.join(0.7)
    assert not outputs, "nobody answers yet"
    with serve(vendor, port=port) as server:
        reading.join()
    assert outputs[0].exit_code == 0, outputs[0].log
    assert "refused the connection" in outputs[0].log
    check_whole(connector, outputs, expected(server, name))


@pytest.mark.long
@pytest.mark.promise(n=7)
def test_an_outage_that_lasts_ends_in_minutes_and_the_log_tells_each_wait(start: Start) -> None:
    connector, server = start(sessions=5, days=2)
    server.faults.append(sandbox.Status(503, times=None))
    output = connector.read(timeout=600)
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}
    assert "Gave up after" in output.errors[0]["message"]
    assert output.log.count("Trying again in") >= 5
    assert {status[-1] for status in output.statuses.values()} <= {"INCOMPLETE", "COMPLETE"}


@pytest.mark.long
@pytest.mark.promise(n=7)
def test_a_request_that_is_never_answered_costs_minutes_and_no_record(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(sessions=150, days=3)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.NeverAnswers(after=1))
    output = connector.read(timeout=900)
    assert output.exit_code == 0, output.log
    assert "did not answer within" in output.log
    check_whole(connector, [output], wanted)
