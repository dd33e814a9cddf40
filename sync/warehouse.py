"""The DuckDB file: what the syncs brought, and the view over the sessions of all connectors."""

from pathlib import Path
from typing import Any, NamedTuple

from airbyte.caches import DuckDBCache
from sqlalchemy import text

SESSION_COLUMNS = (
    "session_id",
    "user_id",
    "started_at",
    "ended_at",
    "duration_seconds",
    "country_code",
    "app_platform",
    "page_count",
)
"""The columns that every connector's sessions have, alike in type and unit."""


class Brought(NamedTuple):
    """What is in a table after two syncs."""

    schema: str
    stream: str
    rows: int
    oldest: Any
    newest: Any
    added: int
    """Rows that the second sync added."""


class Warehouse:
    """Looks into a DuckDB file through the engine with which PyAirbyte writes it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.brought: list[Brought] = []
        self._engine = self.cache("main").get_sql_engine()

    def cache(self, schema: str) -> DuckDBCache:
        """Give PyAirbyte a schema of the file to write to."""
        return DuckDBCache(db_path=self.database, schema_name=schema)

    def counts(self, schema: str, streams: list[str]) -> dict[str, int]:
        """Count the rows of each stream's table; a stream without records has none."""
        tables = {
            table
            for (table,) in self.query(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = :schema", schema=schema
            )
        }
        return {
            stream: self.query(f'SELECT count(*) FROM "{schema}"."{stream}"')[0][0] if stream in tables else 0  # noqa: S608
            for stream in streams
        }

    def keep_latest(self, schema: str, stream: str, key: list[str], cursor: list[str] | None) -> None:
        """Leave one row for each key, the latest.

        PyAirbyte merges what a sync brought into what is there, but not the rows of one sync into one another.
        """
        if not key or not self.counts(schema, [stream])[stream]:
            return
        newest = ", ".join(
            [*(f'"{column}" DESC NULLS LAST' for column in cursor or []), "_airbyte_extracted_at DESC"]
        )
        keys = ", ".join(f'"{column}"' for column in key)
        self.query(
            f'DELETE FROM "{schema}"."{stream}" WHERE rowid IN (SELECT rowid FROM "{schema}"."{stream}" '  # noqa: S608
            f"QUALIFY row_number() OVER (PARTITION BY {keys} ORDER BY {newest}) > 1)"
        )

    def note(self, schema: str, before: dict[str, int], cursors: dict[str, list[str] | None]) -> None:
        """Keep what each stream's table holds now, for the report."""
        for stream, rows in self.counts(schema, list(before)).items():
            span = (None, None)
            if rows and (cursor := cursors.get(stream)):
                column = cursor[0]
                span = self.query(f'SELECT min("{column}"), max("{column}") FROM "{schema}"."{stream}"')[0]  # noqa: S608
            self.brought.append(Brought(schema, stream, rows, *span, rows - before[stream]))

    def make_view(self) -> None:
        """Make ``all_sessions``, over the sessions of every connector that has written into the file."""
        schemas = self.query("SELECT schema_name FROM duckdb_tables() WHERE table_name = 'sessions' ORDER BY 1")
        columns = ", ".join(SESSION_COLUMNS)
        parts = [f"SELECT '{schema}' AS source, {columns} FROM \"{schema}\".sessions" for (schema,) in schemas]  # noqa: S608
        if parts:
            self.query("CREATE OR REPLACE VIEW main.all_sessions AS " + " UNION ALL BY NAME ".join(parts))

    def query(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        """Run one statement and give its rows, if it has any."""
        with self._engine.begin() as connection:
            result = connection.execute(text(sql), values)
            return [tuple(row) for row in result.fetchall()] if result.returns_rows else []
