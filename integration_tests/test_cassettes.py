"""A read that was recorded is replayed without the vendor, and the recording contains nothing personal."""

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import Cassette, serve, vendor_names
from sandbox_server.vendor import ROOT
from session_source.airbyte.cassette import Recording, comparable, digest

from integration_tests.conftest import Start
from integration_tests.connector import Connector, Output
from integration_tests.inside import InsideConnector

CASSETTES = sorted(ROOT.glob("source-*/cassettes/*.json"))


def replayed(path: Path, place: Path) -> Output:
    """The output of the recorded read, served from its cassette; every request has to be one of the recorded."""
    cassette = Cassette(path)
    content = cassette.content
    with serve(cassette) as server:
        connector = InsideConnector(content["connector"], cassette.configs(server.origin)["default"], place)
        catalog = connector.catalog(*content["streams"])
        for stream in catalog["streams"]:
            stream["sync_mode"] = content["streams"][stream["stream"]["name"]]
        (place / "replayed.json").write_text(json.dumps(catalog))
        arguments = ["read", "--catalog", str(place / "replayed.json")]
        if content["state"]:
            (place / "state.json").write_text(json.dumps(content["state"]))
            arguments += ["--state", str(place / "state.json")]
        output = connector.run(*arguments)
        assert cassette.unknown == []
        assert server.count == len(content["exchanges"])
    return output


def result(output: Output) -> dict[str, Any]:
    states = {
        stream: {name: part for name, part in state.items() if name != "requests"}
        for stream, state in output.states.items()
    }
    return {"records": {stream: digest(records) for stream, records in output.records.items()}, "states": states}


def test_every_vendor_has_a_cassette() -> None:
    assert {path.parts[-3] for path in CASSETTES} == set(vendor_names())


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_cassette_is_read_to_the_same_records_and_states(path: Path, tmp_path: Path) -> None:
    output = replayed(path, tmp_path)
    assert result(output) == Cassette(path).content["result"]


@pytest.fixture
def recordings(monkeypatch: pytest.MonkeyPatch) -> list[Recording]:
    """Collect the recordings that commands make: they know what stands for what."""
    made: list[Recording] = []
    leave = Recording.__exit__

    def remember(recording: Recording, *error: Any) -> None:
        made.append(recording)
        leave(recording, *error)

    monkeypatch.setattr(Recording, "__exit__", remember)
    return made


@pytest.mark.every_config
def test_a_recorded_read_is_replayed_without_the_vendor(
    start: Start, tmp_path: Path, recordings: list[Recording]
) -> None:
    connector, server = start(inside=True, sessions=30, days=4)
    file = tmp_path / "cassette.json"
    live = connector.run(*connector.read_arguments(), "--record", str(file))
    asked = server.count
    output = replayed(file, tmp_path)
    assert server.count == asked
    (recording,) = recordings
    for stream, records in live.records.items():
        anonymous = [recording.anonymizer.value(comparable(record)) for record in records]
        found = [comparable(record) for record in output.records[stream]]
        assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, anonymous))
    assert result(output) == json.loads(file.read_text())["result"]
