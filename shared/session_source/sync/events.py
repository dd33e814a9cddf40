"""Events: what happens in the workers, passed to the thread that emits through a short queue."""

import threading
from collections import deque
from typing import NamedTuple, TypeAlias

from session_source.api.windows import Window
from session_source.http.gate import Closed
from session_source.sync.details import Details
from session_source.sync.groups import Group
from session_source.sync.records import Records

QUEUE_LENGTH = 2
"""How many events wait for the thread that emits; a longer queue would only take memory."""

IDLE = 1.0
"""Seconds without an event after which the thread that emits gets a ``Tick``."""


class PageRead(NamedTuple):
    """The records of one page that belong to its window, or of one detail call."""

    group: Group | Details
    records: list[Records]


class WindowRead(NamedTuple):
    """A window was read to its end. The events of its pages come before."""

    group: Group | Details
    window: Window


class WindowSized(NamedTuple):
    """The vendor reported how many rows a window has."""

    group: Group
    window: Window
    rows: int


class GroupFailed(NamedTuple):
    """Reading a group failed. No further window of it is read."""

    group: Group | Details
    error: Exception


class Limited(NamedTuple):
    """The vendor limits requests."""

    group: Group | Details
    seconds: float
    """How long the next request waits."""


class LogLine(NamedTuple):
    """A line for the log."""

    line: str


class Tick(NamedTuple):
    """Nothing happened for a while."""


Event: TypeAlias = PageRead | WindowRead | WindowSized | GroupFailed | Limited | LogLine | Tick


class Queue:
    """A short queue that ends when its last writer leaves. Its reader can close it.

    Events of pages and of windows that end have a ticket and leave in the order of the tickets. So the end of a
    window comes after every row that was claimed before it, by whichever window.
    """

    def __init__(self, writers: int) -> None:
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._writers = writers
        self._is_closed = False
        self._tickets = 0
        self._served = 0

    def ticket(self) -> int:
        """Return the next place in the order of pages and window ends."""
        with self._changed:
            self._tickets += 1
            return self._tickets

    def put(self, event: Event, ticket: int | None = None) -> None:
        """Add an event as soon as there is room and all earlier tickets are served.

        Raises:
            Closed: the reader closed the queue.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    (len(self._events) < QUEUE_LENGTH and ticket in {None, self._served + 1}) or self._is_closed
                )
            )
            if self._is_closed:
                raise Closed
            self._events.append(event)
            self._served += ticket is not None
            self._changed.notify_all()

    def get(self, idle: float = IDLE) -> Event | None:
        """Wait for the next event and return it.

        Args:
            idle: the seconds to wait at most.

        Returns:
            ``Tick`` if there was none; None when all writers have left.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._events or not self._writers, idle):
                return Tick()
            event = self._events.popleft() if self._events else None
            self._changed.notify_all()
            return event

    def leave(self) -> None:
        """Remove a writer, which adds nothing more."""
        with self._changed:
            self._writers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Make every writer fail with ``Closed``."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
