"""``make sync``: load every vendor's sandbox, or one real account, into a warehouse."""

import argparse
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sync import environment
from sync.connector import ConnectorError, script
from sync.display import screen
from sync.interrupt import Interrupt
from sync.job import Job, RefusedError

DEFAULT = "sessions.duckdb"
COMMIT_SECONDS = 5.0
"""Reading between two commits. A kill loses at most this much reading and the commit in progress."""

SHOWN_TO_ALL = (
    "Other users of this machine can see the password in DB while make runs. "
    "Write the URL into a file that only you can read, and use DB=@FILE."
)


def main() -> int:
    """Run the command line; return the exit code."""
    arguments = _arguments()
    console = screen()
    console.print(f"Starting {arguments.connector or 'the sandboxes of all vendors'}.", markup=False)
    with Interrupt() as interrupt, ThreadPoolExecutor(1) as beside:
        try:
            looked_up = None
            if arguments.connector:
                db = environment.read(arguments.db or DEFAULT)
                if environment.shows_password(arguments.db or ""):
                    console.print(SHOWN_TO_ALL, style="yellow", soft_wrap=True)
                job = _job(arguments)
                looked_up = beside.submit(job.look_up)
            from sync.run import demo, real  # noqa: PLC0415 - importing dlt takes a second, in which the connector starts

            if looked_up is None:
                return demo(console, interrupt)
            looked_up.result()
            return real(job, db, console, interrupt)
        except (ConnectorError, RefusedError, ValueError, OSError) as error:
            if interrupt.is_set():
                console.print("stopped; 0 rows kept")
                return interrupt.exit_code
            console.print(f"\n{_message(error)}", style="bold red", markup=False, soft_wrap=True)
            return 1


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{place}. Rows that were loaded are kept; fix this and run the command again."
    return str(error)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make sync", description=__doc__, usage="make sync [CONNECTOR= CONFIG=] …"
    )
    parser.add_argument(
        "--connector", help="a connector's folder, for example source-uxcam; default: the sandboxes of all vendors"
    )
    parser.add_argument("--config", type=Path, help="the connector's config, a JSON file")
    parser.add_argument(
        "--db",
        default=environment.database(),
        help="a DuckDB file, the URL of another destination, or @FILE: a file with the URL. Other users of the "
        "machine can see a password on a command line",
    )
    parser.add_argument(
        "--schema", help="the schema to write; default: the vendor's name, with the API's name if it has two"
    )
    parser.add_argument("--streams", default="", help="names separated by commas; default: all")
    parser.add_argument("--commit-seconds", type=float, default=COMMIT_SECONDS, help="seconds between two commits")
    arguments = parser.parse_args()
    if bool(arguments.connector) != bool(arguments.config):
        parser.error(
            "CONNECTOR and CONFIG are needed together: a connector, and the config of the account to read."
        )
    for option in ("db", "schema", "streams"):
        if getattr(arguments, option) and not arguments.connector:
            parser.error(
                f"{option.upper()} needs CONNECTOR and CONFIG. Without them, make sync runs a demo that only "
                "writes sandbox.duckdb."
            )
    if arguments.schema:
        arguments.schema = arguments.schema.lower()
        if not re.fullmatch(r"[a-z_][a-z0-9_]{0,54}", arguments.schema):
            parser.error(
                "SCHEMA must start with a letter and have only letters, digits and underscores, at most 55."
            )
    return arguments


def _job(arguments: argparse.Namespace) -> Job:
    if not script(arguments.connector).exists() or not arguments.connector.startswith("source-"):
        known = ", ".join(sorted(path.name for path in Path(__file__).parents[1].glob("source-*")))
        raise RefusedError(f"There is no connector {arguments.connector!r}. Choose one of {known}.")
    names = [name.strip() for name in arguments.streams.split(",") if name.strip()]
    return Job(arguments.connector, arguments.config, names, arguments.schema, arguments.commit_seconds)


if __name__ == "__main__":
    sys.exit(main())
