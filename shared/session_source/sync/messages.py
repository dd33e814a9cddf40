"""Messages: what happened while reading, as Airbyte is told.

Records come first, then the state that covers them, then the status. All of it comes from one thread, so this
order is the order in the output.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    StreamDescriptor,
)
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message

from session_source.api.errors import as_traced
from session_source.api.stream import Stream
from session_source.http.budget import Budget
from session_source.sync.details import Details
from session_source.sync.events import Event, GroupFailed, Limited, LogLine, PageRead, WindowRead
from session_source.sync.groups import Group
from session_source.sync.records import Records
from session_source.sync.state import StreamState

if TYPE_CHECKING:
    from airbyte_cdk.utils.traced_exception import AirbyteTracedException


NAMED = 20
"""Undeclared fields of a stream that the log names."""

LONGEST_NAME = 100
"""Characters of such a field's name that it shows."""


class Sync:
    """Turns events into messages, and keeps what each stream has finished.

    Args:
        states: the streams' states, by stream name.
        budget: what the vendor allows in an hour; its use is written into the states.
        logger: for lines from the workers.
    """

    def __init__(
        self,
        states: dict[str, StreamState],
        *,
        budget: Budget | None,
        logger: logging.Logger,
    ) -> None:
        self._states = states
        self._budget = budget
        self._logger = logger
        self._running: set[str] = set()
        self._failed_groups: set[Group | Details] = set()
        self._undeclared: dict[str, list[str]] = {}
        self.errors: dict[str, AirbyteTracedException] = {}
        """The first error of each stream that failed."""

    def messages(self, events: Iterable[Event]) -> Iterator[AirbyteMessage | Records]:
        """Give the messages of each event as it comes."""
        for event in events:
            match event:
                case PageRead(group, records):
                    yield from self._page(group, records)
                case WindowRead(group, window):
                    for stream in group.streams:
                        if stream.cursor:
                            state = self._states[stream.name]
                            state.add(group.partition, window)
                            if state.is_due:
                                yield state.message(self._budget)
                case GroupFailed(group, error):
                    if group not in self._failed_groups:
                        self._failed_groups.add(group)
                        yield from self.fail(group.fed, error, str(group))
                case Limited(group):
                    yield from self.limited(group.fed)
                case LogLine(line):
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
        for name, fields in self._undeclared.items():
            self._logger.info(_undeclared_line(name, fields))
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
        traced = as_traced(error, f"reading {what}")
        for stream in failed:
            self.errors.setdefault(stream.name, traced)
        yield traced.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=failed[0].name))

    def _page(self, group: Group | Details, pages: list[Records]) -> Iterator[AirbyteMessage | Records]:
        for stream in group.streams:
            yield from self._run(stream)
        for page in pages:
            self._states[page.stream].count += page.size
            if page.undeclared:
                self._undeclared.setdefault(page.stream, []).extend(page.undeclared)
            yield page

    def _run(self, stream: Stream) -> Iterator[AirbyteMessage]:
        if stream.name not in self._running:
            self._running.add(stream.name)
            yield _status(stream, AirbyteStreamStatus.RUNNING)


def _undeclared_line(stream: str, fields: list[str]) -> str:
    """Name the undeclared fields of a stream."""
    named = ", ".join(field[:LONGEST_NAME] for field in fields[:NAMED])
    more = f" and {len(fields) - NAMED} more" if len(fields) > NAMED else ""
    return (
        f"{stream}: the vendor sent fields that the schema does not declare: {named}{more}. The records "
        "hold them, but destinations with typed columns may drop them."
    )


def _status(
    stream: Stream, status: AirbyteStreamStatus, reasons: list[AirbyteStreamStatusReason] | None = None
) -> AirbyteMessage:
    return status_message(StreamDescriptor(name=stream.name), status, reasons)
