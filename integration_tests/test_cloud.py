"""Manifests for Airbyte Cloud: generated from the connectors, and run by the CDK, they read the same records."""

import copy
import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.declarative.interpolation.interpolated_string import InterpolatedString
from sandbox_server.vendor import ROOT, vendor_names
from session_source import Integer, Moment, Number, Stream, Text
from session_source.api.columns import Column

from integration_tests import cloud
from integration_tests.connector import Connector, Json, expected
from integration_tests.declarative import FOLDERS, InsideManifest, ManifestConnector
from integration_tests.inside import source_class
from release import manifests
from release.expressions import expression

COLUMNS = (
    "session_id",
    "user_id",
    "started_at",
    "ended_at",
    "duration_seconds",
    "country_code",
    "app_platform",
    "page_count",
)
"""The columns of every session, whatever the vendor."""


def test_each_connector_has_a_page_about_airbyte_cloud_and_most_have_a_manifest() -> None:
    assert [folder for folder in vendor_names() if not (ROOT / folder / "CLOUD.md").exists()] == []
    assert [path.parent.name for path, _ in manifests.manifests()] == FOLDERS


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_manifest_is_what_the_connector_and_cloud_yaml_say(folder: str) -> None:
    assert (ROOT / folder / "manifest.yaml").read_text() == manifests.text_of(folder), "run `make manifests`"


class WithMore(Stream):
    """A stream with one more column in its schema."""

    def json_schema(self, package: str) -> dict[str, Any]:
        schema = super().json_schema(package)
        return {**schema, "properties": {**schema["properties"], "more": {"type": ["null", "string"]}}}


def with_more(stream: Stream) -> Stream:
    return WithMore(**{field.name: getattr(stream, field.name) for field in dataclasses.fields(stream)})


def with_another_key(stream: Stream) -> Stream:
    return dataclasses.replace(stream, key=(*stream.key, "app_platform"))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("change", [with_more, with_another_key])
def test_a_changed_schema_or_key_changes_the_manifest(folder: str, change: Callable[[Stream], Stream]) -> None:
    written = yaml.safe_load((ROOT / folder / "cloud.yaml").read_bytes())
    source = manifests.source_of(folder)
    before = manifests.Manifest(source, written).build()
    endpoints = source.endpoints(written["example"])
    for number, endpoint in enumerate(endpoints):
        changed = copy.copy(endpoint)
        vars(changed)["streams"] = tuple(map(change, endpoint.streams))
        others = copy.copy(source)
        vars(others)["endpoints"] = lambda _, found=[*endpoints[:number], changed, *endpoints[number + 1 :]]: found
        assert manifests.Manifest(others, written).build() != before


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_manifest_reads_the_same_records_as_the_connector(folder: str) -> None:
    name = cloud.config_name(folder)
    with cloud.pair(folder, name) as (one, server):
        streams = list(one.manifest.streams)
        read, others = one.connector.read(*streams), one.manifest.read()
        assert others.exit_code == 0, others.log
        for stream in streams:
            key = one.connector.key(stream)
            assert one.manifest.key(stream) == key
            assert sorted(others.keys(stream, key)) == sorted(expected(server, name)[stream])
            assert by_key(others.records.get(stream, []), key) == by_key(read.records.get(stream, []), key)
        assert set(COLUMNS) <= set(one.manifest.streams["sessions"]["json_schema"]["properties"])


def by_key(records: list[Json], key: list[str]) -> dict[tuple[Any, ...], Json]:
    """The records by their keys. A field that is null is like one that is missing."""
    return {
        tuple(record[part] for part in key): {name: value for name, value in record.items() if value is not None}
        for record in records
    }


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_second_sync_of_a_manifest_reads_what_is_new(folder: str) -> None:
    name = cloud.config_name(folder)
    with cloud.pair(folder, name) as (one, server):
        first = one.manifest.read()
        server.vendor.grow(10)
        second = one.manifest.read(state=first.state)
        assert (first.exit_code, second.exit_code) == (0, 0), second.log
        for stream, keys in expected(server, name).items():
            if stream in one.manifest.streams:
                key = one.manifest.key(stream)
                assert set(keys) <= {*first.keys(stream, key), *second.keys(stream, key)}


@pytest.mark.parametrize("folder", FOLDERS)
def test_refused_credentials_are_a_config_error_with_the_connectors_hint(folder: str) -> None:
    name = cloud.config_name(folder)
    with cloud.pair(folder, name) as (one, _):
        secrets = dict.fromkeys(one.connector.secret_names, "wrong")
        wrong = InsideManifest(folder, {**one.manifest.config, **secrets}, one.manifest.place)
        (status,) = wrong.run("check").of_type("CONNECTION_STATUS")
        assert status["status"] == "FAILED"
        assert source_class(folder).credentials_hint[:40] in status["message"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_cdk_accepts_a_manifest_and_reads_its_spec(folder: str) -> None:
    manifest = yaml.safe_load((ROOT / folder / "manifest.yaml").read_bytes())
    source = ConcurrentDeclarativeSource(source_config=manifest, config={}, catalog=None, state=None)
    specification = source.spec(logging.getLogger("airbyte")).connectionSpecification
    assert {"start_date", "lookback_window_days"} <= set(specification["properties"])
    secrets = {name for name, part in specification["properties"].items() if part.get("airbyte_secret")}
    assert secrets <= set(specification["required"])


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_airbytes_runner_takes_a_manifest(folder: str, tmp_path: Path) -> None:
    name = cloud.config_name(folder)
    with cloud.pair(folder, name, sessions=40, days=3) as (one, server):
        runner: Connector = ManifestConnector(folder, one.manifest.config, tmp_path)
        (status,) = runner.run("check").of_type("CONNECTION_STATUS")
        assert status["status"] == "SUCCEEDED"
        output = runner.read()
        assert output.exit_code == 0, output.stderr
        for stream in runner.streams:
            assert set(output.keys(stream, runner.key(stream))) == set(expected(server, name)[stream])


@pytest.mark.long
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_page_lists_the_differences_that_a_comparison_finds(folder: str) -> None:
    assert (ROOT / folder / "CLOUD.md").read_text() == cloud.page(folder, cloud.compare(folder)), (
        "run `make manifests`"
    )


@pytest.mark.parametrize(
    ("column", "row"),
    [
        (Text("a"), {"a": "text"}),
        (Text("a"), {"a": "'quoted'"}),
        (Text("a"), {"a": '[1, "x"]'}),
        (Text("a"), {"a": "12"}),
        (Text("a"), {"a": 12}),
        (Text("a"), {"a": "None"}),
        (Text("a"), {"a": "😀 {{ x }}"}),
        (Text("a"), {"a": ""}),
        (Text("a", "b"), {}),
        (Text("a", "b"), {"a": None}),
        (Text("a", "b"), {"a": {"b": "x"}}),
        (Number("a", per=1000), {"a": 1234}),
        (Number("a", per=1000), {"a": "1234"}),
        (Number("a"), {"a": 0}),
        (Number("a"), {"a": None}),
        (Integer("a"), {"a": "7"}),
        (Integer("a"), {"a": 2**60}),
        (Moment("a"), {"a": "2026-01-31T08:00:00+02:00"}),
        (Moment("a"), {"a": "2026-01-31T08:00:00.125Z"}),
        (Moment("a", per_second=1000), {"a": 1_700_000_000_123}),
        (Moment("a", per_second=1, plus=Number("b", per=1000)), {"a": 1_700_000_000, "b": 1500}),
        (Moment("a", per_second=1, plus=Number("b")), {"a": 1_700_000_000}),
    ],
)
def test_an_expression_gives_what_the_column_reads(column: Column, row: dict[str, Any]) -> None:
    written = InterpolatedString.create(expression(column), parameters={})
    assert written.eval({}, record=row) == column(row)
