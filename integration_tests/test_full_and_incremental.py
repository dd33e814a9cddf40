"""Full and incremental reads emit everything that the vendor holds, once, with the fewest requests."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sandbox_server import Deletion

from integration_tests.clock import Clock
from integration_tests.conftest import Start
from integration_tests.connector import Connector, Output, duplicates, expected
from integration_tests.whole import came_again, check_whole

Keys = dict[str, list[tuple[Any, ...]]]


def keys(output: Output, connector: Connector) -> Keys:
    return {name: output.keys(name, connector.key(name)) for name in connector.streams}


def day(moment: str) -> datetime:
    return datetime.fromisoformat(moment)


@pytest.mark.promise(n=1)
@pytest.mark.every_config
def test_a_full_read_emits_exactly_what_the_vendor_holds(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(sessions=250, days=5)
    output = connector.read(mode="full_refresh")
    assert output.exit_code == 0, output.log
    wanted = expected(server, case[1])
    found = keys(output, connector)
    assert set(found) == set(wanted)
    for name in wanted:
        assert set(found[name]) == set(wanted[name]), name
    assert sum(map(len, found.values())) > 0


@pytest.mark.promise(n=1)
def test_small_windows_read_the_same_as_large_ones(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=120, days=5)
    found = keys(connector.read(), connector)
    for name, wanted in expected(server, case[1]).items():
        assert set(found[name]) == set(wanted), name


@pytest.mark.promise(n=1)
def test_a_long_quiet_period_is_read_completely_with_very_long_windows(
    start: Start, case: tuple[str, str]
) -> None:
    connector, server = start({"window_in_days": 3650}, inside=True, sessions=150, days=120)
    output = connector.read()
    assert output.exit_code == 0, output.log
    check_whole(connector, [output], expected(server, case[1]))


@pytest.mark.promise(n=1)
def test_sessions_that_appear_between_pages_lose_and_repeat_none(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=450, days=3, grow_every=1, grow_by=3)
    before = expected(server, case[1])
    output = connector.read()
    after = expected(server, case[1])
    found = keys(output, connector)
    assert sum(map(len, after.values())) > sum(map(len, before.values())), "the sandbox did not grow"
    for name in before:
        assert set(before[name]) <= set(found[name]) <= set(after[name]), name
        if name not in connector.repeated:
            assert duplicates(found[name]) == [], name


@pytest.mark.promise(n=1)
def test_sessions_hidden_by_deletions_are_read_with_the_next_lookback(start: Start, case: tuple[str, str]) -> None:
    config = {"window_in_days": 2, "lookback_window_days": 2}
    connector, server = start(config, inside=True, sessions=600, days=2, grow_every=5, grow_by=2)
    deletion = Deletion(sessions=3, times=None)
    server.faults.append(deletion)
    first = connector.read()
    assert first.exit_code == 0, first.log
    assert deletion.hits > 1
    server.clear()
    server.grow_every = 0
    second = connector.read(state=first.state)
    for name, wanted in expected(server, case[1]).items():
        found = {*first.keys(name, connector.key(name)), *second.keys(name, connector.key(name))}
        assert set(wanted) <= found, name


@pytest.mark.promise(n=5)
def test_windows_are_read_in_parallel_by_all_workers(start: Start) -> None:
    connector, server = start(
        {"window_in_days": 1, "num_workers": 3}, inside=True, sessions=60, days=12, latency=0.1
    )
    assert connector.read().exit_code == 0
    is_offered = "num_workers" in connector.specification["properties"]
    assert server.max_in_flight == (3 if is_offered else 1)


@pytest.mark.promise(n=4)
def test_the_second_sync_reads_the_lookback_and_new_sessions(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(sessions=200, days=10)
    first = connector.read()
    before = server.count
    old = expected(server, case[1])
    server.vendor.grow(7)
    new = expected(server, case[1])
    second = connector.read(state=first.state)
    assert second.exit_code == 0, second.log
    assert server.count - before <= before
    found = keys(second, connector)
    lookback = connector.now - timedelta(days=1, minutes=1) - server.vendor.edge(case[1])
    for name, stream in connector.streams.items():
        assert set(new[name]) - set(old[name]) <= set(found[name]), name
        if "incremental" in stream["supported_sync_modes"]:
            (cursor,) = stream["default_cursor_field"]
            assert all(day(record[cursor]) >= lookback for record in second.records.get(name, [])), name
            assert len(set(found[name])) < len(set(new[name])) or not new[name], name


@pytest.mark.promise(n=4)
def test_a_sync_without_lookback_emits_no_old_records(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"lookback_window_days": 0}, inside=True, sessions=50, days=4)
    first = connector.read()
    second = connector.read(state=first.state)
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()
    assert {status[-1] for status in second.statuses.values()} == {"COMPLETE"}


@pytest.mark.promise(n=2)
def test_streams_from_the_same_pages_share_one_read(start: Start) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=230, days=3)
    alone: Counter[str] = Counter()
    for name in connector.streams:
        server.clear()
        connector.read(name)
        alone |= Counter(entry.path for entry in server.requests)
    server.clear()
    connector.read()
    assert Counter(entry.path for entry in server.requests) == alone


@pytest.mark.promise(n=4)
def test_an_earlier_start_date_reads_only_what_is_missing(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"lookback_window_days": 0}, inside=True, sessions=200, days=20)
    later = (connector.now - timedelta(days=10)).strftime("%Y-%m-%d")
    narrow = replace(connector, config={**connector.config, "start_date": later})
    first = narrow.read()
    ended = connector.now
    server.clear()
    second = connector.read(state=first.state)
    both = keys(first, connector)
    edge = server.vendor.edge(case[1])  # sessions near the bounds of the finished time may be emitted again
    bounds = (day(later) + edge).isoformat(), (ended - edge).isoformat()
    for name, found in keys(second, connector).items():
        stream = connector.streams[name]
        if "incremental" in stream["supported_sync_modes"] and name not in connector.repeated:
            moments = dict(zip(both[name], cursors(first, connector, name), strict=True))
            inner = {key for key, moment in moments.items() if bounds[0] <= moment < bounds[1]}
            assert inner or not both[name], name
            assert not inner & set(found), name
            assert found or not both[name], name


def cursors(output: Output, connector: Connector, name: str) -> list[str]:
    (cursor,) = connector.streams[name]["default_cursor_field"]
    return [record[cursor] for record in output.records.get(name, [])]


@pytest.mark.promise(n=4)
def test_a_stream_added_later_is_read_from_the_start(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=80, days=4)
    names = list(connector.streams)
    first = connector.read(names[0])
    second = connector.read(state=first.state)
    wanted = expected(server, case[1])
    for name in names[1:]:
        assert set(keys(second, connector)[name]) == set(wanted[name]), name


@pytest.mark.promise(n=4)
def test_state_from_the_future_is_cut_to_the_start_of_the_sync(start: Start, case: tuple[str, str]) -> None:
    clock = Clock()
    connector, server = start({"lookback_window_days": 0}, inside=True, sessions=40, days=4, now=clock)
    first = connector.read()
    text = str(connector.now.year)
    future = [_replaced(message, text, "2999") for message in first.state]
    assert "2999" in str(future)
    second = connector.read(state=future)
    assert second.exit_code == 0, second.log
    assert "2999" not in str(second.states)
    clock.advance(timedelta(minutes=1))  # the new sessions are later than the start of the second sync
    server.vendor.grow(3)
    third = connector.read(state=second.state)
    wanted = {"sessions": expected(server, case[1])["sessions"]}  # events may be older than their upload
    check_whole(connector, [first, second, third], wanted)


def _replaced(message: dict[str, Any], year: str, by: str) -> dict[str, Any]:
    """Move the ends of all finished windows."""

    def move(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: (part.replace(year, by, 1) if name == "end" and isinstance(part, str) else move(part))
                for name, part in value.items()
            }
        return [move(part) for part in value] if isinstance(value, list) else value

    moved: dict[str, Any] = move(message)
    return moved
