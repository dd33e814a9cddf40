"""The loader between a connector and a DuckDB file, with real connectors, real pipes and real kills."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from examples.integration_tests.pod import Pod
from examples.kubernetes.loader.catalog import configured
from examples.kubernetes.loader.table import column_type
from examples.kubernetes.loader.warehouse import Warehouse
from integration_tests.conftest import cases, late
from integration_tests.connector import Connector, expected
from integration_tests.sandbox import Server, load_vendor, serve

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
            "page_count": {"type": ["null", "integer"]},
            "tags": {"type": ["null", "array"]},
        }
    },
}


@pytest.fixture
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=300, days=10, now=late), latency=0.05) as server:
        yield server


def state(value: str, stream: str = "sessions") -> Json:
    return {"type": "STREAM", "stream": {"stream_descriptor": {"name": stream}, "stream_state": {"at": value}}}


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(("folder", "name"), cases(every=False))
def test_a_sync_loads_every_record_once(folder: str, name: str, tmp_path: Path) -> None:
    with serve(load_vendor(folder, sessions=60, days=6, now=late)) as server:
        config = server.vendor.configs(server.origin)[name]
        connector, pod = Connector(folder, config, tmp_path), Pod(folder, config, tmp_path)
        assert "nothing is loaded yet" in pod.sync()
        for stream, wanted in expected(server, name).items():
            assert sorted(pod.keys(stream, connector.key(stream))) == sorted(wanted), stream


def test_the_next_sync_goes_on_from_the_saved_state(uxcam: Server, tmp_path: Path) -> None:
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | {"window_in_days": 1}
    pod = Pod("source-uxcam", config, tmp_path)
    pod.sync("sessions")
    first = uxcam.count
    uxcam.vendor.grow(10)
    assert "going on from the saved state" in pod.sync("sessions")
    assert uxcam.count - first < first
    assert sorted(pod.keys("sessions", ["session_id"])) == sorted(expected(uxcam, "data_access_v2")["sessions"])


def test_killed_at_any_time_nothing_is_lost_and_nothing_is_twice(uxcam: Server, tmp_path: Path) -> None:
    # No lookback: it would read again, and so hide, what a state that came too early has lost.
    one_by_one = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | one_by_one
    pod = Pod("source-uxcam", config, tmp_path)
    states = set()
    for requests, victims in ((4, {"loader"}), (9, {"connector", "loader"}), (14, {"connector"})):
        uxcam.clear()
        pod.prepare("sessions", "events")
        connector = pod.start_connector()
        loader = pod.start_loader("--commit-rows", "100")
        while uxcam.count < requests and connector.poll() is None:
            time.sleep(0.01)
        for name, process in {"connector": connector, "loader": loader}.items():
            if name in victims:
                process.kill()
        printed, failed = loader.communicate(timeout=60)
        assert failed == "", printed
        connector.communicate(timeout=60)
        states.add(str(pod.query("SELECT stream, message FROM _state ORDER BY 1")))
    assert len(states) > 1, "the kills were too early or too late to see the state move"
    pod.sync("sessions", "events")
    wanted = expected(uxcam, "data_access_v2")
    assert sorted(pod.keys("sessions", ["session_id"])) == sorted(wanted["sessions"])
    assert sorted(pod.keys("events", ["event_id"])) == sorted(wanted["events"])


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


def test_the_connectors_log_and_errors_are_shown(uxcam: Server, tmp_path: Path) -> None:
    config = uxcam.vendor.configs(uxcam.origin)["data_access_v2"] | {"api_key": "wrong"}
    pod = Pod("source-uxcam", config, tmp_path)
    pod.prepare("sessions")
    connector, loader = pod.start_connector(), pod.start_loader()
    printed, _ = loader.communicate(timeout=60)
    connector.communicate(timeout=60)
    assert "\nERROR UXCam refused the credentials" in printed
    assert connector.returncode == 1


def test_a_message_that_was_cut_off_is_told_and_left_to_the_next_sync(tmp_path: Path) -> None:
    pod = Pod("source-uxcam", {}, tmp_path)
    (tmp_path / "catalog.json").write_text(json.dumps({"streams": [{"stream": STREAM}]}))
    record = {"site": "a", "session_id": "1"}
    whole = json.dumps({"type": "RECORD", "record": {"stream": "sessions", "data": record}})
    os.mkfifo(tmp_path / "messages")
    loader = pod.start_loader()
    (tmp_path / "messages").write_text(f"no message\n{whole}\n{whole[:40]}")
    printed, _ = loader.communicate(timeout=60)
    assert loader.returncode == 0
    assert printed.splitlines() == [
        "no message",
        "WARN The connector was cut off in the middle of a message. It will be read again.",
        "INFO sessions: 1 records loaded.",
    ]


def test_a_state_is_saved_with_the_rows_before_it_and_not_without_them(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse(path, [STREAM]) as warehouse:
        warehouse.add("sessions", {"site": "a", "session_id": "1"})
        warehouse.keep(state("first"))
        warehouse.commit()
        warehouse.add("sessions", {"site": "a", "session_id": "2"})
        warehouse.keep(state("second"))
    with Warehouse(path, [STREAM]) as warehouse:
        assert warehouse.states() == [state("first")]
    assert rows(path, "SELECT session_id FROM sessions") == [("1",)]


def test_a_commit_that_fails_leaves_neither_rows_nor_state(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse(path, [STREAM]) as warehouse:
        warehouse.add("sessions", {"site": "a", "session_id": "1"})
        warehouse.add("sessions", {"site": "a", "session_id": "2", "page_count": "many"})
        warehouse.keep(state("first"))
        with pytest.raises(duckdb.Error, match="many"):
            warehouse.commit()
    with Warehouse(path, [STREAM]) as warehouse:
        assert warehouse.states() == []
    assert rows(path, "SELECT count(*) FROM sessions") == [(0,)]


def test_of_records_with_the_same_key_the_last_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse(path, [STREAM]) as warehouse:
        for count in (1, 2):
            warehouse.add("sessions", {"site": "a", "session_id": "1", "page_count": count})
        warehouse.commit()
        warehouse.add("sessions", {"site": "a", "session_id": "1", "page_count": 3})
        warehouse.add("sessions", {"site": "b", "session_id": "1", "page_count": 4})
        warehouse.commit()
    assert rows(path, "SELECT site, page_count FROM sessions ORDER BY 1") == [("a", 3), ("b", 4)]


def test_values_keep_their_types_and_what_the_schema_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    record = {
        "site": "a",
        "session_id": "1",
        "started_at": "2026-01-31T08:00:00.5Z",
        "page_count": 2**40,
        "tags": ["é", {"x": None}],
        "new": {"y": 1},
    }
    with Warehouse(path, [STREAM]) as warehouse:
        warehouse.add("sessions", record)
        warehouse.commit()
    ((moment, count, tags, undeclared),) = rows(
        path, "SELECT epoch_ms(started_at), page_count, tags, _undeclared FROM sessions"
    )
    assert (moment, count) == (1_769_846_400_500, 2**40)
    assert json.loads(tags) == record["tags"]
    assert json.loads(undeclared) == {"new": {"y": 1}}


def test_a_field_that_a_newer_connector_knows_becomes_a_column(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse(path, [STREAM]) as warehouse:
        warehouse.add("sessions", {"site": "a", "session_id": "1"})
        warehouse.commit()
    newer = json.loads(json.dumps(STREAM))
    newer["json_schema"]["properties"]["duration"] = {"type": "number"}
    with Warehouse(path, [newer]) as warehouse:
        warehouse.add("sessions", {"site": "a", "session_id": "2", "duration": 1.5})
        warehouse.commit()
    assert rows(path, "SELECT session_id, duration FROM sessions ORDER BY 1") == [("1", None), ("2", 1.5)]


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ({"type": "string"}, "VARCHAR"),
        ({"type": ["null", "boolean"]}, "BOOLEAN"),
        ({"type": ["integer", "number"]}, "DOUBLE"),
        ({"type": ["string", "number"]}, "JSON"),
        ({"type": "object"}, "JSON"),
        ({}, "JSON"),
    ],
)
def test_a_column_has_the_type_that_holds_every_value_of_its_property(declared: Json, kind: str) -> None:
    assert column_type(declared) == kind


def test_a_stream_that_does_not_exist_is_told_with_those_that_do(uxcam: Server, tmp_path: Path) -> None:
    pod = Pod("source-uxcam", uxcam.vendor.configs(uxcam.origin)["data_access_v2"], tmp_path)
    prepared = pod.prepare("sessions", "evnts")
    assert prepared.returncode == 1
    assert prepared.stderr == (
        "ERROR The connector has no stream evnts. Choose among sessions, events, users in STREAMS.\n"
    )


def test_without_a_catalog_the_message_says_where_to_look() -> None:
    with pytest.raises(ValueError, match="See the log of the container before this one"):
        configured(["", '{"type": "LOG"}'], [])
