"""The summary at the end of a sync: the rows of each stream, and the sessions of the last days."""

from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from sync.execution import Result
from sync.sessions import HOMES, has_view
from sync.warehouse import Warehouse

CHART_DAYS = 21
CHART_WIDTH = 50


def show(console: Console, warehouse: Warehouse, results: list[Result]) -> None:
    """Print the tables and the chart."""
    table = Table(title="What the warehouse holds", title_justify="left")
    for name in ("schema", "stream"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "oldest", "newest", "new in this sync"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        for stream, rows in result.rows.items():
            oldest, newest = result.spans[stream]
            added = rows - result.before[stream]
            table.add_row(
                result.job.schema_name, stream, f"{rows:,}", _moment(oldest), _moment(newest), f"{added:,}"
            )
    console.print()
    console.print(table)
    if not has_view(warehouse):
        return
    view = f"{HOMES[warehouse.destination.name]}.all_sessions"
    _platforms(console, warehouse, view)
    _chart(console, warehouse, view)
    console.print(
        f"\nThe view [bold]{view}[/bold] in [bold]{warehouse.destination.label}[/bold] has the sessions of all "
        "connectors, with the same columns and units."
    )


def _platforms(console: Console, warehouse: Warehouse, view: str) -> None:
    table = Table(title="all_sessions, by vendor and platform", title_justify="left")
    table.add_column("vendor")
    table.add_column("platform")
    for name in ("sessions", "mean duration (s)"):
        table.add_column(name, justify="right")
    for vendor, platform, count, mean in warehouse.query(
        f"SELECT vendor, app_platform, count(*), avg(duration_seconds) FROM {view} GROUP BY 1, 2 ORDER BY 1, 2"  # noqa: S608
    ):
        table.add_row(vendor, platform or "-", f"{count:,}", "-" if mean is None else f"{mean:,.1f}")
    console.print()
    console.print(table)


def _chart(console: Console, warehouse: Warehouse, view: str) -> None:
    counts: dict[date, int] = dict(
        warehouse.query(
            f"SELECT CAST(started_at AS DATE), count(*) FROM {view} WHERE started_at IS NOT NULL GROUP BY 1"  # noqa: S608
        )
    )
    if not counts:
        return
    last = max(counts)
    days = [last - timedelta(days=n) for n in reversed(range(CHART_DAYS))]
    highest = max(counts.get(day, 0) for day in days)
    console.print("\n[italic]Sessions per day[/italic]")
    for day in days:
        count = counts.get(day, 0)
        console.print(f"  {day}  {'█' * round(CHART_WIDTH * count / highest):<{CHART_WIDTH}}  {count:,}")


def _moment(value: Any) -> str:  # noqa: ANN401 - a timestamp, or null
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M}"
