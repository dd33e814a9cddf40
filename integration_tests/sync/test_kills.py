"""Kill ``make sync`` at random moments: the rows that the state covers are there, and in the end each row once."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from sandbox_server import Server, load_vendor, serve

from integration_tests import figures, trials
from integration_tests.conftest import late
from integration_tests.connector import Connector, expected
from integration_tests.sync.command import Command
from integration_tests.sync.databases import Database
from sync import coverage

LONGEST = 3.0
"""A sync is killed at most this many seconds after its first request."""

CASES = [("source-uxcam", "data_access_v2"), ("source-devrev", "default")]
CHOSEN = CASES if os.environ.get("FIGURES") else CASES[:1]


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
        command = Command(folder, config, database, tmp_path, ("--commit-seconds", "0.5", "--schema", "killed"))
        chance = trials.chance(folder, name)
        seen = []
        for _ in range(trials.WAREHOUSE_KILLS):
            kill(command, server, chance)
            seen.append(whole.check(database))
        assert any(seen), "every kill came before the first commit"
        done = command.run()
        assert done.returncode == 0, done.stdout
        for stream, keys in expected(server, name).items():
            rows = database.keys("killed", stream, connector.key(stream))
            figures.count(rows_in_the_warehouse=len(rows), lost=len(set(keys) - set(rows)))
            assert set(rows) == set(keys), stream
            assert len(rows) == len(set(rows)), f"{stream} has rows twice"
    figures.count(kills_survived_by_the_warehouse=trials.WAREHOUSE_KILLS)


class Whole:
    """All rows of a vendor, with their cursors."""

    def __init__(self, connector: Connector) -> None:
        output = connector.read()
        self._connector = connector
        self._cursors = {
            stream: {
                tuple(record[part] for part in connector.key(stream)): coverage.moment(record[cursor])
                for record in output.records.get(stream, [])
            }
            for stream, catalog in connector.streams.items()
            for (cursor,) in [catalog["default_cursor_field"]]
        }

    def check(self, database: Database) -> int:
        """Check that every row of a finished window was loaded; return their number."""
        finished = 0
        for stream, state in database.states("killed").items():
            windows = [window for windows in coverage.finished(state).values() for window in windows]
            rows = set(database.keys("killed", stream, self._connector.key(stream)))
            wanted = {
                key
                for key, at in self._cursors[stream].items()
                if any(window.start <= at < window.end for window in windows)
            }
            assert wanted <= rows, f"the state of {stream} covers {len(wanted - rows)} rows that are not there"
            finished += len(wanted)
        return finished


def kill(command: Command, server: Server, chance: random.Random) -> None:
    """Start a sync and kill it and its connector at a random moment after its first request."""
    server.clear()
    with command.start() as process:
        while not server.count and process.poll() is None:
            time.sleep(0.02)
        time.sleep(chance.uniform(0, LONGEST))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
