"""Loading: collect rows and states from messages, and commit them together every few seconds."""

import gc
import time
from collections.abc import Callable
from typing import Protocol

from sync.messages import Json, Output
from sync.table import Table
from sync.warehouse import Warehouse

COMMIT_ROWS = 50_000
COMMIT_BYTES = 128_000_000
"""Commit earlier at this many rows or bytes, since they are held in memory."""
TICK = 0.2


class Observer(Protocol):
    """Observes a load."""

    def message(self, message: Json) -> None:
        """Called for every message."""

    def committed(self, rows: int) -> None:
        """Called after each commit with the rows committed since the load began."""

    def tick(self) -> None:
        """Called about five times a second."""


class Load:
    """Loads the output of one read.

    Args:
        warehouse: a warehouse whose tables are prepared.
        tables: the tables of the streams.
        observer: called for every message and commit.
        seconds: the longest time of reading between two commits. A kill loses at most this much reading and the
            commit in progress.
    """

    def __init__(self, warehouse: Warehouse, tables: list[Table], observer: Observer, seconds: float) -> None:
        self._seconds = seconds
        self._warehouse = warehouse
        self._tables = {table.name: table for table in tables}
        self._observer = observer
        self._rows = 0
        self._waiting = 0
        self._is_changed = False

    def run(self, output: Output, stop: Callable[[], bool], end: Callable[[], None]) -> None:
        """Load until the connector ends.

        Args:
            output: the connector's output.
            stop: returns whether to stop now; rows that were read are still committed.
            end: stops the connector.
        """
        # Records have no reference cycles; searching them for cycles takes a third of the CPU.
        gc.freeze()
        gc.set_threshold(200_000, 50, 100)
        committed = time.monotonic()
        is_stopped = False
        while output.is_open:
            if stop() and not is_stopped:
                is_stopped = True
                end()
                continue
            for line in output.lines(TICK):
                self._take(line.message, line.size)
            self._observer.tick()
            if self._is_due(time.monotonic() - committed):
                self._commit()
                committed = time.monotonic()
        self._commit()

    def _take(self, message: Json, size: int) -> None:
        match message:
            case {"type": "RECORD", "record": record}:
                self._tables[record["stream"]].add(record["data"], size)
                self._rows += 1
                self._waiting += size
            case {"type": "STATE", "state": {"stream": stream}}:
                self._warehouse.states[stream["stream_descriptor"]["name"]] = stream["stream_state"]
                self._is_changed = True
        self._observer.message(message)

    def _is_due(self, seconds: float) -> bool:
        rows = sum(len(table) for table in self._tables.values())
        if rows >= COMMIT_ROWS or self._waiting >= COMMIT_BYTES:
            return True
        return seconds >= self._seconds and (rows > 0 or self._is_changed)

    def _commit(self) -> None:
        if self._is_changed or any(len(table) for table in self._tables.values()):
            self._warehouse.commit()
            self._waiting, self._is_changed = 0, False
            gc.collect()
        self._observer.committed(self._rows)
