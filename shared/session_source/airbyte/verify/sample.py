"""Samples: the first pages of a list, which several probes look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple

from session_source.api.answer import Answer
from session_source.api.columns import Row, Value
from session_source.api.endpoint import Endpoint, PageContext, Partition
from session_source.api.pagination import Next, Page
from session_source.api.time_filter import moment_in

ENOUGH = 20
"""How many rows have to agree before they say something about all others."""

SETTLED = timedelta(hours=1)
"""Rows that are older than this are not expected to change."""


class Ending(Enum):
    """What shows that a list has no more pages."""

    TOLD = "the answer has no next page"
    EMPTY = "the page after the last one is empty"
    REPEATED = "the page after the last one has rows of an earlier page"
    REFUSED = "the page after the last one is refused"


@dataclass(frozen=True)
class Read:
    """A page that was read.

    Args:
        id: the name of the column that identifies a row.
        answer: the vendor's answer.
        page: its rows.
        context: the position of the page.
        columns: the endpoint's columns of each row.
        following: the next page; None if this is the last one.
    """

    id: str
    answer: Answer
    page: Page
    context: PageContext
    columns: list[Row]
    following: Next | None

    @cached_property
    def keys(self) -> list[Value]:
        """The ids of the rows. A row without an id has a hash of its content."""
        pairs = zip(self.page.rows, self.columns, strict=True)
        return [_hashed(row) if columns[self.id] is None else columns[self.id] for row, columns in pairs]


class SampleRow(NamedTuple):
    """A row of a sample, with the moments in some of its columns."""

    key: Value
    columns: Row
    row: Row
    moments: tuple[datetime, ...]


@dataclass(frozen=True)
class Sample:
    """The first pages of one window of a partition.

    Args:
        endpoint: the endpoint that was read.
        partition: the part of the vendor's data.
        now: when the survey started.
        pages: the pages, in order.
        ending: what showed that there are no more; None if there may be more.
    """

    endpoint: Endpoint
    partition: Partition
    now: datetime
    pages: Sequence[Read] = ()
    ending: Ending | None = None

    @property
    def rows(self) -> list[Row]:
        """The vendor's records."""
        return [row for read in self.pages for row in read.page.rows]

    @property
    def longest_page(self) -> Read | None:
        """The first of the pages with the most rows; None if there is no page."""
        return max(self.pages, key=lambda read: len(read.page.rows), default=None)

    @property
    def settled_before(self) -> datetime:
        """The moment before which rows are not expected to change."""
        return self.now - SETTLED

    def settled(self, *columns: str) -> list[SampleRow]:
        """Return the rows that have a moment in each of these columns, if all of the moments are settled."""
        found = []
        for read in self.pages:
            for key, row, values in zip(read.keys, read.page.rows, read.columns, strict=True):
                moments = [moment for name in columns if (moment := moment_in(values, name)) is not None]
                if len(moments) == len(columns) and max(moments) < self.settled_before:
                    found.append(SampleRow(key, values, row, tuple(moments)))
        return found


def _hashed(row: Row) -> str:
    return sha256(repr(sorted(row.items())).encode(errors="surrogatepass")).hexdigest()
