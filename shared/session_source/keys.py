"""Keys: which rows the windows of a group have seen, remembered as long as one of them can come again.

A row can come again while its window is read (lists grow, pages are repeated), and while a neighbour is (bounds
are inclusive, a row's time moves). So the keys of a window are kept until both its neighbours are done: memory is
bounded by windows, not by rows.
"""

from datetime import UTC, datetime

from session_source.windows import SLACK, Finished, Window


class _OfWindow:
    def __init__(self) -> None:
        self.seen: set[object] = set()
        self.claimed: set[object] = set()
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

    def seen(self, window: Window) -> set[object]:
        """Give what the window has seen, to be added to."""
        return self._windows[window].seen

    def taken(self, window: Window, keys: set[object]) -> set[object]:
        """Give those of the keys that were claimed elsewhere: by a neighbour, or as long ago as they last."""
        taken = self._lasting.keys() & keys
        for other, theirs in self._windows.items():
            if other.end == window.start or other.start == window.end:
                taken |= theirs.claimed & keys
        return taken

    def claim(self, window: Window, key: object, *, lasts_until: datetime | None) -> None:
        """Note that a window emits a row, and until when other windows than neighbours may list it, too."""
        self._windows[window].claimed.add(key)
        if lasts_until is not None:
            self._lasting[key] = lasts_until

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
