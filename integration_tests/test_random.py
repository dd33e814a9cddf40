"""Random vendors, windows, growth and faults: what was emitted is what the vendor holds, nothing lost or doubled.

``EXAMPLES`` sets how many cases each connector gets. A failing case is printed with what repeats it.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integration_tests import sandbox
from integration_tests.conftest import cases
from integration_tests.connector import Output, duplicates, expected
from integration_tests.inside import InsideConnector
from integration_tests.sandbox import Server, Vendor, load_vendor, serve
from integration_tests.sandbox.vendor import vendor_class

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))

FAULTS = st.sampled_from(
    [
        lambda after: sandbox.Status(500, after=after),
        lambda after: sandbox.Status(429, retry_after=1, after=after),
        lambda after: sandbox.ResetBeforeBody(after=after),
        lambda after: sandbox.ResetInBody(after=after),
        lambda after: sandbox.TruncatedBody(after=after),
        lambda after: sandbox.TruncatedJson(after=after),
        lambda after: sandbox.Html(after=after),
        lambda after: sandbox.EmptyBody(after=after),
        lambda after: sandbox.Status(403, after=after),
    ]
)
PLANS = st.lists(st.tuples(FAULTS, st.integers(0, 12)), max_size=2)
CONFIGS = st.fixed_dictionaries(
    {"window_in_days": st.integers(1, 31), "lookback_window_days": st.integers(1, 3)},
    optional={"num_workers": st.integers(1, 8)},
)
GROWTH = st.fixed_dictionaries({"grow_every": st.integers(0, 3), "grow_by": st.integers(1, 9)})
DATA = st.fixed_dictionaries(
    {"sessions": st.integers(0, 330), "days": st.integers(1, 6), "seed": st.integers(1, 999)}
)


@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_what_is_emitted_is_what_the_vendor_holds(folder: str, config: str) -> None:
    moods = st.sampled_from([{}, *vendor_class(folder).moods])

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        print_blob=True,
        phases=(
            Phase.explicit,
            Phase.reuse,
            Phase.generate,
        ),  # a case that failed is not made smaller: that takes hours
        suppress_health_check=list(HealthCheck),
    )
    @given(data=DATA, mood=moods, given_config=CONFIGS, growth=GROWTH, plan=PLANS, rounds=st.integers(1, 3))
    def run(
        data: dict[str, int],
        mood: dict[str, Any],
        given_config: dict[str, int],
        growth: dict[str, Any],
        plan: list[Any],
        rounds: int,
    ) -> None:
        with (
            tempfile.TemporaryDirectory() as place,
            serve(load_vendor(folder, **data, **mood), **growth) as server,
        ):
            server.faults += [make(after) for make, after in plan]
            connector = InsideConnector(
                folder, {**server.vendor.configs(server.origin)[config], **given_config}, Path(place)
            )
            outputs = read_in_rounds(connector, server, rounds)
            for stream, keys in expected(server, config).items():
                key = connector.key(stream)
                found = {one for output in outputs for one in output.keys(stream, key)}
                assert found == set(keys), stream
                for output in outputs:
                    assert stream == "users" or duplicates(output.keys(stream, key)) == [], stream

    run()


def limit_growth(vendor: Vendor, most: int) -> None:
    """Let a vendor grow so far and no further: where each session costs a call, each call would bring sessions."""
    grow = vendor.grow
    left = most

    def limited(count: int) -> None:
        nonlocal left
        if left > 0:
            left -= count
            grow(count)

    setattr(vendor, "grow", limited)  # noqa: B010 - a method of this one instance


def read_in_rounds(connector: InsideConnector, server: Server, rounds: int) -> list[Output]:
    """Read again and again from the last state, and once more when nothing grows or fails any more."""
    outputs: list[Output] = []
    state: list[dict[str, Any]] = []
    for _ in range(rounds):
        outputs.append(connector.read(state=state))
        state = outputs[-1].state or state
    server.grow_every = 0
    server.faults.clear()
    time.sleep(1.1)  # what came in the second of a sync's start belongs to the next one
    outputs.append(connector.read(state=state))
    assert outputs[-1].exit_code == 0, outputs[-1].errors
    return outputs
