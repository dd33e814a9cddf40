"""A sync that is interrupted, fails or is locked out keeps its rows, and the next one continues from there."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sandbox_server import NeverAnswers, Server, Status, load_vendor, serve

from integration_tests.clock import late
from integration_tests.connector import expected
from sync.integration_tests.command import Command
from sync.integration_tests.databases import Database, duckdb_file

V2 = "uxcam_data_access_v2"
ONE_BY_ONE = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}


@pytest.fixture
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=200, days=10, now=late), latency=0.05) as server:
        yield server


def command(server: Server, place: Path, **config: Any) -> Command:
    given = server.vendor.configs(server.origin)["data_access_v2"] | ONE_BY_ONE | config
    return Command("source-uxcam", given, duckdb_file(place / "mine.duckdb"), place, ("--commit-seconds", "0.3"))


def stop(process: subprocess.Popen[str], server: Server, requests: int, send: Callable[[int], None]) -> str:
    """Wait for a request that is not answered, send a signal, and return the output."""
    server.faults.append(NeverAnswers(after=requests - 1, times=None))
    wait_for(server, requests, process)
    send(process.pid)
    printed, _ = process.communicate(timeout=120)
    server.faults.clear()
    return printed


def wait_for(server: Server, requests: int, process: subprocess.Popen[str]) -> None:
    """Wait for a number of requests."""
    while server.count < requests:
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "is_from_terminal",
    [pytest.param(True, id="ctrl-c"), pytest.param(False, id="kill -INT", marks=pytest.mark.slow)],
)
def test_ctrl_c_keeps_the_rows_says_so_in_one_line_and_the_next_run_goes_on(
    *, is_from_terminal: bool, uxcam: Server, tmp_path: Path
) -> None:
    one = command(uxcam, tmp_path)
    # A terminal sends it to the whole group, the connector included.
    send = os.killpg if is_from_terminal else os.kill
    with one.start() as process:
        printed = stop(process, uxcam, 12, lambda pid: send(pid, signal.SIGINT))
    assert process.returncode == 130, printed
    (kept,) = re.findall(r"^stopped; ([\d,]+) rows kept$", printed, re.MULTILINE)
    assert "Traceback" not in printed
    assert printed.rstrip().endswith("rows kept")
    rows = sum(len(one.database.keys(V2, table, ["_loaded_at"])) for table in ("sessions", "events", "users"))
    assert 0 < rows <= int(kept.replace(",", ""))
    check_goes_on(one, uxcam)


@pytest.mark.slow
def test_a_vendor_that_goes_away_costs_nothing_that_was_read(uxcam: Server, tmp_path: Path) -> None:
    one = command(uxcam, tmp_path)
    uxcam.faults.append(Status(401, after=12))
    with one.start() as process:
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 1, printed
    assert "UXCam refused the credentials" in printed
    assert re.search(r"^failed; [\d,]+ rows kept\.", printed, re.MULTILINE)
    uxcam.faults.clear()
    check_goes_on(one, uxcam)


def check_goes_on(one: Command, server: Server) -> None:
    """Check that a second run completes the first one without repeating finished requests."""
    states = one.database.states(V2)
    finished = {piece["end"] for state in states.values() for piece in state["slices"]}
    assert finished, "nothing was finished yet"
    server.clear()
    done = one.run()
    assert done.returncode == 0, done.stdout
    assert server.count < 40, "the whole history was read again"
    for stream, keys in expected(server, "data_access_v2").items():
        key = {"sessions": "session_id", "events": "event_id", "users": "uxcam_user_id"}[stream]
        assert sorted(one.database.keys(V2, stream, [key])) == sorted(set(keys)), stream


@pytest.mark.slow
def test_the_hourly_budget_outlives_a_run_that_was_killed(tmp_path: Path) -> None:
    # The wait for the next hour is longer than a rate limit may be, so a run ends when the budget is used up.
    api = {"version": "data_access_v2", "requests_per_hour": 40}
    with serve(load_vendor("source-uxcam", sessions=200, days=30, now=late), latency=0.1) as uxcam:
        one = command(uxcam, tmp_path, api=api, max_waiting_time=1)
        with one.start() as process:
            stop(process, uxcam, 30, lambda pid: os.killpg(pid, signal.SIGKILL))
        assert one.run().returncode == 1
        assert uxcam.count <= 55, "the requests of the first run were forgotten"


@pytest.mark.slow
def test_a_database_that_another_program_holds_is_told_before_anything_is_read(
    uxcam: Server, tmp_path: Path
) -> None:
    one = command(uxcam, tmp_path)
    holding = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", holding, one.database.db], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = one.run()
        holder.communicate("")
    assert done.returncode == 1
    assert "another program has it open" in done.stdout
    assert "Traceback" not in done.stdout
    assert uxcam.count == 0
    assert one.run().returncode == 0


@pytest.mark.slow
def test_nobody_can_take_the_file_while_a_sync_runs(uxcam: Server, tmp_path: Path) -> None:
    one = command(uxcam, tmp_path)
    uxcam.latency = 0.5
    with one.start() as process:
        wait_for(uxcam, 5, process)
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect(one.database.db)
        uxcam.latency = 0
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_a_postgres_that_goes_away_costs_nothing_that_was_committed(
    uxcam: Server, tmp_path: Path, postgres: Callable[[str], Database]
) -> None:
    database = postgres("goes_away")
    one = command(uxcam, tmp_path)
    one = Command(one.folder, one.config, database, tmp_path, one.options)
    uxcam.latency = 0.3
    with one.start() as process:
        wait_for(uxcam, 10, process)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        while process.poll() is None:
            database.query(f"{others} AND datname = 'goes_away'")
            time.sleep(0.05)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode == 1, printed
    assert re.search(r"goes_away refused (the rows|a statement): ", printed), printed
    assert "Traceback" not in printed
    done = one.run()
    assert done.returncode == 0, done.stdout
    wanted = expected(uxcam, "data_access_v2")
    assert sorted(database.keys(V2, "sessions", ["session_id"])) == sorted(wanted["sessions"])
    assert sorted(database.keys(V2, "events", ["event_id"])) == sorted(wanted["events"])
