"""Execution: run one job, from the saved state to the connector's last message."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from sync import account, catalog, progress, schema
from sync.destination import Destination, DestinationError
from sync.display import Display
from sync.interrupt import Interrupt
from sync.job import Job
from sync.loading import Load
from sync.table import Table
from sync.warehouse import Warehouse

AGAIN = "Fix the error and run the command again: it continues from here."
LATER = "Run the command again: it continues from here."


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
        failure: how the read failed and what to do, or None. The error was shown before.
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
        schema.claim(warehouse, account.identity(job.specification, job.config))
        states = {name: warehouse.states[name] for name in names if name in warehouse.states}
        output = connector.start_read(configured, states)
        try:
            described = account.description(job.connector, job.specification, job.config)
            if problem := schema.prepare(warehouse, tables, described):
                console.print(f"  {problem}", style="yellow", markup=False, soft_wrap=True)
            before = {name: warehouse.count(name) for name in names}
            with Display(console, shown) as display:
                load = Load(warehouse, tables, display, job.commit_seconds)
                try:
                    load.run(output, interrupt.is_set, connector.stop)
                except DestinationError as error:
                    raise DestinationError(f"{error}\nfailed; {display.kept:,} rows kept. {AGAIN}") from error
        finally:
            connector.stop()
        failure = connector.finish()
        spans = {table.name: warehouse.span(table) for table in tables}
        rows = {name: warehouse.count(name) for name in names}
        result = Result(job, display.kept, before, rows, spans, dict(warehouse.states))
    if failure and not interrupt.is_set():
        if not shown.errors:
            console.print(failure, style="bold red", markup=False, soft_wrap=True)
        result.failure = _failure(shown, result.kept)
    return result


def _failure(shown: progress.Progress, kept: int) -> str:
    """Describe a failed read in one line."""
    failed = shown.incomplete
    which = f": {', '.join(failed)}" if len(failed) < len(shown.names) else ""
    return f"failed{which}; {kept:,} rows kept. {AGAIN if shown.is_config_error else LATER}"
