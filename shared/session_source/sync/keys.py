"""Keys: which rows were emitted, remembered as long as the vendor may list them again.

A vendor may list a row again while its window is read (lists grow, pages repeat), in the adjacent windows (bounds
are inclusive, a day of another time zone is in two windows), and, if the row is long, in every window that it
overlaps. Keys are dropped once no open or future window can list them. So memory depends on windows, not on the
number of rows.
"""

from collections.abc import Iterable, Sequence

from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window
from session_source.sync.coverage import Coverage
from session_source.sync.seen import Seen


class OpenWindow:
    """One reading of a window.

    Args:
        window: what counts as finished once it is read.
        requested: the range that is requested to get it.
    """

    def __init__(self, window: Window, requested: TimeRange) -> None:
        self.window = window
        self.requested = requested
        self.seen = Seen()
        self.skipped: set[object] = set()
        """Keys that were seen and not emitted."""
        self.is_done = False
        self.is_put_back = False
        """Whether it was put back, to be read in smaller windows."""
        self.coverage = Coverage()
        """The times of its rows."""

    def __str__(self) -> str:
        return str(self.window)

    def touches(self, other: "OpenWindow") -> bool:
        """Return whether a vendor may list a row for both windows."""
        return self.requested.touches(other.requested)

    def cover(self, times: Sequence[TimeRange]) -> None:
        """Record the times of a page's rows."""
        self.coverage.note(times)


class Keys:
    """The keys of a group's windows. Not thread-safe: the caller holds a lock."""

    def __init__(self) -> None:
        self.windows: list[OpenWindow] = []
        """The windows of which keys are remembered."""
        self._lasting: dict[object, TimeRange] = {}

    def open(self, window: OpenWindow) -> None:
        """Start a window."""
        self.windows.append(window)

    def taken(self, window: OpenWindow, keys: set[object]) -> set[object]:
        """Return the keys that another window has emitted."""
        taken = self._lasting.keys() & keys
        for other in self.windows:
            if other is not window and other.touches(window):
                taken |= other.seen.among(keys) - other.skipped
        return taken

    def keep(self, key: object, positions: TimeRange) -> None:
        """Remember the key of a row that the vendor may list far from the window that emitted it."""
        self._lasting[key] = positions

    def close(self, window: OpenWindow, remaining: Iterable[TimeRange]) -> list[OpenWindow]:
        """End a window, and drop the keys that cannot be listed again.

        Args:
            window: the window.
            remaining: the ranges that will be requested for windows that are not open yet.

        Returns:
            The windows that were dropped: they and all adjacent windows are read.
        """
        window.is_done = True
        known = self.windows
        to_come = [*remaining, *(other.requested for other in self.windows if not other.is_done)]
        self.windows = [
            other
            for other in self.windows
            if not other.is_done or any(other.requested.touches(requested) for requested in to_come)
        ]
        if self._lasting:
            self._lasting = {
                key: positions
                for key, positions in self._lasting.items()
                if any(positions.touches(requested) for requested in to_come)
            }
        return [other for other in known if other not in self.windows]
