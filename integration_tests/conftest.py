"""Every connector of the repository with every config of its sandbox."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import Server, load_vendor, main_configs, serve, vendor_names

from integration_tests.clock import Clock
from integration_tests.connector import Connector, Json
from integration_tests.forked import ForkedConnector
from integration_tests.inside import InsideConnector

Start = Callable[..., tuple[Connector, Server]]


@cache
def cases(*, every: bool) -> list[tuple[str, str]]:
    """Return all connectors with the configs of their sandboxes: every config, or the main ones."""
    found = []
    for folder in vendor_names():
        vendor = load_vendor(folder, sessions=2, days=2)
        configs = vendor.configs("") if every else main_configs(vendor, "")
        found += [(folder, name) for name in configs]
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize tests that take ``case`` with the main configs, or with every config if they are marked so."""
    if "case" in metafunc.fixturenames:
        every = metafunc.definition.get_closest_marker("every_config") is not None
        chosen = cases(every=every)
        metafunc.parametrize("case", chosen, ids=[f"{folder}-{name}" for folder, name in chosen])


@pytest.fixture
def connector_kind() -> Callable[..., Connector]:
    """Return the class that runs a connector as a process; tests of packages and images have others."""
    return ForkedConnector


@contextmanager
def starting(folder: str, place: Path, kind: Callable[..., Connector] = InsideConnector) -> Iterator[Start]:
    """Return a function that starts a vendor's sandbox and returns it with a connector that reads it.

    Args:
        folder: the connector's folder.
        place: an empty folder for the connector's files.
        kind: the class that runs the connector.

    The function takes the name of one of the sandbox's configs, changes to it, and options of the vendor or the
    server. Vendor and connector share a new ``Clock`` unless another one is passed as ``now``. All sandboxes end
    with the block.
    """
    with ExitStack() as running:

        def start(name: str, config: Json | None = None, **options: Any) -> tuple[Connector, Server]:
            server_options = {n: options.pop(n) for n in ("latency", "grow_every", "grow_by") if n in options}
            clock = options.setdefault("now", Clock())
            server = running.enter_context(serve(load_vendor(folder, **options), **server_options))
            given = server.vendor.configs(server.origin)[name]
            return kind(folder, given | (config or {}), place, clock=clock), server

        yield start


@pytest.fixture
def start(case: tuple[str, str], tmp_path: Path, connector_kind: Callable[..., Connector]) -> Iterator[Start]:
    """Return a function that starts the case's sandbox and returns it with a connector that reads it.

    With ``inside``, the connector runs in the process of the tests, which is fastest. Tests of the standard output
    and error, or of the end of the process, need a process of its own.
    """
    folder, name = case
    with starting(folder, tmp_path, connector_kind) as run, starting(folder, tmp_path) as run_inside:

        def begin(config: Json | None = None, *, inside: bool = False, **options: Any) -> tuple[Connector, Server]:
            return (run_inside if inside else run)(name, config, **options)

        yield begin
