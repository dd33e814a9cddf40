"""A read that was recorded is replayed without the vendor, and the recording contains nothing personal."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import (
    Cassette,
    NewFields,
    Status,
    serve,
    vendor_names,
)
from sandbox_server.vendor import ROOT
from session_source.airbyte.recording.cassette import Recording, comparable, digest

from integration_tests.conftest import Start
from integration_tests.connector import Output
from integration_tests.inside import InsideConnector
from integration_tests.test_secrets import spellings

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


@pytest.mark.parametrize("folder", vendor_names())
def test_a_vendor_has_a_cassette(folder: str) -> None:
    assert [path for path in CASSETTES if path.parts[-3] == folder], "shared/README.md describes read --record"


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
    connector, server = start(inside=True, sessions=12, days=3)
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


def texts(value: Any) -> Iterator[str]:
    """All strings in a JSON value, and the names in it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


def personal_words(value: Any) -> set[str]:
    """All long words of a JSON value but those of times."""
    is_time = re.compile(r"\d{4}[-/]\d\d[-/]\d\d.*").fullmatch
    words = {word for text in texts(value) if not is_time(text) for word in re.findall(r"[^\W_]{6,}", text)}
    return {word for word in words if not re.fullmatch(r"1\d{9}(\d{3})?", word)}


PLANTED = {
    "Kundenname": "Zoë Überall-Schmidt",
    "loyalty": {"zoe.ueberall@example.com": 7_654_321, "born": "1971-03-04"},
    "trail": ["https://u:p@shop.example/käse?session_token=ab12CD34ef56", "198.51.100.77", "+49 171 2345678"],
}


def test_a_cassette_has_no_word_of_a_record_that_is_not_in_the_connectors_source(
    start: Start, tmp_path: Path
) -> None:
    connector, server = start(inside=True, sessions=12, days=3)
    server.faults.append(NewFields(fields=PLANTED))
    file = tmp_path / "cassette.json"
    live = connector.run(*connector.read_arguments(), "--record", str(file))
    package = ROOT / connector.folder / connector.folder.replace("-", "_")
    public = {
        word.lower()
        for source in (*package.rglob("*.*"), *(ROOT / "shared/session_source").rglob("*.*"))
        if source.suffix in {".py", ".json", ".yaml"}
        for word in re.findall(r"[^\W_]{4,}", source.read_text())
    }
    personal = personal_words([live.records, dict(connector.config)])
    assert personal_words(PLANTED) <= personal
    assert len(personal - personal_words(PLANTED)) >= 12, "each session has an id of its own"
    written = set(re.findall(r"[^\W_]+", file.read_text()))
    assert [word for word in personal & written if not word.lower().startswith(tuple(public))] == []
    assert [
        text for text in ("Überall", "ueberall", "1971-03-04", "198.51.100.77") if text in file.read_text()
    ] == []
    secrets = [str(connector.config[name]) for name in connector.secret_names]
    assert [form for secret in secrets for form in spellings(secret) if form in file.read_text()] == []


def test_a_resumed_read_is_replayed_from_its_state(start: Start, tmp_path: Path) -> None:
    connector, _ = start(inside=True, sessions=10, days=3)
    file = tmp_path / "cassette.json"
    state = connector.read().state
    connector.run(*connector.read_arguments(state=state), "--record", str(file))
    content = json.loads(file.read_text())
    assert content["state"]
    assert result(replayed(file, tmp_path)) == content["result"]


def test_a_failed_read_is_replayed_to_the_same_failure(start: Start, tmp_path: Path) -> None:
    connector, server = start(inside=True, sessions=3, days=2)
    server.faults.append(Status(401, body="{credentials}", times=None))
    file = tmp_path / "cassette.json"
    live = connector.run(*connector.read_arguments(), "--record", str(file))
    output = replayed(file, tmp_path)
    assert live.exit_code == output.exit_code == 1
    assert [error["failure_type"] for error in live.errors] == [error["failure_type"] for error in output.errors]
    secrets = [str(connector.config[name]) for name in connector.secret_names]
    assert [form for secret in secrets for form in spellings(secret) if form in file.read_text()] == []


def test_a_request_that_was_not_recorded_is_refused(tmp_path: Path) -> None:
    path = CASSETTES[0]
    cassette = Cassette(path)
    with serve(cassette) as server:
        config = cassette.configs(server.origin)["default"] | {"start_date": "2020-01-01"}
        output = InsideConnector(cassette.content["connector"], config, tmp_path).read()
    assert output.exit_code == 1
    assert cassette.unknown


def test_a_cassette_that_cannot_be_written_ends_the_read_before_it_begins(start: Start, tmp_path: Path) -> None:
    connector, server = start(inside=True, sessions=2, days=2)
    output = connector.run(*connector.read_arguments(), "--record", str(tmp_path / "missing" / "cassette.json"))
    assert output.exit_code == 1
    assert "cannot be written" in output.errors[0]["message"]
    assert server.count == 0
