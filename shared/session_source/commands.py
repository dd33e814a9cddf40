"""The command line: ``source-<vendor> spec|check|discover|read``, the CDK's with three things mended.

Secrets are hidden in every form from the first line on, a config that does not fit is told as a sentence with
the property's name, and so is a file that cannot be read.
"""

import sys
from collections.abc import Mapping
from typing import Any

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources.utils.schema_helpers import split_config
from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from session_source import redaction
from session_source.errors import config_error
from session_source.source import SessionSource


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint."""

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Hide secrets in every form, not only as they stand in the config."""
        redaction.protect(connection_specification, config)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Say which property of a config does not fit, and why."""
        own, _ = split_config(config)
        error = best_match(Draft7Validator(source_spec.connectionSpecification).iter_errors(own))
        if error is not None:
            place = ".".join(str(part) for part in error.absolute_path)
            raise config_error(
                f"The configuration does not fit{f' at {place}' if place else ''}: {error.message}. "
                "The spec of the connector describes every property."
            )


def run(source: SessionSource, arguments: list[str] | None = None) -> None:
    """Run one command of a connector and print its messages.

    Args:
        source: the connector.
        arguments: the words after the program's name; those of this process if not given.
    """
    entrypoint = Entrypoint(source)
    parsed = entrypoint.parse_args(sys.argv[1:] if arguments is None else arguments)
    with PRINT_BUFFER:
        for message in entrypoint.run(parsed):
            print(f"{message}\n", end="")  # noqa: T201 - the protocol's output; one write a line
