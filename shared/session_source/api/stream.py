"""Streams: what Airbyte sees. A stream is a view of an endpoint's rows; several may share the same pages."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from airbyte_cdk.models import AirbyteStream, SyncMode

from session_source.api import schema
from session_source.api.columns import Row

Items = Callable[[Row], Iterable[Row]]
"""Returns the records of a derived stream in a row: copies of the vendor's objects, with their 0-based index."""


@dataclass(frozen=True)
class Stream:
    """A stream: its name, its keys, and how one row of the endpoint becomes records.

    Args:
        name: the name in the catalog.
        key: the columns of the primary key, in order.
        cursor: the cursor column; None for a stream that every sync reads in full.
        items: returns the records of a derived stream in a row. Without it, the row is the record.
        is_session: whether the schema includes the session columns that all vendors share.
        schema: the file below ``schemas/``, without ``.json``, if it is not the stream's name.
    """

    name: str
    key: tuple[str, ...]
    cursor: str | None
    items: Items | None = None
    is_session: bool = False
    schema: str | None = None

    def json_schema(self, package: str) -> dict[str, Any]:
        """Load the stream's JSON schema from the vendor's package."""
        return schema.load(package, self.schema or self.name, is_session=self.is_session)

    def records(self, row: Row, columns: Row) -> list[Row]:
        """Return the records of one row.

        Args:
            row: the vendor's record.
            columns: the endpoint's columns of this row. A derived stream gets those of its key and cursor.
        """
        if self.items is None:
            return [row | columns]
        records = list(self.items(row))
        if records:
            carried = {name: columns[name] for name in self._carried if name in columns}
            for record in records:
                record.update(carried)
        return records

    @cached_property
    def _carried(self) -> tuple[str, ...]:
        """The columns of a derived stream, which its records get from their row."""
        return (*self.key, self.cursor) if self.cursor else self.key

    def as_airbyte_stream(self, package: str) -> AirbyteStream:
        """Describe the stream for the catalog."""
        modes = [SyncMode.full_refresh, SyncMode.incremental] if self.cursor else [SyncMode.full_refresh]
        return AirbyteStream(
            name=self.name,
            json_schema=self.json_schema(package),
            supported_sync_modes=modes,
            source_defined_cursor=bool(self.cursor),
            default_cursor_field=[self.cursor] if self.cursor else None,
            source_defined_primary_key=[[name] for name in self.key],
            is_resumable=bool(self.cursor),
        )
