"""Streams: what Airbyte sees. Each is a view of an endpoint's rows; several may stand on the same pages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.models import AirbyteStream, SyncMode

from session_source.api import schema
from session_source.api.columns import Row

Items = Callable[[Row], Iterable[Row]]
"""What a derived stream takes from a row: the vendor's objects in it, each with its 0-based index."""


@dataclass(frozen=True)
class Stream:
    """A stream: its name, its keys, and what one row of the endpoint becomes.

    Args:
        name: as the catalog shows it.
        key: the primary key's columns, in order.
        cursor: the cursor column; None for a stream that is always read whole.
        items: for a derived stream, the objects in a row that are its records; without it, the row itself.
        is_session: whether it carries the columns that every session has, whatever the vendor.
        schema: the file below ``schemas/``, without ``.json``, where that is not the stream's name.
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

    def records(self, row: Row, columns: Row) -> Iterator[Row]:
        """Turn one row into records.

        Args:
            row: the vendor's record.
            columns: the endpoint's columns of this row; a derived stream carries those of its key and cursor.
        """
        if self.items is None:
            yield row | columns
            return
        carried = {name: columns[name] for name in (*self.key, self.cursor) if name in columns}
        for item in self.items(row):
            yield item | carried

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
