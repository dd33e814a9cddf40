"""A first sync reads the newest windows first: what that gives its user, and that nothing depends on the order."""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_tests.conftest import Start
from integration_tests.connector import Connector, Json, Output, expected
from integration_tests.inside import run_inside, source_class
from integration_tests.test_progress import reported
from integration_tests.test_resume import is_finished
from integration_tests.whole import check_whole

DAYS = 10
WINDOW = timedelta(days=1)
NEW = 3
"""Windows of the time since the first sync: one for each partition."""


def moments(connector: Connector, output: Output, stream: str) -> dict[tuple[Any, ...], datetime]:
    """The cursor of each record, by key."""
    (cursor,) = connector.streams[stream]["default_cursor_field"]
    key = connector.key(stream)
    return {
        tuple(record[name] for name in key): datetime.fromisoformat(record[cursor])
        for record in output.records.get(stream, [])
        if record[cursor]
    }


def windows(output: Output) -> dict[str, tuple[int, int]]:
    """How many windows of each stream were done at the end, and planned."""
    last = reported(output)[-1]["windows"]
    return {name: (done, planned) for name, (done, planned) in last.items()}


@pytest.mark.promise(n=4)
@pytest.mark.promise(n=5)
def test_a_backfill_killed_after_a_tenth_has_the_newest_tenth_and_resumes_with_the_rest(
    start: Start, case: tuple[str, str]
) -> None:
    config = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}
    connector, server = start(config, inside=True, sessions=10 * DAYS, days=DAYS)
    names = [name for name, stream in connector.streams.items() if stream.get("default_cursor_field")]
    names = [name for name in names if name not in connector.repeated]
    wanted = {name: keys for name, keys in expected(server, case[1]).items() if name in names}

    def is_killed(lines: bytes) -> bool:
        output = Output(0, lines.decode(), "")
        return bool(reported(output)) and all(done >= planned / 10 for done, planned in windows(output).values())

    arguments = [*connector.read_arguments(*names), "--config", connector.config_file, "--progress", "0"]
    killed = run_inside(source_class(case[0])(), arguments, is_killed=is_killed)
    resumed = connector.run(*connector.read_arguments(*names, state=killed.state), "--progress", "0")
    assert resumed.exit_code == 0, resumed.log

    for name in names:
        found, rest = moments(connector, killed, name), moments(connector, resumed, name)
        assert found or name != "sessions"
        edge = server.vendor.edge(case[1])
        whole = min(found.values(), default=connector.now) + WINDOW + edge
        assert not [key for key, moment in rest.items() if moment > whole and key not in found], (
            f"{name} has a hole"
        )
        records = resumed.records.get(name, [])
        assert not [r for r in records if is_finished(connector, killed.state, name, r, edge)], (
            f"{name} comes again"
        )
    check_whole(connector, [killed, resumed], wanted)
    for name, (done, planned) in windows(killed).items():
        assert windows(resumed)[name][1] <= planned - done + NEW, f"{name} is read again"


def deduped(connector: Connector, stream: str, syncs: list[Output]) -> dict[tuple[Any, ...], tuple[int, Json]]:
    """What a destination keeps that dedupes by key: the row with the latest cursor, then of the latest sync."""
    (cursor,) = connector.streams[stream]["default_cursor_field"]
    key = connector.key(stream)
    rows = [(number, record) for number, sync in enumerate(syncs) for record in sync.records.get(stream, [])]

    def by_key(row: tuple[int, Json]) -> tuple[Any, ...]:
        return tuple(row[1][name] for name in key)

    def rank(row: tuple[int, Json]) -> tuple[float, int]:
        number, record = row
        return datetime.fromisoformat(record[cursor]).timestamp() if record[cursor] else 0, number

    kept = {}
    for one, versions in itertools.groupby(sorted(rows, key=by_key), by_key):
        ranked = sorted(versions, key=rank)
        newest = [row for row in ranked if rank(row) == rank(ranked[-1])]
        assert len({json.dumps(record) for _, record in newest}) == 1, (
            f"{stream} {one} depends on the order of rows"
        )
        kept[one] = newest[0]
    return kept


@pytest.mark.promise(n=1)
def test_append_dedup_keeps_the_newest_row_in_any_order(start: Start) -> None:
    config = {"window_in_days": 1, "lookback_window_days": 1}
    connector, _ = start(config, inside=True, sessions=60, days=3, grow_every=4, grow_by=1)
    first = connector.read()
    second = connector.read(state=first.state)
    names = [name for name, stream in connector.streams.items() if stream.get("default_cursor_field")]
    assert any(second.records.get(name) for name in names)
    for name in names:
        kept = deduped(connector, name, [first, second])
        key = connector.key(name)
        again = {tuple(record[part] for part in key) for record in second.records.get(name, [])}
        assert {kept[one][0] for one in again} <= {1}, f"the second sync's rows of {name} replace the first one's"
