"""Tasks: what workers do, and in which order."""

import threading
from collections import deque
from collections.abc import Iterable
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
    """Ask for the details of one row of a window."""

    group: Details
    window: OpenWindow
    row: Claimed


Task: TypeAlias = WindowTask | DetailTask


class Tasks:
    """Hands out what there is to do: details that are waiting first, then the next window."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._changed = threading.Condition()
        self._groups = list(groups)
        self._details: deque[DetailTask] = deque()
        self._busy = 0
        self._is_closed = False

    def take(self) -> Task | None:
        """Give the next task, or None when there is none and no other worker can bring any more."""
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
        """Return the next window of the first group that has one now."""
        for group in self._groups:
            if group.has_failed or group.is_probing:
                continue
            window = group.next_window()
            if window is not None:
                return WindowTask(group, window)
        return None

    def wake(self) -> None:
        """Let those that wait look again for what there is to do."""
        with self._changed:
            self._changed.notify_all()

    def take_detail(self, *, beyond: int) -> DetailTask | None:
        """Give a waiting detail where more than ``beyond`` wait: who brings them helps before bringing more."""
        with self._changed:
            return self._details.popleft() if len(self._details) > beyond else None

    def add(self, details: Iterable[DetailTask]) -> None:
        """Queue detail calls for every worker."""
        with self._changed:
            self._details.extend(details)
            self._changed.notify_all()

    def done(self) -> None:
        """Note that a task that was taken is done."""
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Hand out nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
