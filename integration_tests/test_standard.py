"""Airbyte's own standard tests for every connector, against its sandbox."""

from pathlib import Path

import pytest
from sandbox_server import vendor_names

from integration_tests.standard import run_standard_tests


@pytest.mark.parametrize("folder", vendor_names())
def test_airbytes_standard_tests_pass(folder: str, tmp_path: Path) -> None:
    passed, configs = run_standard_tests(folder, tmp_path, "-m", "not image_tests")
    assert passed >= 5 * len(configs)
