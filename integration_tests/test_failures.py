"""Faults of every kind, over real sockets: what passes costs no record, what does not ends with a sentence."""

from collections.abc import Callable

import pytest

from integration_tests import sandbox
from integration_tests.conftest import Start
from integration_tests.connector import duplicates, expected
from integration_tests.test_protocol import check_order

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
    for stream, keys in wanted.items():
        found = output.keys(stream, connector.key(stream))
        assert set(found) == set(keys), stream
        if stream != "users":
            assert duplicates(found) == [], stream


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


def test_a_rate_limited_stream_says_so(start: Start) -> None:
    connector, server = start(sessions=10, days=2)
    server.faults.append(sandbox.Status(429, retry_after=1))
    output = connector.read()
    reasons = [
        reason["type"]
        for trace in output.of_type("TRACE")
        if trace["type"] == "STREAM_STATUS"
        for reason in trace["stream_status"].get("reasons", [])
    ]
    assert set(reasons) == {"RATE_LIMITED"}
    assert output.exit_code == 0


def test_what_fails_for_good_is_told_once_and_resumed_later(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1, "num_workers": 1}, sessions=120, days=6)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.Status(403, after=3, times=None))
    first = connector.read()
    check_order(first)
    assert first.exit_code == 1
    assert first.errors[-1]["failure_type"] == "config_error"
    failed = [name for name, statuses in first.statuses.items() if statuses[-1] == "INCOMPLETE"]
    assert failed
    assert "Traceback" not in first.errors[-1]["message"]
    for error in first.errors[:-1]:
        assert first.stdout.count(f'"message":{error["message"]!r}'.replace("'", '"')) <= len(failed) + 1
    server.faults.clear()
    second = connector.read(state=first.state)
    assert second.exit_code == 0, second.log
    for stream, keys in wanted.items():
        found = first.keys(stream, connector.key(stream)) + second.keys(stream, connector.key(stream))
        assert set(found) == set(keys), stream


def test_a_list_that_repeats_its_token_is_an_error_and_no_loop(start: Start) -> None:
    connector, server = start(inside=True, sessions=700, days=2)
    try:
        server.vendor.repeat_token(sandbox.Answer.json({}))
    except NotImplementedError:
        pytest.skip("this vendor has no page tokens")
    except (KeyError, TypeError, ValueError, AttributeError):
        pass
    server.faults.append(sandbox.RepeatToken(times=None))
    output = connector.read("sessions")
    assert output.exit_code == 1
    assert server.count < 100
    assert output.errors[-1]["failure_type"] == "transient_error"


def test_a_page_that_is_served_twice_costs_no_record(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=330, days=2)
    wanted = expected(server, case[1])
    server.faults.append(sandbox.StalePage(after=2))
    output = connector.read()
    for stream, keys in wanted.items():
        found = output.keys(stream, connector.key(stream))
        assert set(found) == set(keys), stream
