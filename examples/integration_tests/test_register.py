"""register.py as its users run it, against a stand-in that knows only what Airbyte documents."""

import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sandbox_server import load_vendor, main_configs, refused_origin, vendor_names

from examples.integration_tests.airbyte import API, CLIENT, DESTINATION, PUBLIC, WORKSPACE, Airbyte
from integration_tests.inside import InsideConnector

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "airbyte" / "register.py"
EXAMPLE = SCRIPT.with_name("plan.toml")

PLAN = """
[definitions.source-uxcam]
name = "UXCam"
repository = "registry.example.com/source-uxcam"
tag = "0.1.0"
documentation = "https://example.com"

[definitions.source-devrev]
name = "DevRev"
repository = "registry.example.com/source-devrev"
tag = "0.1.0"
documentation = "https://example.com"

[[connections]]
name = "Shop"
definition = "source-uxcam"
config = "config.json"
streams = ["sessions", "events"]
prefix = "shop_"
cron = "0 5 * * * ?"
"""
CONFIG = {"app_id": "an app", "api_key": "k3y/ü \"of'ours", "start_date": "2026-01-01"}
STREAMS = {
    "source-uxcam": {
        "sessions": ["full_refresh_overwrite", "incremental_append", "incremental_deduped_history"],
        "events": ["full_refresh_overwrite", "incremental_append"],
        "websites": ["full_refresh_overwrite"],
        "odd": ["full_refresh_append"],
    }
}


@pytest.fixture
def airbyte() -> Iterator[Airbyte]:
    with Airbyte(secrets={"api_key"}, streams=STREAMS) as serving:
        yield serving


class Run:
    """A folder with a plan and its config, in which register.py is run."""

    def __init__(self, place: Path, airbyte: Airbyte) -> None:
        self.plan = place / "plan.toml"
        self.config = place / "config.json"
        self.plan.write_text(PLAN)
        self.config.write_text(json.dumps(CONFIG))
        self.url = airbyte.url
        self.environment = {f"AIRBYTE_{name.upper()}": value for name, value in CLIENT.items()}

    def change(self, old: str, new: str) -> None:
        assert old in self.plan.read_text()
        self.plan.write_text(self.plan.read_text().replace(old, new))

    def __call__(
        self, *options: str, destination: str = DESTINATION, workspace: str = WORKSPACE
    ) -> tuple[int, str]:
        command = [sys.executable, str(SCRIPT), str(self.plan), "--api", self.url, "--workspace", workspace]
        environment = {"PATH": os.environ["PATH"]} | self.environment
        done = subprocess.run(  # noqa: S603
            [*command, "--destination", destination, *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        for secret in (CLIENT["client_secret"], "k3y", "token-"):
            assert secret not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def run(tmp_path: Path, airbyte: Airbyte) -> Run:
    return Run(tmp_path, airbyte)


def test_everything_is_made_once_and_a_second_run_changes_nothing(run: Run, airbyte: Airbyte) -> None:
    status, printed = run()
    assert (status, airbyte.writes) == (
        0,
        [
            "POST /workspaces/{workspaceId}/definitions/sources",
            "POST /workspaces/{workspaceId}/definitions/sources",
            "POST /sources",
            "POST /connections",
        ],
    ), printed
    (source,) = airbyte.sources
    (connection,) = airbyte.connections
    assert source["configuration"] == CONFIG
    assert source["definitionId"] == airbyte.definitions[1]["id"]
    assert connection["sourceId"] == source["sourceId"]
    assert connection["prefix"] == "shop_"
    assert connection["schedule"] == {"scheduleType": "cron", "cronExpression": "0 5 * * * ?"}
    assert connection["configurations"]["streams"] == [
        {"name": "sessions", "syncMode": "incremental_deduped_history"},
        {"name": "events", "syncMode": "incremental_append"},
    ]
    airbyte.writes.clear()
    status, printed = run()
    assert (status, airbyte.writes) == (0, [])
    assert printed.splitlines() == [
        "definition  UXCam: unchanged, registry.example.com/source-uxcam:0.1.0",
        "definition  DevRev: unchanged, registry.example.com/source-devrev:0.1.0",
        "source      Shop: unchanged",
        "connection  Shop: unchanged",
    ]


def test_a_new_tag_updates_its_definition_and_asks_for_its_streams_anew(run: Run, airbyte: Airbyte) -> None:
    run()
    airbyte.writes.clear()
    airbyte.lookups.clear()
    run.change('source-uxcam"\ntag = "0.1.0"', 'source-uxcam"\ntag = "0.2.0"')
    _, printed = run()
    assert airbyte.writes == ["PUT /workspaces/{workspaceId}/definitions/sources/{definitionId}"]
    assert [(d["name"], d["dockerImageTag"]) for d in airbyte.definitions[1:]] == [
        ("UXCam", "0.2.0"),
        ("DevRev", "0.1.0"),
    ]
    assert [lookup["ignoreCache"] for lookup in airbyte.lookups] == ["true"]
    assert "updated from 0.1.0 to registry.example.com/source-uxcam:0.2.0" in printed


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("0 5 * * * ?", "0 5 2 * * ? Europe/Berlin", "schedule"),
        ('"sessions", "events"', '"sessions", "websites"', "configurations"),
        ("shop_", "web_", "prefix"),
    ],
)
def test_a_change_of_the_plan_changes_that_of_the_connection(
    old: str, new: str, changed: str, run: Run, airbyte: Airbyte
) -> None:
    run()
    before = dict(airbyte.connections[0])
    airbyte.writes.clear()
    run.change(old, new)
    _, printed = run()
    assert airbyte.writes == ["PATCH /connections/{connectionId}"]
    assert {key for key, value in airbyte.connections[0].items() if value != before[key]} == {changed}
    assert f"connection  Shop: updated: {changed}\n" in printed
    airbyte.writes.clear()
    run()
    assert airbyte.writes == []


def test_a_changed_config_is_written_and_a_changed_secret_on_request(run: Run, airbyte: Airbyte) -> None:
    run()
    airbyte.writes.clear()
    run.config.write_text(json.dumps(CONFIG | {"start_date": "2025-01-01"}))
    run()
    assert airbyte.writes == ["PUT /sources/{sourceId}"]
    assert airbyte.sources[0]["configuration"]["start_date"] == "2025-01-01"
    airbyte.writes.clear()
    run.config.write_text(json.dumps(CONFIG | {"start_date": "2025-01-01", "api_key": "another key"}))
    run()
    assert airbyte.writes == []
    run("--update-secrets")
    assert airbyte.writes == ["PUT /sources/{sourceId}"]
    assert airbyte.sources[0]["configuration"]["api_key"] == "another key"


def test_a_connection_that_was_paused_stays_so(run: Run, airbyte: Airbyte) -> None:
    run()
    airbyte.connections[0]["status"] = "inactive"
    run.change("shop_", "web_")
    run()
    assert airbyte.connections[0]["prefix"] == "web_"
    assert airbyte.connections[0]["status"] == "inactive"


def test_a_token_that_expires_is_renewed(run: Run, airbyte: Airbyte) -> None:
    airbyte.token_uses = 2
    status, printed = run()
    assert status == 0, printed
    assert len(airbyte.tokens) > 2


def test_a_source_on_a_later_page_is_found(run: Run, airbyte: Airbyte) -> None:
    run()
    other = airbyte.sources[0] | {"name": "another"}
    airbyte.sources[:0] = [other] * 250
    airbyte.writes.clear()
    run()
    assert airbyte.writes == []


def test_what_airbyte_repeats_of_a_config_is_hidden(run: Run, airbyte: Airbyte) -> None:
    airbyte.talkative = True
    status, printed = run()
    assert status == 1
    assert "Airbyte refused POST /sources (422): not valid: ['***', " in printed


def test_errors_say_how_to_fix_them(run: Run) -> None:
    def says(text: str, **arguments: str) -> None:
        status, printed = run(**arguments)
        assert status == 1
        assert text in printed

    says("(403): no access to workspace", workspace=DESTINATION)
    says("needs to be an editor of the workspace", workspace=DESTINATION)
    says("Check --workspace, --destination and --api", destination=WORKSPACE)
    run.change('"events"', '"evnts"')
    says("Shop has no stream evnts; it has sessions, events, websites, odd.")
    run.change('"evnts"', '"odd"')
    says("The destination supports none of the modes incremental_deduped_history, ")
    run.change('"odd"', '"events"')
    run.change("0 5 * * * ?", "5 * * * *")
    says("Airbyte refused POST /connections (400): Invalid cron expression in the schedule.")
    run.change('cron = "5 * * * *"', "")
    says("In the plan, one of connections lacks cron")
    run.config.unlink()
    run.change('prefix = "shop_"', 'prefix = "shop_"\ncron = "0 5 * * * ?"')
    says("config.json cannot be read: No such file or directory.")
    run.config.write_text("{")
    says("config.json is not JSON.")
    run.change('definition = "source-uxcam"', 'definition = "source-inspectlet"')
    says("The plan has no [definitions.source-inspectlet].")
    run.plan.write_text("[definitions")
    says("plan.toml cannot be read: ")


def test_two_connections_may_not_write_the_same_tables(run: Run, airbyte: Airbyte) -> None:
    run.plan.write_text(PLAN + PLAN[PLAN.index("[[connections]]") :].replace("Shop", "Other"))
    status, printed = run()
    assert status == 1
    assert "Several connections have the prefix shop_." in printed
    assert airbyte.writes == []


def test_a_definition_of_another_repository_is_not_taken_for_ours(run: Run, airbyte: Airbyte) -> None:
    airbyte.definitions.append(PUBLIC | {"name": "UXCam"})
    status, printed = run()
    assert status == 1
    assert "There is another definition with the name UXCam." in printed
    assert airbyte.writes == []


def test_credentials_and_the_address_are_checked_first(run: Run) -> None:
    run.environment["AIRBYTE_CLIENT_ID"] = "another"
    assert "refused AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET" in run()[1]
    run.url = refused_origin()
    assert run() == (1, f"Airbyte cannot be reached at {run.url}. Check --api and the network.\n")
    del run.environment["AIRBYTE_CLIENT_SECRET"]
    assert run()[1].startswith("AIRBYTE_CLIENT_SECRET is not set.")


def test_the_example_plan_registers_every_connector_with_streams_that_it_has(tmp_path: Path) -> None:
    streams, secrets = {}, set()
    (tmp_path / "secrets").mkdir()
    for folder in vendor_names():
        vendor = load_vendor(folder, sessions=2, days=2)
        config = {"source-uxcam": "data_access_v2"}.get(folder, next(iter(main_configs(vendor, ""))))
        connector = InsideConnector(folder, vendor.configs("http://127.0.0.1:1")[config], tmp_path)
        streams[folder] = {
            name: ["full_refresh_overwrite"]
            + ["incremental_deduped_history"] * ("incremental" in stream["supported_sync_modes"])
            for name, stream in connector.streams.items()
        }
        properties = connector.specification["properties"]
        secrets |= {name for name, declared in properties.items() if declared.get("airbyte_secret")}
        (tmp_path / "secrets" / f"{vendor.name}.json").write_text(json.dumps(connector.config))
    with Airbyte(secrets=secrets, streams=streams) as airbyte:
        run = Run(tmp_path, airbyte)
        run.plan.write_text(EXAMPLE.read_text())
        status, printed = run()
        assert status == 0, printed
        assert len(airbyte.connections) == len(streams)
        modes = {
            stream["name"]: stream["syncMode"]
            for connection in airbyte.connections
            for stream in connection["configurations"]["streams"]
        }
        assert {name for name, mode in modes.items() if mode == "full_refresh_overwrite"} == {
            name for found in streams.values() for name, offered in found.items() if len(offered) == 1
        }
        airbyte.writes.clear()
        run()
        assert airbyte.writes == []


@pytest.mark.parametrize("folder", vendor_names())
def test_the_example_plan_and_a_connectors_metadata_agree(folder: str) -> None:
    metadata = yaml.safe_load((ROOT / folder / "metadata.yaml").read_text())["data"]
    definitions = tomllib.loads(EXAMPLE.read_text())["definitions"]
    assert folder in definitions, f"{EXAMPLE.relative_to(ROOT)} has no [definitions.{folder}]"
    assert definitions[folder] == {
        "name": metadata["name"],
        "repository": metadata["dockerRepository"],
        "tag": metadata["dockerImageTag"],
        "documentation": metadata["documentationUrl"],
    }


@pytest.mark.parametrize(
    "shape", [shape for shape in API["bodies"].values() if "sdk" in shape], ids=lambda s: s["sdk"]
)
def test_the_stand_in_knows_the_fields_that_airbytes_sdk_knows(shape: Json) -> None:
    models = pytest.importorskip(
        "airbyte_api.models", reason="PyAirbyte, which brings it, needs Python 3.11 or 3.12"
    )
    fields = dataclasses.fields(getattr(models, shape["sdk"]))
    names = {field.metadata["dataclasses_json"]["letter_case"](None): field for field in fields}
    assert set(shape["properties"]) <= set(names)
    required = {
        name for name, field in names.items() if field.default is field.default_factory is dataclasses.MISSING
    }
    assert set(shape["required"]) == required


def test_airbytes_sdk_understands_the_stand_in(run: Run, airbyte: Airbyte) -> None:
    airbyte_api = pytest.importorskip(
        "airbyte_api", reason="PyAirbyte, which brings it, needs Python 3.11 or 3.12"
    )
    run()
    token = next(iter(airbyte.tokens))
    sdk = airbyte_api.AirbyteAPI(server_url=airbyte.url, security=airbyte_api.models.Security(bearer_auth=token))
    listed = sdk.connections.list_connections(airbyte_api.api.ListConnectionsRequest(workspace_ids=[WORKSPACE]))
    (connection,) = listed.connections_response.data
    assert (connection.name, connection.schedule.cron_expression) == ("Shop", "0 5 * * * ? UTC")
    sources = sdk.sources.list_sources(airbyte_api.api.ListSourcesRequest(workspace_ids=[WORKSPACE]))
    assert [source.name for source in sources.sources_response.data] == ["Shop"]
