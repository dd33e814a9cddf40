"""Keys: which rows were emitted, remembered as long as the vendor may list them again.

A vendor lists a row again while its window is read (lists grow, pages repeat), in the windows next to it (bounds
are inclusive, days of another zone lie in two) and, where a row is long, in every window that it touches. Keys are
forgotten when no window that is open or still to come can list them: memory is bounded by windows, not by rows.
"""

from collections.abc import Iterable, Sequence

from session_source.api.time_filter import Reach
from session_source.api.windows import Window
from session_source.sync.seen import Seen


class OpenWindow:
    """One reading of a window.

    Args:
        window: what counts as finished when it is read.
        asked: what is asked for to get it, both ends included.
    """

    def __init__(self, window: Window, asked: Reach) -> None:
        self.window = window
        self.asked = asked
        self.seen = Seen()
        self.left: set[object] = set()
        """Keys that were seen and not emitted."""
        self.is_done = False
        self.is_left = False
        """Whether it was put back, to be read in smaller windows."""
        self.covered: Reach | None = None
        """From the earliest to the latest of its rows, by the latest time of each."""

    def __str__(self) -> str:
        return str(self.window)

    def touches(self, other: "OpenWindow") -> bool:
        """Return whether a vendor may list a row for both."""
        return self.asked.touches(other.asked)

    def cover(self, times: Sequence[Reach]) -> None:
        """Note the times of a page's rows: the latest of each, since a row may have begun long before."""
        if times:
            last = [one.last for one in times]
            page = Reach(min(last), max(last))
            self.covered = page if self.covered is None else self.covered.joined(page)


class Keys:
    """The keys of the windows of a group. Whoever uses it from several threads holds a lock."""

    def __init__(self) -> None:
        self._windows: list[OpenWindow] = []
        self._lasting: dict[object, Reach] = {}

    def __len__(self) -> int:
        """How many windows are remembered."""
        return len(self._windows)

    def open(self, window: OpenWindow) -> None:
        """Begin a window."""
        self._windows.append(window)

    def taken(self, window: OpenWindow, keys: set[object]) -> set[object]:
        """Return those of the keys that another window has emitted."""
        taken = self._lasting.keys() & keys
        for other in self._windows:
            if other is not window and other.touches(window):
                taken |= other.seen.among(keys) - other.left
        return taken

    def keep(self, key: object, reach: Reach) -> None:
        """Remember a key of a row that may be listed far from the window that emitted it."""
        self._lasting[key] = reach

    def close(self, window: OpenWindow, remaining: Iterable[Reach]) -> list[OpenWindow]:
        """Note that nothing more is read of a window, and forget what cannot be listed again.

        Args:
            window: the window.
            remaining: what is asked for to get what no window was opened for yet.

        Returns:
            The windows that were forgotten: they and all beside them are read.
        """
        window.is_done = True
        known = self._windows
        to_come = [*remaining, *(other.asked for other in self._windows if not other.is_done)]
        self._windows = [
            other
            for other in self._windows
            if not other.is_done or any(other.asked.touches(asked) for asked in to_come)
        ]
        if self._lasting:
            self._lasting = {
                key: reach
                for key, reach in self._lasting.items()
                if any(reach.touches(asked) for asked in to_come)
            }
        return [other for other in known if other not in self._windows]
