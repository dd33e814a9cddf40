"""The packages that pip installs from the wheels."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from release.distributions import distributions

pytestmark = pytest.mark.packages

ASK = """
import importlib, sys
print(sys.version.split()[0], *(importlib.import_module(name).__file__ for name in sys.argv[1:]))
"""


def test_installed_packages_are_imported_and_their_dependencies_agree(
    installed: Path, record_property: Callable[[str, object], None]
) -> None:
    python = str(installed / "python")
    asked = [python, "-I", "-c", ASK, *(one.package.name for one in distributions())]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)  # noqa: S603
    version, *places = done.stdout.split()
    assert [place for place in places if not Path(place).is_relative_to(installed.parent)] == []
    subprocess.run([python, "-m", "pip", "check"], check=True)  # noqa: S603
    record_property("Python", version)
