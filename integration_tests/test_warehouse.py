"""``make sync`` killed at any moment, again and again: the warehouse ends with each row once."""

import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration_tests import figures, trials
from integration_tests.conftest import cases
from integration_tests.connector import Connector, expected
from integration_tests.sandbox import Keys, Server, load_vendor, serve

ROOT = Path(__file__).resolve().parents[1]
QUIET = {"AIRBYTE_OFFLINE_MODE": "1", "DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"}
LONGEST = 4.0
"""Seconds from the first request to the last moment at which a sync is killed."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.promise(n=1),
    pytest.mark.promise(n=4),
    pytest.mark.skipif(
        importlib.util.find_spec("airbyte") is None, reason="PyAirbyte does not run on this Python yet"
    ),
]
CASES = cases(every=False)
# One connector is enough to see that it works; all of them take minutes.
CHOSEN = CASES if os.environ.get("FIGURES") else [case for case in CASES if case[0] == "source-devrev"]


@pytest.mark.parametrize(("folder", "name"), CHOSEN)
def test_a_sync_into_a_warehouse_that_is_killed_ends_with_each_row_once(
    folder: str, name: str, tmp_path: Path
) -> None:
    with serve(load_vendor(folder, sessions=120, days=6), latency=0.05) as server:
        connector = Connector(
            folder, {**server.vendor.configs(server.origin)[name], "window_in_days": 1}, tmp_path
        )
        database = tmp_path / "sessions.duckdb"
        kills = sync_and_kill(connector, server, database, trials.chance(folder, name))
        check_rows(connector, database, expected(server, name))
    figures.count(kills_survived_by_the_warehouse=kills)


def sync_and_kill(connector: Connector, server: Server, database: Path, chance: random.Random) -> int:
    """Run `make sync`'s command and kill it, some times, and then let it run to its end."""
    config = connector.place / "real.json"
    config.write_text(json.dumps(connector.config))
    command = [sys.executable, "-m", "sync", "--connector", connector.folder]
    command += ["--config", str(config), "--db", str(database)]
    environment = {**os.environ, **QUIET, "AIRBYTE_LOGGING_ROOT": str(connector.place / "logs")}
    kills = 0
    for _ in range(max(1, trials.KILLS // 3)):
        server.clear()
        with subprocess.Popen(  # noqa: S603
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, start_new_session=True
        ) as process:
            while not server.count and process.poll() is None:
                time.sleep(0.05)
            time.sleep(chance.uniform(0, LONGEST))
            os.killpg(process.pid, signal.SIGKILL)  # the connector too: it is of the same session
        kills += process.returncode == -signal.SIGKILL
    done = subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return kills


def check_rows(connector: Connector, database: Path, wanted: Keys) -> None:
    """See that each stream's table holds the wanted keys, each once."""
    import duckdb  # noqa: PLC0415 - it is not there where PyAirbyte is not

    with duckdb.connect(str(database), read_only=True) as connection:
        for stream, keys in wanted.items():
            columns = ", ".join(connector.key(stream))
            table = f'"{connector.folder.removeprefix("source-")}"."{stream}"'
            rows = connection.execute(f"SELECT {columns} FROM {table}").fetchall() if keys else []  # noqa: S608
            lost = set(keys) - set(rows)
            figures.count(rows_in_the_warehouse=len(rows), lost=len(lost))
            assert not lost, f"{len(lost)} of {stream} are not there"
            assert set(rows) == set(keys), stream
            assert len(rows) == len(set(rows)), f"{stream} has rows twice"
