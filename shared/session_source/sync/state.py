"""State: which windows of which partitions each stream has finished, and how Airbyte is told."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

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

from session_source.api import windows
from session_source.api.columns import UNFIT
from session_source.api.endpoint import Partition
from session_source.api.windows import Finished, Window
from session_source.http.budget import Budget, readable
from session_source.sync.settings import Settings

PARTITIONS_A_WINDOW = 20
"""How many partitions a message may name for each window that it adds; else states would outgrow the records."""

_LOGGER = logging.getLogger("airbyte")

_NO_CURSOR = {"__ab_no_cursor_state_message": True}
"""The CDK's word for a stream that is read whole each time."""


class StreamState:
    """What one stream has finished, by partition.

    Args:
        name: the stream.
        saved: the state that was handed in, ``{}`` for none.
        api_version: the vendor's API api_version; state that another one wrote is not used.
        logger: told what of the state cannot be used.
    """

    def __init__(
        self, name: str, saved: Mapping[str, Any], *, api_version: str | None, logger: logging.Logger
    ) -> None:
        self.name = name
        self.api_version = api_version
        self.requests = saved.get("requests") or {}
        if not isinstance(self.requests, dict) or len(readable(self.requests)) < len(self.requests):
            logger.warning(
                f"A part of what the state of {name} says of earlier requests cannot be read: it is left out."
            )
        self.count = 0
        """Records since the last state message."""
        self._untold = 0
        self._finished: dict[bytes, tuple[Partition, Finished]] = {}
        if saved and saved != _NO_CURSOR:
            written_by = saved.get("api", api_version)
            if written_by != api_version:
                logger.warning(
                    f"The state of {name} was written by the API {str(written_by)[:40]}, which has other sessions "
                    f"than {api_version}: {name} is read from start_date."
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
            except (*UNFIT, KeyError, AttributeError):
                logger.warning(
                    f"A part of the state of {self.name} cannot be read and is left out; what it covered is read "
                    "again."
                )

    def finished(self, partition: Partition) -> Finished:
        """Give the finished windows of a partition."""
        return self._finished.get(_key(partition), ({}, ()))[1]

    def begin(self, partition: Partition, settings: Settings, *, is_incremental: bool) -> None:
        """Cut the state of a partition to the sync's start, and cut the lookback out of it.

        What was finished after an ``end_date`` stays finished: else it would be read again without it.
        """
        known = windows.before(self.finished(partition), settings.now)
        finished = windows.before(known, settings.span.end)
        if finished and is_incremental:
            finished = windows.before(finished, finished[-1].end - settings.lookback)
        behind = windows.within(known, Window(settings.span.end, settings.now))
        self.replace(partition, windows.union([*finished, *behind]))

    def replace(self, partition: Partition, finished: Finished) -> None:
        """Set the finished windows of a partition."""
        self._finished[_key(partition)] = (partition, finished)

    def add(self, partition: Partition, window: Window) -> None:
        """Count one more window as finished."""
        self.replace(partition, windows.union([*self.finished(partition), window]))
        self._untold += 1

    @property
    def is_due(self) -> bool:
        """Whether enough was finished since the last message: one names all partitions, and there may be many."""
        return self._untold * PARTITIONS_A_WINDOW >= len(self._finished)

    def message(self, budget: Budget | None) -> AirbyteMessage:
        """Write the state as it stands."""
        # A sync that failed before it knew its partitions left this one: it is no vendor's.
        parts = [part for part in self._finished.values() if part != ({}, ())]
        if all(not partition for partition, _ in parts):
            state = windows.to_json(parts[0][1] if parts else ())
        else:
            state = {"states": [{"partition": p, "cursor": windows.to_json(f)} for p, f in parts]}
        if self.api_version:
            state["api"] = self.api_version
        if budget is not None:
            state["requests"] = budget.to_json()
        return self._counted(state_message(self.name, state))

    def no_cursor_message(self) -> AirbyteMessage:
        """Write the state of a stream that is read whole each time."""
        return self._counted(state_message(self.name, _NO_CURSOR))

    def _counted(self, message: AirbyteMessage) -> AirbyteMessage:
        if message.state is not None:
            message.state.sourceStats = AirbyteStateStats(recordCount=float(self.count))
        self.count = self._untold = 0
        return message


def state_message(name: str, state: Mapping[str, Any]) -> AirbyteMessage:
    """Make the message that carries a stream's state."""
    return AirbyteMessage(
        type=Type.STATE,
        state=AirbyteStateMessage(
            type=AirbyteStateType.STREAM,
            stream=AirbyteStreamState(
                stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(**state)
            ),
        ),
    )


class SavedStates:
    """The states that were handed in, by stream.

    Args:
        messages: state messages, per stream or global.
        logger: told what of them cannot be used.
    """

    def __init__(self, messages: Iterable[AirbyteStateMessage], logger: logging.Logger) -> None:
        self._states: dict[str, Mapping[str, Any]] = {}
        for message in messages:
            states = [message.stream] if message.stream else []
            if message.global_:
                states += message.global_.stream_states
                if message.global_.shared_state and vars(message.global_.shared_state):
                    logger.warning(
                        "The shared part of the global state is left out: each stream has its own state."
                    )
            if not states:
                logger.warning("A state that is of no stream is left out.")
            for state in states:
                self._states[state.stream_descriptor.name] = vars(state.stream_state) if state.stream_state else {}

    def get_stream_state(self, name: str, namespace: str | None = None) -> Mapping[str, Any]:
        """Return the state of a stream; empty if there is none."""
        return self._states.get(name, {})


def load(saved: Iterable[AirbyteStateMessage] | None) -> SavedStates:
    """Read the states that were handed in, per stream or global."""
    return SavedStates(saved or (), _LOGGER)


def _key(partition: Partition) -> bytes:
    if not isinstance(partition, Mapping) or not all(isinstance(part, str | int) for part in partition.values()):
        raise TypeError("a partition is not an object of texts and numbers")
    return orjson.dumps(dict(partition), option=orjson.OPT_SORT_KEYS)
