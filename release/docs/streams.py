"""Streams: the table of their keys, a diagram of how they belong together, and a sample row of each."""

from collections.abc import Iterator
from typing import NamedTuple

from session_source import Stream

from release.docs import samples
from release.docs.columns import kind
from release.docs.connector import Api, Connector, Json
from release.docs.markdown import code, folded, table

USER = "user_id"
"""The column of sessions that refers to the key of a stream of users, where there is one."""

SESSION_COLUMNS = frozenset(
    (
        "session_id",
        USER,
        "started_at",
        "ended_at",
        "duration_seconds",
        "country_code",
        "app_platform",
        "page_count",
    )
)
"""The columns that the sessions of all vendors have."""


def reference(connector: Connector) -> str:
    """Return the table, the diagram and the sample rows, for each API."""
    return "\n\n".join(text for api in connector.apis for text in _api(connector, api))


def _api(connector: Connector, api: Api) -> Iterator[str]:
    if len(connector.apis) > 1:
        yield f"### {api.title}"
    rows = (
        (f"`{stream.name}`", code(stream.key), code([stream.cursor] if stream.cursor else []), _modes(stream))
        for stream in api.streams
    )
    yield table(("stream", "primary key", "cursor", "sync modes"), rows)
    yield diagram(connector, api)
    for name, record in samples.records(connector, api).items():
        yield folded(f"A row of <code>{name}</code>", f"```json\n{samples.shown(record)}\n```")


def _modes(stream: Stream) -> str:
    return "full refresh, incremental" if stream.cursor else "full refresh"


def diagram(connector: Connector, api: Api) -> str:
    """Return an entity diagram in Mermaid: keys, cursors, and which stream's rows belong to which."""
    found = list(relations(connector, api))
    lines = [f'  {one.parent} {one.mark} {one.child} : "{", ".join(one.columns)}"' for one in found]
    for stream in api.streams:
        foreign = {name for one in found if one.child == stream.name for name in one.columns}
        attributes = _attributes(connector.schema(stream)["properties"], stream, foreign)
        lines += [f"  {stream.name} {{", *(f"    {attribute}" for attribute in attributes), "  }"]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


class Relation(NamedTuple):
    """Rows of one stream belong to a row of another."""

    parent: str
    child: str
    columns: tuple[str, ...]
    """Of the child; they refer to the parent's key."""
    mark: str = "||--o{"


def relations(connector: Connector, api: Api) -> Iterator[Relation]:
    """Find the relations that keys and columns express."""
    for number, child in enumerate(api.streams):
        before = [stream for stream in api.streams[:number] if set(stream.key) <= set(child.key)]
        if before:
            parent = max(before, key=lambda stream: len(stream.key))
            mark = "||--o|" if set(parent.key) == set(child.key) else "||--o{"
            yield Relation(parent.name, child.name, parent.key, mark)
            continue
        columns = connector.schema(child)["properties"]
        for parent in api.streams[:number]:
            if set(parent.key) <= set(columns):
                yield Relation(parent.name, child.name, parent.key)
            elif len(child.key) == 1 and child.key[0].endswith(USER) and parent.is_session:
                yield Relation(child.name, parent.name, (USER,))


def _attributes(columns: Json, stream: Stream, foreign: set[str]) -> Iterator[str]:
    """Yield keys, the cursor, and of sessions the columns that all vendors have."""
    shared = [name for name in columns if stream.is_session and name in SESSION_COLUMNS]
    chosen = {*stream.key, *foreign, stream.cursor, *shared}
    for name in [*stream.key, *(name for name in columns if name not in stream.key)]:
        if name in chosen:
            keys = ", ".join(word for word, names in (("PK", stream.key), ("FK", foreign)) if name in names)
            note = '"cursor"' if name == stream.cursor else ""
            yield " ".join(filter(None, [kind(columns[name]), name, keys, note]))
