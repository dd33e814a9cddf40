"""The DuckDB file: one table per stream, and the state that covers their rows."""

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb

from .table import Table

Json = dict[str, Any]

STATES = "CREATE TABLE IF NOT EXISTS _state (stream VARCHAR PRIMARY KEY, message JSON, saved_at TIMESTAMPTZ)"


class Warehouse:
    """Takes records and states in the order in which a connector prints them.

    Both are committed in one transaction. So whenever the process or the machine stops, the file holds a state and
    all rows that it covers, and the next sync goes on from there.
    """

    def __init__(self, path: Path, streams: list[Json]) -> None:
        self.loaded = dict.fromkeys((stream["name"] for stream in streams), 0)
        self._tables = {stream["name"]: Table(stream) for stream in streams}
        self._states: dict[str, Json] = {}
        self._connection = duckdb.connect(path)
        self._connection.execute(STATES)
        for table in self._tables.values():
            table.create(self._connection)

    @property
    def waiting(self) -> int:
        """How many rows are not committed yet."""
        return sum(len(table) for table in self._tables.values())

    def states(self) -> list[Json]:
        """Give the last committed state of each stream, in the form that a connector takes."""
        rows = self._connection.execute("SELECT message FROM _state ORDER BY stream").fetchall()
        return [json.loads(message) for (message,) in rows]

    def add(self, stream: str, record: Json) -> None:
        """Take a record, for the next commit."""
        self._tables[stream].add(record)
        self.loaded[stream] += 1

    def keep(self, state: Json) -> None:
        """Take a state that covers the records before it, for the next commit."""
        self._states[state["stream"]["stream_descriptor"]["name"]] = {"type": "STREAM", "stream": state["stream"]}

    def commit(self) -> None:
        """Write all that was taken, in one transaction."""
        self._connection.begin()
        for table in self._tables.values():
            table.write(self._connection)
        for stream, message in self._states.items():
            self._connection.execute(
                "INSERT OR REPLACE INTO _state VALUES (?, ?, now())", [stream, json.dumps(message)]
            )
        self._connection.commit()
        self._states.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
