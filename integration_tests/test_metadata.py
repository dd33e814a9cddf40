"""metadata.yaml, and the files that it names."""

import copy
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest
import yaml
from sandbox_server import load_vendor, main_configs, serve

from integration_tests.clock import Clock
from integration_tests.inside import InsideConnector, source_class
from release.distributions import ROOT, Distribution, connectors

CONNECTORS = connectors()
WHY = "**Why this matters:**"
BY_NAME = pytest.mark.parametrize("connector", CONNECTORS, ids=[one.name for one in CONNECTORS])


def validate(metadata: dict[str, Any]) -> None:
    models = pytest.importorskip(
        "airbyte_connector_models.metadata.v0.connector_metadata_definition_v0",
        reason="it needs Python below 3.13",
    )
    models.ConnectorMetadataDefinitionV0.model_validate(metadata)


def whole(connector: Distribution) -> dict[str, Any]:
    return dict(yaml.safe_load((connector.folder / "metadata.yaml").read_text()))


@BY_NAME
def test_metadata_passes_airbytes_published_model(connector: Distribution) -> None:
    validate(whole(connector))


def test_the_model_rejects_unknown_and_missing_fields() -> None:
    for change in ({"dockerImageTags": "0.1.0"}, {"definitionId": None}, {"supportLevel": "best"}):
        wrong = copy.deepcopy(whole(CONNECTORS[0]))
        wrong["data"].update(change)
        with pytest.raises(ValueError, match=next(iter(change))):
            validate(wrong)


@BY_NAME
def test_suggested_streams_exist_and_none_costs_a_request_per_session(
    connector: Distribution, tmp_path: Path
) -> None:
    suggested = connector.metadata["suggestedStreams"]["streams"]
    assert "sessions" in suggested
    listed: set[str] = set()
    clock = Clock()
    with serve(load_vendor(connector.name, sessions=100, days=2, now=clock)) as server:
        for config in main_configs(server.vendor, server.origin).values():
            one = InsideConnector(connector.name, config, tmp_path, clock=clock)
            server.clear()
            assert one.read(*(name for name in suggested if name in one.streams)).exit_code == 0
            assert server.count < 50
            listed |= set(one.streams)
    assert set(suggested) <= listed


@BY_NAME
def test_the_platforms_timeout_exceeds_the_longest_silence_of_the_connector(connector: Distribution) -> None:
    source = source_class(connector.name)()
    longest = source.spec(None).connectionSpecification["properties"]["max_waiting_time"]["maximum"]
    retry_policy = source.retry_policy()
    silent = longest * 60 + retry_policy.outage + retry_policy.total
    assert silent < connector.metadata["maxSecondsBetweenMessages"] < 2 * silent


@BY_NAME
def test_the_test_suites_in_the_metadata_exist(connector: Distribution) -> None:
    places = {"unitTests": "unit_tests", "acceptanceTests": "acceptance-test-config.yml"}
    suites = [option["suite"] for option in connector.metadata["connectorTestSuitesOptions"]]
    assert suites == list(places)
    assert [suite for suite in suites if not (connector.folder / places[suite]).exists()] == []


@BY_NAME
def test_documentation_links_are_unique_and_point_to_the_vendor(connector: Distribution) -> None:
    links = [link["url"] for link in connector.metadata["externalDocumentationUrls"]]
    vendor = connector.name.removeprefix("source-")
    assert len(set(links)) == len(links) > 0
    assert [link for link in links if vendor not in str(urlsplit(link).hostname)] == []


@BY_NAME
def test_agents_md_explains_each_behaviour_and_names_real_files(connector: Distribution) -> None:
    text = (connector.folder / "AGENTS.md").read_text()
    parts = re.split(r"^## (\d+)\. .+$", text, flags=re.MULTILINE)
    assert parts[1::2] == [str(number) for number in range(1, len(parts) // 2 + 1)]
    assert len(parts) > 8
    assert [number for number, part in zip(parts[1::2], parts[2::2], strict=True) if part.count(WHY) != 1] == []
    files = set(re.findall(r"`([\w/-]+\.\w+)`", text)) | set(re.findall(r"\]\(([^)#]+)\)", text))
    assert [name for name in files if "/" in name and not (connector.folder / name).exists()] == []


@BY_NAME
def test_allowed_hosts_are_the_hosts_that_the_connector_calls(connector: Distribution) -> None:
    source = source_class(connector.name)()
    configs = load_vendor(connector.name, sessions=2, days=2).configs("http://127.0.0.1:1").values()
    asked = {urlsplit(source.base_url(config)).hostname for config in configs}
    assert set(connector.metadata["allowedHosts"]["hosts"]) == asked


@BY_NAME
def test_the_base_image_matches_the_dockerfile(connector: Distribution) -> None:
    (base,) = re.findall(r"^ARG BASE_IMAGE=(.*)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert connector.metadata["connectorBuildOptions"]["baseImage"] == base


@BY_NAME
def test_the_icon_is_square_and_self_contained(connector: Distribution) -> None:
    icon = Path(connector.folder / connector.metadata["icon"])
    drawing = ET.fromstring(icon.read_text())  # noqa: S314 - our own file
    left, top, width, height = map(float, drawing.attrib["viewBox"].split())
    assert (left, top, width) == (0, 0, height)
    assert drawing.attrib["width"] == drawing.attrib["height"]
    assert {element.tag.rpartition("}")[2] for element in drawing.iter()} <= {"svg", "rect", "circle", "path", "g"}
