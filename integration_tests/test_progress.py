"""Progress in the log and in metrics: to the request what the vendor's own log says."""

import json
import re
from collections import Counter
from pathlib import Path

import sandbox_server as sandbox
from prometheus_client.parser import text_string_to_metric_families

from integration_tests.conftest import Start, starting
from integration_tests.connector import Json, Output


class Metrics:
    """A file of metrics."""

    def __init__(self, path: Path) -> None:
        self._families = list(text_string_to_metric_families(path.read_text()))

    def by(self, name: str, label: str) -> dict[str, float]:
        """The sums of a metric by one of its labels."""
        found: Counter[str] = Counter()
        for family in self._families:
            if family.name == f"session_sync_{name}":
                for sample in family.samples:
                    found[sample.labels[label]] += sample.value  # type: ignore[assignment]
        return dict(found)


def reported(output: Output) -> list[Json]:
    """The progress that a command printed for programs."""
    lines = [line for line in output.log.splitlines() if line.startswith("progress {")]
    return [json.loads(line.removeprefix("progress ")) for line in lines]


def test_counts_are_those_of_the_vendors_log(start: Start, tmp_path: Path) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=60, days=3)
    path = tmp_path / "shop.prom"
    output = connector.run(*connector.read_arguments(), "--metrics", str(path))
    answered = Counter(str(entry.status) for entry in server.requests)
    metrics = Metrics(path)
    assert metrics.by("requests", "status") == answered
    records = {name: len(output.records.get(name, [])) for name in connector.streams}
    assert metrics.by("rows", "stream") == records
    assert metrics.by("windows", "state")["open"] == 0
    assert all(metrics.by("last_success_timestamp_seconds", "stream").values())
    lines = output.log.splitlines()
    assert re.search(rf"^total .* {sum(records.values()):,} +{server.count:,} +0 +\d s$", lines[-1]), lines[-1]
    assert len([line for line in lines if " finished after " in line]) == len(connector.streams)


def test_failures_retries_and_waits_are_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "shop.prom"
    with starting("source-devrev", tmp_path) as start:
        connector, server = start("default", {"num_workers": 4}, sessions=60, days=4)
        server.faults += [sandbox.Status(429, retry_after=1), sandbox.Status(503), sandbox.ResetBeforeBody()]
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
    assert 0.9 < waited["rate_limit"] < 3
    assert waited["failure"] > 0.7
    last = reported(output)[-1]
    assert (last["requests"], last["retries"]) == (server.count, 3)
    assert set(last["windows"]) == set(connector.streams)
    assert all(done == planned for done, planned in last["windows"].values())
    assert last["seconds_left"] is None
    assert "the vendor's rate limit" in {line["wait"]["reason"] for line in reported(output) if line["wait"]}


def test_rows_are_estimated_where_the_vendor_reports_totals(tmp_path: Path) -> None:
    with starting("source-browsee", tmp_path) as start:
        connector, _ = start("default", sessions=900, days=9)
        output = connector.read()
    estimates = [trace["estimate"] for trace in output.of_type("TRACE") if trace["type"] == "ESTIMATE"]
    assert {estimate["name"] for estimate in estimates} <= {"sessions", "segment_sessions"}
    assert {estimate["type"] for estimate in estimates} == {"STREAM"}
    last = [estimate["row_estimate"] for estimate in estimates if estimate["name"] == "sessions"][-1]
    count = len(output.records["sessions"])
    assert 0.7 * count <= last <= 1.3 * count
