"""Runs Airbyte's standard tests for a connector against its sandbox.

They look for a connector's folder with ``metadata.yaml`` and ``acceptance-test-config.yml``, and for the configs
that the latter names: so each connector gets a copy of its folder in which those configs are the sandbox's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from sandbox_server import Config, load_vendor, serve

SUITE = """
from pathlib import Path

from airbyte_cdk.test.standard_tests import SourceTestSuiteBase


class TestStandard(SourceTestSuiteBase):
    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return Path(__file__).parent
"""
ROOT = Path(__file__).resolve().parents[1]


def run_standard_tests(
    folder: str, place: Path, *options: str, environment: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Config]]:
    """Run them with more of pytest's options; give how many passed, and the configs that they ran with.

    Raises:
        AssertionError: one failed, or none ran.
    """
    root = place / folder
    (root / "secrets").mkdir(parents=True)
    for name in ("metadata.yaml", "acceptance-test-config.yml"):
        (root / name).write_bytes((ROOT / folder / name).read_bytes())
    (root / "test_standard.py").write_text(SUITE)
    (root / "pytest.ini").write_text("[pytest]\n")
    with serve(load_vendor(folder, sessions=30, days=3)) as server:
        configs = server.vendor.configs(server.origin)
        for name, config in configs.items():
            (root / "secrets" / f"{name}.json").write_text(json.dumps(config))
        first = next(iter(configs.values()))
        (root / "secrets" / "invalid.json").write_text(json.dumps(first | {"base_url": "http://example.com"}))
        done = subprocess.run(  # noqa: S603
            [
                sys.executable,
                "-m",
                "pytest",
                str(root),
                "-q",
                "-p",
                "airbyte_cdk.test.standard_tests.pytest_hooks",
                "-W",
                "error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning",
                *options,
            ],
            cwd=root,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-6000:]
    summary = done.stdout.splitlines()[-1]
    assert " passed" in summary, done.stdout[-2000:]
    return int(summary.split(" passed")[0].split()[-1]), configs
