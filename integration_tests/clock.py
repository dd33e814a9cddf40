"""The time in a test: data and syncs do not depend on the time of day at which the tests run.

``MOMENT=2026-03-08T23:59:30Z`` runs the tests at another time.
"""

import os
import time
from datetime import UTC, datetime, timedelta

MOMENT = datetime.fromisoformat(os.environ.get("MOMENT", "2026-09-16T14:00:00Z")).astimezone(UTC)
"""The moment at which a clock starts."""

BETWEEN_COMMANDS = timedelta(seconds=3)
"""The time that passes before each command, so that no two syncs start in the same second."""


class Clock:
    """A clock that a vendor shares with the connector that reads it.

    It starts at ``MOMENT`` with the first command of the connector. Until then it stands still, so that the
    vendor's data is always the same.

    Args:
        behind: by how many seconds the vendor's clock is slow. A sync reads what is older than the second in which
            it starts, so with two seconds all that the vendor holds is older.
        start: when the clock starts.
    """

    def __init__(self, behind: float = 2, start: datetime = MOMENT) -> None:
        self.behind = behind
        self._moment = start
        self._running_since: float | None = None

    def __call__(self) -> float:
        """Return the vendor's time, in seconds since 1970."""
        return self.now.timestamp() - self.behind

    @property
    def now(self) -> datetime:
        """The time of the connector."""
        if self._running_since is None:
            return self._moment
        return self._moment + timedelta(seconds=time.monotonic() - self._running_since)

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._moment += by

    def start_command(self) -> str:
        """Return the moment at which the next command starts, as a config spells it."""
        self._running_since = self._running_since or time.monotonic()
        self.advance(BETWEEN_COMMANDS)
        return f"{self.now:%Y-%m-%dT%H:%M:%SZ}"


def late() -> float:
    """Return the time of a vendor whose clock is two seconds slow, for connectors that use the real time."""
    return time.time() - 2
