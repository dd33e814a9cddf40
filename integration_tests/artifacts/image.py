"""Runs a connector's image with the restrictions of Airbyte's platform, in the network of the host."""

import os
import shlex
from dataclasses import dataclass

from integration_tests.connector import Connector
from release.distributions import ROOT, Distribution

LOCKED_DOWN = shlex.split(
    "--rm --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --user 1000:1000 --network host"
)


@dataclass(frozen=True)
class EntrypointConnector(Connector):
    """The image as it is."""

    @property
    def program(self) -> list[str]:
        return [*self.client, self.image]

    @property
    def client(self) -> list[str]:
        """The command of the engine's client up to the image's name."""
        self.place.chmod(0o755)  # the image runs as another user
        place = ["--volume", f"{self.place}:/config:ro", "--workdir", "/config"]
        return [*shlex.split(os.environ.get("DOCKER", "docker")), "run", *LOCKED_DOWN, *place]

    @property
    def image(self) -> str:
        return Distribution(ROOT / self.folder).image

    def _file(self, name: str, value: object) -> str:
        super()._file(name, value)
        return f"/config/{name}.json"


@dataclass(frozen=True)
class PlatformConnector(EntrypointConnector):
    """The image as the platform starts it: a shell evaluates AIRBYTE_ENTRYPOINT."""

    @property
    def program(self) -> list[str]:
        shell = ["--tmpfs", "/source", "--workdir", "/source", "--entrypoint", "sh"]
        return [*self.client, *shell, self.image, "-c", 'eval "$AIRBYTE_ENTRYPOINT $*"', "sh"]
