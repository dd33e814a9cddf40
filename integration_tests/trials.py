"""Random cases: few and always the same ones in ``make test``, many other ones in ``make soak``.

``make soak`` sets the variables below and chooses a seed. A failing test prints the command that repeats it.
pytest loads this module as a plugin.
"""

import os
import random
from collections.abc import Generator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from integration_tests.clock import MOMENT

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
"""Random cases per connector."""

KILLS = int(os.environ.get("KILLS", "3"))
"""Kills per connector."""

WAREHOUSE_KILLS = int(os.environ.get("WAREHOUSE_KILLS", "5"))
"""Kills of a sync into a warehouse."""

SESSIONS = int(os.environ.get("SESSIONS", "100000"))
"""Sessions of the larger of two loads."""

SEED = int(os.environ.get("SEED", "1"))
"""The seed of all random numbers of a run."""

VARIABLES = ("SEED", "EXAMPLES", "KILLS", "WAREHOUSE_KILLS", "SESSIONS", "MOMENT")

MOMENTS = st.integers(0, 86_399).map(
    lambda second: MOMENT.replace(hour=0, minute=0, second=0) + timedelta(seconds=second)
)
"""Any time of the day, for the clock of a case."""

settings.register_profile(
    "trials",
    deadline=None,
    database=None,  # what failed in another run must not change this one
    derandomize=False,  # the seed below applies, in CI too
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("trials")


def random_cases(most: int) -> settings:
    """Return the settings of a test with a server: a case that fails is not simplified, which would take hours."""
    return settings(max_examples=most, phases=(Phase.explicit, Phase.generate))


def chance(*names: str) -> random.Random:
    """Return the random numbers of one test."""
    return random.Random(f"{SEED} {names}")  # noqa: S311 - no secret


def repeating(test: str) -> str:
    """Return the command that runs a test with the same random numbers."""
    given = [f"{name}={os.environ[name]}" for name in VARIABLES if name in os.environ]
    return " ".join([*given, f".venv/bin/pytest -m '' '{test}'"])


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the seed of Hypothesis."""
    config.option.hypothesis_seed = str(SEED)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first and the shortest last, so that no process works alone at the end."""
    items.sort(key=lambda item: ("sync" not in item.path.parts, "unit_tests" in item.path.parts))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the command that repeats it to the report of a failed random test."""
    report = yield
    if report.failed and any(item.get_closest_marker(name) for name in ("soak", "hypothesis")):
        report.sections.append(("Repeat these random cases with", repeating(item.nodeid)))
    return report
