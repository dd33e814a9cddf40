"""Events: what workers put into a short queue for the one thread that emits."""

import threading
from collections import deque
from typing import NamedTuple, TypeAlias

from session_source.api.windows import Window
from session_source.http.client import Closed
from session_source.sync.details import Details
from session_source.sync.groups import Group
from session_source.sync.records import Records

QUEUE_LENGTH = 2
"""Events between the workers and the thread that emits; more only cost memory."""


class PageRead(NamedTuple):
    """The records of one page that belong to its window, or of one detail call."""

    group: Group | Details
    records: list[Records]


class WindowRead(NamedTuple):
    """A window was read to its end; all its pages came before."""

    group: Group | Details
    window: Window


class GroupFailed(NamedTuple):
    """A group will not be read further."""

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


Event: TypeAlias = PageRead | WindowRead | GroupFailed | Limited | LogLine


class Queue:
    """A short queue that ends when its last writer has left, and can be closed by its reader.

    Pages and ends of windows take a ticket while it is their turn, and leave in the order of the tickets. So the
    end of a window comes after every row that was claimed before it, whichever window claimed it.
    """

    def __init__(self, writers: int) -> None:
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._writers = writers
        self._is_closed = False
        self._tickets = 0
        self._served = 0

    def ticket(self) -> int:
        """Take the next place in the order of pages and ends of windows."""
        with self._changed:
            self._tickets += 1
            return self._tickets

    def put(self, event: Event, ticket: int | None = None) -> None:
        """Add an event when there is room, and when it is the turn of its ticket.

        Raises:
            Closed: the reader has left.
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

    def get(self) -> Event | None:
        """Wait for the next event and return it; None when all writers have left."""
        with self._changed:
            self._changed.wait_for(lambda: self._events or not self._writers)
            event = self._events.popleft() if self._events else None
            self._changed.notify_all()
            return event

    def leave(self) -> None:
        """Note that a writer adds nothing more."""
        with self._changed:
            self._writers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let every writer end with ``Closed``."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
