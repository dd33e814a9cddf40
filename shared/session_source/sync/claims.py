"""Claims: the rows of a page that are emitted, and whether the page is what was asked for."""

from enum import Enum
from hashlib import sha256
from typing import NamedTuple

import orjson

from session_source.api.columns import Row, evaluate
from session_source.api.endpoint import Detail, Endpoint, Partition
from session_source.api.schema import shallow


class Claimed(NamedTuple):
    """A vendor's record that is emitted, with the columns read from it."""

    row: Row
    columns: Row
    nulled: list[str]
    """The columns whose value could not be what they declare."""


class Doubt(Enum):
    """Why a page may not be the answer to what was asked."""

    REPEATED = "holds only rows that came before"
    MISPLACED = "holds only rows of other times than were asked for"
    TAKEN = "holds only rows of another window"
    """It may be that window's page, out of a cache, or right: a window that was cut has listed these rows."""


class Claim(NamedTuple):
    """What a page's rows are to a window."""

    rows: list[Claimed]
    """Those to emit."""
    doubt: Doubt | None
    fingerprint: int
    """The same for pages with the same rows."""


def described(endpoint: Endpoint | Detail, partition: Partition) -> str:
    """Name a part of the vendor's data: ``sessions of 12345678``."""
    names = ", ".join(str(value) for value in partition.values())
    return f"{endpoint.name} of {names}" if names else endpoint.name


def read_columns(endpoint: Endpoint | Detail, partition: Partition, row: Row) -> tuple[Row, list[str]]:
    """Return the columns of a row, those of its partition among them, and the names of the nulled ones.

    A row without an id gets a hash of itself.
    """
    columns, nulled = evaluate(endpoint.columns, row)
    columns.update(partition)
    if columns[endpoint.id] is None:
        canonical = orjson.dumps(shallow(row)[0], option=orjson.OPT_SORT_KEYS)
        columns[endpoint.id] = f"hash:{sha256(canonical).hexdigest()}"
        nulled.append(endpoint.id)
    return columns, nulled
