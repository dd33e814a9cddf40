"""What a hundred million sessions cost, by vendor: ``python -m benchmarks.scale`` writes SCALE.md.

Page sizes, windows, workers and limits come from the connectors. Only the latency is assumed.
"""

import sys
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from math import ceil, inf
from pathlib import Path

import orjson
from session_source import Config, Endpoint, SessionSource, Window
from session_source.api import windows
from session_source.sync.plan import Plan
from session_source.sync.seen import FEW, LOAD_FACTOR, SMALLEST
from source_browsee import SourceBrowsee
from source_devrev import SourceDevrev
from source_devrev.sessions import PAGE_SIZES
from source_inspectlet import SourceInspectlet
from source_opentracker import SourceOpentracker
from source_uxcam import SourceUxcam

from benchmarks.backfill import FIRST_DAY, Backfill, Figures, Simulation

PAGE = Path(__file__).resolve().parent / "SCALE.md"

SESSIONS, DAYS = 100_000_000, 365
LATENCY = 1.0
"""Seconds until an answer."""

WEEK = 7 * 24
"""Hours."""


@dataclass(frozen=True)
class Case:
    """One site, app or project of a vendor.

    Args:
        name: what is read.
        source: the connector.
        config: the part of its config that its endpoints and limits depend on.
        split: how connections can share the work; None if the vendor's limit is one for all of them.
        documented: requests per hour that the vendor documents, if the connector does not keep to them itself.
        page_size: sessions per page, if the endpoint's pager does not say.
        details: requests per session, beside the pages.
    """

    name: str
    source: SessionSource
    config: Config
    split: str | None
    documented: float = inf
    page_size: int | None = None
    details: int = 0

    @cached_property
    def endpoint(self) -> Endpoint:
        """The endpoint that lists the sessions."""
        return next(one for one in self.source.endpoints(self.config) if one.name == "sessions")

    @property
    def size(self) -> int:
        """Sessions per page."""
        size = self.page_size or self.endpoint.pager.size
        assert size is not None  # noqa: S101 - a case without a pager's size has one of its own
        return size

    @property
    def windows(self) -> int:
        """How many windows the history has: days, or less where the vendor filters by moments."""
        step = self.endpoint.time_filter.step if self.endpoint.time_filter else None
        if step is None or step >= timedelta(days=1):
            return DAYS
        has_budget = self.source.budget(self.config) is not None
        rows = self.size * Plan.BUDGETED_PAGES if has_budget else Plan.DENSE_ROWS
        return DAYS * ceil(SESSIONS / DAYS / rows)

    @property
    def requests(self) -> int:
        """The requests for the whole history."""
        return self.windows * ceil(SESSIONS / self.windows / self.size) + self.details * SESSIONS

    @property
    def per_hour(self) -> float:
        """The most requests per hour."""
        budget, rate = self.source.budget(self.config), self.source.rate(self.config)
        limits = [self.source.workers / LATENCY * 3600, self.documented]
        limits += [budget.limit] if budget else []
        limits += [rate.limit / rate.seconds * 3600] if rate else []
        return min(limits)

    @property
    def hours(self) -> float:
        """The hours for the whole history."""
        return self.requests / self.per_hour

    @property
    def connections(self) -> str:
        """How many connections read the whole history within a week."""
        needed = ceil(self.hours / WEEK)
        if self.split is None:
            return "one: they share the limit"
        return f"{needed}, {self.split}" if needed > 1 else "1"

    @property
    def state(self) -> int:
        """The bytes of the state during the read: separate finished windows, and the budget's minutes."""
        day = timedelta(days=1)
        finished = tuple(
            Window(FIRST_DAY + 2 * n * day, FIRST_DAY + (2 * n + 1) * day) for n in range(self.source.workers + 1)
        )
        state = windows.to_json(finished)
        if self.source.budget(self.config):
            state["requests"] = {str(29_000_000 + minute): 10 for minute in range(60)}
        return len(orjson.dumps(state))

    @property
    def keys(self) -> int:
        """The bytes of the keys that are remembered: those of the open windows and of the windows next to them."""
        return (3 * self.source.workers + 2) * _bytes(ceil(SESSIONS / self.windows))


CASES = (
    Case(
        "UXCam, `data_access_v2`",
        SourceUxcam(),
        {"app_id": "app", "api_key": "key", "api": {"version": "data_access_v2"}},
        split=None,
    ),
    Case(
        "UXCam, `session_api`",
        SourceUxcam(),
        {"app_id": "app", "api_key": "key", "api": {"version": "session_api"}},
        split="by time",
    ),
    Case("Opentracker", SourceOpentracker(), {"sites": ["www.example.com"]}, split="by sites"),
    Case("Browsee", SourceBrowsee(), {"api_key": "key", "secret_key": "key"}, split=None),
    Case("Inspectlet", SourceInspectlet(), {}, split="by websites"),
    Case("Inspectlet, with `session_details`", SourceInspectlet(), {}, split="by websites", details=1),
    Case(
        "DevRev",
        SourceDevrev(),
        {"apps": [{"version_key": "app", "platform": "ios"}]},
        split="by time, each with its own user's token",
        documented=1000 * 12,  # the example of https://developer.devrev.ai/about/rate-limits, per five minutes
        page_size=PAGE_SIZES[0],
    ),
)


def _bytes(keys: int) -> int:
    """Return the memory of the set of a window's keys."""
    if keys <= FEW:
        return keys * 100
    slots = SMALLEST
    while keys > slots * LOAD_FACTOR:
        slots *= 2
    return slots * 8


def table() -> str:
    """Return the table of what the whole history costs."""
    head = (
        "| | requests | requests per hour | hours | connections for a week | state | memory for keys | "
        "per million sessions |"
    )
    lines = [head, f"|---|{'---:|' * (head.count('|') - 2)}"]
    for case in CASES:
        million = SESSIONS // 1_000_000
        cells = (
            case.name,
            f"{case.requests:,}",
            f"{case.per_hour:,.0f}",
            f"{case.hours:,.0f}",
            case.connections,
            f"{case.state:,} B",
            f"{case.keys / 2**20:.0f} MB",
            f"{case.requests / million:,.0f} requests, {_duration(case.hours / million)}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def simulated(backfill: Backfill, figures: Figures) -> str:
    """Return the table of the simulated backfill."""
    rows = {
        "sessions": f"{backfill.days * backfill.per_day:,}",
        "requests": f"{figures.requests:,} ({figures.requests / backfill.least_requests:.3f} × the minimum)",
        "duration": f"{figures.hours:,.0f} hours, {figures.syncs} syncs",
        "newest day complete": f"after {figures.newest_day:.1f} hours",
        "finished windows in a state": f"at most {figures.most_slices}",
        "windows with remembered keys": f"at most {figures.most_windows}",
        "remembered keys": f"at most {figures.most_keys:,}",
    }
    return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows.items())])


def page(simulation: str) -> str:
    """Return SCALE.md."""
    return f"""# At scale

Written by `.venv/bin/python -m benchmarks.scale`, in a few minutes. A test compares it with the connectors.

## A hundred million sessions

{SESSIONS:,} sessions of one site, app or project, spread evenly over {DAYS} days, with each connector's defaults.

{table()}

- *Requests*: full pages of the vendor's largest size, and a page that is not full at the end of each window. A
  window is a day. Where the vendor filters by moments, a busy day is several windows, of {Plan.DENSE_ROWS:,}
  sessions or, under an hourly limit, of {Plan.BUDGETED_PAGES} pages.
- *Requests per hour*: the limit that the connector keeps to ({_budgets()}); otherwise what its default
  `num_workers` can send if an answer takes {LATENCY:.0f} second. DevRev: the example in its documentation.
- *Connections for a week*: how many connections read the history within a week, and how they share it; see
  [examples](../examples/README.md).
- *State*: the largest state message of a stream with one partition. Each further partition adds about as much.
- *Memory for keys*: the ids that are remembered to detect repeated rows, beside the process's 100 MB.
- UXCam's `events` and `users`, Browsee's `segment_sessions`: the same requests per million rows as sessions.

## A simulated backfill

A year with a million sessions a day, read through UXCam's Data Access API v2 with its limit of 500 requests per
hour. The plan, the deduplication, the budget and the state are the connector's; the clock and the answers are
simulated ([backfill.py](backfill.py)). A sync waits for the limit (`max_waiting_time` 60). It is killed after
{Backfill.killed_after // 24} days, and the next one continues from its state.

{simulation}

Keep `max_waiting_time` at 60 for such an account. With less, a sync ends as soon as the hour's requests are used,
and the next one continues from there: the lookback is due again only after a complete sync.
"""


def simulation_in(text: str) -> str:
    """Return the table of the simulated backfill in SCALE.md."""
    return text[text.rindex("| | |") : text.rindex("|") + 1]


def main() -> None:
    """Run the simulation and write SCALE.md."""
    backfill = Backfill()
    PAGE.write_text(page(simulated(backfill, Simulation(backfill).run())))
    sys.stdout.write(f"{PAGE}\n")


def _budgets() -> str:
    found = {case.name: case.source.budget(case.config) for case in CASES}
    return ", ".join(f"{name}: {budget.limit}" for name, budget in found.items() if budget)


def _duration(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


if __name__ == "__main__":
    main()
