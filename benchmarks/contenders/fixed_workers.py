"""This project's connector with a fixed number of open requests: ``num_workers``.

``fixed_workers.py <package> read --config … --catalog …``
"""

import importlib
import sys

from session_source.http import client
from session_source.http.concurrency import ConcurrencyLimit
from session_source.http.rounds import Place


class Fixed(ConcurrencyLimit):
    """A limit that nothing changes."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.limit = most

    def end(self, place: Place, seconds: float | None = None) -> None:
        self._open -= 1

    def refuse(self, place: Place, wait: float) -> None:
        """Change nothing."""

    def overload(self, place: Place) -> None:
        """Change nothing."""


if __name__ == "__main__":
    client.ConcurrencyLimit = Fixed  # type: ignore[misc]
    importlib.import_module(sys.argv.pop(1)).run()
