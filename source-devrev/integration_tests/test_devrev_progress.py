"""Failures, retries and waits in the metrics and the progress of a sync."""

from pathlib import Path

import sandbox_server as sandbox

from integration_tests.conftest import starting
from integration_tests.test_progress import Metrics, reported


def test_failures_retries_and_waits_are_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.prom"
    with starting("source-devrev", tmp_path) as start:
        connector, server = start("default", {"num_workers": 4}, sessions=60, days=4)
        server.faults += [sandbox.Status(429, retry_after=2), sandbox.Status(503), sandbox.ResetBeforeBody()]
        output = connector.run(*connector.read_arguments(), "--metrics", str(path), "--progress", "0")
    assert output.exit_code == 0, output.log
    metrics = Metrics(path)
    requests = metrics.by("requests", "status")
    assert sum(requests.values()) == server.count
    assert {status: requests[status] for status in ("429", "503", "no_answer")} == {
        "429": 1,
        "503": 1,
        "no_answer": 1,
    }
    assert sum(metrics.by("retries", "endpoint").values()) == 3
    waited = metrics.by("wait_seconds", "reason")
    assert 1.9 < waited["rate_limit"] < 4
    assert waited["failure"] > 0.7
    last = reported(output)[-1]
    assert (last["requests"], last["retries"]) == (server.count, 3)
    assert set(last["windows"]) == set(connector.streams)
    assert all(done == planned for done, planned in last["windows"].values())
    assert last["seconds_left"] is None
    assert "the vendor's rate limit" in {line["wait"]["reason"] for line in reported(output) if line["wait"]}
