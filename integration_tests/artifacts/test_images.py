"""The content of images, and Airbyte's tests of images."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import load_vendor, main_configs

from integration_tests.standard import run_standard_tests
from release.distributions import ROOT, Distribution, connectors, distributions
from release.images import docker, sizes

pytestmark = pytest.mark.images

CONNECTORS = connectors()
BY_NAME = pytest.mark.parametrize("connector", CONNECTORS, ids=[one.name for one in CONNECTORS])

# Airbyte's tests run containers without options. The sandbox is on a loopback address of the host.
IN_THE_HOSTS_NETWORK = """#!/bin/sh
if [ "$1" = run ]; then shift; set -- run --network host "$@"; fi
exec {docker} "$@"
"""

INSTALLED = """
import importlib.metadata, json, pathlib, sysconfig
packages = pathlib.Path(sysconfig.get_path("purelib"))
print(json.dumps({
    "versions": {one.name: one.version for one in importlib.metadata.distributions()},
    "uncompiled": [
        str(path) for path in packages.rglob("*.py")
        if not list(path.parent.glob(f"__pycache__/{path.stem}.cpython-*.pyc"))
    ],
}))
"""


def inspect(connector: Distribution) -> dict[str, Any]:
    (found,) = json.loads(docker("image", "inspect", connector.image))
    return dict(found)


@BY_NAME
def test_image_labels_match_the_metadata_and_the_user_is_numeric(
    connector: Distribution, record_property: Callable[[str, object], None]
) -> None:
    config = inspect(connector)["Config"]
    assert config["Labels"]["io.airbyte.name"] == connector.metadata["dockerRepository"]
    assert config["Labels"]["io.airbyte.version"] == connector.metadata["dockerImageTag"]
    assert config["User"] == "1000:1000"
    environment = dict(entry.split("=", 1) for entry in config["Env"])
    assert config["Entrypoint"] == [environment["AIRBYTE_ENTRYPOINT"]]
    assert environment["AIRBYTE_ENTRYPOINT"].startswith("/")
    record_property("size", str(sizes(connector.image)))


def test_images_share_all_layers_up_to_their_dependencies() -> None:
    layers = [inspect(connector)["RootFS"]["Layers"] for connector in CONNECTORS]
    assert len({tuple(one[:-2]) for one in layers}) == 1
    assert len({one[-1] for one in layers}) == len(layers)


@BY_NAME
def test_an_image_contains_the_locked_packages_and_its_own_only(connector: Distribution) -> None:
    found = json.loads(
        docker("run", "--rm", "--entrypoint", "/airbyte/venv/bin/python", connector.image, "-c", INSTALLED)
    )
    locked = set(re.findall(r"^(\S+)==(\S+)", (ROOT / "build/requirements.txt").read_text(), re.MULTILINE))
    own = {(one.name, one.version) for one in distributions() if one.name in {"session-source", connector.name}}
    versions = {(re.sub("[-_.]+", "-", name).lower(), version) for name, version in found["versions"].items()}
    assert own <= versions
    assert versions - own <= locked
    assert found["uncompiled"] == []


@BY_NAME
def test_airbytes_image_tests_pass(connector: Distribution, tmp_path: Path) -> None:
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    ours = shlex.split(os.environ.get("DOCKER", "docker"))
    ours[0] = shutil.which(ours[0]) or ours[0]  # not the wrapper itself
    client.write_text(IN_THE_HOSTS_NETWORK.format(docker=shlex.join(ours)))
    client.chmod(0o755)
    scenarios = ",".join(main_configs(load_vendor(connector.name, sessions=2, days=2), ""))
    passed, configs = run_standard_tests(
        connector.name,
        tmp_path,
        *("-m", "image_tests", f"--connector-image={connector.image}"),
        *("--read-from-streams=all", f"--read-scenarios={scenarios}"),
        environment={"PATH": f"{client.parent}:{os.environ['PATH']}"},
    )
    # spec, check and discover for each config, and reads of the main ones.
    assert passed >= 3 * len(configs) + len(scenarios.split(","))
