"""A sync whose connector runs in a container of its own; its messages come through a pipe.

connector spec > exchange/spec
connector discover --config … > exchange/discovered
python -m sync.pod identify --exchange exchange --connector source-uxcam --config …
python -m sync.pod prepare --exchange exchange --db uxcam.duckdb --schema uxcam --streams sessions,events
connector read --config … --catalog exchange/catalog.json --state exchange/state.json > exchange/messages &
python -m sync.pod load --exchange exchange --db uxcam.duckdb --schema uxcam

``identify`` needs the config and no warehouse; ``prepare`` and ``load`` need the warehouse and no config.
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from sync import account, catalog, schema
from sync.coverage import Interval
from sync.destination import DestinationError, opened
from sync.display import Display, screen
from sync.interrupt import Interrupt
from sync.job import RefusedError
from sync.loading import Load
from sync.messages import Output, parse_lines
from sync.progress import Progress
from sync.table import Table
from sync.warehouse import Warehouse


def main() -> int:
    """Run the command line; return the exit code."""
    arguments = _arguments()
    console = screen()
    try:
        match arguments.command:
            case "identify":
                identify(arguments.exchange, arguments.connector, arguments.config)
            case "prepare":
                names = [name.strip() for name in arguments.streams.split(",") if name.strip()]
                prepare(arguments.db, arguments.schema, arguments.exchange, names, console)
            case _:
                load(arguments.db, arguments.schema, arguments.exchange, arguments.commit_seconds, console)
    except (DestinationError, RefusedError, ValueError, OSError) as error:
        sys.stderr.write(f"ERROR {error}\n")
        return 1
    return 0


def identify(exchange: Path, connector: str, config: Path) -> None:
    """Write which account the config reads: hashes and names, no secret."""
    messages = [line.message for line in parse_lines((exchange / "spec").read_bytes())]
    specifications = [message["spec"] for message in messages if message.get("type") == "SPEC"]
    if not specifications:
        raise ValueError("The connector printed no spec.")
    specification, content = specifications[0]["connectionSpecification"], json.loads(config.read_text())
    identified = {
        "identity": account.identity(specification, content),
        "description": account.description(connector, specification, content),
    }
    (exchange / "account.json").write_text(json.dumps(identified))


def prepare(db: str, name: str, exchange: Path, names: list[str], console: Console) -> None:
    """Check the account, write the connector's catalog and state, and create the pipe for its messages."""
    discovered = [line.message for line in parse_lines((exchange / "discovered").read_bytes())]
    configured = catalog.configured(catalog.discovered(discovered), names)
    identified = json.loads((exchange / "account.json").read_text())
    tables = [Table(stream) for stream in catalog.chosen(configured)]
    with opened(db, name) as destination, Warehouse(destination, name, tables) as warehouse:
        schema.claim(warehouse, identified["identity"])
        if problem := schema.prepare(warehouse, tables, identified["description"]):
            console.print(problem, markup=False, soft_wrap=True)
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
    console.print(f"{chosen}: {'continuing from the saved state' if states else 'nothing is loaded yet'}.")


def load(db: str, name: str, exchange: Path, seconds: float, console: Console) -> None:
    """Load until the connector closes the pipe."""
    streams = catalog.chosen(json.loads((exchange / "catalog.json").read_text()))
    tables = [Table(stream) for stream in streams]
    never = datetime.now(UTC)
    progress = Progress([table.name for table in tables], Interval(never, never))
    # Open the pipe first: if a later step fails, the pipe breaks, and the connector ends instead of waiting.
    with (
        (exchange / "messages").open("rb", buffering=0) as pipe,
        opened(db, name) as destination,
        Warehouse(destination, name, tables) as warehouse,
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
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--exchange", type=Path, required=True, help="a folder shared with the connector")
    warehouse = argparse.ArgumentParser(add_help=False, parents=[shared])
    warehouse.add_argument("--db", default=os.environ.get("DB"), help="a DuckDB file, or the URL of a destination")
    warehouse.add_argument("--schema", default=os.environ.get("SCHEMA"), help="the schema to write")
    identify_command = commands.add_parser("identify", parents=[shared])
    identify_command.add_argument(
        "--connector", default=os.environ.get("CONNECTOR"), help="source-uxcam, for example"
    )
    identify_command.add_argument("--config", type=Path, required=True, help="the connector's config, a JSON file")
    prepare_command = commands.add_parser("prepare", parents=[warehouse])
    prepare_command.add_argument(
        "--streams", default=os.environ.get("STREAMS", ""), help="names separated by commas; default: all"
    )
    load_command = commands.add_parser("load", parents=[warehouse])
    load_command.add_argument("--commit-seconds", type=float, default=5.0, help="seconds between two commits")
    arguments = parser.parse_args()
    if arguments.command == "identify" and not arguments.connector:
        parser.error("Set --connector, or CONNECTOR in the environment.")
    if arguments.command != "identify" and not (arguments.db and arguments.schema):
        parser.error("Set --db and --schema, or DB and SCHEMA in the environment.")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
