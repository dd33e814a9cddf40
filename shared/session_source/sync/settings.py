"""Settings: the options of a sync that all connectors share."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from session_source.api.windows import Window


@dataclass(frozen=True)
class Settings:
    """What to read, and how fast.

    Args:
        span: the sync's ``[start, end)``; its end is frozen when the sync starts.
        now: when the sync starts; the span's end is that or earlier.
        lookback: how much of the finished time, at its end, an incremental sync reads again.
        window_days: the largest window, in days.
        workers: how many windows are read at the same time.
        limit_wait: the longest wait for one rate limit, in seconds.
    """

    span: Window
    now: datetime
    lookback: timedelta
    window_days: int
    workers: int
    limit_wait: float
