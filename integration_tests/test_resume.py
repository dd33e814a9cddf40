"""Killed at any moment and started again from the last state that reached the output: nothing is lost."""

import json
import random
import subprocess
import time
from typing import Any

from integration_tests.conftest import Start
from integration_tests.connector import Connector, Json, expected, script

KILLS = 4


def killed_read(connector: Connector, state: list[Json], seconds: float) -> tuple[list[Json], bool]:
    """Read until done or killed; give the messages of which whole lines came."""
    arguments = connector.read_arguments(state=state)
    config = connector.place / "config.json"
    config.write_text(json.dumps(connector.config))
    with subprocess.Popen(  # noqa: S603
        [script(connector.folder), *arguments, "--config", str(config)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            stdout, _ = process.communicate(timeout=seconds)
            is_done = True
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, _ = process.communicate()
            is_done = False
    lines = stdout.splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")], is_done


def test_killed_and_resumed_until_done(start: Start, case: tuple[str, str]) -> None:
    connector, server = start({"window_in_days": 1, "lookback_window_days": 0}, sessions=160, days=8, latency=0.03)
    wanted = expected(server, case[1])
    begun = time.monotonic()
    connector.run("spec")
    startup = time.monotonic() - begun
    chance = random.Random(str(case))  # noqa: S311 - no secret
    state: dict[str, Json] = {}
    found: dict[str, set[tuple[Any, ...]]] = {}
    kills = 0
    is_done = False
    while not is_done:
        allowed = startup * chance.uniform(0.9, 1.6) if kills < KILLS else 240
        messages, is_done = killed_read(connector, list(state.values()), allowed)
        kills += not is_done
        for message in messages:
            if message["type"] == "STATE":
                state[message["state"]["stream"]["stream_descriptor"]["name"]] = message["state"]
            elif message["type"] == "RECORD":
                record = message["record"]
                key = tuple(record["data"][name] for name in connector.key(record["stream"]))
                found.setdefault(record["stream"], set()).add(key)
    assert kills == KILLS or is_done
    for stream, keys in wanted.items():
        assert found.get(stream, set()) == set(keys), stream
