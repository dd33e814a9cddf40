"""Messages: turns the events of a read into messages of the Airbyte protocol.

Records come first, then the state that covers them, then the status. One thread emits everything, so this is the
order of the output.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusReason,
    AirbyteStreamStatusReasonType,
    AirbyteTraceMessage,
    EstimateType,
    StreamDescriptor,
    TraceType,
    Type,
)
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message
from airbyte_protocol_dataclasses.models import AirbyteStreamStatusRateLimitedReason

from session_source.api.errors import as_traced
from session_source.api.stream import Stream
from session_source.api.windows import Window
from session_source.http.budget import Budget
from session_source.sync.details import Details
from session_source.sync.events import (
    Event,
    GroupFailed,
    Limited,
    LogLine,
    PageRead,
    Tick,
    WindowRead,
    WindowSized,
)
from session_source.sync.groups import Group
from session_source.sync.progress import Progress, StreamProgress
from session_source.sync.records import Records
from session_source.sync.reports import Report
from session_source.sync.state import StreamState

if TYPE_CHECKING:
    from airbyte_cdk.utils.traced_exception import AirbyteTracedException


NAMED = 20
"""How many undeclared fields of a stream the log names."""

LONGEST_NAME = 100
"""How many characters of such a name it shows."""

NEW_ESTIMATE = 0.1
"""By how much an estimate of rows has to change to be sent again."""


class Sync:
    """Turns events into messages, and keeps the state and the progress of each stream.

    Args:
        states: the streams' states, by stream name.
        progress: is updated by the events.
        budget: the hourly request budget; the states record how much of it is used.
        logger: receives log lines.
        reports: are kept up to date.
    """

    def __init__(
        self,
        states: dict[str, StreamState],
        *,
        progress: Progress,
        budget: Budget | None,
        logger: logging.Logger,
        reports: Sequence[Report] = (),
    ) -> None:
        self._states = states
        self._progress = progress
        self._budget = budget
        self._logger = logger
        self._reports = reports
        self._estimates: dict[str, int] = {}
        self._running: set[str] = set()
        self._failed_groups: set[Group | Details] = set()
        self._undeclared: dict[str, list[str]] = {}
        self.errors: dict[str, AirbyteTracedException] = {}
        """The first error of each stream that failed."""

    def messages(self, events: Iterable[Event]) -> Iterator[AirbyteMessage | Records]:
        """Yield the messages of each event as it comes."""
        for event in events:
            match event:
                case PageRead(group, records):
                    yield from self._page(group, records)
                case WindowSized(group, window, rows):
                    for sized in self._progress.size_window(group, window, rows):
                        yield from self._estimate(sized)
                case WindowRead(group, window):
                    yield from self._window(group, window)
                case GroupFailed(group, error):
                    if group not in self._failed_groups:
                        self._failed_groups.add(group)
                        yield from self.fail(group.all_streams, error, str(group))
                case Limited(group, seconds):
                    yield from self.limited(group.all_streams, seconds)
                case LogLine(line):
                    self._logger.info(line)
                case Tick():
                    pass  # for the reports
            for report in self._reports:
                report.tick()

    def start(self, streams: Iterable[Stream]) -> Iterator[AirbyteMessage]:
        """Report that the streams start."""
        for stream in streams:
            yield _status(stream, AirbyteStreamStatus.STARTED)

    def limited(self, streams: Iterable[Stream], seconds: float) -> Iterator[AirbyteMessage]:
        """Report that the vendor limits requests, and when the next one may be sent."""
        quota_reset = round(1000 * (time.time() + seconds))
        reason = AirbyteStreamStatusReason(
            type=AirbyteStreamStatusReasonType.RATE_LIMITED,
            rate_limited=AirbyteStreamStatusRateLimitedReason(quota_reset=quota_reset),
        )
        for stream in streams:
            self._running.add(stream.name)
            yield _status(stream, AirbyteStreamStatus.RUNNING, [reason])

    def end(self, streams: Iterable[Stream]) -> Iterator[AirbyteMessage]:
        """Report how each stream ended, after its last state."""
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
            progress = self._progress.streams[stream.name]
            progress.is_complete = is_complete
            self._report_end(progress)

    def close(self) -> None:
        """End the reports."""
        for report in self._reports:
            report.end()

    def fail(self, streams: Iterable[Stream], error: Exception, what: str) -> Iterator[AirbyteMessage]:
        """Record that streams failed, and emit one error trace for all of them."""
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
            self._progress.streams[page.stream].rows += page.size
            if page.undeclared:
                self._undeclared.setdefault(page.stream, []).extend(page.undeclared)
            yield page

    def _window(self, group: Group | Details, window: Window) -> Iterator[AirbyteMessage]:
        for stream in group.streams:
            if stream.cursor:
                state = self._states[stream.name]
                state.add(group.partition, window)
                if state.is_due:
                    yield state.message(self._budget)
        for read in self._progress.read_window(group):
            self._report_end(read)

    def _run(self, stream: Stream) -> Iterator[AirbyteMessage]:
        if stream.name not in self._running:
            self._running.add(stream.name)
            yield _status(stream, AirbyteStreamStatus.RUNNING)

    def _report_end(self, stream: StreamProgress) -> None:
        for report in self._reports:
            report.end_stream(stream)

    def _estimate(self, stream: StreamProgress) -> Iterator[AirbyteMessage]:
        """Report how many rows a stream will have, where that is new."""
        rows = stream.expected_rows
        if rows is None:
            return
        last = self._estimates.get(stream.name)
        if last is None or abs(rows - last) > NEW_ESTIMATE * last:
            self._estimates[stream.name] = rows
            yield _estimate_message(stream.name, rows)


def _estimate_message(stream: str, rows: int) -> AirbyteMessage:
    estimate = AirbyteEstimateTraceMessage(stream, EstimateType.STREAM, row_estimate=rows)
    trace = AirbyteTraceMessage(TraceType.ESTIMATE, time.time() * 1000, estimate=estimate)
    return AirbyteMessage(Type.TRACE, trace=trace)


def _undeclared_line(stream: str, fields: list[str]) -> str:
    """Name the undeclared fields of a stream."""
    named = ", ".join(field[:LONGEST_NAME] for field in fields[:NAMED])
    more = f" and {len(fields) - NAMED} more" if len(fields) > NAMED else ""
    return (
        f"{stream}: the vendor sent fields that the schema does not declare: {named}{more}. The records have "
        "them, but destinations with typed columns may drop them."
    )


def _status(
    stream: Stream, status: AirbyteStreamStatus, reasons: list[AirbyteStreamStatusReason] | None = None
) -> AirbyteMessage:
    return status_message(StreamDescriptor(name=stream.name), status, reasons)
