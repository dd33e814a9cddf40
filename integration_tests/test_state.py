"""State: no input state loses records, and an emitted state covers exactly the records before it."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_server import load_vendor

from integration_tests import trials
from integration_tests.conftest import Start
from integration_tests.connector import Json, Output, expected
from integration_tests.whole import came_again, check_whole

pytestmark = pytest.mark.promise(n=4)

ALONE = {"window_in_days": 1, "lookback_window_days": 0}


@pytest.mark.soak
@pytest.mark.promise(n=1)
def test_a_read_resumes_from_each_of_its_states(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=60, days=4)
    wanted = expected(server, case[1])
    lines = connector.read().stdout.split("\n")
    ends = [number for number, line in enumerate(lines, 1) if line.startswith('{"type":"STATE"')]
    for end in trials.chance(*case).sample(ends, min(trials.EXAMPLES, len(ends))):
        before = Output(0, "\n".join(lines[:end]), "")
        check_whole(connector, [before, connector.read(state=before.state)], wanted)


def test_a_state_with_unknown_keys_is_used(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=40, days=4)
    first = connector.read()
    second = connector.read(state=[with_more(message) for message in first.state])
    assert second.exit_code == 0, second.log
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()
    assert {status[-1] for status in second.statuses.values()} == {"COMPLETE"}


def test_an_end_date_does_not_shorten_a_later_state(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=40, days=4)
    first = connector.read()
    early = datetime.fromisoformat(connector.config["start_date"]) + timedelta(days=2)
    shorter = replace(connector, config={**connector.config, "end_date": f"{early:%Y-%m-%d}"})
    second = shorter.read(state=first.state)
    assert second.exit_code == 0, second.log
    third = connector.read(state=second.state)
    assert third.exit_code == 0, third.log
    assert came_again(connector, third, server.vendor.edge(case[1])) == set()


def with_more(message: Json) -> Json:
    """Add a key to every object of a state except its partitions, which all of their keys identify."""

    def add(value: Any, name: str = "") -> Any:
        if isinstance(value, dict) and name != "partition":
            return {**{key: add(part, key) for key, part in value.items()}, "of_a_later_version": [1]}
        return [add(part) for part in value] if isinstance(value, list) else value

    changed = deepcopy(message)
    changed["stream"]["stream_state"] = add(changed["stream"]["stream_state"])
    return changed


UNREADABLE: dict[str, Callable[[Json], Json]] = {
    "of another kind": lambda _: {"started_at": "2026-01-01T00:00:00Z"},
    "slices that are a word": lambda _: {"state_type": "date-range", "slices": "all"},
    "parts that are a word": lambda _: {"states": "all"},
    "parts that are no objects": lambda _: {"states": [None, 1, {"partition": 3, "cursor": {}}]},
    "slices without their ends": lambda _: {"slices": [{"start": "2026-01-01T00:00:00Z"}]},
    "moments that do not exist": lambda _: {"slices": [{"start": "2026-02-30", "end": "2026-99-01"}]},
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_state_is_reported_and_loses_no_record(
    start: Start, case: tuple[str, str], kind: str
) -> None:
    connector, server = start(inside=True, sessions=30, days=3)
    state = deepcopy(connector.read().state)
    for message in state:
        message["stream"]["stream_state"] = UNREADABLE[kind](message["stream"]["stream_state"])
    output = connector.read(state=state)
    assert output.exit_code == 0, output.log
    assert re.search("cannot be read and is (ignored|left out)", output.log)
    check_whole(connector, [output], expected(server, case[1]))


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00+14:00", "9" * 400])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all parts of a value."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, part in parts for found in places(part, (*path, name)))]


def changed(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a copy with another value in one place."""
    if not path:
        return by
    copy = value.copy()
    copy[path[0]] = changed(value[path[0]], path[1:], by)
    return copy


@pytest.mark.soak
def test_no_state_fails_a_sync_or_loses_a_record(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=12, days=2)
    state = connector.read().state
    for message in state:
        message["stream"]["stream_state"].setdefault("requests", {"29000000": 1})
    deep: Any = 1
    for _ in range(500):
        deep = {"a": [deep]}

    @trials.random_cases(trials.EXAMPLES * 3)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        given_state = deepcopy(state)
        for message in given_state:
            blob = message["stream"]["stream_state"]
            place = data.draw(st.sampled_from(places(blob)))
            message["stream"]["stream_state"] = changed(blob, place, data.draw(ANYTHING | st.just(deep)))
        server.vendor = load_vendor(case[0], sessions=12, days=2, now=connector.clock)  # resets hourly budgets
        output = connector.read(state=given_state, mode="full_refresh")
        assert output.exit_code == 0, (output.errors, given_state)

    run()
    output = connector.read(state=[{"stream": {**m["stream"], "stream_state": "absurd"}} for m in state])
    assert re.search("cannot be read and is (ignored|left out)", output.log)
    check_whole(connector, [output], expected(server, case[1]))


@pytest.mark.parametrize("shared", [None, {}, {"cursor": 1}])
def test_a_global_state_is_used_for_each_of_its_streams(
    start: Start, case: tuple[str, str], shared: Json | None
) -> None:
    connector, server = start(ALONE, inside=True, sessions=40, days=4)
    first = connector.read()
    streams = [message["stream"] for message in first.state]
    arguments = connector.read_arguments(state=[])
    path = arguments[arguments.index("--state") + 1]
    together = {"stream_states": streams} | ({} if shared is None else {"shared_state": shared})
    Path(path).write_text(json.dumps([{"type": "GLOBAL", "global": together}]))
    second = connector.run(*arguments)
    assert second.exit_code == 0, second.log
    assert ("shared part" in second.log) is bool(shared)
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()


def test_full_refresh_honours_a_given_state(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=40, days=4)
    first = connector.read()
    second = connector.read(state=first.state, mode="full_refresh")
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()
