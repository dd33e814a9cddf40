"""Databases for the tests of ``make sync``."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.integration_tests.databases import Database, duckdb_file, postgres_programs, running_postgres

Create = Callable[[str], Database]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Create]:
    """Run a PostgreSQL server; yield a function that creates a database."""
    programs = postgres_programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed; .ci/install-tools does that.")
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    with running_postgres(programs) as create:
        yield create


@pytest.fixture(
    params=["duckdb", pytest.param("postgres", marks=[pytest.mark.slow, pytest.mark.xdist_group("postgres")])]
)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Return a new database: a DuckDB file, and one in PostgreSQL."""
    if request.param == "duckdb":
        return duckdb_file(tmp_path / "sessions.duckdb")
    create: Create = request.getfixturevalue("postgres")
    return create(f"test_{abs(hash(str(tmp_path)))}")
