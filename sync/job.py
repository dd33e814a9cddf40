"""Jobs: one connector with one config, loaded into one schema."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sync import account, catalog
from sync.connector import Connector
from sync.messages import Json
from sync.workplace import workplace

UNKNOWN_KEY = "Unknown configuration key"
"""The start of a connector's warning about a config key that its spec does not have."""


class RefusedError(Exception):
    """The sync was refused; the message states the reason and the fix."""


@dataclass
class Job:
    """What to sync.

    Args:
        connector: the connector's folder.
        config_file: the connector's config.
        streams: names of streams; empty for all.
        schema: the schema to write; default: the vendor's name.
        commit_seconds: the time of reading between two commits.
    """

    connector: str
    config_file: Path
    streams: list[str]
    schema: str | None = None
    commit_seconds: float = 5.0
    specification: Json = field(default_factory=dict)
    discovered: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            self.config = json.loads(self.config_file.read_bytes())
        except OSError as error:
            raise RefusedError(
                f"The config {self.config_file} cannot be read: {error.strerror}. Check its path."
            ) from None
        except ValueError as error:
            raise RefusedError(
                f"The config {self.config_file} is not JSON, which has no comments and no comma at the end of a "
                f"list: {error}."
            ) from None
        if not isinstance(self.config, dict):
            raise RefusedError(f"The config {self.config_file} is not a JSON object.")

    @property
    def schema_name(self) -> str:
        """The schema to write."""
        return self.schema or account.schema_name(
            self.connector, account.api_version(self.specification, self.config)
        )

    @contextmanager
    def started(self) -> Iterator[Connector]:
        """Yield the connector, with a temporary folder."""
        with workplace() as place:
            yield Connector(self.connector, self.config_file, place)

    def look_up(self) -> None:
        """Run the connector's ``spec`` and ``discover``.

        Raises:
            ConnectorError: The connector refused the config.
            RefusedError: The config has a key that the spec does not have.
        """
        with self.started() as connector, ThreadPoolExecutor(2) as both:
            spec = both.submit(connector.run, "spec")
            discover = both.submit(connector.run, "discover")
            (self.specification,) = [
                message["spec"]["connectionSpecification"]
                for message in spec.result()
                if message.get("type") == "SPEC"
            ]
            messages = discover.result()
        self.discovered = catalog.discovered(messages)
        if unknown := [line for line in _warnings(messages) if line.startswith(UNKNOWN_KEY)]:
            raise RefusedError("\n".join(unknown))


def _warnings(messages: list[Json]) -> list[str]:
    return [
        message["log"]["message"]
        for message in messages
        if message.get("type") == "LOG" and message["log"]["level"] == "WARN"
    ]
