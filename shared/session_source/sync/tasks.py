"""Tasks: what workers do, and in which order: the newest window of all groups first."""

import threading
from collections import deque
from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from session_source.sync.claims import Claimed
from session_source.sync.details import Details
from session_source.sync.groups import Group
from session_source.sync.keys import OpenWindow


class WindowTask(NamedTuple):
    """Read a window."""

    group: Group
    window: OpenWindow


class DetailTask(NamedTuple):
    """Request the details of one row of a window."""

    group: Details
    window: OpenWindow
    row: Claimed


Task: TypeAlias = WindowTask | DetailTask


class Tasks:
    """Hands out tasks: waiting details first, then the newest window of all groups.

    So a first sync that is interrupted has the latest days of every site, app and endpoint, rather than the whole
    history of one of them.
    """

    def __init__(self, groups: Iterable[Group]) -> None:
        self._changed = threading.Condition()
        self._groups = list(groups)
        self._details: deque[DetailTask] = deque()
        self._busy = 0
        self._is_closed = False

    def take(self) -> Task | None:
        """Return the next task; wait while other workers may still add some.

        Returns:
            None when there are no tasks left, and no worker is busy.
        """
        with self._changed:
            while not self._is_closed:
                task = self._details.popleft() if self._details else self._next_window()
                if task is not None:
                    self._busy += 1
                    return task
                if not self._busy:
                    break
                self._changed.wait()
            self._changed.notify_all()
            return None

    def _next_window(self) -> WindowTask | None:
        """Return the newest window that can be read now."""
        ready = [group for group in self._groups if not group.has_failed and not group.is_probing]
        newest = [(end, group) for group in ready if (end := group.newest) is not None]
        if not newest:
            return None
        _, group = max(newest, key=itemgetter(0))  # of several, the first
        window = group.next_window()
        return None if window is None else WindowTask(group, window)

    def wake(self) -> None:
        """Make waiting workers look again for a task."""
        with self._changed:
            self._changed.notify_all()

    def take_detail(self, *, beyond: int) -> DetailTask | None:
        """Return a waiting detail if more than ``beyond`` wait.

        A worker that adds details does some itself before it adds more, so that their number stays small.
        """
        with self._changed:
            return self._details.popleft() if len(self._details) > beyond else None

    def add(self, details: Iterable[DetailTask]) -> None:
        """Add detail calls for all workers."""
        with self._changed:
            self._details.extend(details)
            self._changed.notify_all()

    def done(self) -> None:
        """Note that a task is done."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out no more tasks."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
