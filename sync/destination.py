"""Destinations: what ``DB=`` names: a DuckDB file, or the URL of a database that dlt supports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.configuration.exceptions import ConfigurationException
from dlt.common.destination import Destination as AnyDestination
from dlt.common.destination.exceptions import UnknownDestinationModule
from dlt.destinations.impl.postgres.configuration import PostgresCredentials

from sync.address import Address

NAMES = {"postgresql": "postgres", "md": "motherduck"}
"""dlt's names for URL schemes that differ."""


@dataclass(frozen=True)
class Destination:
    """An open destination.

    Args:
        name: dlt's name: duckdb, postgres, snowflake ….
        dlt: the destination object for a pipeline.
        label: for messages, without a password.
        file: the DuckDB file, or None for another database.
        clean: hides secrets in a text that may have the URL.
    """

    name: str
    dlt: Any
    label: str
    file: Path | None = None
    clean: Callable[[str], str] = str


class DestinationError(Exception):
    """The destination cannot be used; the message states the reason and the fix."""


LEAST_MEMORY = 256 * 2**20
"""Bytes of DuckDB's cache, which by default grows to four fifths of the machine's memory. A large file has more,
because the indexes of its keys must fit."""


@contextmanager
def opened(db: str, schema: str = "") -> Iterator[Destination]:
    """Open a destination; close it when the block ends.

    Args:
        db: a file or a URL.
        schema: the schema to write.

    Raises:
        DestinationError: The destination cannot be opened.
    """
    if "://" in db:
        yield _from_url(db)
        return
    path = Path(db.removeprefix("duckdb:"))
    if path.stem.lower() == schema:
        raise DestinationError(
            f"The file {path} and the schema {schema} have the same name, which is ambiguous in DuckDB. "
            "Choose another file (DB=sessions.duckdb) or another schema (SCHEMA=)."
        )
    connection = _connect(path)
    try:
        # Keep the connection open, so that no other program can lock the file during a sync.
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
            reason = (
                f"another program has it open. Close that program or wait until it ends. ({_first_line(error)})"
            )
        elif "not a valid DuckDB database" in reason:
            reason = "it is not a DuckDB file. Choose another file with DB=."
        elif path.is_dir():
            reason = f"it is a folder. Name a file in it: DB={path / 'sessions.duckdb'}"
        elif isinstance(error, OSError):
            reason = f"{error.strerror}. Check the path in DB."
        raise DestinationError(f"{path} cannot be opened: {reason}") from error


def _from_url(url: str) -> Destination:
    try:
        address = Address(url)
    except ValueError as error:
        raise DestinationError(str(error)) from None
    scheme = address.scheme
    name = NAMES.get(scheme, scheme)
    try:
        credentials = _postgres(address) if name == "postgres" else url
        destination = AnyDestination.from_reference(name, credentials=credentials)
    except (UnknownDestinationModule, ImportError) as error:
        raise DestinationError(
            f"DB={address.label}: no destination for {scheme}:// is installed. Use a DuckDB file, "
            "postgresql://user:password@host/database, or another destination of dlt "
            f"(https://dlthub.com/docs/dlt-ecosystem/destinations) after: uv pip install 'dlt[{name}]'."
        ) from error
    except (ConfigurationException, ValueError):  # the message has the URL with its password
        raise DestinationError(
            f"DB={address.label} is not complete. Write it as {scheme}://user:password@host/database."
        ) from None
    return Destination(name, destination, address.label, clean=address.clean)


def _postgres(address: Address) -> PostgresCredentials:
    credentials = PostgresCredentials()
    credentials.parse_native_representation(address.url)
    # dlt requires a password. With an empty one, libpq uses PGPASSWORD or .pgpass; some servers need none.
    credentials.password = address.password
    if not (credentials.host and credentials.username and credentials.database):
        raise ValueError("a part is missing")
    credentials.resolve()
    return credentials


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
