"""Packages and images behave as the checkout: every command of every connector, against its sandbox."""

import time
from collections.abc import Callable
from pathlib import Path

from integration_tests.conftest import Start
from integration_tests.connector import duplicates, expected
from integration_tests.inside import InsideConnector


def test_spec_and_catalog_match_the_checkout(
    start: Start, case: tuple[str, str], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    connector, server = start(sessions=2, days=2)
    begun = time.monotonic()
    spec = connector.run("spec")
    took = time.monotonic() - begun
    checkout = InsideConnector(case[0], connector.config, tmp_path)
    assert spec.exit_code == 0, spec.stderr
    assert spec.of_type("SPEC") == checkout.run("spec").of_type("SPEC")
    assert connector.run("discover").of_type("CATALOG") == checkout.run("discover").of_type("CATALOG")
    assert server.count == 0
    record_property("start-up of spec", f"{took:.1f} s")


def test_good_credentials_pass_and_bad_ones_are_refused(start: Start) -> None:
    connector, _ = start(sessions=5, days=2)
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    wrong, server = start(dict.fromkeys(connector.secret_names, "not-the-secret"), sessions=5, days=2)
    (status,) = wrong.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert server.count > 0, "the vendor was not asked"


def test_a_full_and_an_incremental_read_emit_everything(
    start: Start, case: tuple[str, str], record_property: Callable[[str, object], None]
) -> None:
    connector, server = start(sessions=250, days=5)
    first = connector.read()
    assert first.exit_code == 0, first.log or first.stderr
    old = expected(server, case[1])
    for name in connector.streams:
        found = first.keys(name, connector.key(name))
        assert set(found) == set(old[name]), name
        if name not in connector.repeated:
            assert duplicates(found) == [], name
    server.vendor.grow(7)
    new = expected(server, case[1])
    assert new != old
    second = connector.read(state=first.state)
    assert second.exit_code == 0, second.log or second.stderr
    for name, stream in connector.streams.items():
        found = second.keys(name, connector.key(name))
        assert set(new[name]) - set(old[name]) <= set(found), name
        assert set(found) <= set(new[name]), name
        if "incremental" in stream["supported_sync_modes"] and old[name]:
            assert len(found) < len(new[name]), name
    record_property("records read", f"{sum(map(len, first.records.values())):,}")
