"""Tasks: what every contender reads, and the minimum of requests that it needs."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from benchmarks.pages import FIRST_DAY, PAGE, WEBSITES, example

WORKERS = 10
"""How many requests a contender may send at the same time, if it can."""

UXCAM_STREAMS = ("sessions", "screens", "gestures", "events")


class Pace(NamedTuple):
    """How fast the vendor answers."""

    latency: float = 0
    """Seconds before each answer."""
    capacity: int | None = None
    """How many requests it serves at once; None: all."""
    refuses: bool = False
    """Whether it refuses further requests with 429 rather than queue them."""


AT_ONCE = Pace()


@dataclass(frozen=True)
class Work:
    """Sessions of a vendor, spread evenly over days; UXCam and DevRev are read in daily windows.

    Args:
        vendor: the vendor.
        streams: the streams to read.
        sessions: how many sessions the vendor has.
        days: over how many days they are spread.
        until: how many of the days are read; None: all.
        workers: how many requests a contender may send at the same time, if it can.
        pace: how fast the vendor answers.
        is_dated: whether to measure when the newest day is complete.
    """

    vendor: str
    streams: tuple[str, ...]
    sessions: int
    days: int = 20
    until: int | None = None
    workers: int = WORKERS
    pace: Pace = AT_ONCE
    is_dated: bool = False

    @property
    def read_days(self) -> int:
        """How many days are read."""
        return self.days if self.until is None else self.until

    @property
    def read_sessions(self) -> int:
        """How many sessions are read."""
        return self.sessions // self.days * self.read_days

    @property
    def records(self) -> int:
        """How many records every contender must return."""
        if self.vendor != "uxcam":
            return self.read_sessions
        flow = example("uxcam")["flow"]
        of_one = {"sessions": 1, "screens": len(flow)} | {
            name: sum(len(screen[name]) for screen in flow) for name in ("gestures", "events")
        }
        return self.read_sessions * sum(of_one[stream] for stream in self.streams)

    @property
    def least_requests(self) -> int:
        """How many pages have rows. If only a page that is not full ends a list, that page counts too."""
        if self.vendor == "inspectlet":
            return 1 + WEBSITES * (self.read_sessions // WEBSITES // PAGE + 1)
        of_day = self.sessions // self.days
        return self.read_days * (max(1, -(-of_day // PAGE)) if self.vendor == "devrev" else of_day // PAGE + 1)

    @property
    def newest_day(self) -> bytes:
        """What only the sessions of UXCam's newest day hold."""
        return b'"%d-' % (self.days - 1)

    @property
    def of_newest_day(self) -> int:
        """How many sessions the newest day has."""
        return self.sessions // self.days

    def nothing(self) -> "Work":
        """Return the task with one day and no sessions, which measures start-up."""
        return replace(self, sessions=0, days=1, until=None)

    def config(self, origin: str) -> dict[str, Any]:
        """Return the contender's config."""
        end = FIRST_DAY + timedelta(days=self.read_days)
        return {
            "vendor": self.vendor,
            "streams": list(self.streams),
            "base_url": origin,
            "start_date": FIRST_DAY.isoformat(),
            "last_day": (end - timedelta(days=1)).isoformat(),
            "end_date": end.isoformat(),
            "start_epoch": _epoch(FIRST_DAY),
            "end_epoch": _epoch(end),
            "num_workers": self.workers,
        }


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
