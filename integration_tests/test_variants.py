"""Vendors that differ from their page in one respect: requests that are too large, lists that never end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import vendor_names
from sandbox_server.vendor import vendor_class

from integration_tests.conftest import Start, starting
from integration_tests.connector import expected, held
from integration_tests.whole import check_whole

ENDLESS = [
    (folder, config, options)
    for folder in vendor_names()
    for config, variants in vendor_class(folder).endless.items()
    for options in variants
]


@pytest.mark.promise(n=5)
# A 504 may be an outage: each one is waited for.
@pytest.mark.parametrize("status", [413, pytest.param(504, marks=pytest.mark.slow)])
def test_a_request_that_is_too_large_is_split_until_it_is_answered(
    start: Start, case: tuple[str, str], status: int
) -> None:
    too_large = {"rows": 40, "status": status}
    connector, server = start(inside=True, sessions=160, days=8, too_large=too_large)
    output = connector.read()
    assert output.exit_code == 0, output.errors
    check_whole(connector, [output], expected(server, case[1]), held(server, case[1]))


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(("folder", "config", "options"), ENDLESS, ids=str)
def test_a_list_that_never_ends_is_an_error_that_names_the_list(
    folder: str, config: str, options: Mapping[str, Any], tmp_path: Path
) -> None:
    with starting(folder, tmp_path) as start:
        connector, server = start(config, sessions=60, days=2, **options)
        output = connector.read("sessions")
        assert output.exit_code == 1
        assert "does not continue its list of sessions" in output.errors[0]["message"]
        assert server.count < 80
