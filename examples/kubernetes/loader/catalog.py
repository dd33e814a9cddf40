"""From what a connector discovers to the catalog that it is to read.

https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol
"""

import json
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]


def configured(lines: Iterable[str], names: list[str]) -> Json:
    """Choose streams (all, if none is named) from the output of ``discover``: incremental ones where they can be.

    Raises:
        ValueError: A stream that is named does not exist, or the output has no catalog.
    """
    known = {stream["name"]: stream for stream in _discovered(lines)}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f"The connector has no stream {', '.join(unknown)}. Choose among {', '.join(known)} in STREAMS."
        )
    return {"streams": [_configured(known[name]) for name in names or known]}


def _discovered(lines: Iterable[str]) -> list[Json]:
    for line in lines:
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("type") == "CATALOG":
            streams: list[Json] = message["catalog"]["streams"]
            return streams
    raise ValueError("The output of discover has no catalog. See the log of the container before this one.")


def _configured(stream: Json) -> Json:
    is_incremental = "incremental" in stream["supported_sync_modes"]
    return {
        "stream": stream,
        "sync_mode": "incremental" if is_incremental else "full_refresh",
        "destination_sync_mode": "append_dedup",
        "cursor_field": stream.get("default_cursor_field", []),
        "primary_key": stream["source_defined_primary_key"],
    }
