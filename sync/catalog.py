"""Catalogs: from discovered streams to the configured catalog for a read."""

from collections.abc import Iterable

from sync.messages import Json


def discovered(messages: Iterable[Json]) -> list[Json]:
    """Return the streams in the messages of ``discover``.

    Raises:
        ValueError: No message is a catalog.
    """
    for message in messages:
        if message.get("type") == "CATALOG":
            streams: list[Json] = message["catalog"]["streams"]
            return streams
    raise ValueError("The connector printed no catalog.")


def configured(streams: list[Json], names: list[str]) -> Json:
    """Configure streams (all if none is named), incremental where a stream supports it.

    Raises:
        ValueError: A named stream does not exist.
    """
    known = {stream["name"]: stream for stream in streams}
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"The connector has no stream {', '.join(unknown)}. STREAMS may name {', '.join(known)}.")
    return {"streams": [_configured(known[name]) for name in names or known]}


def chosen(catalog: Json) -> list[Json]:
    """Return the streams of a configured catalog."""
    return [entry["stream"] for entry in catalog["streams"]]


def _configured(stream: Json) -> Json:
    is_incremental = "incremental" in stream["supported_sync_modes"]
    return {
        "stream": stream,
        "sync_mode": "incremental" if is_incremental else "full_refresh",
        "destination_sync_mode": "append_dedup",
        "cursor_field": stream.get("default_cursor_field", []),
        "primary_key": stream["source_defined_primary_key"],
    }
