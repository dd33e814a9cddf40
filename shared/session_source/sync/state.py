"""State: the finished intervals of each stream and partition, and the messages that report them.

The lookback is due once for each complete sync, not for each attempt. Otherwise a sync that cannot read the
lookback in one attempt would read it again each time, and never get further. So the state of a sync that was not
complete has ``read_since``: what was not finished before then has been read at that moment or later.
"""

import contextlib
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateStats,
    AirbyteStateType,
    AirbyteStreamState,
    StreamDescriptor,
    Type,
)

from session_source.api import times, windows
from session_source.api.columns import UNFIT
from session_source.api.endpoint import Partition
from session_source.api.windows import Intervals, Window
from session_source.http.budget import Budget, readable
from session_source.sync.settings import Settings

if TYPE_CHECKING:
    from datetime import datetime

PARTITIONS_A_WINDOW = 20
"""How many partitions a state message may list per finished window. More, and states would outgrow the records."""

_NO_CURSOR = {"__ab_no_cursor_state_message": True}
"""The CDK's state of a stream that every sync reads in full."""


class StreamState:
    """The finished intervals of one stream, by partition.

    Args:
        name: the stream.
        saved: the saved state; ``{}`` if there is none.
        api_version: the version of the vendor's API. State of another version is not used.
        logger: receives warnings about state that cannot be used.
    """

    def __init__(
        self, name: str, saved: Mapping[str, Any], *, api_version: str | None, logger: logging.Logger
    ) -> None:
        self.name = name
        self.api_version = api_version
        self.requests = saved.get("requests") or {}
        if not isinstance(self.requests, dict) or len(readable(self.requests)) < len(self.requests):
            logger.warning(
                f"The state of {name} has counts of earlier requests that cannot be read. They are ignored."
            )
        self.count = 0
        """The number of records since the last state message."""
        self._unreported = 0
        self._finished: dict[bytes, tuple[Partition, Intervals]] = {}
        self._read_since: dict[bytes, datetime] = {}
        self._span: Window | None = None
        if saved and saved != _NO_CURSOR:
            written_by = saved.get("api", api_version)
            if written_by != api_version:
                logger.warning(
                    f"The state of {name} is of the API {str(written_by)[:40]}, which has other sessions than "
                    f"{api_version}. It is ignored: {name} is read from start_date."
                )
                return
            self._load(saved, logger)

    def _load(self, saved: Mapping[str, Any], logger: logging.Logger) -> None:
        listed = saved.get("states")
        pieces = listed if isinstance(listed, list) else [{"partition": {}, "cursor": saved}]
        for piece in pieces:
            try:
                self._finished[_key(piece["partition"])] = (
                    piece["partition"],
                    windows.from_json(piece["cursor"]),
                )
                with contextlib.suppress(*UNFIT, KeyError):
                    self._read_since[_key(piece["partition"])] = times.from_text(piece["cursor"]["read_since"])
            except (*UNFIT, KeyError, AttributeError):
                logger.warning(
                    f"A part of the state of {self.name} cannot be read and is ignored. What it covered is read "
                    "again."
                )

    def finished(self, partition: Partition) -> Intervals:
        """Return the finished intervals of a partition."""
        return self._finished.get(_key(partition), ({}, ()))[1]

    def begin(self, partition: Partition, settings: Settings, *, is_incremental: bool) -> None:
        """Remove the lookback, and everything after the sync's start, from the finished intervals of a partition.

        The lookback stays if the last sync was not complete. Intervals after an ``end_date`` stay finished.
        Otherwise a sync without it would read them again.
        """
        span, key = settings.span, _key(partition)
        known = windows.before(self.finished(partition), settings.now)
        finished = windows.before(known, span.end)
        read_since = span.end
        if finished and is_incremental:
            last, saved = finished[-1].end, self._read_since.get(key)
            if saved is not None and (saved > last or windows.gaps(finished, Window(span.start, last))):
                read_since = saved
            elif settings.lookback:
                finished = windows.before(finished, (saved or last) - settings.lookback)
        self._read_since[key], self._span = read_since, span
        behind = windows.within(known, Window(settings.span.end, settings.now))
        self.replace(partition, windows.union([*finished, *behind]))

    def replace(self, partition: Partition, finished: Intervals) -> None:
        """Set the finished intervals of a partition."""
        self._finished[_key(partition)] = (partition, finished)

    def add(self, partition: Partition, window: Window) -> None:
        """Add a finished window."""
        self.replace(partition, windows.union([*self.finished(partition), window]))
        self._unreported += 1

    @property
    def is_due(self) -> bool:
        """Whether enough windows were finished for a state message, which lists all partitions."""
        return self._unreported * PARTITIONS_A_WINDOW >= len(self._finished)

    def message(self, budget: Budget | None) -> AirbyteMessage:
        """Return the current state as a message."""
        # A sync that failed before it knew its partitions left this empty one.
        parts = [part for part in self._finished.values() if part != ({}, ())]
        if all(not partition for partition, _ in parts):
            state = self._cursor(*parts[0]) if parts else windows.to_json(())
        else:
            state = {"states": [{"partition": p, "cursor": self._cursor(p, f)} for p, f in parts]}
        if self.api_version:
            state["api"] = self.api_version
        if budget is not None:
            state["requests"] = budget.to_json()
        return self._message(state)

    def _cursor(self, partition: Partition, finished: Intervals) -> dict[str, Any]:
        state = windows.to_json(finished)
        read_since = self._read_since.get(_key(partition))
        span = self._span
        is_complete = span is not None and read_since == span.end and windows.within(finished, span) == (span,)
        if read_since is not None and not is_complete:
            state["read_since"] = times.rfc3339(read_since)
        return state

    def no_cursor_message(self) -> AirbyteMessage:
        """Return the state of a stream that every sync reads in full."""
        return self._message(_NO_CURSOR)

    def _message(self, state: Mapping[str, Any]) -> AirbyteMessage:
        stats = AirbyteStateStats(recordCount=float(self.count))
        self.count = self._unreported = 0
        stream = AirbyteStreamState(StreamDescriptor(name=self.name), AirbyteStateBlob(**state))
        message = AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=stream, sourceStats=stats)
        return AirbyteMessage(Type.STATE, state=message)


def saved_states(messages: Iterable[AirbyteStateMessage], logger: logging.Logger) -> dict[str, Mapping[str, Any]]:
    """Return the saved state of each stream.

    Args:
        messages: state messages, per stream or global.
        logger: receives warnings about messages that cannot be used.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for message in messages:
        states = [message.stream] if message.stream else []
        if message.global_:
            states += message.global_.stream_states
            if message.global_.shared_state and vars(message.global_.shared_state):
                logger.warning("The shared part of the global state is ignored: each stream has its own state.")
        if not states:
            logger.warning("A state message without a stream is ignored.")
        for state in states:
            found[state.stream_descriptor.name] = vars(state.stream_state) if state.stream_state else {}
    return found


def _key(partition: Partition) -> bytes:
    if not isinstance(partition, Mapping) or not all(isinstance(part, str | int) for part in partition.values()):
        raise TypeError("a partition must be an object of strings and numbers")
    return orjson.dumps(dict(partition), option=orjson.OPT_SORT_KEYS)
