"""Keys: which rows the windows of a group have seen, remembered as long as one of them can come again.

A row can come again while its window is read (lists grow, pages are repeated), and while a neighbour is (bounds
are inclusive, a row's time moves). So the keys of a window are kept until both its neighbours are done: memory is
bounded by windows, not by rows, and each key of a window with many takes a few bytes.
"""

from datetime import UTC, datetime

from session_source.seen import Seen
from session_source.windows import SLACK, Finished, Window


class _OfWindow:
    """Nearly all that is seen is claimed, so only what is not is noted beside it: that halves the memory."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.left: set[object] = set()
        self.is_done = False


class Keys:
    """What was seen and what was claimed, by window. Whoever uses it from several threads holds a lock.

    Args:
        missing: what is to be read; its windows tile it and are opened in order.
    """

    def __init__(self, missing: Finished) -> None:
        self._ends = {piece.end for piece in missing}
        self._windows: dict[Window, _OfWindow] = {}
        self._lasting: dict[object, datetime] = {}
        self._opened = datetime.min.replace(tzinfo=UTC)

    def __len__(self) -> int:
        """How many windows are remembered."""
        return len(self._windows)

    def open(self, window: Window) -> None:
        """Begin a window, the one behind all that were begun."""
        self._windows[window] = _OfWindow()
        self._opened = window.end

    def seen(self, window: Window) -> Seen:
        """Give what the window has seen; what it sees is claimed by it, unless ``leave`` says otherwise."""
        return self._windows[window].seen

    def taken(self, window: Window, keys: set[object]) -> set[object]:
        """Give those of the keys that were claimed elsewhere: by a neighbour, or as long ago as they last."""
        taken = self._lasting.keys() & keys
        for other, theirs in self._windows.items():
            if other.end == window.start or other.start == window.end:
                taken |= theirs.seen.among(keys) - theirs.left
        return taken

    def leave(self, window: Window, key: object) -> None:
        """Note that a window has seen a row that is not its own."""
        self._windows[window].left.add(key)

    def keep(self, key: object, *, until: datetime) -> None:
        """Note until when other windows than neighbours may list a row that was claimed, too."""
        self._lasting[key] = until

    def close(self, window: Window) -> list[Window]:
        """Note that a window is done, and forget what cannot come again.

        Returns:
            The windows that were forgotten: they and their neighbours are done.
        """
        self._windows[window].is_done = True
        still_open = [w for w, keys in self._windows.items() if not keys.is_done]
        starts, ends = {w.start for w in still_open}, {w.end for w in still_open}
        settled = [
            w
            for w, keys in self._windows.items()
            if keys.is_done and w.start not in ends and w.end not in starts and self._is_followed(w)
        ]
        for w in settled:
            del self._windows[w]
        oldest = min(starts, default=self._opened)
        self._lasting = {key: end for key, end in self._lasting.items() if end >= oldest - SLACK}
        return settled

    def _is_followed(self, window: Window) -> bool:
        """Tell whether the window behind it was opened, where there is to be one."""
        return window.end in self._ends or window.end < self._opened
