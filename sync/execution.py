"""Execution: run one job, from the saved state to the connector's last message."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from sync import account, catalog, progress
from sync.destination import Destination
from sync.display import Display
from sync.interrupt import Interrupt
from sync.job import Job, RefusedError
from sync.loading import Load
from sync.sessions import make_view
from sync.table import Table
from sync.warehouse import Warehouse


@dataclass
class Result:
    """The result of a sync.

    Args:
        job: the job.
        kept: rows that were written, including rows that replaced older copies.
        before: rows in each stream's table before the sync.
        rows: rows in each stream's table after the sync.
        spans: the oldest and the newest cursor in each table.
        states: the state of each stream after the sync.
        failure: the connector's error, or None.
    """

    job: Job
    kept: int
    before: dict[str, int]
    rows: dict[str, int]
    spans: dict[str, tuple[Any, Any]]
    states: dict[str, Any]
    failure: str | None = None


def run(job: Job, destination: Destination, console: Console, interrupt: Interrupt) -> Result:
    """Run a job after its ``look_up``.

    Raises:
        RefusedError: The schema has rows of another account.
        ConnectorError: The connector failed; rows that it read before are kept.
        DestinationError: The destination refused the rows; earlier commits are kept.
    """
    configured = catalog.configured(job.discovered, job.streams)
    tables = [Table(stream) for stream in catalog.chosen(configured)]
    names = [table.name for table in tables]
    shown = progress.started_at(datetime.now(UTC), job.config, names)
    with job.started() as connector, Warehouse(destination, job.schema_name, tables) as warehouse:
        _check_account(job, warehouse)
        states = {name: warehouse.states[name] for name in names if name in warehouse.states}
        output = connector.start_read(configured, states)
        try:
            _prepare(job, warehouse, tables)
            before = {name: warehouse.count(name) for name in names}
            with Display(console, shown) as display:
                load = Load(warehouse, tables, display, job.commit_seconds)
                load.run(output, interrupt.is_set, connector.stop)
        finally:
            connector.stop()
        failure = connector.finish()
        spans = {table.name: warehouse.span(table) for table in tables}
        rows = {name: warehouse.count(name) for name in names}
        result = Result(job, display.kept, before, rows, spans, dict(warehouse.states))
    if failure and not interrupt.is_set():
        result.failure = (shown.errors or [failure])[-1]
    return result


def _check_account(job: Job, warehouse: Warehouse) -> None:
    """Refuse a schema with rows of another account; otherwise set the account to save."""
    current = account.identity(job.specification, job.config)
    saved = warehouse.account
    if saved and not account.is_same(saved, current):
        what = (
            "another account" if saved["api"] == current["api"] else f"another API of the vendor ({saved['api']})"
        )
        raise RefusedError(
            f"The schema {job.schema_name} in {warehouse.destination.label} has rows of {what}. "
            f"Name a schema for this one: SCHEMA={job.schema_name}_2, for example."
        )
    warehouse.account = account.merged(saved, current)


def _prepare(job: Job, warehouse: Warehouse, tables: list[Table]) -> None:
    warehouse.prepare()
    parts = [part for table in tables if table.name == "sessions" for part in table.key]
    warehouse.describe(
        account.description(job.connector, job.specification, job.config)
        | {"part": next((part for part in parts if part not in {"session_id", "app_platform"}), None)}
    )
    make_view(warehouse)
