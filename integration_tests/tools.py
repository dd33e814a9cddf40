"""Programs that some tests need and not every machine has."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]
NODE = Path(sys.executable).with_name("node")
NODE_MODULES = ROOT / ".cache" / "node" / "node_modules"


def missing(reason: str) -> NoReturn:
    """Skip a test that cannot run on this machine. In CI, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} .ci/install-tools installs programs on Debian.", pytrace=False)
    pytest.skip(reason)


def node(script: str, *arguments: str | Path, given: object = None, seconds: float = 120) -> Any:
    """Run a script of ``integration_tests/node`` and return the JSON that it prints."""
    if not NODE_MODULES.exists():
        missing("The packages from npm are not installed: make .cache/node/.synced installs them.")
    place = ROOT / "integration_tests" / "node" / script
    done = subprocess.run(  # noqa: S603
        [NODE, place, *arguments],
        input=json.dumps(given),
        env=os.environ | {"NODE_PATH": str(NODE_MODULES)},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
