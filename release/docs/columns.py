"""The column reference: every column of every stream, with its type and what it means."""

from collections.abc import Iterator

from release.docs.connector import Api, Connector, Json
from release.docs.markdown import folded, table


def reference(connector: Connector) -> str:
    """Return the columns of all streams, folded."""
    return "\n\n".join(
        text for api in connector.apis for text in (*_heading(connector, api), *_tables(connector, api))
    )


def _heading(connector: Connector, api: Api) -> list[str]:
    return [f"### {api.title}"] if len(connector.apis) > 1 else []


def _tables(connector: Connector, api: Api) -> Iterator[str]:
    for stream in api.streams:
        schema = connector.schema(stream)
        marks = dict.fromkeys([stream.cursor or ""], "cursor") | dict.fromkeys(stream.key, "primary key")
        if stream.cursor in stream.key:
            marks[stream.cursor] = "primary key, cursor"
        rows = [
            (f"`{path}`", ", ".join(filter(None, (kind(part), marks.get(path)))), part.get("description", ""))
            for path, part in fields(schema)
        ]
        summary = f"<code>{stream.name}</code>: {len(schema['properties'])} columns"
        yield folded(summary, table(("column", "type", "meaning"), rows))


def fields(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Find the fields of a schema, at all levels: ``flow[].gestures[].time``."""
    for name, part in schema.get("properties", {}).items():
        yield f"{path}{name}", part
        yield from fields(part, f"{path}{name}.")
        yield from fields(_items(part), f"{path}{name}[].")


def kind(part: Json) -> str:
    """Return the type of a field, in words."""
    declared = part.get("type", [])
    names = [name for name in ([declared] if isinstance(declared, str) else declared) if name != "null"]
    if part.get("format") == "date-time":
        return "timestamp"
    if names == ["array"]:
        items = kind(_items(part))
        return "array" if items == "any" else f"array of {items}" + ("" if " or " in items else "s")
    return " or ".join(names) or "any"


def _items(part: Json) -> Json:
    items = part.get("items", {})
    return items if isinstance(items, dict) else {}
