"""``prepare`` a sync, then ``load`` it while the connector reads.

connector discover --config … > exchange/discovered
python -m loader prepare --warehouse uxcam.duckdb --exchange exchange --streams sessions,events
connector read --config … --catalog exchange/catalog.json --state exchange/state.json > exchange/messages &
python -m loader load --warehouse uxcam.duckdb --exchange exchange
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from .catalog import configured
from .warehouse import Warehouse

Json = dict[str, Any]


def main() -> None:
    """Run what the command line asks for."""
    arguments = _arguments()
    try:
        if arguments.command == "prepare":
            prepare(arguments.warehouse, arguments.exchange, arguments.streams)
        else:
            load(arguments.warehouse, arguments.exchange, arguments.commit_rows, arguments.commit_seconds)
    except (ValueError, OSError, duckdb.Error) as error:
        sys.exit(f"ERROR {error}")


def prepare(database: Path, exchange: Path, streams: str) -> None:
    """Write what the connector is to read from, and make the pipe through which it tells."""
    names = [name.strip() for name in streams.split(",") if name.strip()]
    with (exchange / "discovered").open() as lines:
        catalog = configured(lines, names)
    with Warehouse(database, _streams(catalog)) as warehouse:
        states = warehouse.states()
    (exchange / "catalog.json").write_text(json.dumps(catalog))
    (exchange / "state.json").write_text(json.dumps(states))
    pipe = exchange / "messages"
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    chosen = ", ".join(stream["name"] for stream in _streams(catalog))
    _say(f"INFO {chosen}: {'going on from the saved state' if states else 'nothing is loaded yet'}.")


def load(database: Path, exchange: Path, commit_rows: int, commit_seconds: float) -> None:
    """Load until the connector closes the pipe."""
    catalog = json.loads((exchange / "catalog.json").read_text())
    # The pipe comes first: if anything below fails, it breaks, and the connector ends too instead of waiting.
    with (exchange / "messages").open() as lines, Warehouse(database, _streams(catalog)) as warehouse:
        committed = time.monotonic()
        for message in _messages(lines):
            _take(message, warehouse)
            if warehouse.waiting >= commit_rows or time.monotonic() - committed >= commit_seconds:
                warehouse.commit()
                committed = time.monotonic()
        warehouse.commit()
    for stream, count in warehouse.loaded.items():
        _say(f"INFO {stream}: {count:,} records loaded.")


def _messages(lines: Iterable[str]) -> Iterable[Json]:
    for line in lines:
        if not line.endswith("\n"):
            _say("WARN The connector was cut off in the middle of a message. It will be read again.")
        elif line.startswith("{"):
            yield json.loads(line)
        elif line.strip():
            _say(line.rstrip())


def _take(message: Json, warehouse: Warehouse) -> None:
    match message:
        case {"type": "RECORD", "record": record}:
            warehouse.add(record["stream"], record["data"])
        case {"type": "STATE", "state": state}:
            warehouse.keep(state)
        case {"type": "LOG", "log": log}:
            _say(f"{log['level']} {log['message']}")
        case {"type": "TRACE", "trace": {"type": "ERROR", "error": error}}:
            _say(f"ERROR {error['message']}")


def _streams(catalog: Json) -> list[Json]:
    return [chosen["stream"] for chosen in catalog["streams"]]


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loader", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--warehouse", type=Path, required=True, help="the DuckDB file; made if there is none")
    common.add_argument("--exchange", type=Path, required=True, help="a folder shared with the connector")
    prepare_command = commands.add_parser("prepare", parents=[common])
    prepare_command.add_argument(
        "--streams", default=os.environ.get("STREAMS", ""), help="names, separated by commas; all if not given"
    )
    load_command = commands.add_parser("load", parents=[common])
    load_command.add_argument("--commit-rows", type=int, default=5_000)
    load_command.add_argument("--commit-seconds", type=float, default=30)
    return parser.parse_args()


if __name__ == "__main__":
    main()
