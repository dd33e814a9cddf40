"""A sync whose connector runs elsewhere: in a container of its own, and its messages come through a pipe.

connector discover --config … > exchange/discovered
python -m sync.pod prepare --exchange exchange --db uxcam.duckdb --schema uxcam --streams sessions,events
connector read --config … --catalog exchange/catalog.json --state exchange/state.json > exchange/messages &
python -m sync.pod load --exchange exchange --db uxcam.duckdb --schema uxcam
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from sync import catalog
from sync.coverage import Interval
from sync.destination import DestinationError, opened
from sync.display import Display
from sync.interrupt import Interrupt
from sync.loading import Load
from sync.messages import Output, parse_lines
from sync.progress import Progress
from sync.table import Table
from sync.warehouse import Warehouse


def main() -> int:
    """Run what the command line asks for; returns the exit code."""
    arguments = _arguments()
    console = Console(highlight=False, width=200)
    try:
        if arguments.command == "prepare":
            names = [name.strip() for name in arguments.streams.split(",") if name.strip()]
            prepare(arguments.db, arguments.schema, arguments.exchange, names, console)
        else:
            load(arguments.db, arguments.schema, arguments.exchange, arguments.commit_seconds, console)
    except (DestinationError, ValueError, OSError) as error:
        sys.stderr.write(f"ERROR {error}\n")
        return 1
    return 0


def prepare(db: str, schema: str, exchange: Path, names: list[str], console: Console) -> None:
    """Write what the connector is to read from, and make the pipe for its messages."""
    discovered = [line.message for line in parse_lines((exchange / "discovered").read_bytes())]
    configured = catalog.configured(catalog.discovered(discovered), names)
    tables = [Table(stream) for stream in catalog.chosen(configured)]
    with opened(db, schema) as destination, Warehouse(destination, schema, tables) as warehouse:
        warehouse.prepare()
        states = [
            {"type": "STREAM", "stream": {"stream_descriptor": {"name": table.name}, "stream_state": state}}
            for table in tables
            if (state := warehouse.states.get(table.name)) is not None
        ]
    (exchange / "catalog.json").write_text(json.dumps(configured))
    (exchange / "state.json").write_text(json.dumps(states))
    pipe = exchange / "messages"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    chosen = ", ".join(table.name for table in tables)
    console.print(f"{chosen}: {'going on from the saved state' if states else 'nothing is loaded yet'}.")


def load(db: str, schema: str, exchange: Path, seconds: float, console: Console) -> None:
    """Load until the connector closes the pipe."""
    streams = catalog.chosen(json.loads((exchange / "catalog.json").read_text()))
    tables = [Table(stream) for stream in streams]
    never = datetime.now(UTC)
    progress = Progress([table.name for table in tables], Interval(never, never))
    # The pipe comes first: if anything below fails, it breaks, and the connector ends too instead of waiting.
    with (
        (exchange / "messages").open("rb", buffering=0) as pipe,
        opened(db, schema) as destination,
        Warehouse(destination, schema, tables) as warehouse,
        Display(console, progress) as display,
        Interrupt() as interrupt,
    ):
        output = Output(pipe)
        Load(warehouse, tables, display, seconds).run(output, interrupt.is_set, output.close)
    for stream in progress.streams.values():
        console.print(f"{stream.name}: {stream.rows:,} rows loaded.")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sync.pod", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--exchange", type=Path, required=True, help="a folder shared with the connector")
    common.add_argument("--db", default=os.environ.get("DB"), help="a DuckDB file, or the URL of a destination")
    common.add_argument("--schema", default=os.environ.get("SCHEMA"), help="the schema to write")
    prepare_command = commands.add_parser("prepare", parents=[common])
    prepare_command.add_argument(
        "--streams", default=os.environ.get("STREAMS", ""), help="names, separated by commas; all if not given"
    )
    load_command = commands.add_parser("load", parents=[common])
    load_command.add_argument("--commit-seconds", type=float, default=5.0, help="seconds between two commits")
    arguments = parser.parse_args()
    if not arguments.db or not arguments.schema:
        parser.error("Give --db and --schema, or DB and SCHEMA in the environment.")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
