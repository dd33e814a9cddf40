"""Interrupts: the first Ctrl-C stops a sync after a last commit, the second one stops it immediately."""

import os
import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupt:
    """Handles SIGINT and SIGTERM inside the ``with`` block."""

    def __init__(self) -> None:
        self.signal: int | None = None

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a process ended by the signal."""
        return 128 + (self.signal or 0)

    def is_set(self) -> bool:
        """Return whether a signal was received."""
        return self.signal is not None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:
            os._exit(128 + number)
        self.signal = number
