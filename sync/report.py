"""The report: one self-contained HTML file with charts of a warehouse."""

import html
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from typing import Any

import plotly.io
from plotly.offline import get_plotlyjs

from sync import coverage
from sync.answers import Answers, Cohort
from sync.execution import Result
from sync.figures import BUCKETS, DAYS, PAGES, SCREENS, Figures
from sync.sessions import Sessions
from sync.warehouse import Warehouse

MARK = "<!-- written by make sync -->"
"""The first line of a report. A file without it is not overwritten."""

MODELS_START = "<!-- models -->"
MODELS_END = "<!-- end of models -->"
"""What is between them is written by make models too."""

TEMPLATE = Path(__file__).with_name("report.html")
LONGEST_NAME = 52
COLOURS = {
    "browsee": "#2a6fdb",
    "devrev": "#e07b39",
    "inspectlet": "#2f9e77",
    "opentracker": "#8b5fbf",
    "uxcam": "#c43d6b",
    "android": "#2f9e77",
    "ios": "#4a4a55",
    "web": "#2a6fdb",
    "unknown": "#b8bcc6",
    "rage": "#c43d6b",
    "unresponsive": "#e0a139",
    "dead": "#6c7484",
}
SEQUENCE = ("#dbe7fb", "#b3cdf5", "#86aeeb", "#598de0", "#366fce", "#2453a6", "#173a79")
LAYOUT: dict[str, Any] = {
    "font": {"family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif", "size": 12, "color": "#3b3f4a"},
    "margin": {"l": 48, "r": 16, "t": 8, "b": 36},
    "height": 300,
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    "hoverlabel": {"font": {"size": 12}},
    "bargap": 0.25,
    "yaxis": {"gridcolor": "#e9ebf0", "zeroline": False},
    "xaxis": {"gridcolor": "#e9ebf0", "zeroline": False},
}


def write(path: Path, warehouse: Warehouse, schemas: list[Sessions], results: list[Result]) -> bool:
    """Write the report; return False for an existing file that is not a report."""
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        return False
    figures = Figures(warehouse, schemas)
    sessions, users, first, last = figures.totals()
    clicks = figures.clicks()
    cards = [
        _card(f"Sessions a day, by vendor (last {DAYS} days)", _per_day(figures.per_day("vendor"))),
        _card(f"Sessions a day, by platform (last {DAYS} days)", _per_day(figures.per_day("app_platform"))),
        _card("How long sessions last", _durations(figures.durations())),
        _card(f"Rage and dead clicks a day (last {DAYS} days)", _clicks(clicks) if clicks else None),
        _card("Pages visited most", _top(figures.top(PAGES))),
        _card("Screens visited most", _top(figures.top(SCREENS))),
        _card("What is read, and how fresh it is", _streams(results), wide=True),
    ]
    tiles = {
        "sessions": f"{sessions:,}",
        "users": f"{users:,}",
        "vendors": str(len({schema.vendor for schema in schemas})),
        "rows": f"{sum(sum(result.rows.values()) for result in results):,}",
        "first session": _day(first),
        "last session": _day(last),
    }
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(warehouse.destination.label),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        tiles="".join(f"<div class=tile><b>{value}</b><span>{name}</span></div>" for name, value in tiles.items()),
        cards="".join(cards),
        models=_models(warehouse),
        plotly=get_plotlyjs(),
    )
    _write(path, f"{MARK}\n{page}")
    return True


def add_models(path: Path, warehouse: Warehouse) -> bool:
    """Write the models' answers into a report that exists; returns whether there is one."""
    page = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    before, start, rest = page.partition(MODELS_START)
    _, end, after = rest.partition(MODELS_END)
    if not (page.startswith(MARK) and start and end):
        return False
    _write(path, f"{before}{start}{_models(warehouse)}{end}{after}")
    return True


def _write(path: Path, page: str) -> None:
    """Write a page completely or not at all: on a full disk, the last report stays."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(page, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _models(warehouse: Warehouse) -> str:
    """Return the cards of the models, or how to build them."""
    answers = Answers(warehouse)
    if not answers.exist():
        return "<p class=empty>make models adds retention, a funnel, frustrations by page, and exits.</p>"
    funnel = answers.funnel()
    cards = [
        _card("Users who come back, by the week in which they were first seen", _retention(answers.retention())),
        _card("Funnel: sessions that reach each step", _funnel(funnel) if funnel else None),
        _card("Frustrations, by page or screen", _frustrations(answers.frustrations())),
        _card("Pages and screens where sessions end", _top(answers.exits())),
    ]
    return f"<div class='cards models'>{''.join(cards)}</div>"


def _card(title: str, figure: dict[str, Any] | None, *, wide: bool = False) -> str:
    chart = "<p class=empty>Nothing to show yet.</p>"
    if figure is not None and figure["data"]:
        chart = plotly.io.to_html(
            figure,
            full_html=False,
            include_plotlyjs=False,
            validate=False,
            config={"displayModeBar": False, "responsive": True},
        )
    return f"<section class='card{' wide' if wide else ''}'><h2>{title}</h2>{chart}</section>"


def _per_day(rows: list[tuple[str, Any, int]]) -> dict[str, Any]:
    names = dict.fromkeys(name for name, _, _ in rows)
    data = [
        {
            "type": "bar",
            "name": name,
            "x": [day.isoformat() for other, day, _ in rows if other == name],
            "y": [count for other, _, count in rows if other == name],
            "marker": {"color": COLOURS.get(name)},
            "hovertemplate": "%{y:,} on %{x|%a %d %b}<extra>%{fullData.name}</extra>",
        }
        for name in names
    ]
    return {
        "data": data,
        "layout": LAYOUT | {"barmode": "stack", "xaxis": {"type": "date", "tickformat": "%d %b"}},
    }


def _durations(rows: list[tuple[str, int, int]]) -> dict[str, Any]:
    totals: dict[str, int] = {}
    for vendor, _, count in rows:
        totals[vendor] = totals.get(vendor, 0) + count
    vendors = sorted(totals, reverse=True)
    counts = {(vendor, bucket): count for vendor, bucket, count in rows}
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "y": vendors,
            "x": [counts.get((vendor, bucket), 0) / totals[vendor] for vendor in vendors],
            "customdata": [counts.get((vendor, bucket), 0) for vendor in vendors],
            "marker": {"color": SEQUENCE[bucket]},
            "hovertemplate": "%{x:.0%} (%{customdata:,})<extra>%{fullData.name}</extra>",
        }
        for bucket, (_, name) in enumerate(BUCKETS)
        if vendors
    ]
    layout = LAYOUT | {"barmode": "stack", "margin": LAYOUT["margin"] | {"l": 84}}
    axis = {"tickformat": ".0%", "range": [0, 1], "dtick": 0.25}
    return {"data": data, "layout": layout | {"xaxis": axis, "yaxis": {"ticksuffix": " "}}}


def _clicks(clicks: list[Any]) -> dict[str, Any]:
    data = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": [one.day.isoformat() for one in clicks],
            "y": [getattr(one, field) for one in clicks],
            "line": {"color": colour, "width": 2},
            "marker": {"size": 5},
            "hovertemplate": "%{y:,} on %{x|%a %d %b}<extra>%{fullData.name}</extra>",
        }
        for name, field, colour in (("rage", "rage", "#c43d6b"), ("dead", "dead", "#6c7484"))
    ]
    layout = LAYOUT | {"xaxis": {"type": "date", "tickformat": "%d %b"}}
    return {"data": data, "layout": layout | {"yaxis": LAYOUT["yaxis"] | {"rangemode": "tozero"}}}


def _retention(cohorts: list[Cohort]) -> dict[str, Any]:
    if not cohorts:
        return {"data": [], "layout": LAYOUT}
    weeks = range(max(max(cohort.retained) for cohort in cohorts) + 1)
    names = [f"{cohort.week:%d %b %Y} ({cohort.users:,} users)" for cohort in cohorts]
    shares = [[cohort.retained.get(week) for week in weeks] for cohort in cohorts]
    data = [
        {
            "type": "heatmap",
            "x": [f"week {week}" for week in weeks],
            "y": names,
            "z": shares,
            "text": [["" if share is None else f"{share:.0%}" for share in row] for row in shares],
            "texttemplate": "%{text}",
            "colorscale": [[0, "#f2f6fd"], [1, "#366fce"]],
            "zmin": 0,
            "zmax": 1,
            "showscale": False,
            "xgap": 2,
            "ygap": 2,
            "hoverongaps": False,
            "hovertemplate": "%{text} of the users of %{y} had a session in %{x}<extra></extra>",
        }
    ]
    axis = {"autorange": "reversed", "automargin": True, "tickfont": {"size": 11}}
    return {"data": data, "layout": LAYOUT | {"yaxis": axis, "xaxis": {}}}


def _funnel(steps: list[tuple[str, int]]) -> dict[str, Any]:
    data = [
        {
            "type": "funnel",
            "y": [_escaped(step, LONGEST_NAME) for step, _ in steps],
            "x": [reached for _, reached in steps],
            "texttemplate": "%{value:,}<br>%{percentInitial:.0%}",
            "marker": {"color": [SEQUENCE[-1 - index % len(SEQUENCE)] for index, _ in enumerate(steps)]},
            "hovertemplate": "%{y}: %{x:,} sessions, %{percentPrevious:.0%} of the step before<extra></extra>",
        }
    ]
    return {"data": data, "layout": LAYOUT | {"yaxis": {"automargin": True}, "xaxis": {}}}


def _frustrations(rows: list[tuple[str, str, int]]) -> dict[str, Any]:
    totals: dict[str, int] = {}
    for _, page, number in rows:
        totals[page] = totals.get(page, 0) + number
    pages = sorted(totals, key=lambda page: (totals[page], page))
    counts = {(kind, page): number for kind, page, number in rows}
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": kind,
            "y": [_escaped(page, LONGEST_NAME) for page in pages],
            "x": [counts.get((kind, page), 0) for page in pages],
            "marker": {"color": COLOURS.get(kind)},
            "hovertemplate": "%{y}: %{x:,}<extra>%{fullData.name}</extra>",
        }
        for kind in sorted({kind for kind, _, _ in rows})
    ]
    axis = {"automargin": True, "tickfont": {"size": 11}}
    return {"data": data, "layout": LAYOUT | {"barmode": "stack", "height": 360, "yaxis": axis}}


def _top(rows: list[tuple[str, str, int]]) -> dict[str, Any]:
    shown = rows[::-1]
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": vendor,
            "y": [index for index, row in enumerate(shown) if row[0] == vendor],
            "x": [count for other, _, count in shown if other == vendor],
            "customdata": [_escaped(name, 120) for other, name, _ in shown if other == vendor],
            "marker": {"color": COLOURS.get(vendor)},
            "hovertemplate": "%{customdata}: %{x:,}<extra>%{fullData.name}</extra>",
        }
        for vendor in dict.fromkeys(vendor for vendor, _, _ in rows)
    ]
    axis = {
        "tickmode": "array",
        "tickvals": list(range(len(shown))),
        "ticktext": [_escaped(name.removeprefix("https://"), LONGEST_NAME) for _, name, _ in shown],
        "ticksuffix": " ",
        "automargin": True,
        "tickfont": {"size": 11},
    }
    return {"data": data, "layout": LAYOUT | {"height": 360, "yaxis": axis}}


def _streams(results: list[Result]) -> dict[str, Any]:
    """Draw each stream's finished windows as bars over the time span to read; grey parts are missing."""
    now = datetime.now(UTC)
    labels: list[str] = []
    wanted: list[coverage.Interval] = []
    all_of_it: list[tuple[int, coverage.Interval, str]] = []
    some: list[tuple[int, coverage.Interval, str]] = []
    for result in reversed(results):
        span = coverage.wanted(result.job.config, now)
        for stream, rows in reversed(result.rows.items()):
            parts = coverage.finished(result.states.get(stream, {}))
            newest = result.spans[stream][1]
            note = f"{rows:,} rows, newest {_moment(newest)}" if newest else f"{rows:,} rows"
            labels.append(_escaped(f"{result.job.schema_name} · {stream}", LONGEST_NAME))
            wanted.append(span)
            place = len(labels) - 1
            # A stream without a cursor is read completely each time.
            done = coverage.common(list(parts.values())) if parts else [span]
            all_of_it += [(place, interval.within(span), note) for interval in done]
            if len(parts) > 1:
                some += [(place, each.within(span), note) for intervals in parts.values() for each in intervals]
    places = list(range(len(labels)))
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "name": "to read",
            "y": places,
            "base": [span.start.isoformat() for span in wanted],
            "x": [span.seconds * 1000 for span in wanted],
            "marker": {"color": "#e4e7ed"},
            "hovertemplate": "%{base|%d %b %Y} to now<extra>to read</extra>",
        },
        _finished("finished for some sites or apps", "#bfe3d5", some),
        _finished("finished", "#2f9e77", all_of_it),
    ]
    axis = {
        "tickmode": "array",
        "tickvals": places,
        "ticktext": labels,
        "automargin": True,
        "tickfont": {"size": 11},
        "range": [-0.7, len(labels) - 0.3],
    }
    layout = LAYOUT | {"barmode": "overlay", "height": 110 + 24 * len(labels), "bargap": 0.35}
    days = {"type": "date", "tickformat": "%d %b", "nticks": 6, "tickangle": 0}
    return {"data": data if labels else [], "layout": layout | {"xaxis": days, "yaxis": axis}}


def _finished(name: str, colour: str, bars: list[tuple[int, coverage.Interval, str]]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [place for place, _, _ in bars],
        "base": [interval.start.isoformat() for _, interval, _ in bars],
        "x": [interval.seconds * 1000 for _, interval, _ in bars],
        "customdata": [note for _, _, note in bars],
        "marker": {"color": colour},
        "hovertemplate": f"{name} from %{{base|%d %b %Y %H:%M}}<br>%{{customdata}}<extra></extra>",
    }


def _escaped(text: str, longest: int) -> str:
    return html.escape(text if len(text) <= longest else text[: longest - 1] + "…", quote=False)


def _day(value: Any) -> str:  # noqa: ANN401 - a timestamp, or null
    return "–" if value is None else f"{value:%d %b %Y}"


def _moment(value: Any) -> str:  # noqa: ANN401 - a timestamp, or null
    return "–" if value is None else f"{value:%Y-%m-%d %H:%M}"
