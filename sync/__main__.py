"""``make sync``: every connector against its sandbox, or one with a real account, twice into a DuckDB file.

The first sync is a full one (or goes on where the file's last one ended), the second one incremental.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import airbyte
import rich
from airbyte.exceptions import PyAirbyteError
from rich.console import Console

from integration_tests.sandbox import load_vendor, main_configs, serve, vendor_names
from sync import report
from sync.warehouse import Warehouse

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)


@dataclass(frozen=True)
class Job:
    """One connector with one config, and the schema of the DuckDB file that it fills."""

    connector: str
    schema: str
    config: dict[str, Any]
    streams: list[str]
    between: Callable[[], None] | None = None
    """What happens between two syncs; a real account is synced once."""


def main() -> None:
    """Run what the command line asks for."""
    arguments = _arguments()
    rich.get_console().quiet = True  # PyAirbyte's remarks on its own files and types; its progress is shown
    try:
        if arguments.connector:
            jobs = [_real_job(arguments.connector, arguments.config, arguments.streams)]
            _sync(jobs, arguments.db or Path("sessions.duckdb"))
        else:
            database = arguments.db or Path("sandbox.duckdb")
            database.unlink(missing_ok=True)
            with _sandbox_jobs() as jobs:
                _sync(jobs, database)
    except PyAirbyteError as error:
        sys.exit(f"\n{_told(error)}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sync", description=__doc__)
    parser.add_argument("--connector", help="a connector's folder, source-uxcam; all sandboxes if not given")
    parser.add_argument("--config", type=Path, help="its config, a JSON file")
    parser.add_argument("--db", type=Path, help="the DuckDB file to write")
    parser.add_argument("--streams", default="", help="names, separated by commas; all if not given")
    arguments = parser.parse_args()
    if bool(arguments.connector) != bool(arguments.config):
        parser.error("CONNECTOR and CONFIG go together: the one says what to run, the other with which account.")
    if arguments.streams and not arguments.connector:
        parser.error("STREAMS names streams of one connector: say which with CONNECTOR and CONFIG.")
    return arguments


def _real_job(connector: str, config: Path, streams: str) -> Job:
    if not _script(connector).exists():
        sys.exit(
            f"There is no connector {connector!r}. Give a folder of this repository, source-uxcam for example."
        )
    try:
        loaded = json.loads(config.read_text())
    except (OSError, ValueError) as error:
        sys.exit(f"The config {config} cannot be read: {error}.")
    names = [name.strip() for name in streams.split(",") if name.strip()]
    return Job(connector, connector.removeprefix("source-"), loaded, names)


@contextmanager
def _sandbox_jobs() -> Iterator[list[Job]]:
    """Serve every vendor's sandbox, growing while it is read, and give a job for each of its configs."""
    servers = [
        serve(load_vendor(folder, sessions=400, days=14), grow_every=4, grow_by=2) for folder in vendor_names()
    ]
    jobs = []
    for serving in servers:
        server = serving.__enter__()
        configs = main_configs(server.vendor, server.origin)
        for name, config in configs.items():
            schema = server.vendor.name if len(configs) == 1 else f"{server.vendor.name}_{name}"

            def grow(vendor: Any = server.vendor) -> None:  # noqa: ANN401 - bound now
                vendor.grow(25)
                time.sleep(1.1)  # what is uploaded in the second of a sync's start belongs to the next one

            jobs.append(Job(f"source-{server.vendor.name}", schema, config, [], between=grow))
    try:
        yield jobs
    finally:
        for serving in servers:
            serving.__exit__(None, None, None)


def _sync(jobs: list[Job], database: Path) -> None:
    warehouse = Warehouse(database)
    for number, job in enumerate(jobs, 1):
        console.rule(f"{number} of {len(jobs)}: {job.connector} → {database} ({job.schema})", align="left")
        source = airbyte.get_source(
            job.connector,
            config=job.config,
            local_executable=_script(job.connector),
            install_if_missing=False,
        )
        source.check()
        known = source.get_available_streams()
        if unknown := set(job.streams) - set(known):
            sys.exit(f"{job.connector} has no stream {', '.join(sorted(unknown))}; it has {', '.join(known)}.")
        source.select_streams(job.streams or known)
        cursors = {stream.name: stream.default_cursor_field for stream in source.discovered_catalog.streams}
        if job.between is not None:
            _read(source, warehouse, job.schema)
            job.between()
        before = warehouse.counts(job.schema, source.get_selected_streams())
        _read(source, warehouse, job.schema)
        warehouse.note(job.schema, before, cursors)
    warehouse.make_view()
    report.show(console, warehouse)


def _read(source: airbyte.Source, warehouse: Warehouse, schema: str) -> None:
    source.read(cache=warehouse.cache(schema))
    selected = set(source.get_selected_streams())
    for stream in source.discovered_catalog.streams:
        if stream.name in selected:
            key = [name for path in stream.source_defined_primary_key or [] for name in path]
            warehouse.keep_latest(schema, stream.name, key, stream.default_cursor_field)


def _script(connector: str) -> Path:
    return Path(sys.executable).with_name(connector)


def _told(error: BaseException) -> str:
    """Take the connector's own sentence out of PyAirbyte's error, where there is one."""
    cause: BaseException | None = error
    while isinstance(cause, PyAirbyteError):
        context = cause.context or {}
        if reason := context.get("failure_reason"):
            return str(reason)
        cause = cause.original_exception or cause.__cause__
    return str(error)


if __name__ == "__main__":
    main()
