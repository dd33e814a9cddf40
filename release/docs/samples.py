"""Sample rows: what the connector emits when it reads its sandbox, whose data and clock are fixed."""

import json
from datetime import UTC, datetime
from functools import cache

from airbyte_cdk.models import (
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
    Type,
)
from sandbox_server import load_vendor, serve

from release.docs.connector import LOGGER, Api, Connector, Json

NOW = datetime(2026, 2, 2, tzinfo=UTC)
SESSIONS, DAYS = 12, 2
LONGEST_TEXT = 60
LONGEST_OBJECT = 110
"""Characters of a nested object that is shown whole."""


@cache
def records(connector: Connector, api: Api) -> dict[str, Json]:
    """Read the sandbox; return the fullest record of each stream."""
    vendor = load_vendor(connector.name, sessions=SESSIONS, days=DAYS, now=NOW.timestamp)
    found: dict[str, list[Json]] = {}
    with serve(vendor) as server:
        configs = vendor.configs(server.origin)
        for config in (configs.pop(api.name), *configs.values()):
            missing = {stream.name for stream in api.streams} - set(found)
            if missing:
                for name, record in _read(connector, config, missing):
                    found.setdefault(name, []).append(record)
    return {
        stream.name: max(found[stream.name], key=lambda record: (_filled(record), _text(record)))
        for stream in api.streams
    }


def _read(connector: Connector, config: Json, names: set[str]) -> list[tuple[str, Json]]:
    config = config | {"end_date": f"{NOW:%Y-%m-%d}", "num_workers": 1}
    streams = connector.source.discover(LOGGER, config).streams
    catalog = ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=stream,
                sync_mode=SyncMode.full_refresh,
                destination_sync_mode=DestinationSyncMode.overwrite,
            )
            for stream in streams
            if stream.name in names
        ]
    )
    messages = connector.source.read(LOGGER, config, catalog)
    return [
        (message.record.stream, dict(message.record.data))
        for message in messages
        if message.type is Type.RECORD and message.record is not None
    ]


def shown(record: Json) -> str:
    """Return a record as JSON, a line for each column; long values are shortened."""
    lines = [f"  {_text(name)}: {_text(_short(value))}" for name, value in record.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return f"{value[: LONGEST_TEXT - 1]}…"
    if isinstance(value, list):
        more = [f"… {len(value) - 1} more"] if len(value) > 1 else []
        return [*map(_short, value[:1]), *more]
    if isinstance(value, dict):
        short = {name: _short(part) for name, part in value.items()}
        kept: Json = {}
        for name, part in short.items():
            if kept and len(_text(kept | {name: part})) > LONGEST_OBJECT:
                return kept | {"…": f"{len(short) - len(kept)} more"}
            kept[name] = part
        return kept
    return value


def _filled(record: Json) -> int:
    return sum(value not in (None, "", [], {}) for value in record.values())


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
