"""Progress in the log and in metrics: to the request what the vendor's own log says."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import sandbox_server as sandbox
from prometheus_client.parser import text_string_to_metric_families
from sandbox_server import Server

from integration_tests.conftest import Start
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


def check_counts(output: Output, metrics: Metrics, server: Server) -> None:
    """Compare the counts in the log and in the metrics with those of the server, to the request."""
    answered = Counter(str(entry.status) for entry in server.requests)
    assert metrics.by("requests", "status") == answered
    total = next(line for line in output.log.splitlines()[::-1] if line.startswith("total "))
    retries = round(sum(metrics.by("retries", "endpoint").values()))
    figures = re.search(r"([\d,]+) +([\d,]+) +([\d,]+) s$", total)
    assert figures is not None, total
    assert figures.groups()[:2] == (f"{server.count:,}", f"{retries:,}")


@pytest.mark.promise(n=7)
def test_retries_and_rate_limits_are_counted_as_the_vendor_does(start: Start, tmp_path: Path) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=60, days=3)
    server.faults += [sandbox.Status(429, retry_after=1, after=1), sandbox.Status(503, after=1)]
    path = tmp_path / "shop.prom"
    output = connector.run(*connector.read_arguments(), "--metrics", str(path))
    assert output.exit_code == 0, output.log
    metrics = Metrics(path)
    check_counts(output, metrics, server)
    assert {entry.status for entry in server.requests} == {200, 429, 503}
    assert sum(metrics.by("retries", "endpoint").values()) == 2
    assert metrics.by("wait_seconds", "reason")["rate_limit"] > 0


def test_requests_of_a_sync_that_fails_are_counted(start: Start, tmp_path: Path) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=60, days=3)
    server.faults.append(sandbox.Status(403, after=2, times=None))
    path = tmp_path / "shop.prom"
    output = connector.run(*connector.read_arguments(), "--metrics", str(path))
    assert output.exit_code == 1
    check_counts(output, Metrics(path), server)
