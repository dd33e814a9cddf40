"""The databases that tests load into: DuckDB files, and a PostgreSQL server that the tests start."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from sync.destination import opened
from sync.messages import Json
from sync.warehouse import Warehouse


@dataclass(frozen=True)
class Database:
    """A database: its ``DB=`` option, and a function that queries it."""

    db: str
    query: Callable[[str], list[tuple[Any, ...]]]

    def saved(self, schema: str) -> Warehouse:
        """Return the warehouse as a new process reads it, with its states and account."""
        with opened(self.db) as destination, Warehouse(destination, schema, []) as warehouse:
            return warehouse

    def keys(self, schema: str, table: str, key: list[str]) -> list[tuple[Any, ...]]:
        columns = ", ".join(f'"{name}"' for name in key)
        return self.query(f'SELECT {columns} FROM "{schema}"."{table}"')  # noqa: S608 - the tests' own names

    def states(self, schema: str) -> Json:
        return self.saved(schema).states


def duckdb_file(path: Path) -> Database:
    def query(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return Database(str(path), query)


def postgres_database(url: str) -> Database:
    def query(sql: str) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    return Database(url, query)


def postgres_programs() -> Path | None:
    """Return the folder with PostgreSQL's programs; None if it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def running_postgres(programs: Path) -> Iterator[Callable[[str], Database]]:
    """Start a server in a temporary folder; yield a function that creates a database. Root starts it as nobody."""
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        place = Path(name)
        as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(place, user.pw_uid, user.pw_gid)
            as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]

        def run(program: str, *arguments: str, check: bool = True) -> bool:
            done = subprocess.run(  # noqa: S603
                [*as_user, str(programs / program), *arguments],
                cwd=place,
                stdout=subprocess.DEVNULL,  # no pipe: the server would hold it open
                stderr=subprocess.DEVNULL,
                check=False,
            )
            log = place / "log"
            is_done = done.returncode == 0
            assert is_done or not check, f"{program}: {log.read_text() if log.exists() else done.returncode}"
            return is_done

        def start(port: int, *, check: bool) -> bool:
            options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
            arguments = ("--pgdata=data", "--wait", "--log=log", f"--options={options}", "start")
            return run("pg_ctl", *arguments, check=check)

        run(
            "initdb",
            "--pgdata=data",
            "--username=test",
            "--auth=trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        )
        # Another process may take a free port before the server does.
        for is_last in (False, False, True):
            port = free_port()
            if start(port, check=is_last):
                break

        def create(database: str) -> Database:
            connection = psycopg2.connect(host="127.0.0.1", port=port, user="test", dbname="postgres")
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{database}"')
            connection.close()
            return postgres_database(f"postgresql://test@127.0.0.1:{port}/{database}")

        try:
            yield create
        finally:
            run("pg_ctl", "--pgdata=data", "--wait", "--mode=immediate", "stop")
