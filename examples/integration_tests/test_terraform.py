"""The Terraform example: its attributes against the provider's documentation, its expressions by Terraform itself.

The provider is not downloaded. So Terraform evaluates a copy in which its own ``terraform_data`` stands for the
provider's resources.
"""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).resolve().parents[1] / "airbyte" / "terraform"
PLAN = FOLDER.with_name("plan.toml")

# What https://github.com/airbytehq/terraform-provider-airbyte/tree/main/docs/resources says of each resource: the
# attributes that are required, and those that are optional. One within another has a dot.
DOCUMENTED: dict[str, tuple[set[str], set[str]]] = {
    "airbyte_source_definition": (
        {"workspace_id", "name", "docker_repository", "docker_image_tag"},
        {"documentation_url"},
    ),
    "airbyte_source": ({"workspace_id", "name", "configuration"}, {"definition_id", "secret_id"}),
    "airbyte_connection": (
        {"source_id", "destination_id"},
        {
            "name",
            "prefix",
            "namespace_definition",
            "namespace_format",
            "non_breaking_schema_updates_behavior",
            "schedule",
            "schedule.schedule_type",
            "schedule.cron_expression",
            "configurations",
            "configurations.streams",
            "status",
        },
    ),
}
STREAM = {"name", "sync_mode", "cursor_field", "primary_key", "selected_fields", "mappers"}
GIVEN = {"airbyte_source_definition": "id", "airbyte_source": "source_id"}
PROVIDER = {"server_url", "token_url", "client_id", "client_secret", "bearer_auth", "username", "password"}

terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")


def blocks(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = hcl2.loads((FOLDER / name).read_text())
    return parsed


def plain(name: str) -> str:
    """Take the quotes off, in which the parser leaves labels."""
    return name.strip('"')


def paths(value: object, before: str = "") -> set[str]:
    """Name every attribute of a block, those of objects in it with dots."""
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, inner in value.items():
        if not key.startswith("__"):
            found |= {before + key} | paths(inner, f"{before}{key}.")
    return found


def resources() -> dict[str, dict[str, Any]]:
    return {
        plain(kind): next(iter(named.values()))
        for block in blocks("main.tf")["resource"]
        for kind, named in block.items()
    }


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_a_resource_has_the_attributes_that_its_page_documents(kind: str) -> None:
    required, optional = DOCUMENTED[kind]
    used = paths(resources()[kind]) - {"for_each"}
    assert required <= used <= required | optional


def test_there_is_no_resource_whose_page_was_not_read() -> None:
    assert set(resources()) == set(DOCUMENTED)
    text = (FOLDER / "main.tf").read_text()
    references = re.findall(r"\b(airbyte_\w+)\.session\[each\.key\]\.(\w+)", text)
    assert dict(references) == GIVEN


def test_the_provider_gets_its_secrets_from_sensitive_variables() -> None:
    (provider,) = blocks("main.tf")["provider"]
    settings = next(iter(provider.values()))
    assert paths(settings) <= PROVIDER
    variables = {plain(name): body for block in blocks("variables.tf")["variable"] for name, body in block.items()}
    sensitive = {name for name, body in variables.items() if body.get("sensitive")}
    assert sensitive == {"airbyte_client_id", "airbyte_client_secret", "configs"}
    assert not [name for name in sensitive if "default" in variables[name]]


@terraform
def test_it_is_formatted() -> None:
    run("fmt", "-check", "-diff", place=FOLDER)


@terraform
def test_it_makes_what_the_scripts_plan_makes(tmp_path: Path) -> None:
    plan = tomllib.loads(PLAN.read_text())
    vendors = {wanted["definition"].removeprefix("source-"): wanted for wanted in plan["connections"]}
    made = apply(tmp_path, {vendor: json.dumps({"of": vendor}) for vendor in vendors})
    for vendor, wanted in vendors.items():
        definition = plan["definitions"][f"source-{vendor}"]
        assert made["source_definition"][vendor] == {
            "workspace_id": "a workspace",
            "name": definition["name"],
            "docker_repository": definition["repository"],
            "docker_image_tag": definition["tag"],
            "documentation_url": definition["documentation"],
        }
        assert json.loads(made["source"][vendor]["configuration"]) == {"of": vendor}
        connection = made["connection"][vendor]
        assert connection["prefix"] == wanted["prefix"]
        assert connection["schedule"] == {"schedule_type": "cron", "cron_expression": wanted["cron"]}
        assert all(stream.keys() <= STREAM for stream in connection["configurations"]["streams"])
        streams = {stream["name"]: stream["sync_mode"] for stream in connection["configurations"]["streams"]}
        assert list(streams) == wanted["streams"]
        assert {name for name, mode in streams.items() if mode == "full_refresh_overwrite"} <= {"websites"}


@terraform
def test_only_vendors_with_a_config_get_a_connection(tmp_path: Path) -> None:
    made = apply(tmp_path, {"devrev": "{}"})
    assert set(made["source"]) == set(made["connection"]) == {"devrev"}
    assert len(made["source_definition"]) == len(tomllib.loads(PLAN.read_text())["definitions"])


@terraform
def test_an_unknown_vendor_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="The keys of configs are among uxcam"):
        apply(tmp_path, {"uxcamm": "{}"})


def apply(place: Path, configs: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Evaluate the example with Terraform's own resource in the place of the provider's."""
    text = (FOLDER / "main.tf").read_text()
    text = re.sub(r"  required_providers \{.*?\n  \}\n", "", text, flags=re.DOTALL)
    text = re.sub(r'provider "airbyte" \{.*?\n\}\n', "", text, flags=re.DOTALL)
    text = re.sub(
        r'resource "airbyte_(\w+)" "session" \{\n  for_each = ([^\n]+)\n(.*?)\n\}\n',
        r'resource "terraform_data" "\1" {\n  for_each = \2\n  input = {\n\3\n  }\n}\n',
        text,
        flags=re.DOTALL,
    )
    text = re.sub(r"\bairbyte_(\w+)\.session\[each\.key\]\.\w+", r"terraform_data.\1[each.key].id", text)
    (place / "main.tf").write_text(text)
    shutil.copy(FOLDER / "variables.tf", place)
    variables = {
        "airbyte_client_id": "an id",
        "airbyte_client_secret": "a secret",
        "workspace_id": "a workspace",
        "destination_id": "a destination",
        "configs": configs,
    }
    (place / "values.auto.tfvars.json").write_text(json.dumps(variables))
    run("init", place=place)
    run("validate", place=place)
    run("apply", "-auto-approve", place=place)
    shown = json.loads(run("show", "-json", place=place))["values"]["root_module"]["resources"]
    made: dict[str, dict[str, Any]] = {}
    for resource in shown:
        output = {name: value for name, value in resource["values"]["output"].items() if not resource_id(name)}
        made.setdefault(resource["name"], {})[resource["index"]] = output
    return made


def resource_id(name: str) -> bool:
    return name in {"source_id", "definition_id"}


def run(*arguments: str, place: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    command = ["terraform", *arguments, *([] if arguments[0] in {"fmt", "show"} else ["-no-color"])]
    done = subprocess.run(  # noqa: S603
        command, cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
