"""Faults of every kind, over real sockets: temporary ones lose no record, permanent ones end with a message."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sandbox_server as sandbox
from sandbox_server import bound_socket, load_vendor, serve

from integration_tests.clock import Clock
from integration_tests.conftest import Start
from integration_tests.connector import Output, expected
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
def test_a_temporary_fault_loses_no_record(start: Start, case: tuple[str, str], name: str) -> None:
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
def test_an_error_in_a_200_is_not_an_empty_list(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=60, days=3)
    try:
        server.vendor.error_inside()
    except NotImplementedError:
        pytest.skip("this vendor reports no errors in a 200")
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
def test_a_permanent_failure_is_reported_once_and_the_next_sync_resumes(
    start: Start, case: tuple[str, str]
) -> None:
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
def test_the_last_state_counts_the_rows_of_a_window_that_failed(start: Start, after: int) -> None:
    connector, server = start({"num_workers": 1}, inside=True, sessions=700, days=2)
    server.faults.append(sandbox.Status(403, after=after, times=None))
    output = connector.read()
    assert output.exit_code == 1
    check_order(output)


@pytest.mark.promise(n=7)
def test_a_repeated_token_is_an_error_or_is_not_needed(start: Start, case: tuple[str, str]) -> None:
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
    if output.exit_code == 0:  # where the connector counts the offset itself
        check_whole(connector, [output], {"sessions": wanted["sessions"]})
    else:
        assert output.errors[-1]["failure_type"] == "transient_error"


@pytest.mark.promise(n=1)
def test_a_page_that_is_served_twice_loses_no_record(start: Start, case: tuple[str, str]) -> None:
    # One worker, so that the repeated page belongs to the same window.
    connector, server = start({"num_workers": 1}, inside=True, sessions=330, days=2)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.StalePage(after=2))
    output = connector.read()
    check_whole(connector, [output], wanted)


@pytest.mark.promise(n=7)
def test_a_failure_is_reported_once_and_other_streams_complete(start: Start, case: tuple[str, str]) -> None:
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


@pytest.mark.promise(n=7)
def test_a_vendor_that_is_down_at_first_is_read_once_it_is_up(case: tuple[str, str], tmp_path: Path) -> None:
    folder, name = case
    bound, origin = bound_socket()
    clock = Clock()
    vendor = load_vendor(folder, sessions=20, days=2, now=clock)
    connector = InsideConnector(folder, vendor.configs(origin)[name], tmp_path, clock=clock)
    outputs: list[Output] = []
    is_refused = threading.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "refused the connection" in record.getMessage():
                is_refused.set()

    watch = Watch()
    logging.getLogger("airbyte").addHandler(watch)
    reading = threading.Thread(target=lambda: outputs.append(connector.read()))
    reading.start()
    assert is_refused.wait(120)
    logging.getLogger("airbyte").removeHandler(watch)
    assert not outputs, "nobody answers yet"
    with serve(vendor, bound=bound) as server:
        reading.join()
    assert outputs[0].exit_code == 0, outputs[0].log
    assert "refused the connection" in outputs[0].log
    check_whole(connector, outputs, expected(server, name))


@pytest.mark.long
@pytest.mark.promise(n=7)
def test_a_long_outage_ends_the_sync_in_minutes_and_every_wait_is_logged(start: Start) -> None:
    connector, server = start(sessions=5, days=2)
    server.faults.append(sandbox.Status(503, times=None))
    output = connector.read(timeout=600)
    assert {error["failure_type"] for error in output.errors} == {"transient_error"}
    assert "Gave up after" in output.errors[0]["message"]
    assert output.log.count("Trying again in") >= 5
    assert {status[-1] for status in output.statuses.values()} <= {"INCOMPLETE", "COMPLETE"}


@pytest.mark.long
@pytest.mark.promise(n=7)
def test_a_request_that_is_never_answered_is_retried_within_minutes(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(sessions=150, days=3)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.NeverAnswers(after=1))
    output = connector.read(timeout=900)
    assert output.exit_code == 0, output.log
    assert "did not answer within" in output.log
    check_whole(connector, [output], wanted)
