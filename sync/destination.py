"""Destinations: what ``DB=`` names, a DuckDB file or a URL of any database that dlt loads into."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import dlt
import duckdb
from dlt.common.destination import Destination as AnyDestination
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.destinations.impl.postgres.configuration import PostgresCredentials

NAMES = {"postgresql": "postgres", "md": "motherduck"}
"""Schemes of URLs that dlt calls otherwise."""


@dataclass(frozen=True)
class Destination:
    """A destination that is open.

    Args:
        name: dlt's name: duckdb, postgres, snowflake ….
        dlt: what a pipeline is given.
        label: for people, without a password.
        file: the DuckDB file, if it is one.
    """

    name: str
    dlt: Any
    label: str
    file: Path | None = None


class DestinationError(Exception):
    """A destination that cannot be used; says why and what to do."""


LEAST_MEMORY = 256 * 2**20
"""Bytes of DuckDB's cache, which by default grows to four fifths of the machine's memory. A large file has more,
because the indexes of its keys must fit."""


@contextmanager
def opened(db: str, schema: str = "") -> Iterator[Destination]:
    """Open what ``DB=`` names, and close it at the end.

    Args:
        db: a file or a URL.
        schema: the schema to write.

    Raises:
        DestinationError: It cannot be opened.
    """
    if "://" in db:
        yield _from_url(db)
        return
    path = Path(db.removeprefix("duckdb:"))
    if path.stem.lower() == schema:
        raise DestinationError(
            f"The file {path} and its schema {schema} would have one name, and DuckDB cannot tell them apart. "
            "Choose another file, DB=sessions.duckdb for example, or another schema with SCHEMA=."
        )
    connection = _connect(path)
    try:
        # The connection stays open: a sync that has begun cannot find the file taken by another program.
        yield Destination("duckdb", dlt.destinations.duckdb(connection), str(path), path)
    finally:
        connection.close()


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        size = path.stat().st_size if path.exists() else 0
        config: dict[str, str | bool | int | float | list[str]] = {
            # The order of rows does not matter; to preserve it, a large load would take far more memory.
            "preserve_insertion_order": False,
            "memory_limit": f"{max(LEAST_MEMORY, size // 8) // 2**20}MB",
        }
        return duckdb.connect(path, config=config)
    except (duckdb.Error, OSError) as error:
        reason = str(error)
        if "lock" in reason:
            reason = f"another program has it open. Close that program, or wait for it. ({_first_line(error)})"
        elif "not a valid DuckDB database" in reason:
            reason = "it is not a DuckDB file. Choose another name in DB=."
        raise DestinationError(f"{path} cannot be opened: {reason}") from error


def _from_url(url: str) -> Destination:
    parts = urlsplit(url)
    name = NAMES.get(parts.scheme, parts.scheme)
    label = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))
    credentials: Any = url
    if name == "postgres":
        credentials = PostgresCredentials()
        credentials.parse_native_representation(url)
        # dlt wants one; libpq looks into .pgpass where it is empty, and a server may need none.
        credentials.password = unquote(parts.password or "")
        credentials.resolve()
    try:
        destination = AnyDestination.from_reference(name, credentials=credentials)
    except (UnknownDestinationModule, ImportError) as error:
        raise DestinationError(
            f"DB={label} begins with {parts.scheme}://, which is no destination that is installed. DB= takes a "
            "DuckDB file, postgresql://user:password@host/database, or the URL of another destination of dlt "
            f"(https://dlthub.com/docs/dlt-ecosystem/destinations) after: uv pip install 'dlt[{name}]'."
        ) from error
    return Destination(name, destination, label)


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
