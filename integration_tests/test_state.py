"""State: whatever is handed in, nothing is lost; what is handed out covers the records before it and no more."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_tests import trials
from integration_tests.conftest import Start
from integration_tests.connector import Json, Output, expected
from integration_tests.whole import came_again, check_whole

pytestmark = pytest.mark.promise(n=4)

ALONE = {"window_in_days": 1, "lookback_window_days": 0}


@pytest.mark.soak
@pytest.mark.promise(n=1)
def test_a_read_can_go_on_from_each_of_its_states(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=60, days=4)
    wanted = expected(server, case[1])
    lines = connector.read().stdout.split("\n")
    ends = [number for number, line in enumerate(lines, 1) if line.startswith('{"type":"STATE"')]
    for end in trials.chance(*case).sample(ends, min(trials.EXAMPLES, len(ends))):
        before = Output(0, "\n".join(lines[:end]), "")
        check_whole(connector, [before, connector.read(state=before.state)], wanted)


def test_a_state_with_keys_that_nobody_knows_is_used_all_the_same(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(ALONE, inside=True, sessions=40, days=4)
    first = connector.read()
    second = connector.read(state=[with_more(message) for message in first.state])
    assert second.exit_code == 0, second.log
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()
    assert {status[-1] for status in second.statuses.values()} == {"COMPLETE"}


def test_an_end_date_takes_nothing_from_a_state_that_goes_further(start: Start, case: tuple[str, str]) -> None:
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
    """Add a key to every object of a state but its partitions, which are told apart by all of theirs."""

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
def test_a_state_that_cannot_be_read_is_told_and_costs_no_record(
    start: Start, case: tuple[str, str], kind: str
) -> None:
    connector, server = start(inside=True, sessions=30, days=3)
    state = deepcopy(connector.read().state)
    for message in state:
        message["stream"]["stream_state"] = UNREADABLE[kind](message["stream"]["stream_state"])
    output = connector.read(state=state)
    assert output.exit_code == 0, output.log
    assert "cannot be read and is left out" in output.log
    check_whole(connector, [output], expected(server, case[1]))


def test_full_refresh_honours_a_state_that_is_given(start: Start, case: tuple[str, str]) -> None:
    connector, server = start(inside=True, sessions=40, days=4)
    first = connector.read()
    second = connector.read(state=first.state, mode="full_refresh")
    assert came_again(connector, second, server.vendor.edge(case[1])) == set()
