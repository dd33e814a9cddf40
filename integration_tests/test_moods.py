"""Whatever the vendors' pages leave open, everything is read once for each possible behaviour."""

from pathlib import Path
from typing import Any

import pytest
from sandbox_server import load_vendor, serve
from sandbox_server.vendor import vendor_class

from integration_tests.clock import Clock
from integration_tests.conftest import cases
from integration_tests.connector import expected, held
from integration_tests.inside import InsideConnector
from integration_tests.whole import check_whole

MOODS = [(folder, config, mood) for folder, config in cases(every=False) for mood in vendor_class(folder).moods]


@pytest.mark.promise(n=1)
@pytest.mark.parametrize(("folder", "config", "mood"), MOODS, ids=str)
@pytest.mark.parametrize("window_in_days", [1, 30])
def test_everything_is_read_once_in_every_mood_of_the_vendor(
    folder: str, config: str, mood: dict[str, Any], window_in_days: int, tmp_path: Path
) -> None:
    clock = Clock()
    with serve(load_vendor(folder, sessions=130, days=4, now=clock, **mood)) as server:
        given = server.vendor.configs(server.origin)[config]
        connector = InsideConnector(folder, {**given, "window_in_days": window_in_days}, tmp_path, clock=clock)
        output = connector.read()
        assert output.exit_code == 0, output.errors
        check_whole(connector, [output], expected(server, config), held(server, config))
