"""A first sync reads the newest windows first: what that gives its user, and that nothing depends on the order."""

import itertools
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_tests.conftest import Start
from integration_tests.connector import Connector, Json, Output, expected
from integration_tests.inside import run_inside, source_class
from integration_tests.test_resume import is_finished
from integration_tests.whole import REPEATED, check_whole

DAYS = 30
DAY = timedelta(days=1)


def cursors(connector: Connector, output: Output, stream: str) -> dict[tuple[Any, ...], datetime]:
    """The cursor of each record, by key."""
    (cursor,) = connector.streams[stream]["default_cursor_field"]
    key = connector.key(stream)
    return {
        tuple(record[name] for name in key): datetime.fromisoformat(record[cursor])
        for record in output.records.get(stream, [])
        if record[cursor]
    }


@pytest.mark.promise(n=4)
@pytest.mark.promise(n=5)
def test_a_backfill_that_is_killed_has_the_newest_part_and_is_resumed_where_it_was(
    start: Start, case: tuple[str, str]
) -> None:
    config = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}
    connector, server = start(config, inside=True, sessions=4 * DAYS, days=DAYS)
    wanted = expected(server, case[1])
    whole = connector.read()
    count = server.count
    names = [name for name, stream in connector.streams.items() if stream.get("default_cursor_field")]
    server.clear()

    arguments = [*connector.read_arguments(), "--config", str(connector.place / "config.json")]
    killed = run_inside(source_class(case[0])(), arguments, is_killed=lambda: server.count >= count / 10)
    killed_count = server.count
    server.clear()
    for name in set(names) - REPEATED:
        moments = cursors(connector, whole, name)
        found = cursors(connector, killed, name)
        end = max(moments.values())
        lacking = [key for key, moment in moments.items() if moment > end - DAYS / 15 * DAY and key not in found]
        assert not lacking, f"{name} lacks {len(lacking)} of its newest rows"
        assert all(moment > end - DAYS / 5 * DAY for moment in found.values()), f"{name} has old rows already"

    resumed = connector.read(state=killed.state)
    assert resumed.exit_code == 0, resumed.log
    for name in set(names) - REPEATED:
        records = resumed.records.get(name, [])
        edge = server.vendor.edge(case[1])
        assert not [r for r in records if is_finished(connector, killed.state, name, r, edge)], name
    assert server.count <= count - killed_count + 5
    check_whole(connector, [killed, resumed], wanted)


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
    config = {"window_in_days": 1, "lookback_window_days": 3}
    connector, _ = start(config, inside=True, sessions=120, days=8, grow_every=7, grow_by=1)
    first = connector.read()
    second = connector.read(state=first.state)
    names = [name for name, stream in connector.streams.items() if stream.get("default_cursor_field")]
    assert any(second.records.get(name) for name in names)
    for name in names:
        kept = deduped(connector, name, [first, second])
        key = connector.key(name)
        again = {tuple(record[part] for part in key) for record in second.records.get(name, [])}
        assert {kept[one][0] for one in again} <= {1}, f"the second sync's rows of {name} replace the first one's"
