"""Vendors that differ from their page in one respect: requests or answers that are too large, endless lists."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import HugeBody, vendor_names
from sandbox_server.vendor import vendor_class
from session_source.http import transport

from integration_tests.conftest import Start, starting
from integration_tests.connector import expected, held
from integration_tests.inside import source_class
from integration_tests.whole import check_whole

ENDLESS = [
    (folder, config, options)
    for folder in vendor_names()
    for config, variants in vendor_class(folder).endless.items()
    for options in variants
]


@pytest.mark.promise(n=5)
# A 504 may be an outage: each one is waited for.
@pytest.mark.parametrize("status", [413, pytest.param(504, marks=pytest.mark.slow), "timeout"])
def test_a_request_that_is_too_large_is_split_until_it_is_answered(
    start: Start, case: tuple[str, str], status: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = source_class(case[0])
    policy = replace(source().retry_policy(), read=1, after_timeout=0)
    monkeypatch.setattr(source, "retry_policy", lambda _: policy)
    monkeypatch.setattr(source, "rate", lambda *_: None)
    too_large = {"rows": 40, "status": status}
    connector, server = start(inside=True, sessions=160, days=8, too_large=too_large)
    if connector.specification["properties"]["window_in_days"]["default"] == 1:
        pytest.skip("each of its requests is for one day, the least that this vendor lists")
    output = connector.read("sessions")
    assert output.exit_code == 0, output.errors
    assert "Trying again with a shorter window" in output.log
    wanted, allowed = expected(server, case[1]), held(server, case[1])
    check_whole(connector, [output], {"sessions": wanted["sessions"]}, allowed)


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(("folder", "config", "options"), ENDLESS, ids=str)
def test_a_list_that_never_ends_is_an_error_that_names_the_list(
    folder: str, config: str, options: Mapping[str, Any], tmp_path: Path
) -> None:
    with starting(folder, tmp_path) as start:
        connector, server = start(config, sessions=60, days=2, **options)
        output = connector.read("sessions")
        assert output.exit_code == 1
        assert "does not continue its list of sessions" in output.errors[0]["message"]
        assert server.count < 80


@pytest.mark.promise(n=6)
@pytest.mark.promise(n=7)
def test_an_answer_that_is_too_large_is_an_error_that_says_so(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "LARGEST_ANSWER", 2**20)
    connector, server = start({"num_workers": 1}, inside=True, sessions=10, days=2)
    server.faults.append(HugeBody(megabytes=20, times=None))
    output = connector.read("sessions")
    assert output.exit_code == 1
    assert output.statuses["sessions"][-1] == "INCOMPLETE"
    assert "sent an answer of more than 1 MB" in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "transient_error"
    assert "Trying again" not in output.log
    assert "sessions" not in output.records


@pytest.mark.promise(n=5)
def test_a_catch_up_of_a_few_busy_days_is_read_in_parallel_with_checkpoints(
    start: Start, case: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_class(case[0]), "rate", lambda *_: None)
    connector, server = start({"num_workers": 2}, inside=True, sessions=6000, days=4, latency=0.1)
    output = connector.read("sessions")
    assert output.exit_code == 0, output.errors
    wanted, allowed = expected(server, case[1]), held(server, case[1])
    check_whole(connector, [output], {"sessions": wanted["sessions"]}, allowed)
    kinds = [message["type"] for message in output.messages if message["type"] in {"RECORD", "STATE"}]
    assert kinds.index("STATE") < 0.8 * len(kinds), "the first checkpoint comes late"
    is_parallel = "num_workers" in connector.specification["properties"]
    assert server.max_in_flight == (2 if is_parallel else 1), "windows are not read in parallel"
