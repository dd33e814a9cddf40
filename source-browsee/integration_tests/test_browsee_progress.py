"""The estimate of rows, from the total that Browsee reports."""

from pathlib import Path

from integration_tests.conftest import starting


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
