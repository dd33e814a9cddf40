"""Records: turns the rows of a page into the records of each stream, and writes them.

The worker that read the page does this, so that the page's many small objects are freed by the same thread. Only a
few ``bytes`` objects are handed to the thread that emits.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteRecordMessage, Type
from airbyte_protocol_dataclasses.models import (
    AirbyteRecordMessageMeta,
    AirbyteRecordMessageMetaChange,
    Change,
    Reason,
)

from session_source.api.columns import Row
from session_source.api.schema import Shape, shallow
from session_source.api.stream import Stream
from session_source.sync.claims import Claimed

_NULLED, _UNFIT = Change.NULLED, Reason.SOURCE_SERIALIZATION_ERROR


class RecordPage(NamedTuple):
    """The records of one page for one stream."""

    stream: str
    records: list[Row]
    emitted_at: int
    """Milliseconds since 1970."""
    nulled: Mapping[int, list[str]] = {}
    """The paths of the fields that were replaced by null, by the index of the record."""
    undeclared: Sequence[str] = ()
    """The paths of undeclared fields that no earlier page of the stream had."""

    @property
    def size(self) -> int:
        """The number of records."""
        return len(self.records)

    def messages(self) -> Iterator[AirbyteMessage]:
        """Yield the records as protocol messages."""
        page = self._within_depth()
        for index, data in enumerate(page.records):
            meta = _meta(page.nulled[index]) if index in page.nulled else None
            record = AirbyteRecordMessage(self.stream, data, self.emitted_at, meta=meta)
            yield AirbyteMessage(Type.RECORD, record=record)

    def written(self) -> "RecordLines":
        """Write the records as protocol lines: the same output as ``messages``, in a fraction of the time."""
        page = self
        try:
            written = list(map(orjson.dumps, page.records))
        except orjson.JSONEncodeError:
            page = self._within_depth()
            written = list(map(orjson.dumps, page.records))
        for index, paths in page.nulled.items():
            written[index] += _written_meta(paths)
        head = b'{"type":"RECORD","record":{"stream":%b,"emitted_at":%d,"data":' % (
            orjson.dumps(self.stream),
            self.emitted_at,
        )
        lines = head + (b"}}\n" + head).join(written) + b"}}\n"
        return RecordLines(self.stream, self.size, lines, self.undeclared)

    def _within_depth(self) -> "RecordPage":
        """Replace values by null that are nested too deeply for a message."""
        records, nulled = list(self.records), dict(self.nulled)
        for index, data in enumerate(records):
            try:
                orjson.dumps([[data]])  # a message nests it in two objects
            except orjson.JSONEncodeError:
                records[index], paths = shallow(data)
                nulled[index] = [*nulled.get(index, ()), *paths]
        return self._replace(records=records, nulled=nulled)


class RecordLines(NamedTuple):
    """The records of one page for one stream, as protocol lines."""

    stream: str
    size: int
    lines: bytes
    undeclared: Sequence[str] = ()


Records: TypeAlias = RecordPage | RecordLines


class Recorder:
    """Turns rows into the records of streams. Thread-safe.

    Args:
        streams: all streams of the sync.
        package: the vendor's package, which has the schemas.
        form: converts each page of records: to itself, or ``RecordPage.written``.
    """

    def __init__(
        self, streams: Iterable[Stream], package: str, form: Callable[[RecordPage], Records] = lambda page: page
    ) -> None:
        self._shapes = {stream.name: Shape(stream.json_schema(package)) for stream in streams}
        self._form = form

    def records(self, streams: Iterable[Stream], rows: list[Claimed]) -> list[Records]:
        """Return the records of a page's rows for each stream that has any."""
        now = time.time_ns() // 1_000_000
        found: list[Records] = []
        for stream in streams:
            records: list[Row] = []
            nulled: dict[int, list[str]] = {}
            for row, columns, names in rows:
                more = stream.records(row, columns)
                if names:
                    nulled.update(dict.fromkeys(range(len(records), len(records) + len(more)), names))
                records += more
            if records:
                undeclared = _fit(records, nulled, self._shapes[stream.name])
                found.append(self._form(RecordPage(stream.name, records, now, nulled, undeclared)))
        return found


def _fit(records: list[Row], nulled: dict[int, list[str]], shape: Shape) -> list[str]:
    """Replace the records that do not fit their schema, and return the paths of new undeclared fields.

    Args:
        records: the records of a page.
        nulled: the columns that are null, by the index of the record; the paths of other nulled fields are added.
        shape: the schema.
    """
    undeclared: list[str] = []
    if not nulled and shape.are_plain(records):
        return undeclared
    for index, record in enumerate(records):
        paths = [name for name in nulled.pop(index, ()) if name in record]
        if not shape.are_plain([record]):
            undeclared += shape.new_fields(record)
            if not shape.fits(record):
                records[index], more = shape.repaired(record)
                paths += more
        if paths:
            nulled[index] = paths
    return undeclared


def _meta(nulled: list[str]) -> AirbyteRecordMessageMeta:
    changes = [AirbyteRecordMessageMetaChange(field=path, change=_NULLED, reason=_UNFIT) for path in nulled]
    return AirbyteRecordMessageMeta(changes=changes)


def _written_meta(nulled: list[str]) -> bytes:
    changes = [{"field": path, "change": _NULLED.value, "reason": _UNFIT.value} for path in nulled]
    return b',"meta":' + orjson.dumps({"changes": changes})
