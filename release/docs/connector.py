"""One connector as the pages describe it: its source, its spec, and its streams with each API."""

import importlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox_server import load_vendor, main_configs
from session_source import SessionSource, Stream

from release.distributions import Distribution, connectors

Json = dict[str, Any]

LOGGER = logging.getLogger("airbyte")


@dataclass(frozen=True)
class Api:
    """The streams of a connector with one of its APIs.

    Args:
        name: of the sandbox's config that selects it; ``default`` where a connector has one API.
        title: its name in the spec; empty where a connector has one API.
        streams: in the catalog's order.
    """

    name: str
    title: str
    streams: tuple[Stream, ...]


class Connector(Distribution):
    """A connector's folder, imported."""

    @cached_property
    def source(self) -> SessionSource:
        """The connector itself."""
        class_name = self.name.replace("-", " ").title().replace(" ", "")
        source: SessionSource = getattr(importlib.import_module(self.package.name), class_name)()
        return source

    @cached_property
    def spec(self) -> Json:
        """The JSON schema of its configuration."""
        spec = self.source.spec(LOGGER).connectionSpecification
        return dict(json.loads(json.dumps(spec)))

    @cached_property
    def apis(self) -> tuple[Api, ...]:
        """Its APIs in the order of the spec; most connectors have one."""
        configs = main_configs(load_vendor(self.name, sessions=2, days=2), "http://127.0.0.1:1")
        titles = {
            branch["properties"]["version"]["const"]: branch["title"]
            for branch in self.spec["properties"].get("api", {}).get("oneOf", [])
        }
        return tuple(
            Api(name, titles.get(name, ""), tuple(self._streams(configs[name]))) for name in titles or configs
        )

    def schema(self, stream: Stream) -> Json:
        """Return a stream's JSON schema."""
        return stream.json_schema(self.source.package)

    def _streams(self, config: Json) -> Iterator[Stream]:
        for endpoint in self.source.endpoints(config):
            yield from endpoint.all_streams


def all_connectors() -> list[Connector]:
    """Return all connectors, by name."""
    return [Connector(one.folder) for one in connectors()]
