"""A random test that fails prints the command that repeats it, and the command repeats it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from integration_tests.tools import ROOT

FAILING = """
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_tests.trials import chance, random_cases

@pytest.mark.soak
def test_own_numbers():
    print("drawn", chance("here").getrandbits(60))
    raise AssertionError

@random_cases(9)
@given(number=st.integers(0, 2**60))
def test_numbers_of_hypothesis(number):
    print("drawn", number)
    assert not 2**20 < number < 2**59
"""


def failures(place: Path, **environment: str) -> tuple[set[str], set[str]]:
    """Return the numbers that two failing tests draw, and the commands that their reports name."""
    path = place / "test_failing.py"
    path.write_text(FAILING)
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "pytest", "-p", "integration_tests.trials", path.name],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    numbers = set(re.findall(r"^drawn (\d+)$", done.stdout, re.MULTILINE))
    commands = set(re.findall(r"^.*\.venv/bin/pytest .*$", done.stdout, re.MULTILINE))
    assert len(commands) == 2, done.stdout
    return numbers, commands


@pytest.mark.slow
def test_a_failed_random_test_names_the_command_that_repeats_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SEED", "EXAMPLES", "MOMENT"):
        monkeypatch.delenv(name, raising=False)
    numbers, commands = failures(tmp_path)
    assert failures(tmp_path) == (numbers, commands), "without a seed, all runs are equal"
    assert ".venv/bin/pytest -m '' 'test_failing.py::test_own_numbers'" in commands
    others, commands = failures(tmp_path, SEED="23")
    assert others != numbers
    assert all(command.startswith("SEED=23 .venv/bin/pytest") for command in commands)
