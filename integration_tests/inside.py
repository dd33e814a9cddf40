"""Runs a connector inside this process: for tests that read hundreds of times. Users' runs are processes."""

import importlib
import json
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source.commands import Entrypoint

from integration_tests.connector import Connector, Output


def source_class(folder: str) -> Any:
    """The class that a connector's folder is named after."""
    name = folder.replace("-", " ").title().replace(" ", "")
    return getattr(importlib.import_module(folder.replace("-", "_")), name)


@dataclass(frozen=True)
class InsideConnector(Connector):
    """The same as a ``Connector``, without a process for each command."""

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        arguments = [command]
        if command != "spec":
            arguments += ["--config", self._file("config", self.config)]
        lines = []
        exit_code = 0
        try:
            for line in Entrypoint(source_class(self.folder)()).lines([*arguments, *more]):
                lines.append(line)  # noqa: PERF402 - what came before an error counts
        except AirbyteTracedException as error:
            exit_code = 1
            told = {"message": str(error), "failure_type": error.failure_type.value}
            trace = {"type": "TRACE", "trace": {"type": "ERROR", "error": told}}
            lines.append(json.dumps(trace).encode() + b"\n")
        return Output(exit_code, b"".join(lines).decode(), "")
