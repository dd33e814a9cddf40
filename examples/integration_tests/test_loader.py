"""The loader between a connector and a warehouse in the Pod, with real connectors, real pipes and real kills."""

import json
import os
import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import Server, load_vendor, serve

from examples.integration_tests.pod import ROOT, Pod
from integration_tests.clock import late
from integration_tests.conftest import cases
from integration_tests.connector import expected
from integration_tests.inside import InsideConnector

pytestmark = pytest.mark.slow

Json = dict[str, Any]

STREAM: Json = {
    "name": "sessions",
    "supported_sync_modes": ["full_refresh", "incremental"],
    "default_cursor_field": ["started_at"],
    "source_defined_primary_key": [["site"], ["session_id"]],
    "json_schema": {
        "properties": {
            "site": {"type": "string"},
            "session_id": {"type": "string"},
            "started_at": {"type": ["null", "string"], "format": "date-time"},
        }
    },
}


@pytest.fixture
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=300, days=10, now=late), latency=0.05) as server:
        yield server


@pytest.mark.parametrize(("folder", "name"), cases(every=False))
def test_a_sync_loads_every_record_once(folder: str, name: str, tmp_path: Path) -> None:
    with serve(load_vendor(folder, sessions=60, days=6, now=late)) as server:
        config = server.vendor.configs(server.origin)[name]
        connector, pod = InsideConnector(folder, config, tmp_path), Pod(folder, config, tmp_path)
        assert "nothing is loaded yet" in pod.sync()
        for stream, wanted in expected(server, name).items():
            assert sorted(pod.keys(stream, connector.key(stream))) == sorted(wanted), stream


def test_the_next_sync_goes_on_from_the_saved_state(uxcam: Server, tmp_path: Path) -> None:
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | {"window_in_days": 1}
    pod = Pod("source-uxcam", config, tmp_path)
    pod.sync("sessions")
    first = uxcam.count
    uxcam.vendor.grow(10)
    assert "continuing from the saved state" in pod.sync("sessions")
    assert uxcam.count - first < first
    assert sorted(pod.keys("sessions", ["session_id"])) == sorted(expected(uxcam, "data_access_v2")["sessions"])


def test_killed_at_any_time_nothing_is_lost_and_nothing_is_twice(uxcam: Server, tmp_path: Path) -> None:
    # No lookback: it would read again, and so hide, what a state that came too early has lost.
    one_by_one = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | one_by_one
    pod = Pod("source-uxcam", config, tmp_path)
    counts = set()
    for requests, victims in ((4, {"loader"}), (9, {"connector", "loader"}), (14, {"connector"})):
        uxcam.clear()
        pod.prepare("sessions", "events")
        connector = pod.start_connector()
        loader = pod.start_loader("--commit-seconds", "0.2")
        while uxcam.count < requests and connector.poll() is None:
            time.sleep(0.01)
        for name, process in {"connector": connector, "loader": loader}.items():
            if name in victims:
                process.kill()
        printed, failed = loader.communicate(timeout=60)
        assert failed == "", printed
        connector.communicate(timeout=60)
        counts.add(str(pod.query("SELECT count(*) FROM vendor.events")))
    assert len(counts) > 1, "the kills were too early or too late to see rows come"
    pod.sync("sessions", "events")
    wanted = expected(uxcam, "data_access_v2")
    assert sorted(pod.keys("sessions", ["session_id"])) == sorted(wanted["sessions"])
    assert sorted(pod.keys("events", ["event_id"])) == sorted(wanted["events"])


def test_a_pod_that_is_told_to_stop_keeps_what_it_has_read(uxcam: Server, tmp_path: Path) -> None:
    one_by_one = {"window_in_days": 1, "num_workers": 1}
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | one_by_one
    pod = Pod("source-uxcam", config, tmp_path)
    pod.prepare("sessions", "events")
    connector = pod.start_connector()
    loader = pod.start_loader("--commit-seconds", "60")
    while uxcam.count < 14 and connector.poll() is None:
        time.sleep(0.01)
    loader.terminate()
    _, failed = loader.communicate(timeout=60)
    connector.communicate(timeout=60)
    assert failed == ""
    assert pod.query("SELECT count(*) > 0 FROM vendor.sessions") == [(True,)]


def test_a_loader_that_cannot_write_ends_the_connector_too(uxcam: Server, tmp_path: Path) -> None:
    pod = Pod("source-uxcam", uxcam.vendor.configs(uxcam.origin)["data_access_v2"], tmp_path)
    pod.prepare("sessions")
    pod.warehouse.write_bytes(b"no database" * 1000)
    connector, loader = pod.start_connector(), pod.start_loader()
    _, failed = loader.communicate(timeout=60)
    assert failed.startswith("ERROR ")
    assert "Traceback" not in failed
    connector.communicate(timeout=60)
    assert loader.returncode == 1
    assert connector.returncode != 0


def test_the_connectors_errors_are_shown(uxcam: Server, tmp_path: Path) -> None:
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | {"api_key": "wrong"}
    pod = Pod("source-uxcam", config, tmp_path)
    pod.prepare("sessions")
    connector, loader = pod.start_connector(), pod.start_loader()
    printed, _ = loader.communicate(timeout=60)
    connector.communicate(timeout=60)
    assert "UXCam refused the credentials" in printed
    assert connector.returncode == 1


def test_a_message_that_was_cut_off_is_left_to_the_next_sync(tmp_path: Path) -> None:
    pod = Pod("source-uxcam", {}, tmp_path)
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [{"stream": STREAM}]}))
    (tmp_path / "discovered").write_text(json.dumps({"type": "CATALOG", "catalog": {"streams": [STREAM]}}) + "\n")
    record = {"site": "a", "session_id": "1"}
    whole = json.dumps({"type": "RECORD", "record": {"stream": "sessions", "data": record}})
    os.mkfifo(tmp_path / "messages")
    loader = pod.start_loader()
    (tmp_path / "messages").write_text(f"no message\n{whole}\n{whole[:40]}")
    printed, _ = loader.communicate(timeout=60)
    assert loader.returncode == 0
    assert [line.strip() for line in printed.splitlines()] == [
        "no message",
        "The connector stopped in the middle of a message.",
        "sessions: 1 rows loaded.",
    ]
    assert pod.keys("sessions", ["site", "session_id"]) == [("a", "1")]


def test_an_unknown_stream_is_refused_with_those_that_exist(uxcam: Server, tmp_path: Path) -> None:
    pod = Pod("source-uxcam", uxcam.vendor.configs(uxcam.origin)["data_access_v2"], tmp_path)
    prepared = pod.prepare("sessions", "evnts")
    assert prepared.returncode == 1
    assert prepared.stderr == (
        "ERROR The connector has no stream evnts. STREAMS may name sessions, events, users.\n"
    )


def test_another_account_is_refused_and_the_exchange_holds_no_secret(uxcam: Server, tmp_path: Path) -> None:
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"]
    first = Pod("source-uxcam", config, tmp_path)
    assert first.prepare("sessions").returncode == 0
    other = Pod("source-uxcam", config | {"app_id": "another-app"}, tmp_path)
    refused = other.prepare("sessions")
    assert refused.returncode == 1
    assert "has rows of another account. Choose another schema" in refused.stderr
    assert config["api_key"] not in (tmp_path / "account.json").read_text()
    assert Pod("source-uxcam", config | {"api_key": "rotated"}, tmp_path).prepare("sessions").returncode == 0
    assert first.query("SELECT vendor, account FROM vendor._account") == [("uxcam", config["app_id"])]


def test_the_image_has_the_versions_of_the_lock() -> None:
    pinned = dict(
        re.findall(r"^([\w-]+)==([\d.]+)", (ROOT / "sync" / "requirements.in").read_text(), re.MULTILINE)
    )
    locked: dict[str, set[str]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]:
        locked.setdefault(package["name"], set()).add(package.get("version", ""))
    assert len(pinned) > 3
    assert {name: version for name, version in pinned.items() if version not in locked[name]} == {}
