"""The repository's distributions, as their ``pyproject.toml`` and ``metadata.yaml`` describe them.

``python -m release.distributions`` prints the names of all connectors as JSON, for workflows.
"""

import json
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Distribution:
    """A folder that is built into a wheel: the shared core or a connector."""

    folder: Path

    @cached_property
    def project(self) -> dict[str, Any]:
        """The project table of its ``pyproject.toml``."""
        found: dict[str, Any] = tomllib.loads((self.folder / "pyproject.toml").read_text())["project"]
        return found

    @property
    def name(self) -> str:
        """The distribution's name: ``source-<vendor>``."""
        return str(self.project["name"])

    @property
    def version(self) -> str:
        """The version in its ``pyproject.toml``."""
        return str(self.project["version"])

    @property
    def package(self) -> Path:
        """The folder of the package that users import."""
        return self.folder / self.name.replace("-", "_")

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What ``metadata.yaml`` tells Airbyte; empty for the shared core."""
        place = self.folder / "metadata.yaml"
        return dict(yaml.safe_load(place.read_text())["data"]) if place.exists() else {}

    @property
    def image(self) -> str:
        """The name and tag of a connector's image."""
        return f"{self.metadata['dockerRepository']}:{self.metadata['dockerImageTag']}"


def connectors(root: Path = ROOT) -> list[Distribution]:
    """All connectors, by name."""
    return [Distribution(place.parent) for place in sorted(root.glob("source-*/pyproject.toml"))]


def distributions(root: Path = ROOT) -> list[Distribution]:
    """The shared core and all connectors."""
    return [Distribution(root / "shared"), *connectors(root)]


if __name__ == "__main__":
    sys.stdout.write(json.dumps([one.name for one in connectors()]) + "\n")
