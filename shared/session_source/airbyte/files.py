"""Files: reads the config, catalog and state files of a command, and reports those that cannot be used."""

import json
import logging
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
)

from session_source.api.answer import Answer
from session_source.api.columns import Value
from session_source.api.errors import config_error

_LOGGER = logging.getLogger("airbyte")

CONFIG = "configuration: an object with the properties that the connector's spec describes"
CATALOG = "configured catalog: the output of `catalog` or of `discover`"
STATE = "state: the lines that an earlier read printed, or a list of its state messages"


@contextmanager
def readable(path: str, what: str) -> Iterator[None]:
    """Report a file that cannot be read, or has the wrong content.

    Args:
        path: the file that the block reads.
        what: its expected content: one of this module's constants.

    Raises:
        AirbyteTracedException: the block failed.
    """
    try:
        yield
    except OSError as error:
        raise config_error(
            f"The file {path} cannot be read ({error.strerror}). Check its path and permissions."
        ) from None
    except Exception as error:  # noqa: BLE001 - each parser has its own
        why = " ".join(str(error).split())[:200].rstrip(".")
        raise config_error(f"The file {path} has the wrong content ({why}). It must be a {what}.") from None


def read_config(path: str) -> MutableMapping[str, Any]:
    """Read a config in UTF-8 or UTF-16, also with a byte order mark, which Windows' editors write.

    Raises:
        ValueError: it is not a JSON object.
    """
    try:
        config = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(
            f"it is not JSON, which has no comments and no comma at the end of a list: {error}"
        ) from None
    if not isinstance(config, dict):
        raise ValueError("it is not a JSON object")
    return config


def write_report(path: str, report: Mapping[str, Any]) -> None:
    """Write a report as JSON.

    Raises:
        AirbyteTracedException: the file cannot be written.
    """
    try:
        Path(path).write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    except OSError as error:
        raise config_error(
            f"The report {path} cannot be written ({error.strerror}). Check its path and permissions."
        ) from None


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """Read a configured catalog, or the output of ``discover``, of which all streams are configured.

    Raises:
        ValueError: it is neither.
    """
    values = _values(path)
    catalogs = [value["catalog"] for value in values if isinstance(value, dict) and value.get("type") == "CATALOG"]
    found = catalogs[-1] if catalogs else values[-1]
    if isinstance(found, dict) and any("stream" not in stream for stream in found["streams"]):
        found = configured(found["streams"])
    return ConfiguredAirbyteCatalogSerializer.load(found)


def read_state(path: str) -> list[AirbyteStateMessage]:
    """Read a list of state messages, or the output of an earlier read. The last state of each stream counts.

    The output of a read that was killed may end in the middle of a line.

    Raises:
        ValueError: it is neither.
    """
    states: dict[str, Any] = {}
    for value in _values(path, may_be_cut=True):
        if isinstance(value, dict) and "state" not in value and value.get("type") in {"RECORD", "LOG", "TRACE"}:
            continue
        for state in value if isinstance(value, list) else [value]:
            if not isinstance(state, dict):
                raise ValueError("it is not a list of objects")
            try:
                loaded = AirbyteStateMessageSerializer.load(
                    state["state"] if state.get("type") == "STATE" and "state" in state else state
                )
            except Exception:  # noqa: BLE001 - the protocol's parser has many errors
                _LOGGER.warning("A state message cannot be read and is ignored. What it covered is read again.")
                continue
            if not (loaded.stream or loaded.global_ or loaded.data):
                raise ValueError("a state message has neither a stream nor a global state")
            states[str(loaded.stream.stream_descriptor if loaded.stream else loaded.type)] = loaded
    return list(states.values())


def configured(streams: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a configured catalog of streams, as JSON. Each stream is incremental if it supports that."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": "incremental" if "incremental" in stream["supported_sync_modes"] else "full_refresh",
                "destination_sync_mode": "append_dedup",
                "cursor_field": stream.get("default_cursor_field"),
                "primary_key": stream.get("source_defined_primary_key"),
            }
            for stream in streams
        ]
    }


def _values(path: str, *, may_be_cut: bool = False) -> list[Any]:
    """Read a file with one JSON value, or with one on each line, of which the last one may be cut off."""
    text = Path(path).read_bytes()
    try:
        return [_value(text)] if text.strip() else []
    except ValueError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        values: list[Any] = []
        for number, line in enumerate(lines, 1):
            try:
                values.append(_value(line))
            except ValueError:
                if not may_be_cut or number < len(lines) or number == 1:
                    raise ValueError(f"Could not read json: {error}") from None
                _LOGGER.warning(
                    f"The last line of {path} is cut off and is ignored. What it covered is read again."
                )
        return values


def _value(text: bytes) -> Value:
    """Parse JSON. Values that are nested too deeply for Python are cut."""
    return Answer(200, {}, text).json()
