"""The work: what every contender is given to read, and what cannot be done with less."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.pages import FIRST_DAY, PAGE, WEBSITES, example

WORKERS = 10
"""Requests that are allowed at once; whether a contender can use them is up to it."""

UXCAM_STREAMS = ("sessions", "screens", "gestures", "events")


@dataclass(frozen=True)
class Work:
    """Sessions of a vendor, spread evenly over days; UXCam and DevRev are read in daily windows.

    Args:
        vendor: whose pages they are.
        streams: what is made of them.
        sessions: how many the vendor has.
        days: over how many days they are spread.
        until: how many of the days are read; all if not given.
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
        """How many records every contender has to give."""
        if self.vendor != "uxcam":
            return self.read_sessions
        flow = example("uxcam")["flow"]
        of_one = {"sessions": 1, "screens": len(flow)} | {
            name: sum(len(screen[name]) for screen in flow) for name in ("gestures", "events")
        }
        return self.read_sessions * sum(of_one[stream] for stream in self.streams)

    @property
    def least_requests(self) -> int:
        """The pages that hold the rows; where only a page that is not full tells the end, with that one."""
        if self.vendor == "inspectlet":
            return 1 + WEBSITES * (self.read_sessions // WEBSITES // PAGE + 1)
        of_day = self.sessions // self.days
        return self.read_days * (max(1, -(-of_day // PAGE)) if self.vendor == "devrev" else of_day // PAGE + 1)

    def nothing(self) -> "Work":
        """The same with one day that has no sessions: what is left is the start-up."""
        return replace(self, sessions=0, days=1, until=None)

    def config(self, origin: str) -> dict[str, Any]:
        """What a contender is told."""
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
