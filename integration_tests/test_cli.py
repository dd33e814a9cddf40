"""The command line: arguments, usage, exit codes, warnings."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import load_vendor, refused_origin, serve, vendor_names
from session_source.airbyte import cli

from integration_tests import forked
from integration_tests.clock import Clock
from integration_tests.conftest import cases
from integration_tests.connector import Output, expected
from integration_tests.forked import ForkedConnector
from integration_tests.inside import InsideConnector

FOLDER, CONFIG = cases(every=False)[0]


def run(place: Path, *words: str) -> Output:
    return forked.run(FOLDER, list(words), place)


def config_file(place: Path, **changes: Any) -> str:
    vendor = load_vendor(FOLDER, sessions=1, days=1)
    path = place / "config.json"
    path.write_text(json.dumps(vendor.configs(refused_origin())[CONFIG] | changes))
    return str(path)


def streams(place: Path) -> list[str]:
    vendor = load_vendor(FOLDER, sessions=1, days=1)
    return list(InsideConnector(FOLDER, vendor.configs(refused_origin())[CONFIG], place).streams)


@pytest.mark.parametrize("words", [[], ["raed"], ["read"], ["check", "--confg", "x"]])
def test_an_unknown_command_prints_the_usage_and_exits_with_2(tmp_path: Path, words: list[str]) -> None:
    done = run(tmp_path, *words)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"usage: {FOLDER}")
    assert done.stdout == ""


def test_version_prints_the_version_of_the_package(tmp_path: Path) -> None:
    assert run(tmp_path, "--version").stdout == f"{FOLDER} {version(FOLDER)}\n"


def test_help_lists_every_command_and_only_options_with_an_effect(tmp_path: Path) -> None:
    printed = run(tmp_path, "--help").stdout
    assert all(command in printed for command in ("spec", "check", "discover", "catalog", "read"))
    printed = run(tmp_path, "read", "--help").stdout
    assert all(option in printed for option in ("--config", "--catalog", "--state"))
    assert "manifest" not in printed


def test_catalog_prints_a_file_for_read(tmp_path: Path) -> None:
    *_, one, other = streams(tmp_path)
    done = run(tmp_path, "catalog", "--config", config_file(tmp_path, end_dat=""), "--streams", f"{other}, {one}")
    assert done.exit_code == 0
    chosen = json.loads(done.stdout)["streams"]
    assert [stream["stream"]["name"] for stream in chosen] == [other, one]
    assert {stream["sync_mode"] for stream in chosen} == {"incremental"}
    assert "end_dat" in done.stderr


def test_catalog_lists_the_streams_on_stderr_if_one_does_not_exist(tmp_path: Path) -> None:
    done = run(tmp_path, "catalog", "--config", config_file(tmp_path), "--streams", "sesions")
    assert done.exit_code == 1
    assert done.stdout == ""
    names = ", ".join(streams(tmp_path))
    assert done.stderr.endswith(f"There is no stream sesions. Choose from {names}.\n")


@pytest.mark.parametrize("folder", vendor_names())
def test_read_accepts_the_output_of_discover_and_of_an_earlier_read(folder: str, tmp_path: Path) -> None:
    clock = Clock()
    with serve(load_vendor(folder, sessions=30, days=5, now=clock)) as server:
        name, config = next(iter(server.vendor.configs(server.origin).items()))
        connector = ForkedConnector(folder, config | {"lookback_window_days": 0}, tmp_path, clock=clock)
        (tmp_path / "discovered").write_text(connector.run("discover").stdout)
        first = connector.run("read", "--catalog", str(tmp_path / "discovered"))
        keys = expected(server, name)
        assert {stream: len(set(first.keys(stream, connector.key(stream)))) for stream in keys} == {
            stream: len(set(found)) for stream, found in keys.items()
        }
        (tmp_path / "printed").write_text(first.stdout)
        arguments = ["--catalog", str(tmp_path / "discovered"), "--state", str(tmp_path / "printed")]
        again = connector.run("read", *arguments)
        assert again.exit_code == 0, again.stdout
        assert starts(again) == starts(first)
        assert len(again.records.get("sessions", [])) < len(first.records["sessions"])


def starts(output: Output) -> str:
    """Return the start of the finished time, which the second read knows from the first."""
    return min(part.split('"')[0] for part in json.dumps(output.states).split('"start": "')[1:])


SPEC = {
    "properties": {
        "start_date": {},
        "end_date": {},
        "api": {
            "oneOf": [
                {"properties": {"version": {"const": "v1"}, "filters": {"items": {"properties": {"field": {}}}}}},
                {"properties": {"version": {"const": "v2"}, "requests_per_hour": {}, "filters": {}}},
            ]
        },
        "search": {"type": "object"},
    }
}


@pytest.mark.parametrize(
    ("config", "warnings"),
    [
        ({"start_date": 1, "api": {"version": "v2", "filters": []}, "search": {"anything": 1}, "_limit": 3}, []),
        ({"end_dat": 1}, ["Unknown configuration key end_dat: did you mean end_date?"]),
        ({"filters": []}, ["Unknown configuration key filters: did you mean api.filters?"]),
        (
            {"api": {"version": "v1", "requests_per_hour": 5}},
            ["Unknown configuration key api.requests_per_hour: it belongs to another choice of api."],
        ),
        (
            {"api": {"version": "v1", "filters": [{"feild": 1}]}},
            ["Unknown configuration key api.filters.feild: did you mean api.filters.field?"],
        ),
        ({"zzz": 1}, ["Unknown configuration key zzz: the spec lists all keys."]),
    ],
)
def test_unknown_keys_are_reported_with_a_suggestion(config: Any, warnings: list[str]) -> None:
    assert list(cli.unknown_keys(SPEC, config)) == warnings


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_a_misspelled_key_is_a_warning_in_the_log(command: str, tmp_path: Path) -> None:
    config = config_file(tmp_path, end_dat="2026-01-01")
    (tmp_path / "catalog.json").write_text('{"streams": []}')
    more = ["--catalog", str(tmp_path / "catalog.json")] if command == "read" else []
    done = run(tmp_path, command, "--config", config, *more)
    logs = [json.loads(line)["log"] for line in done.stdout.splitlines() if '"LOG"' in line]
    assert {
        "level": "WARN",
        "message": "Unknown configuration key end_dat: did you mean end_date?",
    } in logs


def test_a_misspelled_required_key_is_in_the_error_with_the_key_that_was_meant(tmp_path: Path) -> None:
    vendor = load_vendor(FOLDER, sessions=1, days=1)
    config = vendor.configs(refused_origin())[CONFIG]
    config["start_dat"] = config.pop("start_date")
    (tmp_path / "config.json").write_text(json.dumps(config))
    (error,) = run(tmp_path, "discover", "--config", str(tmp_path / "config.json")).errors
    assert error["message"] == (
        "start_date is missing. Unknown configuration key start_dat: did you mean start_date? "
        "The connector's spec describes every property."
    )


@pytest.mark.parametrize("folder", vendor_names())
def test_no_config_of_a_sandbox_has_an_unknown_key(folder: str, tmp_path: Path) -> None:
    vendor = load_vendor(folder, sessions=1, days=1)
    for config in vendor.configs(refused_origin()).values():
        connector = InsideConnector(folder, config, tmp_path)
        assert list(cli.unknown_keys(connector.specification, config)) == []
