"""Runs: sync a real account once, or every sandbox of the demo twice."""

from pathlib import Path

from rich.console import Console

from sync import report, summary
from sync.demo import DATABASE, served
from sync.destination import Destination, DestinationError, opened
from sync.execution import Result, run
from sync.interrupt import Interrupt
from sync.job import Job, RefusedError
from sync.sessions import has_view, schemas
from sync.warehouse import Warehouse


def real(job: Job, db: str, console: Console, interrupt: Interrupt) -> int:
    """Sync a real account after the job's ``look_up``; return the exit code."""
    try:
        with opened(db, job.schema_name) as destination:
            result = _sync(job, destination, console, interrupt)
            if code := _ended(result, console, interrupt):
                return code
            _summarise(destination, [result], console)
    except DestinationError as error:
        raise RefusedError(str(error)) from error
    return 0


def demo(console: Console, interrupt: Interrupt) -> int:
    """Sync every sandbox, add sessions to it, and sync it again; return the exit code."""
    DATABASE.unlink(missing_ok=True)
    results = []
    with served() as demos, opened(str(DATABASE)) as destination:
        for number, playing in enumerate(demos, 1):
            console.print(f"\n{number} of {len(demos)}, all sessions, then the new ones:")
            playing.job.look_up()
            for grow in (None, playing.grow):
                if grow:
                    grow()
                result = _sync(playing.job, destination, console, interrupt)
                if code := _ended(result, console, interrupt):
                    return code
            results.append(result)
        _summarise(destination, results, console)
    return 0


def _sync(job: Job, destination: Destination, console: Console, interrupt: Interrupt) -> Result:
    console.print(f"{job.connector} → {destination.label}, schema {job.schema_name}", markup=False, soft_wrap=True)
    return run(job, destination, console, interrupt)


def _ended(result: Result, console: Console, interrupt: Interrupt) -> int:
    """Print how a sync ended; return the exit code."""
    if interrupt.is_set():
        console.print(f"stopped; {result.kept:,} rows kept")
        return interrupt.exit_code
    if result.failure:
        console.print(result.failure, markup=False, soft_wrap=True)
        return 1
    console.print(f"done; {result.kept:,} rows read, {sum(result.rows.values()):,} in the warehouse")
    return 0


def _summarise(destination: Destination, results: list[Result], console: Console) -> None:
    with Warehouse(destination, results[-1].job.schema_name, []) as warehouse:
        summary.show(console, warehouse, results)
        if not has_view(warehouse):
            return
        found = schemas(warehouse)
        path = (destination.file or Path(f"{warehouse.schema}.duckdb")).with_suffix(".html")
        line = f"The report is in {path}: open it in a browser."
        try:
            if not report.write(path, warehouse, found, results):
                line = f"No report was written: {path} exists and is not a report."
        except DestinationError as error:  # the rows are loaded
            line = f"No report was written: {error}"
        except OSError as error:
            line = f"No report was written to {path}: {error.strerror}."
        console.print(line, markup=False, soft_wrap=True)
