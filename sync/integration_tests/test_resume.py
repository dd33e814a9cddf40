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


def hold(server: Server, requests: int) -> NeverAnswers:
    """Make the vendor answer a number of requests and no more: the sync cannot end before the test goes on."""
    held = NeverAnswers(after=requests, times=None)
    server.faults.append(held)
    return held


def wait(held: NeverAnswers, process: subprocess.Popen[Any]) -> None:
    """Wait until a sync sends a request that is not answered."""
    while not held.hits:
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
    held = hold(uxcam, 12)
    with one.start() as process:
        wait(held, process)
        send(process.pid, signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
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
    uxcam.faults.append(Status(401, after=12, times=None))
    done = one.run()
    assert done.returncode == 1, done.stdout
    assert done.stdout.count("UXCam refused the credentials") == 1, done.stdout
    assert re.search(r"^failed; [\d,]+ rows kept\. Fix the error and run", done.stdout, re.MULTILINE)
    check_goes_on(one, uxcam)


@pytest.mark.slow
def test_streams_that_failed_are_named_where_others_were_read(uxcam: Server, tmp_path: Path) -> None:
    uxcam.faults.append(Status(403, path="event", times=None))
    done = command(uxcam, tmp_path).run()
    assert done.returncode == 1, done.stdout
    assert re.search(r"^failed: events; [\d,]+ rows kept\.", done.stdout, re.MULTILINE), done.stdout


def check_goes_on(one: Command, server: Server) -> None:
    """Check that a second run completes the first one without repeating finished requests."""
    states = one.database.states(V2)
    finished = {piece["end"] for state in states.values() for piece in state["slices"]}
    assert finished, "nothing was finished yet"
    server.faults.clear()
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
    with serve(load_vendor("source-uxcam", sessions=200, days=30, now=late)) as uxcam:
        one = command(uxcam, tmp_path, api=api, max_waiting_time=1)
        held = hold(uxcam, 30)
        terminal = one.start_in_terminal()
        wait(held, terminal.process)
        terminal.wait_for(r"([1-9]\d*) rows read, \1 kept")
        terminal.kill()
        uxcam.faults.clear()
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
    held = hold(uxcam, 5)
    with one.start() as process:
        wait(held, process)
        with pytest.raises(duckdb.IOException, match="lock"):
            duckdb.connect(one.database.db)
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
def test_a_postgres_that_goes_away_costs_nothing_that_was_committed(
    uxcam: Server, tmp_path: Path, postgres: Callable[[str], Database]
) -> None:
    database, other = postgres("goes_away"), postgres("stays")
    one = command(uxcam, tmp_path)
    one = Command(one.folder, one.config, database, tmp_path, one.options)
    uxcam.latency = 0.3
    with one.start() as process:
        while uxcam.count < 15:
            assert process.poll() is None
            time.sleep(0.01)
        other.query("ALTER DATABASE goes_away ALLOW_CONNECTIONS false")
        other.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'goes_away'")
        printed, _ = process.communicate(timeout=120)
    other.query("ALTER DATABASE goes_away ALLOW_CONNECTIONS true")
    assert process.returncode == 1, printed
    assert re.search(r"goes_away refused (the rows|a statement): ", printed), printed
    assert "Traceback" not in printed
    done = one.run()
    assert done.returncode == 0, done.stdout
    wanted = expected(uxcam, "data_access_v2")
    assert sorted(database.keys(V2, "sessions", ["session_id"])) == sorted(wanted["sessions"])
    assert sorted(database.keys(V2, "events", ["event_id"])) == sorted(wanted["events"])
