"""The connectors that users install: packages in a separate environment, and images in two forms."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from integration_tests.artifacts.image import EntrypointConnector, PlatformConnector
from integration_tests.connector import Connector
from release import wheels
from release.distributions import distributions

Kind = Callable[..., Connector]


@dataclass(frozen=True)
class PackagedConnector(Connector):
    """The console script that pip installed."""

    scripts: Path

    @property
    def program(self) -> list[str]:
        return [str(self.scripts / self.folder)]


ASK = "import ensurepip, sys, venv; print(sys.executable)"


def newest_python() -> str:
    """Return the newest supported Python of this machine, by default the one that runs the tests."""
    for version in ("3.13", "3.12", "3.11"):
        command = [f"python{version}", "-c", ASK]
        chosen = {
            **os.environ,
            "PYENV_VERSION": version,
        }  # pyenv puts versions on PATH that are not selected
        try:
            done = subprocess.run(command, env=chosen, capture_output=True, text=True, check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError):
            continue
        return done.stdout.strip()
    return sys.executable


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install all wheels with pip into an environment outside of this checkout; return its scripts."""
    python = newest_python()
    place = tmp_path_factory.mktemp("packages")
    built = [wheels.build(one, place / one.folder.name) for one in distributions()]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))
    }
    scripts = place / "venv" / "bin"
    pip = [str(scripts / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    for command in ([python, "-m", "venv", str(scripts.parent)], [*pip, *map(str, built)]):
        subprocess.run(command, cwd=place, env=environment, check=True)  # noqa: S603
    return scripts


@pytest.fixture(
    params=[
        pytest.param("package", marks=pytest.mark.packages),
        pytest.param("entrypoint", marks=pytest.mark.images),
        pytest.param("platform", marks=pytest.mark.images),
    ]
)
def connector_kind(request: pytest.FixtureRequest) -> Kind:
    """Run connectors from each of these."""
    if request.param == "package":
        return partial(PackagedConnector, scripts=request.getfixturevalue("installed"))
    return {"entrypoint": EntrypointConnector, "platform": PlatformConnector}[request.param]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the measurements of the tests, one line per connector and form."""
    figures: dict[str, dict[str, Any]] = {}
    for report in terminalreporter.getreports("passed"):
        if report.user_properties:
            case = report.nodeid.partition("[")[2].rstrip("]") or "packages"
            figures.setdefault(case, {}).update(report.user_properties)
    for case, figure in sorted(figures.items()):
        told = [f"{name} {value}" for name, value in sorted(figure.items())]
        terminalreporter.write_line(f"{case:<48}{', '.join(told)}")
