"""The report at the end of a sync: what each stream holds, and the sessions of the last days."""

from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from sync.warehouse import Warehouse

CHART_DAYS = 21
CHART_WIDTH = 50


def show(console: Console, warehouse: Warehouse) -> None:
    """Print the tables and the chart."""
    table = Table(title="What the syncs brought", title_justify="left")
    for name in ("schema", "stream"):
        table.add_column(name, no_wrap=True)
    for name in ("rows", "oldest", "newest", "new in the last sync"):
        table.add_column(name, justify="right", no_wrap=True)
    for brought in warehouse.brought:
        table.add_row(
            brought.schema,
            brought.stream,
            f"{brought.rows:,}",
            _moment(brought.oldest),
            _moment(brought.newest),
            f"{brought.added:,}",
        )
    console.print()
    console.print(table)
    if not warehouse.query("SELECT 1 FROM duckdb_views() WHERE view_name = 'all_sessions'"):
        return
    _platforms(console, warehouse)
    _chart(console, warehouse)
    console.print(
        f"\nThe view [bold]all_sessions[/bold] in [bold]{warehouse.database}[/bold] holds the sessions of all "
        "connectors, with the same columns and units. Any DuckDB client opens it."
    )


def _platforms(console: Console, warehouse: Warehouse) -> None:
    table = Table(title="all_sessions, by platform", title_justify="left")
    table.add_column("app_platform")
    for name in ("sessions", "mean duration (s)"):
        table.add_column(name, justify="right")
    for platform, count, mean in warehouse.query(
        "SELECT app_platform, count(*), avg(duration_seconds) FROM all_sessions GROUP BY ALL ORDER BY ALL"
    ):
        table.add_row(platform or "-", f"{count:,}", "-" if mean is None else f"{mean:,.1f}")
    console.print()
    console.print(table)


def _chart(console: Console, warehouse: Warehouse) -> None:
    counts: dict[date, int] = dict(
        warehouse.query(
            "SELECT started_at::DATE, count(*) FROM all_sessions WHERE started_at IS NOT NULL GROUP BY 1"
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
