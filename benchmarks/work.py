"""Tasks: what every contender reads, and the minimum of requests that it needs."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.pages import FIRST_DAY, PAGE, WEBSITES, example

WORKERS = 10
"""How many requests a contender may send at the same time, if it can."""

UXCAM_STREAMS = ("sessions", "screens", "gestures", "events")


@dataclass(frozen=True)
class Work:
    """Sessions of a vendor, spread evenly over days; UXCam and DevRev are read in daily windows.

    Args:
        vendor: the vendor.
        streams: the streams to read.
        sessions: how many sessions the vendor has.
        days: over how many days they are spread.
        until: how many of the days are read; None: all.
    """

    vendor: str
    streams: tuple[str, ...]
    sessions: int
    days: int = 20
    until: int | None = None

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
            "num_workers": WORKERS,
        }


def _epoch(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
