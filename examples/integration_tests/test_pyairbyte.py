"""The PyAirbyte example as it is written, in a folder like a clone's."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from rich.console import Console
from sandbox_server import load_vendor, serve

from integration_tests.clock import late
from integration_tests.connector import expected
from sync import models

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".cache" / "pyairbyte" / "bin" / "python"
SCRIPT = Path(__file__).resolve().parents[1] / "pyairbyte" / "uxcam.py"
QUIET = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "NO_LIVE_PROGRESS": "1"}


@pytest.mark.slow
def test_the_example_reads_all_and_then_what_is_new(tmp_path: Path) -> None:
    if sys.version_info >= (3, 13):
        pytest.skip("PyAirbyte needs Python 3.11 or 3.12")
    if not ENVIRONMENT.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("PyAirbyte is not installed; make pyairbyte does that.")
        pytest.skip("PyAirbyte is not installed; make pyairbyte does that")
    (tmp_path / "secrets").mkdir()
    with serve(load_vendor("source-uxcam", sessions=60, days=6, now=late)) as server:
        config = server.vendor.configs(server.origin)["data_access_v2"]
        (tmp_path / "secrets" / "uxcam.json").write_text(json.dumps(config))
        for _ in range(2):
            done = subprocess.run(  # noqa: S603
                [str(ENVIRONMENT), str(SCRIPT)],
                cwd=tmp_path,
                env=os.environ | QUIET | {"AIRBYTE_LOGGING_ROOT": str(tmp_path / "logs")},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert done.stdout.splitlines()[-4].startswith("android ")
            with duckdb.connect(tmp_path / "sessions.duckdb", read_only=True) as connection:
                found = connection.execute("SELECT session_id FROM uxcam.sessions").fetchall()
            assert set(found) >= set(expected(server, "data_access_v2")["sessions"])
            server.vendor.grow(10)
    if models.DBT.exists():
        console = Console(file=io.StringIO())
        models.build(str(tmp_path / "sessions.duckdb"), {"uxcam_data_access_v2_schemas": ["uxcam"]}, console)
        with duckdb.connect(tmp_path / "sessions.duckdb", read_only=True) as connection:
            counts = "SELECT (SELECT count(*) FROM uxcam.{0}), (SELECT count(*) FROM session_analytics.{1})"
            for raw, model in {"sessions": "sessions", "events": "session_events"}.items():
                (rows,) = connection.execute(counts.format(raw, model)).fetchall()
                assert rows[0] == rows[1] > 0
