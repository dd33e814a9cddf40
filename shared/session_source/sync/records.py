"""Records: what the rows of a page become for each stream, in its schema, and how they leave.

All of it is done where the page was read, so that a page's many small objects live and die in one thread:
what crosses to the thread that emits is a few bytes objects.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
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


class Record(NamedTuple):
    """One record, and the paths of the fields that were nulled in it."""

    data: Row
    nulled: list[str]


class RecordPage(NamedTuple):
    """The records that one page held for one stream: the unit in which records are handed on."""

    stream: str
    records: list[Record]
    emitted_at: int
    """Milliseconds since 1970."""
    undeclared: Sequence[str] = ()
    """The paths of fields that the schema does not declare and that no page of the stream had before."""

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.records)

    def messages(self) -> Iterator[AirbyteMessage]:
        """Give the records as messages of the protocol."""
        for data, nulled in map(_within_depth, self.records):
            record = AirbyteRecordMessage(self.stream, data, self.emitted_at, meta=_meta(nulled))
            yield AirbyteMessage(Type.RECORD, record=record)

    def written(self) -> "RecordLines":
        """Write the records as lines of the protocol, as ``messages`` would be, at a quarter of the cost."""
        head = b'{"type":"RECORD","record":{"stream":%b,"emitted_at":%d,"data":' % (
            orjson.dumps(self.stream),
            self.emitted_at,
        )
        lines = b"}}\n".join([head + _data_and_meta(*record) for record in self.records]) + b"}}\n"
        return RecordLines(self.stream, self.size, lines, self.undeclared)


class RecordLines(NamedTuple):
    """The same, as it is printed."""

    stream: str
    size: int
    lines: bytes
    undeclared: Sequence[str] = ()


Records: TypeAlias = RecordPage | RecordLines


class Recorder:
    """Turns rows into the records of streams. Threads share it.

    Args:
        streams: all streams that will be asked for.
        package: the vendor's package, for the schemas.
        form: the form in which records leave: as they are, or ``RecordPage.written``.
    """

    def __init__(
        self, streams: Iterable[Stream], package: str, form: Callable[[RecordPage], Records] = lambda page: page
    ) -> None:
        self._shapes = {stream.name: Shape(stream.json_schema(package)) for stream in streams}
        self._form = form

    def records(self, streams: Iterable[Stream], rows: list[Claimed]) -> list[Records]:
        """Give what a page's rows are for each of the streams; nothing for a stream that they hold nothing for."""
        now = time.time_ns() // 1_000_000
        found: list[Records] = []
        for stream in streams:
            shape = self._shapes[stream.name]
            records: list[Record] = []
            undeclared: list[str] = []
            for row, columns, nulled in rows:
                for record in stream.records(row, columns):
                    fits = shape.is_plain(record)
                    if not fits:
                        undeclared += shape.new_fields(record)
                        fits = shape.fits(record)
                    kept = fits and not nulled
                    records.append(Record(record, nulled) if kept else _mended(record, shape, nulled))
            if records:
                found.append(self._form(RecordPage(stream.name, records, now, undeclared)))
        return found


def _mended(record: Row, shape: Shape, nulled: list[str]) -> Record:
    """Make a record fit its schema; what is nulled here adds to what its columns had to null."""
    data, paths = shape.mended(record)
    return Record(data, [*(name for name in nulled if name in record), *paths])


def _within_depth(record: Record) -> Record:
    """Null what is nested deeper than a message can be written."""
    try:
        orjson.dumps([[record.data]])  # in a message, two objects are around it
    except orjson.JSONEncodeError:
        data, paths = shallow(record.data)
        return Record(data, [*record.nulled, *paths])
    return record


def _data_and_meta(data: Row, nulled: list[str]) -> bytes:
    try:
        written = orjson.dumps(data)
    except orjson.JSONEncodeError:
        data, paths = shallow(data)
        nulled = [*nulled, *paths]
        written = orjson.dumps(data)
    if not nulled:
        return written
    changes = [{"field": path, "change": _NULLED.value, "reason": _UNFIT.value} for path in nulled]
    return written + b',"meta":' + orjson.dumps({"changes": changes})


def _meta(nulled: list[str]) -> AirbyteRecordMessageMeta | None:
    if not nulled:
        return None
    changes = [AirbyteRecordMessageMetaChange(field=path, change=_NULLED, reason=_UNFIT) for path in nulled]
    return AirbyteRecordMessageMeta(changes=changes)
