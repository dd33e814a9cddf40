"""A read that is killed at any moment and resumed from its last state loses nothing."""

import signal
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from integration_tests import figures, forked, trials
from integration_tests.conftest import Start
from integration_tests.connector import Connector, Json, Output, expected
from integration_tests.whole import check_whole

DAYS = 6 + trials.KILLS
LONGEST = 0.7
"""Seconds from the first line of a read to the last moment at which it is killed."""


def killed_read(connector: Connector, state: list[Json], after: float) -> tuple[Output, bool]:
    """Read, and kill the process some seconds after its first line.

    Returns:
        The complete lines that it wrote, and whether it came to its end.
    """
    arguments = [*connector.read_arguments(state=state), "--config", connector.config_file]
    stdout = connector.place / "stdout"
    stdout.write_text("")
    process = forked.start(connector.folder, arguments, stdout, connector.place / "stderr")
    while not stdout.stat().st_size:
        assert process.exitcode is None
        time.sleep(0.005)
    process.join(after)
    process.kill()
    process.join()
    whole, _, _ = stdout.read_text().rpartition("\n")
    assert process.exitcode in {0, -signal.SIGKILL}, whole
    return Output(process.exitcode, whole, ""), process.exitcode == 0


def is_finished(connector: Connector, state: list[Json], stream: str, record: Json, edge: timedelta) -> bool:
    """Return whether a record lies in a finished window of a state, further from its bounds than ``edge``."""
    (cursor,) = connector.streams[stream]["default_cursor_field"]
    moment = datetime.fromisoformat(record[cursor])
    for message in state:
        if message["stream"]["stream_descriptor"]["name"] == stream:
            blob = message["stream"]["stream_state"]
            for part in blob.get("states", [{"partition": {}, "cursor": blob}]):
                if all(record[name] == value for name, value in part["partition"].items()):
                    pieces = [
                        map(datetime.fromisoformat, (p["start"], p["end"])) for p in part["cursor"]["slices"]
                    ]
                    return any(start + edge <= moment < end - edge for start, end in pieces)
    return False


@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.promise(n=4)
def test_killed_and_resumed_until_done(start: Start, case: tuple[str, str]) -> None:
    options: dict[str, Any] = {"sessions": 6 * DAYS, "days": DAYS, "latency": 0.2}
    connector, server = start({"window_in_days": 1, "lookback_window_days": 0, "num_workers": 2}, **options)
    wanted = expected(server, case[1])
    chance = trials.chance(*case)
    outputs: list[Output] = []
    state: dict[str, Json] = {}
    kills = 0
    is_done = False
    while not is_done:
        begun = list(state.values())
        seconds = chance.uniform(0, LONGEST) if kills < trials.KILLS else 240
        output, is_done = killed_read(connector, begun, seconds)
        kills += not is_done
        outputs.append(output)
        for message in output.state:
            state[message["stream"]["stream_descriptor"]["name"]] = message
        for stream in set(connector.streams) - connector.repeated:
            if connector.streams[stream].get("default_cursor_field"):
                records = output.records.get(stream, [])
                again = [
                    r for r in records if is_finished(connector, begun, stream, r, server.vendor.edge(case[1]))
                ]
                assert not again, f"{len(again)} of {stream} came again though their windows were finished"
    check_whole(connector, outputs, wanted)
    assert kills, "the read ended before it was killed"
    figures.count(kills_survived=kills)
