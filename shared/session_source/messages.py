"""Messages: what happened while reading, as Airbyte is told.

Records come first, then the state that covers them, then the status. All of it comes from one thread, so this
order is the order in the output.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from airbyte_protocol_dataclasses.models import (
    AirbyteRecordMessageMeta,
    AirbyteRecordMessageMetaChange,
    Change,
    Reason,
)

from session_source.budget import Budget
from session_source.columns import Row
from session_source.errors import Fault
from session_source.groups import Claimed, Details, Group
from session_source.reading import Event, GroupFailed, Limited, PageRead, Said, WindowRead
from session_source.schemas import Shape
from session_source.state import StreamState
from session_source.streams import Stream


class Record(NamedTuple):
    """One record, and the fields that were nulled in it."""

    data: Row
    nulled: list[str]


class RecordPage(NamedTuple):
    """The records that one page held for one stream: the unit in which records are handed on."""

    stream: str
    records: list[Record]
    emitted_at: int
    """Milliseconds since 1970."""

    def messages(self) -> Iterator[AirbyteMessage]:
        """Give the records as messages of the protocol."""
        for data, nulled in self.records:
            record = AirbyteRecordMessage(self.stream, data, self.emitted_at, meta=_meta(nulled))
            yield AirbyteMessage(Type.RECORD, record=record)

    def lines(self) -> bytes:
        """Write the records as lines of the protocol, as ``messages`` would be, at a third of the cost."""
        return b"".join(
            orjson.dumps(self._message(*record), option=orjson.OPT_APPEND_NEWLINE) for record in self.records
        )

    def _message(self, data: Row, nulled: list[str]) -> dict[str, Any]:
        record = {"stream": self.stream, "data": data, "emitted_at": self.emitted_at}
        if nulled:
            record["meta"] = {
                "changes": [
                    {
                        "field": path,
                        "change": Change.NULLED.value,
                        "reason": Reason.SOURCE_SERIALIZATION_ERROR.value,
                    }
                    for path in nulled
                ]
            }
        return {"type": "RECORD", "record": record}


def _meta(nulled: list[str]) -> AirbyteRecordMessageMeta | None:
    if not nulled:
        return None
    change, reason = Change.NULLED, Reason.SOURCE_SERIALIZATION_ERROR
    changes = [AirbyteRecordMessageMetaChange(field=path, change=change, reason=reason) for path in nulled]
    return AirbyteRecordMessageMeta(changes=changes)


class Sync:
    """Turns events into messages, and keeps what each stream has finished.

    Args:
        package: the vendor's package, for the schemas.
        states: the streams' states, by stream name.
        budget: what the vendor allows in an hour; its use is written into the states.
        logger: for lines from the workers.
    """

    def __init__(
        self,
        package: str,
        states: dict[str, StreamState],
        *,
        budget: Budget | None,
        logger: logging.Logger,
    ) -> None:
        self._package = package
        self._states = states
        self._budget = budget
        self._logger = logger
        self._shapes: dict[str, Shape] = {}
        self._running: set[str] = set()
        self._failed_groups: set[Group | Details] = set()
        self.errors: dict[str, AirbyteTracedException] = {}
        """The first error of each stream that failed."""

    def messages(self, events: Iterable[Event]) -> Iterator[AirbyteMessage | RecordPage]:
        """Give the messages of each event as it comes."""
        for event in events:
            match event:
                case PageRead(group, rows):
                    yield from self._page(group, rows)
                case WindowRead(group, window):
                    for stream in group.streams:
                        if stream.cursor:
                            self._states[stream.name].add(group.partition, window)
                            yield self._states[stream.name].message(self._budget)
                case GroupFailed(group, error):
                    if group not in self._failed_groups:
                        self._failed_groups.add(group)
                        yield from self.fail(group.fed, error, str(group))
                case Limited(group):
                    yield from self.limited(group.streams)
                case Said(line):
                    self._logger.info(line)

    def start(self, streams: Iterable[Stream]) -> Iterator[AirbyteMessage]:
        """Say that the streams begin."""
        for stream in streams:
            yield _status(stream, AirbyteStreamStatus.STARTED)

    def limited(self, streams: Iterable[Stream]) -> Iterator[AirbyteMessage]:
        """Say that the vendor asked to slow down."""
        reason = AirbyteStreamStatusReason(type=AirbyteStreamStatusReasonType.RATE_LIMITED)
        for stream in streams:
            self._running.add(stream.name)
            yield _status(stream, AirbyteStreamStatus.RUNNING, [reason])

    def end(self, streams: Iterable[Stream]) -> Iterator[AirbyteMessage]:
        """Say how each stream ended, after its last state."""
        for stream in streams:
            yield from self._run(stream)
            if stream.cursor:
                yield self._states[stream.name].message(self._budget)
            elif stream.name not in self.errors:
                yield self._states[stream.name].no_cursor_message()
            is_complete = stream.name not in self.errors
            yield _status(stream, AirbyteStreamStatus.COMPLETE if is_complete else AirbyteStreamStatus.INCOMPLETE)

    def fail(self, streams: Iterable[Stream], error: Exception, what: str) -> Iterator[AirbyteMessage]:
        """Note that streams failed, and why: one failure, one trace, however many streams it ends."""
        failed = list(streams)
        if isinstance(error, AirbyteTracedException):
            traced = error
        elif isinstance(error, Fault):
            traced = error.traced()
        else:
            traced = AirbyteTracedException.from_exception(
                error,
                message=f"The connector met something it does not know while it read {what} "
                f"({type(error).__name__}). Please report it with the log of this sync.",
            )
        for stream in failed:
            self.errors.setdefault(stream.name, traced)
        yield traced.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=failed[0].name))

    def _page(self, group: Group | Details, rows: list[Claimed]) -> Iterator[AirbyteMessage | RecordPage]:
        now = time.time_ns() // 1_000_000
        for stream in group.streams:
            yield from self._run(stream)
            shape = self._shape(stream)
            records = [
                Record(record, nulled) if not nulled and shape.fits(record) else _mended(record, shape, nulled)
                for row, columns, nulled in rows
                for record in stream.records(row, columns)
            ]
            if records:
                self._states[stream.name].count += len(records)
                yield RecordPage(stream.name, records, now)

    def _run(self, stream: Stream) -> Iterator[AirbyteMessage]:
        if stream.name not in self._running:
            self._running.add(stream.name)
            yield _status(stream, AirbyteStreamStatus.RUNNING)

    def _shape(self, stream: Stream) -> Shape:
        if stream.name not in self._shapes:
            self._shapes[stream.name] = Shape(stream.json_schema(self._package))
        return self._shapes[stream.name]


def _mended(record: Row, shape: Shape, nulled: list[str]) -> Record:
    """Make a record keep to its schema; what is told adds to what its columns had to null."""
    data, paths = shape.mended(record)
    return Record(data, [*(name for name in nulled if name in record), *paths])


def _status(
    stream: Stream, status: AirbyteStreamStatus, reasons: list[AirbyteStreamStatusReason] | None = None
) -> AirbyteMessage:
    return status_message(StreamDescriptor(name=stream.name), status, reasons)
