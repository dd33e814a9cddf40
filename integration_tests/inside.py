"""Runs a connector in the process of the tests, which is fast."""

import importlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.logger import AirbyteLogFormatter
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import SessionSource
from session_source.airbyte.commands import Entrypoint

from integration_tests.connector import Connector, Output


def source_class(folder: str) -> Any:
    """Return the source class of a connector."""
    name = folder.replace("-", " ").title().replace(" ", "")
    return getattr(importlib.import_module(folder.replace("-", "_")), name)


class _Log(logging.Handler):
    """Writes log lines into the output of a command, as a process does."""

    def __init__(self, lines: list[bytes]) -> None:
        super().__init__()
        self.setFormatter(AirbyteLogFormatter("%(message)s"))
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record).encode() + b"\n")


@dataclass(frozen=True)
class InsideConnector(Connector):
    """A ``Connector`` without a process for each command."""

    def run(self, command: str, *more: str, timeout: float = 240) -> Output:
        arguments = [command]
        if command != "spec":
            arguments += ["--config", self.config_file]
        return run_inside(source_class(self.folder)(), [*arguments, *more])


def run_inside(
    source: SessionSource, arguments: list[str], *, is_killed: Callable[[bytes], bool] | None = None
) -> Output:
    """Run one command of a source in this process, until ``is_killed`` finds enough in what it has printed."""
    lines: list[bytes] = []
    exit_code = 0
    log = _Log(lines)
    logging.getLogger("airbyte").addHandler(log)
    try:
        for line in Entrypoint(source).lines(arguments):
            lines.append(line)
            if is_killed is not None and is_killed(b"".join(lines)):
                exit_code = -9
                break
    except AirbyteTracedException as error:
        exit_code = 1
        message = {"message": str(error), "failure_type": error.failure_type.value}
        trace = {"type": "TRACE", "trace": {"type": "ERROR", "error": message}}
        lines.append(json.dumps(trace).encode() + b"\n")
    finally:
        logging.getLogger("airbyte").removeHandler(log)
    return Output(exit_code, b"".join(lines).decode(), "")
