"""Memory is flat, however many windows there are; two hundred partitions are read at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_server import serve

from integration_tests import figures
from integration_tests.connector import Connector, script
from integration_tests.inside import InsideConnector
from integration_tests.load import Apps, Load
from integration_tests.test_protocol import check_order
from integration_tests.trials import SESSIONS
from integration_tests.whole import check_whole

A_DAY = 1000
"""Sessions: more of them are more days and more windows. Of an open window, the keys of its sessions are held."""

LAUNCHER = """
import pathlib, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""
"""Runs a command and writes down its peak. A process's peak begins with that of the one that started it, which
here would be the tests' own: this one is small."""


def peak(sessions: int, place: Path) -> tuple[int, int]:
    """Read so many sessions; give the process's peak memory in kB and the lines it wrote."""
    with serve(Load(sessions=sessions, days=sessions // A_DAY)) as server:
        connector = Connector("source-uxcam", server.vendor.configs(server.origin)["session_api"], place)
        arguments = connector.read_arguments("sessions")
        config = place / "config.json"
        config.write_text(json.dumps(connector.config))
        peaks = place / "peak"
        command = [sys.executable, "-c", LAUNCHER, str(peaks), script(connector.folder), *arguments]
        with subprocess.Popen(  # noqa: S603
            [*command, "--config", str(config)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            records = sum(b'"type":"RECORD"' in line[:20] for line in process.stdout)
    assert process.returncode == 0
    return int(peaks.read_text()), records


@pytest.mark.soak
@pytest.mark.promise(n=6)
def test_memory_is_flat(tmp_path: Path) -> None:
    small, few = peak(20_000, tmp_path)
    large, many = peak(SESSIONS, tmp_path)
    figures.count(
        records=few + many, peak_kB_of_20000_sessions=small, **{f"peak_kB_of_{SESSIONS}_sessions": large}
    )
    assert (few, many) == (20_000, SESSIONS)
    assert large <= small * 1.15, (small, large)


@pytest.mark.promise(n=3)
@pytest.mark.promise(n=4)
def test_a_busy_stretch_is_many_checkpoints_and_a_quiet_one_few_requests(tmp_path: Path) -> None:
    # The pages of 20 days, or of the one window that a quiet stretch is, each with the page that shows the end.
    for sessions, least_states, most_requests in ((20 * 1500, 20, 20 * 16), (20, 1, 2)):
        with serve(Load(sessions=sessions, days=20)) as server:
            config = {
                **server.vendor.configs(server.origin)["session_api"],
                "window_in_days": 30,
                "num_workers": 10,
            }
            output = InsideConnector("source-uxcam", config, tmp_path).read("sessions")
            assert len(output.records["sessions"]) == sessions
            assert len(output.of_type("STATE")) - 1 >= least_states
            assert server.count <= 1.02 * most_requests + 1, "that of today"


@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.promise(n=4)
@pytest.mark.promise(n=9)
def test_two_hundred_partitions_are_read_at_once_each_with_a_state_of_its_own(tmp_path: Path) -> None:
    vendor = Apps(apps=200, sessions=6, days=6)
    with serve(vendor) as server:
        config = {**vendor.configs(server.origin)["apps"], "window_in_days": 4, "num_workers": 16}
        connector = Connector("source-devrev", config, tmp_path)
        inside = InsideConnector("source-devrev", config, tmp_path)
        assert inside.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
        assert server.count == 10
        output = connector.read()
        assert output.exit_code == 0, output.log
        check_order(output)
        check_whole(connector, [output], vendor.expected("apps"))
        parts = output.states["sessions"]["states"]
        assert sorted(part["partition"]["version_key"] for part in parts) == sorted(vendor.names)
        assert {len(part["cursor"]["slices"]) for part in parts} == {1}
        assert inside.read(state=output.state).records == {}
        figures.count(partitions_at_once=len(parts))
