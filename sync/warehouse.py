"""Warehouses: one schema of a destination, with a table per stream and the state that covers the rows.

dlt writes both: https://dlthub.com/docs/general-usage/state. A load package contains rows and state. The rows are
merged table by table, each table in one transaction. The state becomes valid when the package is marked as
complete, after all rows. So after a kill at any moment, the warehouse has at least the rows that its state covers.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from sync.messages import Json

# dlt reads these at import: no telemetry, no log in the terminal, no signal handlers.
os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__INTERCEPT_SIGNALS": "false",
    "SCHEMA__NAMING": "sql_ci_v1",
    "LOAD__WORKERS": "1",
    "LOAD__TRUNCATE_STAGING_DATASET": "true",
    "LOAD__RAISE_ON_MAX_RETRIES": "2",
    "DLT_DATA_DIR": tempfile.gettempdir(),
}

import dlt
import pyarrow as pa
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.destinations.exceptions import DatabaseException, DestinationConnectionError
from dlt.pipeline.exceptions import PipelineStepFailed

from sync.destination import Destination, DestinationError
from sync.failures import described
from sync.table import Table
from sync.workplace import workplace

PIPELINE = "session_connectors"


class Warehouse:
    """Commits tables and states together.

    Args:
        destination: an open destination.
        schema: the schema of the tables.
        tables: one table per stream.
    """

    def __init__(self, destination: Destination, schema: str, tables: list[Table]) -> None:
        self.destination = destination
        self.schema = schema
        self._tables = tables
        # dlt's local files are temporary: all of their content is also in the warehouse. So a package that a
        # killed run left behind is never loaded over newer rows.
        self._place = workplace()
        self._pipeline = dlt.pipeline(
            PIPELINE,
            pipelines_dir=str(self._place.__enter__()),
            destination=destination.dlt,
            dataset_name=schema,
        )
        self.states: Json = {}
        """The last state of each stream."""
        self.account: Json = {}
        """The identity of the account that the rows came from."""

    def __enter__(self) -> Self:
        try:
            self._pipeline.sync_destination()
        except (PipelineStepFailed, ConfigurationException) as error:
            self._place.__exit__(None, None, None)
            raise DestinationError(self._failure("cannot be opened", error)) from error
        saved = self._pipeline.state.get("sources", {}).get(PIPELINE, {})
        self.states, self.account = dict(saved.get("streams", {})), dict(saved.get("account", {}))
        stored: Any = self._pipeline.default_schema.tables if self._pipeline.default_schema_name else {}
        for table in self._tables:
            known = stored.get(table.name, {"columns": {}})["columns"]
            table.keep_types({name: str(column.get("data_type")) for name, column in known.items()})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._place.__exit__(None, None, None)

    def prepare(self) -> None:
        """Create the tables with keys and comments, and add columns of a newer connector.

        Raises:
            DestinationError: The schema has a table of another program, or the database refused a table.
        """
        self._check_tables()
        self._run([])
        self._create()

    def _check_tables(self) -> None:
        """Refuse a schema with a table that another program created."""
        known: Any = self._pipeline.default_schema.tables if self._pipeline.default_schema_name else {}
        names = {table.name for table in self._tables} - set(known)
        found = self.query("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", self.schema)
        if theirs := sorted(names & {name for (name,) in found}):
            raise DestinationError(
                f"The schema {self.schema} in {self.destination.label} has a table {theirs[0]} that make sync did "
                f"not create. Choose another schema, for example SCHEMA={self.schema}_2."
            )

    def _create(self) -> None:
        with self._statements() as client:
            with self._pipeline.destination_client() as tables:
                tables.update_stored_schema(
                    force=True
                )  # the run stored the schema, but created only its own tables
            for table in self._tables:
                self._finish(client, table)

    def describe(self, account: Json) -> None:
        """Write the table ``_account``, which describes the account for people and for ``all_sessions``."""
        columns = {
            "vendor": "VARCHAR(99)",
            "api": "VARCHAR(99)",
            "is_current_api": "BOOLEAN",
            "account": "VARCHAR(999)",
            "part": "VARCHAR(99)",
        }
        types = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        with self._statements() as client:
            name = client.make_qualified_table_name("_account")
            client.execute_sql(f"CREATE TABLE IF NOT EXISTS {name} ({types})")
            client.execute_sql(f"DELETE FROM {name}")  # noqa: S608 - our names
            client.execute_sql(
                f"INSERT INTO {name} VALUES (%s, %s, %s, %s, %s)",  # noqa: S608 - our names
                *(account[column] for column in columns),
            )

    def commit(self) -> None:
        """Write the rows that were added to the tables, and the states."""
        self._run([_resource(table, table.take()) for table in self._tables if len(table)])

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - whatever SQL takes
        """Run one statement and return its rows.

        Raises:
            DestinationError: The database refused it.
        """
        with self._statements() as client:
            return [tuple(row) for row in client.execute_sql(sql, *values) or []]

    def count(self, table: str) -> int:
        """Count the rows of a stream's table."""
        return int(self._select("count(*)", table)[0])

    def span(self, table: Table) -> tuple[Any, Any]:
        """Return the oldest and the newest cursor in a stream's table."""
        if table.cursor is None:
            return None, None
        oldest, newest = self._select(f"min({table.cursor}), max({table.cursor})", table.name)
        return oldest, newest

    @contextmanager
    def _statements(self) -> Iterator[Any]:
        """Open a connection for statements.

        Raises:
            DestinationError: The database refused a statement or the connection.
        """
        client = self._pipeline.sql_client()
        driver = getattr(client.dbapi, "Error", DatabaseException)
        try:
            with client:
                yield client
        except (DatabaseException, DestinationConnectionError, driver) as error:
            raise DestinationError(self._failure("refused a statement", error)) from error

    def _select(self, what: str, table: str) -> tuple[Any, ...]:
        with self._statements() as client:
            name = client.make_qualified_table_name(table)
            return tuple((client.execute_sql(f"SELECT {what} FROM {name}") or [()])[0])  # noqa: S608 - our names

    def _run(self, resources: list[Any]) -> None:
        states, account = self.states, self.account

        schema = dlt.Schema(PIPELINE)
        for table in self._tables:
            schema.update_table(_resource(table).compute_table_schema())

        @dlt.source(schema=schema)
        def source() -> list[Any]:
            return [_keeping(states, account), *resources]

        try:
            info = self._pipeline.run(source(), loader_file_format="parquet")
            info.raise_on_failed_jobs()
        except (PipelineStepFailed, DatabaseException) as error:
            raise DestinationError(self._failure("refused the rows", error)) from error

    def _failure(self, what: str, error: BaseException) -> str:
        """Describe what the database did, with its own message."""
        return f"{self.destination.label} {what}: {self.destination.clean(described(error))}"

    def _finish(self, client: Any, table: Table) -> None:  # noqa: ANN401 - a client of any destination
        """Add what dlt does not create: comments, the primary key, and PostgreSQL's jsonb."""
        if self.destination.name not in {"duckdb", "postgres"}:
            return
        name = client.make_qualified_table_name(table.name)
        for column, text in table.descriptions.items():
            client.execute_sql(f"COMMENT ON COLUMN {name}.{client.escape_column_name(column)} IS {_quoted(text)}")
        if self.destination.name == "postgres":
            for (column,) in client.execute_sql(
                "SELECT column_name FROM information_schema.columns "
                "WHERE table_schema = %s AND table_name = %s AND data_type = 'json'",
                self.schema,
                table.name,
            ):
                quoted = client.escape_column_name(column)
                client.execute_sql(f"ALTER TABLE {name} ALTER COLUMN {quoted} TYPE jsonb USING {quoted}::jsonb")
        has_key = client.execute_sql(
            "SELECT 1 FROM information_schema.table_constraints "
            "WHERE table_schema = %s AND table_name = %s AND constraint_type = 'PRIMARY KEY'",
            self.schema,
            table.name,
        )
        if table.key and not has_key:
            columns = ", ".join(client.escape_column_name(column) for column in table.key)
            client.execute_sql(f"ALTER TABLE {name} ADD PRIMARY KEY ({columns})")


def _resource(table: Table, *rows: pa.Table) -> Any:  # noqa: ANN401 - dlt's resource
    """Create the dlt resource that is merged into a stream's table."""
    columns: dict[str, Any] = {
        name: {"data_type": kind, "nullable": name not in table.key} for name, kind in table.kinds.items()
    }
    # `deduplicated`: each key occurs once in a load. Tables without a key are appended to.
    merge: Any = {"disposition": "merge", "strategy": "delete-insert", "deduplicated": True}
    return dlt.resource(
        list(rows),
        name=table.name,
        columns=columns,
        primary_key=table.key,
        write_disposition=merge if table.key else "append",
    )


@dlt.resource
def _keeping(states: Json, account: Json) -> Iterator[None]:
    """Add the states to dlt's state, which is written with the rows of the same package."""
    kept = dlt.current.source_state()
    kept["streams"], kept["account"] = states, account
    yield from ()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
