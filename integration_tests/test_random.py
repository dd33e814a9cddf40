"""Random vendors, times, windows, growth and faults: nothing is lost and nothing is emitted twice."""

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sandbox_server as sandbox
from hypothesis import given
from hypothesis import strategies as st
from sandbox_server import Server, Vendor, load_vendor, serve
from sandbox_server.vendor import vendor_class

from integration_tests import figures
from integration_tests.clock import Clock
from integration_tests.conftest import cases
from integration_tests.connector import Output, expected, held
from integration_tests.inside import InsideConnector
from integration_tests.trials import EXAMPLES, MOMENTS, random_cases
from integration_tests.whole import check_whole

FAULTS: list[tuple[type[sandbox.Fault], dict[str, Any]]] = [
    (sandbox.Status, {"status": 403}),
    (sandbox.Status, {"status": 429}),
    (sandbox.Status, {"status": 429, "retry_after": 1}),
    (sandbox.Status, {"status": 429, "retry_date": 2}),
    (sandbox.Status, {"status": 500}),
    (sandbox.Status, {"status": 502}),
    (sandbox.Status, {"status": 503, "retry_after": 1}),
    (sandbox.ResetBeforeBody, {}),
    (sandbox.ResetInBody, {}),
    (sandbox.TruncatedBody, {}),
    (sandbox.TruncatedBody, {"chunked": True}),
    (sandbox.TruncatedJson, {}),
    (sandbox.Html, {}),
    (sandbox.EmptyBody, {}),
    (sandbox.SlowBody, {"seconds": 1}),
    (sandbox.ErrorInside, {}),
    (sandbox.RepeatToken, {}),
]
CONFIGS = st.fixed_dictionaries(
    {"window_in_days": st.integers(1, 31), "lookback_window_days": st.integers(1, 3)},
    optional={"num_workers": st.integers(1, 8)},
)
GROWTH = st.fixed_dictionaries({"grow_every": st.integers(0, 3), "grow_by": st.integers(1, 9)})
DATA = st.fixed_dictionaries(
    {"sessions": st.integers(0, 330), "days": st.integers(1, 6), "seed": st.integers(1, 999)}
)


@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_what_is_emitted_is_what_the_vendor_holds(folder: str, config: str) -> None:
    moods = st.sampled_from([{}, *vendor_class(folder).moods])
    faults = st.sampled_from([fault for fault in FAULTS if has(folder, fault[0])])
    plans = st.lists(st.tuples(faults, st.integers(0, 12)), max_size=3)

    @random_cases(EXAMPLES)
    @given(
        moment=MOMENTS,
        data=DATA,
        mood=moods,
        given_config=CONFIGS,
        growth=GROWTH,
        plan=plans,
        rounds=st.integers(1, 3),
    )
    def run(
        moment: datetime,
        data: dict[str, int],
        mood: dict[str, Any],
        given_config: dict[str, Any],
        growth: dict[str, Any],
        plan: list[Any],
        rounds: int,
    ) -> None:
        clock = Clock(start=moment)
        with (
            tempfile.TemporaryDirectory() as place,
            serve(load_vendor(folder, **data, **mood, now=clock), **growth) as server,
        ):
            limit_growth(server.vendor, 200)
            faults = [kind(**options, after=after) for (kind, options), after in plan]
            server.faults += faults
            given_config = {**server.vendor.configs(server.origin)[config], **given_config}
            connector = InsideConnector(folder, given_config, Path(place), clock=clock)
            outputs = read_in_rounds(connector, server, rounds)
            check_whole(connector, outputs, expected(server, config), held(server, config))
            figures.count(random_cases=1, faults_survived=sum(fault.hits for fault in faults))

    run()


def has(folder: str, fault: type[sandbox.Fault]) -> bool:
    """Return whether a vendor has a fault: not all report errors in a 200 or have page tokens."""
    method = {sandbox.ErrorInside: "error_inside", sandbox.RepeatToken: "repeat_token"}.get(fault)
    return method is None or getattr(vendor_class(folder), method) is not getattr(Vendor, method)


def limit_growth(vendor: Vendor, most: int) -> None:
    """Limit the growth of a vendor: with one call per session, each call would add sessions forever."""
    grow = vendor.grow
    left = most

    def limited(count: int) -> None:
        nonlocal left
        if left > 0:
            left -= count
            grow(count)

    setattr(vendor, "grow", limited)  # noqa: B010 - a method of this one instance


def read_in_rounds(connector: InsideConnector, server: Server, rounds: int) -> list[Output]:
    """Read several times from the last state, and once more without growth and faults."""
    outputs: list[Output] = []
    state: list[dict[str, Any]] = []
    for _ in range(rounds):
        outputs.append(connector.read(state=state))
        state = outputs[-1].state or state
    server.grow_every = 0
    server.faults.clear()
    outputs.append(connector.read(state=state))
    assert outputs[-1].exit_code == 0, outputs[-1].errors
    return outputs
