"""Configs and answers that nobody meant: no stack trace for the user, no hang, no secret, no lost record."""

import json
import os
import random
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration_tests import figures
from integration_tests.conftest import cases
from integration_tests.connector import expected
from integration_tests.inside import InsideConnector
from integration_tests.sandbox import Answer, Fault, load_vendor, serve
from integration_tests.sandbox.exchange import Exchange

EXAMPLES = int(os.environ.get("EXAMPLES", "6")) * 5
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_no_config_gives_a_stack_trace(folder: str, config: str, tmp_path: Path) -> None:
    with serve(load_vendor(folder, sessions=3, days=2)) as server:
        base = InsideConnector(folder, server.vendor.configs(server.origin)[config], tmp_path)
        names = sorted(set(base.specification["properties"]) - {"base_url"})

        @SETTINGS
        @given(changes=st.dictionaries(st.sampled_from(names), ANYTHING, min_size=1, max_size=3))
        def run(changes: dict[str, Any]) -> None:
            connector = InsideConnector(folder, {**base.config, **changes}, tmp_path)
            output = connector.run("check")
            told = [status.get("message", "") for status in output.of_type("CONNECTION_STATUS")]
            told += [error["message"] for error in output.errors]
            assert told
            assert all("Traceback" not in message and "Error(" not in message for message in told)
            assert all(error["failure_type"] != "system_error" for error in output.errors), told
            figures.count(bad_inputs_tried=1)

        run()


@dataclass
class Mangled(Fault):
    """Answers truthfully but for one value, somewhere in one of the records."""

    value: Any = None
    seed: int = 0

    def answer(self, exchange: Exchange) -> Answer:
        truth = exchange.truth()
        text = truth.body.decode().strip()
        body = json.loads(text)
        rows = next((rows for rows in lists(body) if rows and isinstance(rows[0], dict)), None)
        if rows is None:
            return truth
        chance = random.Random(self.seed)  # noqa: S311 - no secret
        place: Any = chance.choice(rows)
        while True:
            name = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[name]
            if not inner or not isinstance(inner, dict | list) or chance.random() < 0.4:
                break
            place = inner
        place[name] = self.value
        return Answer(truth.status, json.dumps(body).encode(), truth.headers)


def lists(value: Any) -> list[list[Any]]:
    """All lists in a value, the outermost first."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [value] if isinstance(value, list) else []
    return found + [inner for part in parts for inner in lists(part)]


# No numbers: one in the place of a time is a time, and what lies outside of the sync is rightly left out.
VALUES: list[Any] = [None, "", "word", True, [], {}, ["x", None], {"a": [{}]}, "\ud800", "1e999", "9" * 40, "😀"]
ODD = st.sampled_from(VALUES)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_a_record_with_an_odd_value_is_emitted_all_the_same(folder: str, config: str) -> None:
    @SETTINGS
    @given(value=ODD, seed=st.integers(0, 10**6))
    def run(value: Any, seed: int) -> None:
        with tempfile.TemporaryDirectory() as place, serve(load_vendor(folder, sessions=12, days=2)) as server:
            given_config = {**server.vendor.configs(server.origin)[config], "window_in_days": 30}
            connector = InsideConnector(folder, given_config, Path(place))
            mangled = Mangled(value=value, seed=seed, times=None)
            server.faults.append(mangled)
            output = connector.read()
            for error in output.errors:
                assert error["failure_type"] != "system_error", error
            for stream in ("sessions",):
                if output.statuses[stream][-1] == "COMPLETE":
                    wanted = expected(server, config)[stream]
                    assert len(output.records.get(stream, [])) == len(wanted)
            figures.count(bad_inputs_tried=1)

    run()
