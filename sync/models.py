"""``make models``: build the dbt package ``models/`` over a database that a loader filled."""

import argparse
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from rich.console import Console
from rich.table import Table

from sync import report
from sync.answers import MODELS, SCHEMA
from sync.demo import DATABASE
from sync.destination import Destination, DestinationError, opened
from sync.display import screen
from sync.environment import database, read
from sync.job import RefusedError
from sync.messages import Json
from sync.warehouse import Warehouse
from sync.workplace import workplace

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "models"
DBT = ROOT / ".cache" / "models" / "bin" / "dbt"


class BuildError(Exception):
    """A model or a test of the package failed; holds what dbt printed about it."""


def main() -> int:
    """Build the models and add their answers to the report; returns the exit code."""
    arguments = _arguments()
    console = screen()
    try:
        build(read(arguments.db), arguments.vars, console)
    except (BuildError, DestinationError, OSError, RefusedError) as error:
        console.print(str(error), style="bold red", markup=False, soft_wrap=True)
        return 1
    return 0


def build(db: str, variables: Json, console: Console, package: Path = PACKAGE) -> None:
    """Build all models and run all tests.

    Args:
        db: a DuckDB file or a PostgreSQL URL.
        variables: of the package; those that say where the tables are default to the schemas that make sync wrote.
        console: where to print.
        package: the dbt project.

    Raises:
        DestinationError: The database cannot be opened, or the package is not built for it.
        BuildError: A model or a test fails.
    """
    if "://" not in db and not Path(db.removeprefix("duckdb:")).exists():
        raise DestinationError(f"{db} does not exist. Run make sync first, or name a database: make models DB=…")
    with opened(db) as destination:
        if destination.name not in {"duckdb", "postgres"}:
            raise DestinationError(
                f"make models builds in DuckDB and PostgreSQL, not in {destination.label}. For another "
                "warehouse, add the package to a dbt project of yours: models/README.md describes how."
            )
        variables = _schemas(destination) | variables
    console.print(f"Building the models in {destination.label}, schema {SCHEMA}.", markup=False, soft_wrap=True)
    with workplace() as place:
        _run_dbt(destination, db, variables, package, place)
        results = json.loads((place / "run_results.json").read_text())["results"]
    statuses = Counter(result["status"] for result in results)
    for result in results:
        if result["status"] == "warn":
            console.print(f"warning: {result['unique_id'].split('.')[2]}: {result['message']}", markup=False)
    with opened(db) as destination, Warehouse(destination, SCHEMA, []) as warehouse:
        table = Table(title="What the models hold", title_justify="left")
        table.add_column("model")
        table.add_column("rows", justify="right")
        for name in MODELS:
            table.add_row(name, f"{warehouse.count(name):,}")
        console.print(table)
        console.print(f"{statuses['success']} models built, {statuses['pass']} tests passed.")
        if destination.file is not None and report.add_models(destination.file.with_suffix(".html"), warehouse):
            console.print(f"The report {destination.file.with_suffix('.html')} has their answers.", markup=False)


def _schemas(destination: Destination) -> Json:
    """Return the variables that say which schemas make sync wrote."""
    found: dict[str, list[str]] = {}
    with Warehouse(destination, SCHEMA, []) as warehouse:
        for (schema,) in warehouse.query(
            "SELECT table_schema FROM information_schema.tables WHERE table_name = '_account' ORDER BY 1"
        ):
            for vendor, api in warehouse.query(f'SELECT vendor, api FROM "{schema}"._account'):  # noqa: S608
                connection = f"{vendor}_{api}" if api else vendor
                found.setdefault(f"{connection}_schemas", []).append(schema)
    return dict(found)


def _run_dbt(destination: Destination, db: str, variables: Json, package: Path, place: Path) -> None:
    command = [str(DBT), "--quiet", "--no-use-colors", "build", "--project-dir", str(package)]
    command += ["--profiles-dir", str(package), "--target", destination.name]
    command += ["--target-path", str(place), "--log-path", str(place), "--vars", json.dumps(variables)]
    done = subprocess.run(  # noqa: S603 - the dbt of `make models`
        command,
        env=os.environ | _connection(db) | {"DO_NOT_TRACK": "1", "PYTHONWARNINGS": "ignore"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildError(done.stdout.strip() or f"dbt ended with exit code {done.returncode}.")


def _connection(db: str) -> dict[str, str]:
    """Return what the package's profile reads; a password in the environment is hidden from other users."""
    if "://" not in db:
        return {"SESSION_ANALYTICS_FILE": db.removeprefix("duckdb:")}
    parts = urlsplit(db)
    given = {
        "PGHOST": parts.hostname,
        "PGPORT": None if parts.port is None else str(parts.port),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.removeprefix("/")),
        "PGSSLMODE": next(iter(parse_qs(parts.query).get("sslmode", [])), None),
    }
    return {name: value for name, value in given.items() if value}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make models", description=__doc__, usage="make models [DB=] [VARS=]")
    parser.add_argument("--vars", type=_object, default={}, help="variables of the package, as a JSON object")
    arguments = parser.parse_args()
    arguments.db = database() or str(DATABASE)
    return arguments


def _object(text: str) -> Json:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"VARS is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(
            'VARS is a JSON object, for example {"uxcam_session_api_enabled": false}.'
        )
    return value


if __name__ == "__main__":
    sys.exit(main())
