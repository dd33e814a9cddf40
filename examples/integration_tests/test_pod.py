"""The CronJob's Pod, run by ``podman kube play``: no cluster, but its containers, volumes and security settings.

What differs from the manifest: the config is a file of this machine, since podman 4.3 hands Secrets out undecoded;
the network is the machine's, where the sandbox is.
"""

import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from sandbox_server import load_vendor, serve

from examples.integration_tests.test_manifests import base, pod
from integration_tests.clock import late
from integration_tests.connector import expected
from integration_tests.tools import missing

pytestmark = pytest.mark.images

Json = dict[str, Any]

IMAGES = {
    "session-connectors/source": "session-connectors/source-uxcam:0.1.0",
    "session-connectors/loader": "session-connectors/loader:0.1.0",
}


def podman(*arguments: str | Path) -> str:
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert done.returncode == 0, f"podman {arguments}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def what_is_missing() -> str | None:
    """Tell why the Pod cannot be run here."""
    if shutil.which("podman") is None:
        return "podman is not installed."
    if os.geteuid() != 0:
        return "podman gives uid 1000 its volumes only as root."
    for image in IMAGES.values():
        found = subprocess.run(["podman", "image", "exists", image], check=False)  # noqa: S603, S607
        if found.returncode != 0:
            return f"podman has no image {image}. Run .ci/with-engine .ci/with-podman COMMAND."
    return None


class Played:
    """A Pod of one name, with one volume, that may be played again and again."""

    def __init__(self, place: Path, config: Json) -> None:
        self.name = f"sync-{uuid.uuid4().hex[:8]}"
        self.place = place
        (place / "config").mkdir()
        (place / "config" / "config.json").write_text(json.dumps(config))
        for path in (place, place / "config"):
            path.chmod(0o755)
        self.manifest = place / "pod.yaml"
        self.manifest.write_text(yaml.safe_dump_all([self._streams(), self._pod()]))
        volume = place / "volume.yaml"
        volume.write_text(yaml.safe_dump(base("volume.yaml") | {"metadata": {"name": self.name}}))
        podman("kube", "play", volume)

    def _streams(self) -> Json:
        data = {"CONNECTOR": "source-uxcam", "STREAMS": "sessions,events", "SCHEMA": "uxcam"}
        return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "streams"}, "data": data}

    def _pod(self) -> Json:
        spec: Json = json.loads(json.dumps(pod(base("cronjob.yaml"))))  # what anchors share is changed one by one
        for container in spec["initContainers"] + spec["containers"]:
            container["image"] = IMAGES[container["image"]]
            for mount in container["volumeMounts"]:
                mount["name"] = f"{self.name}-{mount['name']}"
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        for name, volume in volumes.items():
            volume["name"] = f"{self.name}-{name}"  # for podman these are names in the whole machine
        del volumes["config"]["secret"]
        volumes["config"]["hostPath"] = {"path": str(self.place / "config"), "type": "Directory"}
        volumes["warehouse"]["persistentVolumeClaim"]["claimName"] = self.name
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": self.name}, "spec": spec}

    def start(self) -> None:
        """Run the init containers to their end, and start the others."""
        podman("kube", "play", "--network", "host", self.manifest)

    def is_running(self) -> bool:
        return podman("inspect", "--format", "{{.State.Running}}", f"{self.name}-connector") == "true"

    def kill(self) -> None:
        podman("pod", "kill", self.name)
        podman("kube", "down", self.manifest)

    def finish(self) -> tuple[list[str], str]:
        """Wait for the end; give the exit codes and what the loader printed."""
        names = [f"{self.name}-connector", f"{self.name}-loader"]
        codes = podman("wait", *names).split()
        printed = podman("logs", names[1])
        podman("kube", "down", self.manifest)
        return codes, printed

    def remove(self) -> None:
        """Leave nothing on the machine, whatever happened."""
        podman("pod", "rm", "--force", "--ignore", self.name)
        for volume in podman("volume", "ls", "--quiet", "--filter", f"name={self.name}").split():
            podman("volume", "rm", "--force", volume)

    def keys(self, stream: str, column: str) -> list[tuple[Any, ...]]:
        mounted = Path(podman("volume", "inspect", "--format", "{{.Mountpoint}}", self.name))
        with duckdb.connect(mounted / "sessions.duckdb", read_only=True) as connection:
            return sorted(connection.execute(f"SELECT {column} FROM uxcam.{stream}").fetchall())  # noqa: S608


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that uid 1000 may read, unlike those that pytest makes."""
    if reason := what_is_missing():
        missing(reason)
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def test_killed_in_the_middle_the_next_pod_goes_on_and_loads_every_session_once(place: Path) -> None:
    with serve(load_vendor("source-uxcam", sessions=400, days=10, now=late), latency=0.05) as server:
        one_by_one = {"window_in_days": 1, "num_workers": 1, "lookback_window_days": 0}
        config = server.vendor.configs(server.origin)["data_access_v2"] | one_by_one
        played = Played(place, config)
        try:
            played.start()
            while server.count < 8:
                assert played.is_running(), "it ended before it could be killed"
            played.kill()
            played.start()
            codes, printed = played.finish()
            assert codes == ["0", "0"], printed
            wanted = expected(server, "data_access_v2")
            assert played.keys("sessions", "session_id") == sorted(wanted["sessions"])
            assert played.keys("events", "event_id") == sorted(wanted["events"])
            played.start()
            assert played.finish()[0] == ["0", "0"]
            assert played.keys("sessions", "session_id") == sorted(wanted["sessions"])
        finally:
            played.remove()


def test_a_config_that_the_vendor_refuses_fails_the_pod_and_says_why(place: Path) -> None:
    with serve(load_vendor("source-uxcam", sessions=4, days=2, now=late)) as server:
        config = server.vendor.configs(server.origin)["data_access_v2"] | {"api_key": "wrong"}
        played = Played(place, config)
        try:
            played.start()
            codes, printed = played.finish()
            assert codes == ["1", "0"]
            assert "UXCam refused the credentials" in printed
        finally:
            played.remove()
