"""The manifests for Kubernetes: by Kubernetes' own schemas, and as kustomize puts them together."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml
from sandbox_server import vendor_names
from session_source.airbyte import metrics

Json = dict[str, Any]

FOLDER = Path(__file__).resolve().parents[1] / "kubernetes"
ROOT = FOLDER.parents[1]
PLAN = FOLDER.with_name("airbyte") / "plan.toml"
KUBERNETES = kubernetes_validate.latest_version()

VENDORS = [folder.removeprefix("source-") for folder in vendor_names()]
KUBECTL = str(Path(sys.executable).with_name("kubectl"))


def base(name: str) -> Json:
    (document,) = yaml.safe_load_all((FOLDER / "base" / name).read_text())
    return dict(document)


def kustomization(vendor: str) -> Json:
    assert (FOLDER / vendor).is_dir(), f"{FOLDER.relative_to(ROOT)}/{vendor} is missing: copy another vendor's"
    return dict(yaml.safe_load((FOLDER / vendor / "kustomization.yaml").read_text()))


def rendered(vendor: str, folder: Path = FOLDER) -> dict[str, Json]:
    done = subprocess.run(  # noqa: S603
        [KUBECTL, "kustomize", str(folder / vendor)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {document["kind"]: document for document in yaml.safe_load_all(done.stdout)}


def pod(cronjob: Json) -> Json:
    return dict(cronjob["spec"]["jobTemplate"]["spec"]["template"]["spec"])


def check(document: Json) -> None:
    """Raise where a field is unknown, missing or of another type than Kubernetes' schema says."""
    kubernetes_validate.validate(document, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", ["cronjob.yaml", "volume.yaml", "../query.yaml"])
def test_kubernetes_schemas_know_every_field(name: str) -> None:
    check(base(name))


def test_the_schemas_would_tell_a_misspelled_field() -> None:
    document = base("cronjob.yaml")
    pod(document)["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    with pytest.raises(kubernetes_validate.ValidationError, match="readOnlyRootFileSystem"):
        check(document)


@pytest.mark.parametrize("spec", [pod(base("cronjob.yaml")), base("../query.yaml")["spec"]], ids=["sync", "query"])
def test_every_container_runs_without_rights_and_within_limits(spec: Json) -> None:
    assert spec["automountServiceAccountToken"] is False
    together = spec["securityContext"]
    assert (together["runAsNonRoot"], together["runAsUser"], together["fsGroup"]) == (True, 1000, 1000)
    assert together["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec.get("initContainers", []) + spec["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert "memory" in container["resources"]["limits"]


def test_one_sync_runs_at_a_time_and_ends_some_day() -> None:
    spec = base("cronjob.yaml")["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    job = spec["jobTemplate"]["spec"]
    assert job["backoffLimit"] > 0
    assert job["activeDeadlineSeconds"] > 0
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert base("volume.yaml")["spec"]["accessModes"] == ["ReadWriteOncePod"]


def test_no_container_sees_both_the_config_and_the_file() -> None:
    spec = pod(base("cronjob.yaml"))
    for container in spec["initContainers"] + spec["containers"]:
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        reads_config = container["image"].endswith("/source") or container["name"] == "identify"
        own = "config" if reads_config else "warehouse"
        assert mounted == {own, "exchange", "tmp"}


def test_every_vendor_has_a_folder() -> None:
    assert {path.parent.name for path in FOLDER.glob("*/kustomization.yaml")} == {*VENDORS, "base", "metrics"}


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendors_folder_names_its_image_and_the_streams_of_the_plan(vendor: str) -> None:
    metadata = yaml.safe_load((ROOT / f"source-{vendor}" / "metadata.yaml").read_text())["data"]
    image, loader = kustomization(vendor)["images"]
    assert (image["newName"], image["newTag"]) == (metadata["dockerRepository"], metadata["dockerImageTag"])
    assert (loader["name"], loader["newTag"]) == ("session-connectors/loader", metadata["dockerImageTag"])
    connections = tomllib.loads(PLAN.read_text())["connections"]
    (streams,) = [wanted["streams"] for wanted in connections if wanted["definition"] == f"source-{vendor}"]
    (config_map,) = kustomization(vendor)["configMapGenerator"]
    schema = "uxcam_data_access_v2" if vendor == "uxcam" else vendor
    assert config_map["literals"] == [
        f"CONNECTOR=source-{vendor}",
        f"STREAMS={','.join(streams)}",
        f"SCHEMA={schema}",
    ]


def test_vendors_do_not_start_at_the_same_minute() -> None:
    minutes = {yaml.safe_load(kustomization(vendor)["patches"][0]["patch"])[0]["value"] for vendor in VENDORS}
    assert len(minutes) == len(VENDORS)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_kustomize_makes_is_valid_and_belongs_together(vendor: str) -> None:
    documents = rendered(vendor)
    for document in documents.values():
        check(document)
    assert {kind: document["metadata"]["name"] for kind, document in documents.items()} == {
        "CronJob": f"{vendor}-sync",
        "PersistentVolumeClaim": f"{vendor}-warehouse",
        "ConfigMap": f"{vendor}-streams",
    }
    spec = pod(documents["CronJob"])
    assert [container["name"] for container in spec["initContainers"]] == ["discover", "identify", "prepare"]
    for container in spec["initContainers"][1:]:
        assert container["envFrom"] == [{"configMapRef": {"name": f"{vendor}-streams"}}]
    volumes = {volume.pop("name"): volume for volume in spec["volumes"]}
    assert volumes["config"]["secret"]["secretName"] == f"{vendor}-config"
    assert volumes["warehouse"]["persistentVolumeClaim"]["claimName"] == f"{vendor}-warehouse"
    images = {container["image"].rpartition(":")[0] for container in spec["initContainers"] + spec["containers"]}
    assert images == {f"session-connectors/source-{vendor}", "session-connectors/loader"}


def test_metrics_are_one_line_in_a_vendors_folder(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "uxcam" / "kustomization.yaml").open("a") as file:
        file.write("components: [../metrics]\n")
    documents = rendered("uxcam", tmp_path)
    check(documents["CronJob"])
    connector = pod(documents["CronJob"])["containers"][0]
    schema, option = connector["env"]
    assert schema["valueFrom"]["configMapKeyRef"] == {"name": "uxcam-streams", "key": "SCHEMA"}
    assert option["value"] == "--metrics /metrics/$(SCHEMA).prom"
    assert "$METRICS" in connector["args"][0]
    assert {"name": "metrics", "mountPath": "/metrics"} in connector["volumeMounts"]
    (volume,) = [volume for volume in pod(documents["CronJob"])["volumes"] if volume["name"] == "metrics"]
    assert volume["hostPath"]["type"] == "Directory"


def test_alerts_use_metrics_that_there_are() -> None:
    (group,) = yaml.safe_load((FOLDER / "metrics" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]:
        names = re.findall(r"session_sync_\w+", str(rule))
        assert names
        assert {name.removeprefix(metrics.PREFIX) for name in names} <= set(metrics.HELP)
