"""Interrupts: a signal stops a sync after a last commit, and a second Ctrl-C stops it immediately."""

import os
import signal
from types import FrameType, TracebackType
from typing import Self


class Interrupt:
    """Handles SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal was closed) inside the ``with`` block."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self._terminals = [number for number in (1, 2) if os.isatty(number)]

    @property
    def exit_code(self) -> int:
        """The exit code that a shell reports for a process ended by the signal."""
        return 128 + (self.signal or 0)

    def is_set(self) -> bool:
        """Return whether a signal was received."""
        return self.signal is not None

    def __enter__(self) -> Self:
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            numbers.append(signal.SIGHUP)
        self._before = {number: signal.signal(number, self._take) for number in numbers}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            for terminal in self._terminals:  # to write there is an error now
                os.dup2(os.open(os.devnull, os.O_WRONLY), terminal)
        # Only a user sends a second signal on purpose: make and the terminal may both pass on the same one.
        if self.signal is not None and number == signal.SIGINT:
            os._exit(128 + number)
        self.signal = self.signal or number
