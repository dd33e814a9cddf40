"""Runs a connector's manifest.yaml with the CDK, as Airbyte Cloud does."""

import json
import logging
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airbyte_cdk.cli.source_declarative_manifest._run import create_declarative_source
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sandbox_server.vendor import ROOT

from integration_tests.connector import Connector, Json, Output, script
from integration_tests.inside import Log

FOLDERS = sorted(path.parent.name for path in ROOT.glob("source-*/manifest.yaml"))


@dataclass(frozen=True)
class ManifestConnector(Connector):
    """A manifest, run by the console script ``source-declarative-manifest``."""

    @property
    def program(self) -> list[str]:
        return [script("source-declarative-manifest")]

    @property
    def manifest(self) -> list[str]:
        return ["--manifest-path", str(ROOT / self.folder / "manifest.yaml")]

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        return super().run(command, *more, *self.manifest, timeout=timeout)

    @cached_property
    def streams(self) -> dict[str, Json]:
        (catalog,) = self.run("discover").of_type("CATALOG")
        return {stream["name"]: stream for stream in catalog["streams"]}


@dataclass(frozen=True)
class InsideManifest(ManifestConnector):
    """The same in this process."""

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        arguments = [command, "--config", self._file("config", self.config), *more, *self.manifest]
        lines: list[bytes] = []
        exit_code = 0
        log = Log(lines)
        logger = logging.getLogger("airbyte")
        logger.addHandler(log)
        try:
            entrypoint = AirbyteEntrypoint(create_declarative_source(arguments))
            for line in entrypoint.run(AirbyteEntrypoint.parse_args(arguments)):
                lines.append(line.encode() + b"\n")  # noqa: PERF401 - what came before an error counts
        except AirbyteTracedException as error:
            exit_code = 1
            lines.append(_trace(error))
        finally:
            logger.removeHandler(log)
        return Output(exit_code, b"".join(lines).decode(), "")


def _trace(error: Any) -> bytes:
    message = {"message": str(error), "failure_type": error.failure_type.value}
    return json.dumps({"type": "TRACE", "trace": {"type": "ERROR", "error": message}}).encode() + b"\n"
