"""Kill ``make sync`` at random moments: the rows that the state covers are there, and in the end each row once."""

import os
import random
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest
from sandbox_server import NeverAnswers, Server, load_vendor, serve

from integration_tests import figures, trials
from integration_tests.clock import late
from integration_tests.connector import Connector, Json, expected
from sync import coverage
from sync.integration_tests.command import Command
from sync.integration_tests.databases import Database

LONGEST = 1.0
"""Seconds between a request and the moment at which a sync is killed, at most."""

CASES = [("source-uxcam", "data_access_v2"), ("source-devrev", "default")]
CHOSEN = CASES if os.environ.get("FIGURES") else CASES[:1]


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.promise(n=4)
@pytest.mark.parametrize(("folder", "name"), CHOSEN)
def test_a_sync_that_is_killed_leaves_what_its_state_says_and_ends_with_each_row_once(
    folder: str, name: str, database: Database, tmp_path: Path
) -> None:
    vendor = load_vendor(folder, sessions=240, days=12, now=late)
    with serve(vendor, latency=0.15) as server:
        # No lookback: it would read again, and so hide, what a state that came too early has lost.
        small = {"window_in_days": 1, "num_workers": 2, "lookback_window_days": 0}
        config = vendor.configs(server.origin)[name] | small
        connector = Connector(folder, config, tmp_path)
        whole = Whole(connector)
        requests = server.count
        command = Command(folder, config, database, tmp_path, ("--commit-seconds", "0.5", "--schema", "killed"))
        chance = trials.chance(folder, name)
        kill_after_a_commit(command, server, requests)
        assert whole.check(database), "nothing was finished yet"
        for _ in range(trials.WAREHOUSE_KILLS - 1):
            kill(command, server, requests, chance)
            whole.check(database)
        done = command.run()
        assert done.returncode == 0, done.stdout
        for stream, keys in expected(server, name).items():
            rows = database.keys("killed", stream, connector.key(stream))
            figures.count(rows_in_the_warehouse=len(rows), lost=len(set(keys) - set(rows)))
            assert set(rows) == set(keys), stream
            assert len(rows) == len(set(rows)), f"{stream} has rows twice"
    figures.count(kills_survived_by_the_warehouse=trials.WAREHOUSE_KILLS)


class Whole:
    """All records that a vendor has."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._records = connector.read().records

    def check(self, database: Database) -> int:
        """Check that every row of a finished window was loaded; return their number."""
        finished = 0
        for stream, state in database.states("killed").items():
            key = self._connector.key(stream)
            (cursor,) = self._connector.streams[stream]["default_cursor_field"]
            rows = set(database.keys("killed", stream, key))
            wanted = {
                tuple(record[part] for part in key)
                for record in self._records.get(stream, [])
                if covers(state, record, coverage.moment(record[cursor]))
            }
            assert wanted <= rows, f"the state of {stream} covers {len(wanted - rows)} rows that are not there"
            finished += len(wanted)
        return finished


def covers(state: Json, record: Json, at: datetime) -> bool:
    """Return whether a record lies in a window that its partition has finished."""
    for piece in state.get("states", [{"partition": {}, "cursor": state}]):
        windows = coverage.finished(piece["cursor"]).get("", [])
        if all(record[name] == value for name, value in piece["partition"].items()):
            return any(window.start <= at < window.end for window in windows)
    return False


def kill_after_a_commit(command: Command, server: Server, requests: int) -> None:
    """Start a sync, and kill it when half of it is read and it shows that all these rows are kept."""
    held = NeverAnswers(after=requests // 2, times=None)
    server.faults.append(held)
    terminal = command.start_in_terminal()
    while not held.hits:
        assert terminal.process.poll() is None, terminal.shown
        time.sleep(0.02)
    terminal.wait_for(r"([1-9][\d,]*) rows read, \1 kept")
    terminal.kill()
    server.faults.remove(held)


def kill(command: Command, server: Server, requests: int, chance: random.Random) -> None:
    """Start a sync and kill it and its connector at a random moment.

    Args:
        command: the sync.
        server: what it reads from.
        requests: how many requests a whole sync needs. The moment depends on them, not on the machine's speed.
        chance: the source of random numbers.
    """
    server.clear()
    with command.start() as process:
        last = chance.randint(1, requests)
        while server.count < last and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, LONGEST))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
