"""One stream as a table of DuckDB: its columns, its key, and how a batch of records gets into it."""

import json
import tempfile
from typing import Any

import duckdb

Json = dict[str, Any]

TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE", "string": "VARCHAR"}
UNDECLARED = "_undeclared"
"""The column with those fields of a record that its stream's schema does not know."""
LOADED_AT = "_loaded_at"


class Table:
    """Takes records and writes them by primary key: of records with the same key the last one stays."""

    def __init__(self, stream: Json) -> None:
        properties: dict[str, Json] = stream["json_schema"]["properties"]
        self.name: str = stream["name"]
        self.columns = {name: column_type(declared) for name, declared in properties.items()}
        self.key = [path[0] for path in stream["source_defined_primary_key"]]
        self._batch: dict[tuple[object, ...], str] = {}

    def __len__(self) -> int:
        return len(self._batch)

    def add(self, record: Json) -> None:
        """Keep a record for the next write."""
        row = {name: value for name, value in record.items() if name in self.columns}
        if undeclared := {name: value for name, value in record.items() if name not in self.columns}:
            row[UNDECLARED] = undeclared
        self._batch[tuple(record[name] for name in self.key)] = json.dumps(row)

    def create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table, or add the columns that it does not have yet."""
        key = ", ".join(quoted(name) for name in self.key)
        types = self.columns | {UNDECLARED: "JSON", LOADED_AT: "TIMESTAMPTZ"}
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in types.items())
        connection.execute(f"CREATE TABLE IF NOT EXISTS {quoted(self.name)} ({columns}, PRIMARY KEY ({key}))")
        for name, kind in types.items():
            connection.execute(f"ALTER TABLE {quoted(self.name)} ADD COLUMN IF NOT EXISTS {quoted(name)} {kind}")

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Write what was added since the last time."""
        if not self._batch:
            return
        types = self.columns | {UNDECLARED: "JSON"}
        names = ", ".join(quoted(name) for name in types)
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.writelines(row + "\n" for row in self._batch.values())
            file.flush()
            connection.execute(
                f"INSERT OR REPLACE INTO {quoted(self.name)} ({names}, {LOADED_AT}) "  # noqa: S608 - quoted
                f"SELECT {names}, now() FROM read_json($file, format = 'newline_delimited', columns = $columns)",
                {"file": file.name, "columns": types},
            )
        self._batch.clear()


def column_type(declared: Json) -> str:
    """Give the column type of a property: what is of several types, or nested, stays JSON."""
    kinds = declared.get("type", [])
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    kinds.discard("null")
    if kinds == {"string"} and declared.get("format") == "date-time":
        return "TIMESTAMPTZ"
    if kinds == {"integer", "number"}:
        return "DOUBLE"
    return TYPES.get(kinds.pop(), "JSON") if len(kinds) == 1 else "JSON"


def quoted(name: str) -> str:
    """Quote a name for SQL."""
    return '"' + name.replace('"', '""') + '"'
