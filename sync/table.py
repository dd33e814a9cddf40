"""Tables: the records of one stream as Arrow, one row per primary key."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from sync.columns import ARROW_TYPES, LOADED_AT, UNDECLARED, Column, array, columns
from sync.messages import Json, dumps

CHUNK_ROWS = 5_000
CHUNK_BYTES = 8_000_000
"""Records are kept as Python objects up to this size, then as Arrow, which needs a fraction of the memory."""

DESCRIPTIONS = {
    UNDECLARED: "Fields that the stream's schema does not declare, and values that do not fit their column.",
    LOADED_AT: "When the row was written.",
}


class Table:
    """Collects a stream's records for the next load. Of several records with one key, the last one is kept."""

    def __init__(self, stream: Json) -> None:
        self.name: str = stream["name"]
        self.columns: list[Column] = columns(stream["json_schema"]["properties"])
        self._fields = {column.field for column in self.columns}
        cursor: list[str] = stream.get("default_cursor_field") or []
        by_field = {column.field: column for column in self.columns}
        self._set_key([path[0] for path in stream.get("source_defined_primary_key") or []])
        self.cursor = by_field[cursor[0]].name if cursor else None
        """The cursor's column."""
        self._rows: list[Json] = []
        self._size = 0
        self._chunks: list[pa.Table] = []
        self._taken = 0
        self._last: dict[Any, int] = {}

    @property
    def key(self) -> list[str]:
        """The columns of the primary key."""
        return [column.name for column in self._key]

    @property
    def kinds(self) -> dict[str, str]:
        """The type of every column, as dlt names it."""
        declared = {column.name: column.kind for column in self.columns}
        return declared | {UNDECLARED: "json", LOADED_AT: "timestamp"}

    @property
    def descriptions(self) -> dict[str, str]:
        """The descriptions of the columns."""
        return {column.name: column.description for column in self.columns if column.description} | DESCRIPTIONS

    def keep_types(self, stored: dict[str, str]) -> None:
        """Keep the column types of an existing table.

        A property whose type differs from its column is written to a new column, for example ``duration_json``.
        The columns of the primary key keep their type.

        Args:
            stored: the data types of the existing table's columns.
        """
        kept = []
        for column in self.columns:
            kind = stored.get(column.name, column.kind)
            if kind == column.kind:
                kept.append(column)
            elif column in self._key:
                kept.append(replace(column, kind=kind))
            else:
                kept.append(replace(column, name=f"{column.name}_{column.kind}"))
        self.columns = kept
        self._set_key([column.field for column in self._key])

    def __len__(self) -> int:
        return self._taken

    def add(self, record: Json, size: int) -> None:
        """Add a record.

        Args:
            record: the record's data.
            size: the length of its message in bytes.
        """
        if self._key:
            key = tuple(record.get(column.field) for column in self._key)
            if tuple(map(type, key)) != self._key_types:
                record = self._with_key(record)
                key = tuple(record[column.field] for column in self._key)
            self._last[key] = self._taken
        self._rows.append(record)
        self._taken += 1
        self._size += size
        if len(self._rows) >= CHUNK_ROWS or self._size >= CHUNK_BYTES:
            self._pack()

    def take(self) -> pa.Table:
        """Return the rows added since the last call."""
        self._pack()
        whole = pa.concat_tables(self._chunks or [self._arrow([])])
        if self._key and len(self._last) < self._taken:
            whole = whole.take(pa.array(sorted(self._last.values())))
        now = pa.scalar(datetime.now(UTC), ARROW_TYPES["timestamp"])
        whole = whole.append_column(LOADED_AT, pa.repeat(now, whole.num_rows))
        self._chunks, self._taken, self._last = [], 0, {}
        return whole

    def _set_key(self, fields: list[str]) -> None:
        by_field = {column.field: column for column in self.columns}
        self._key = [by_field[field] for field in fields]
        self._key_types = tuple(int if column.kind == "bigint" else str for column in self._key)

    def _with_key(self, record: Json) -> Json:
        """Replace key parts that are missing or have a wrong type: a primary key cannot be null."""
        digest = hashlib.sha256(dumps(record).encode()).digest()
        made: Json = {}
        for column, wanted in zip(self._key, self._key_types, strict=True):
            value = record.get(column.field)
            if type(value) is not wanted:
                if wanted is int:
                    made[column.field] = -int.from_bytes(digest[:7]) - 1
                else:
                    made[column.field] = f"hash:{digest.hex()}" if value is None else dumps(value)
        return record | made

    def _pack(self) -> None:
        if self._rows:
            self._chunks.append(self._arrow(self._rows))
            self._rows, self._size = [], 0

    def _arrow(self, rows: list[Json]) -> pa.Table:
        built: dict[str, pa.Array] = {}
        kept: dict[int, Json] = {}
        for row, record in enumerate(rows):
            if not self._fields.issuperset(record):
                kept[row] = {name: value for name, value in record.items() if name not in self._fields}
        for column in self.columns:
            misfits: dict[int, Any] = {}
            values = array([record.get(column.field) for record in rows], column.kind, misfits)
            for row, value in misfits.items():
                kept.setdefault(row, {})[column.field] = value
            built[column.name] = values
        built[UNDECLARED] = array([kept.get(row) for row in range(len(rows))], "json", {})
        return pa.table(built)
