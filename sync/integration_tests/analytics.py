"""The demo's data at a fixed time, as each loader writes it, and the models over it."""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from psycopg2.extras import execute_values
from rich.console import Console
from sandbox_server import Vendor, load_vendor, main_configs, serve, vendor_names

from integration_tests.connector import _as_emitted
from integration_tests.inside import InsideConnector
from sync import account, models, traffic
from sync.answers import SCHEMA
from sync.columns import column_kind, columns
from sync.demo import DAYS
from sync.destination import opened
from sync.integration_tests.databases import Database
from sync.messages import Json
from sync.sessions import make_view
from sync.table import Table
from sync.warehouse import Warehouse

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday."""


@dataclass(frozen=True)
class Read:
    """What one connector with one config emitted."""

    folder: str
    streams: dict[str, Json]
    records: dict[str, list[Json]]
    account: Json
    expected: dict[str, list[Any]]

    @property
    def connection(self) -> str:
        """The prefix of the package's variables."""
        return account.schema_name(self.folder, self.account["api"])


def demo_vendor(folder: str) -> Vendor:
    """A vendor of the demo, whose clock stands still."""
    return load_vendor(folder, sessions=400, days=DAYS, now=NOW.timestamp, **traffic.options(folder))


def read_all(place: Path) -> list[Read]:
    """Read the sandbox of every vendor that the package has models of, as the demo has it."""
    staging = models.PACKAGE / "models" / "staging"
    folders = [folder for folder in vendor_names() if (staging / folder.removeprefix("source-")).is_dir()]
    return [read for folder in folders for read in _read(folder, demo_vendor(folder), place)]


def _read(folder: str, vendor: Vendor, place: Path) -> Iterator[Read]:
    with serve(vendor) as server:
        configs = vendor.configs(server.origin)
        chosen = [name for name in configs if name == "segments"] or list(main_configs(vendor, server.origin))
        for name in chosen:
            connector = InsideConnector(folder, configs[name], place)
            output = connector.read()
            assert output.exit_code == 0, output.errors
            described = account.description(folder, connector.specification, configs[name])
            keys = {stream: connector.key(stream) for stream in connector.streams}
            parts = [part for part in keys["sessions"] if part not in {"session_id", "app_platform"}]
            yield Read(
                folder,
                connector.streams,
                output.records,
                described | {"part": parts[0] if parts else None},
                _as_emitted(vendor.expected(name)),
            )


def write_as_make_sync(database: Database, reads: list[Read]) -> None:
    """Write the tables of `make sync`."""
    for read in reads:
        tables = [Table(stream) for stream in read.streams.values()]
        with opened(database.db) as destination, Warehouse(destination, read.connection, tables) as warehouse:
            warehouse.prepare()
            warehouse.describe(read.account)
            for table in tables:
                for record in read.records.get(table.name, []):
                    table.add(record, 100)
            warehouse.commit()
            make_view(warehouse)


def write_tables(database: Database, reads: list[Read]) -> None:
    """Write the same tables into a DuckDB file without dlt, which takes far longer for so few rows."""
    with duckdb.connect(database.db) as connection:
        for read in reads:
            connection.execute(f'CREATE SCHEMA "{read.connection}"')
            for stream in read.streams.values():
                table = Table(stream)
                for record in read.records.get(table.name, []):
                    table.add(record, 100)
                rows = table.take()  # noqa: F841 - DuckDB finds it by its name
                chosen = ", ".join(
                    f'CAST("{name}" AS JSON) AS "{name}"' if kind == "json" else f'"{name}"'
                    for name, kind in table.kinds.items()
                )
                connection.execute(f'CREATE TABLE "{read.connection}"."{table.name}" AS SELECT {chosen} FROM rows')  # noqa: S608
    for read in reads:
        with opened(database.db) as destination, Warehouse(destination, read.connection, []) as warehouse:
            warehouse.describe(read.account)
            make_view(warehouse)


AIRBYTE_TYPES = {
    "bool": "BOOLEAN",
    "bigint": "BIGINT",
    "double": "DECIMAL(38, 9)",
    "text": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "json": "JSONB",
}
"""Of Airbyte's PostgreSQL destination: https://docs.airbyte.com/integrations/destinations/postgres"""


def write_as_airbyte(database: Database, schema: str, reads: list[Read]) -> Json:
    """Write the tables of Airbyte's PostgreSQL destination in append mode; returns the package's variables.

    Names keep their case; all connectors write one schema, each with a prefix. Every record is there twice; the
    older copy has other values.
    """
    variables: Json = {}
    connection = psycopg2.connect(database.db)
    with connection, connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA "{schema}"')
        for read in reads:
            prefix = f"{read.connection}_"
            variables |= {f"{read.connection}_schemas": [schema], f"{read.connection}_prefix": prefix}
            for name, stream in read.streams.items():
                kinds = {field: column_kind(part) for field, part in stream["json_schema"]["properties"].items()}
                table = f'"{schema}"."{prefix}{name}"'
                declared = ", ".join(f'"{field}" {AIRBYTE_TYPES[kind]}' for field, kind in kinds.items())
                cursor.execute(
                    f"CREATE TABLE {table} (_airbyte_raw_id VARCHAR, _airbyte_extracted_at TIMESTAMPTZ, "
                    f"_airbyte_meta JSONB, _airbyte_generation_id BIGINT, {declared})"
                )
                key = {part for (part,) in stream["source_defined_primary_key"]}
                rows = []
                for record in read.records.get(name, []):
                    older = {field: value if field in key else None for field, value in record.items()}
                    for moment, copy in (("2026-03-01T00:00:00Z", older), ("2026-03-02T12:00:00Z", record)):
                        values = [_text(copy.get(field), kind) for field, kind in kinds.items()]
                        rows.append(("raw", moment, "{}", 0, *values))
                execute_values(cursor, f"INSERT INTO {table} VALUES %s", rows, page_size=500)  # noqa: S608
    connection.close()
    return variables


PYAIRBYTE_TYPES = AIRBYTE_TYPES | {"timestamp": "TIMESTAMP", "json": "JSON"}
"""Of PyAirbyte's DuckDB cache."""


def write_as_pyairbyte(database: Database, reads: list[Read]) -> Json:
    """Write the tables of PyAirbyte's DuckDB cache; returns the package's variables. Times have no zone."""
    variables: Json = {}
    with duckdb.connect(database.db) as connection:
        for read in reads:
            schema = f"py_{read.connection}"
            variables[f"{read.connection}_schemas"] = [schema]
            connection.execute(f'CREATE SCHEMA "{schema}"')
            for name, stream in read.streams.items():
                kinds = {column.field: column.kind for column in columns(stream["json_schema"]["properties"])}
                declared = ", ".join(f'"{field.lower()}" {PYAIRBYTE_TYPES[kind]}' for field, kind in kinds.items())
                table = f'"{schema}"."{name}"'
                connection.execute(
                    f"CREATE TABLE {table} ({declared}, _airbyte_raw_id VARCHAR, _airbyte_extracted_at TIMESTAMP, "
                    "_airbyte_meta JSON)"
                )
                rows = [
                    [
                        *(_naive(_text(record.get(field), kind), kind) for field, kind in kinds.items()),
                        *("raw", "2026-03-02 12:00:00", "{}"),
                    ]
                    for record in read.records.get(name, [])
                ]
                if rows:
                    marks = ", ".join("?" for _ in rows[0])
                    connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608
    return variables


def _text(value: Any, kind: str) -> Any:
    return json.dumps(value) if kind == "json" and value is not None else value


def _naive(value: Any, kind: str) -> Any:
    if kind != "timestamp" or value is None:
        return value
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)


def build(database: Database, variables: Json | None = None, package: Path = models.PACKAGE) -> str:
    """Build the models as `make models` does; returns what it printed."""
    printed = io.StringIO()
    models.build(database.db, variables or {}, Console(file=printed, width=120), package)
    return printed.getvalue()


def totals(database: Database) -> Json:
    """The figures of the models that depend on every row and on every unit."""
    queries = {
        "sessions": "SELECT vendor, count(*), round(sum(duration_seconds)), sum(page_count), count(user_key), "
        "count(country_code), count(app_version), count(operating_system), count(replay_url), sum(rage_count), "
        "sum(crash_count), min(started_on), max(started_on) FROM {}.sessions GROUP BY 1 ORDER BY 1",
        "session_pages": "SELECT vendor, count(*), count(page), count(entered_at), sum(CASE WHEN is_exit THEN 1 "
        "ELSE 0 END) FROM {}.session_pages GROUP BY 1 ORDER BY 1",
        "session_events": "SELECT vendor, count(*), count(properties), count(event_at) FROM {}.session_events "
        "GROUP BY 1 ORDER BY 1",
        "frustrations": "SELECT vendor, kind, count(*), sum(occurrences) FROM {}.frustrations GROUP BY 1, 2 "
        "ORDER BY 1, 2",
        "users": "SELECT vendor, user_kind, count(*), sum(session_count), min(first_seen_on) FROM {}.users "
        "GROUP BY 1, 2 ORDER BY 1, 2",
        "daily_activity": "SELECT vendor, count(*), sum(users), sum(new_users), sum(frustrations) "
        "FROM {}.daily_activity GROUP BY 1 ORDER BY 1",
        "retention_weekly": "SELECT vendor, week_number, sum(cohort_users), sum(active_users) "
        "FROM {}.retention_weekly GROUP BY 1, 2 ORDER BY 1, 2",
        "funnel_steps": "SELECT step, reached FROM {}.funnel_steps ORDER BY step_number",
    }
    return {
        name: [
            tuple(
                value if value is None or isinstance(value, str) else str(value).removesuffix(".0")
                for value in row
            )
            for row in database.query(sql.format(SCHEMA))
        ]
        for name, sql in queries.items()
    }


def changed_package(place: Path, changed: dict[str, str]) -> Path:
    """Return a copy of the package in which some models have other SQL."""
    copy = place / "package"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(models.PACKAGE, copy)
    for model, sql in changed.items():
        (path,) = copy.glob(f"models/**/{model}.sql")
        path.write_text(sql)
    return copy


def failed_models(database: Database, place: Path, package: Path, selected: str) -> set[str]:
    """Build some models over a copy of a database; return those that failed, or of which a test failed."""
    copy = place / Path(database.db).name
    shutil.copy(database.db, copy)
    target = place / "target"
    shutil.rmtree(target, ignore_errors=True)
    variables = {f"{name}_schemas": [name] for name in ("browsee", "devrev", "inspectlet", "opentracker")}
    command = [models.DBT, "--quiet", "build", "--select", selected, "--project-dir", package]
    command += ["--profiles-dir", package, "--target", "duckdb", "--target-path", target, "--log-path", target]
    subprocess.run(  # noqa: S603
        [str(word) for word in [*command, "--vars", json.dumps(variables)]],
        env=os.environ | {"SESSION_ANALYTICS_FILE": str(copy)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    manifest = json.loads((target / "manifest.json").read_text())
    failed = set()
    for result in json.loads((target / "run_results.json").read_text())["results"]:
        if result["status"] in {"fail", "error"}:
            name = result["unique_id"]
            failed |= {name, *manifest["parent_map"].get(name, [])}
    return {name.split(".")[2] for name in failed}
