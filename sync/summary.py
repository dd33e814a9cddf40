"""The summary at the end of a sync: the rows of each stream, and the sessions of the last days."""

from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sync.execution import Result
from sync.sessions import HOMES, has_view
from sync.warehouse import Warehouse

CHART_DAYS = 21
CHART_WIDTH = 50
NUMBER_WIDTH = 6
CHART_MARGIN = 16 + NUMBER_WIDTH
"""The columns of a line of the chart that are not its bar."""


def show(console: Console, warehouse: Warehouse, results: list[Result]) -> None:
    """Print the tables and the chart."""
    console.print()
    console.print(_streams(results, console.width))
    if not has_view(warehouse):
        return
    view = f"{HOMES[warehouse.destination.name]}.all_sessions"
    _platforms(console, warehouse, view)
    _chart(console, warehouse, view)
    console.print(
        f"\nThe view [bold]{view}[/bold] in [bold]{escape(warehouse.destination.label)}[/bold] has the sessions "
        "of all connectors, with the same columns and units."
    )


def _streams(results: list[Result], width: int) -> Table:
    """Return the table of streams, grouped by schema. A narrow terminal shows days only, or no times."""
    has_times, time_format = width >= 56, "%Y-%m-%d %H:%M" if width >= 72 else "%Y-%m-%d"
    table = _table("What the warehouse holds")
    table.add_column("stream", overflow="fold")
    table.add_column("rows", justify="right", no_wrap=True)
    for name in ("oldest", "newest") if has_times else ():
        table.add_column(name, no_wrap=True)
    table.add_column("new", justify="right", no_wrap=True)
    for result in results:
        table.add_row(f"[bold]{escape(result.job.schema_name)}[/bold]")
        for stream, rows in result.rows.items():
            times = [_moment(value, time_format) for value in result.spans[stream]] if has_times else []
            table.add_row(f"  {escape(stream)}", f"{rows:,}", *times, f"{rows - result.before[stream]:,}")
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="dim")


def _platforms(console: Console, warehouse: Warehouse, view: str) -> None:
    table = _table("all_sessions, by vendor and platform")
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
    shown = min(CHART_DAYS, (last - min(counts)).days + 1)
    days = [last - timedelta(days=n) for n in reversed(range(shown))]
    highest = max(counts.get(day, 0) for day in days)
    width = max(min(CHART_WIDTH, console.width - CHART_MARGIN), 1)
    console.print("\n[italic]Sessions per day[/italic]")
    for day in days:
        count = counts.get(day, 0)
        console.print(f"  {day}  {'█' * round(width * count / highest):<{width}}  {count:>{NUMBER_WIDTH},}")


def _moment(value: Any, time_format: str) -> str:  # noqa: ANN401 - a timestamp, or null
    return "-" if value is None else value.strftime(time_format)
