"""The report: Markdown tables of ratios, with the machine and the versions."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.commands import CONTENDERS
from benchmarks.goals import OURS, ahead_of_us, goals
from benchmarks.plan import LIMITED, Figures, fixed, works
from benchmarks.rows import Row, Rows, wall

REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
BEGIN, END = "<!-- written by make bench -->", "<!-- end of make bench -->"
NOTE = (
    f"Ratios to {OURS}; the measured figures are in small print. Rates, CPU and slow answers exclude start-up. "
    "*Ideal*: requests × latency / requests that a contender sends at the same time."
)


def whole(figures: Figures) -> str:
    """Write everything."""
    parts = [headline(figures), table(figures), NOTE, limited(figures), circumstances(), _goals(figures)]
    parts.append(_behind(figures))
    return "\n\n".join(parts) + "\n"


def _goals(figures: Figures) -> str:
    lines = ["| goal | measured | limit | |", "|---|---:|---:|---|"]
    for goal in goals(figures):
        limit = f"{'≥' if goal.is_least else '≤'} {goal.limit:.2f}"
        lines.append(f"| {goal.claim} | {goal.figure:.2f} | {limit} | {'met' if goal.is_met else '**missed**'} |")
    return "\n".join(lines)


def _behind(figures: Figures) -> str:
    """Return the rows in which this project is not ahead."""
    lines = [
        f"- {heading.partition(':')[0]}, {row.title}: {', '.join(others)}"
        for heading, rows in Rows(figures).sections()
        for row in rows
        if (others := ahead_of_us(row))
    ]
    if not lines:
        return "No contender except the floor is ahead in any row."
    return "\n".join(["Rows in which a contender other than the floor is ahead:", "", *lines])


def table(figures: Figures) -> str:
    """Return the table of figures."""
    names = [kind.name for kind in CONTENDERS if figures.took_part(kind.name)]
    lines = [f"| | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for heading, rows in Rows(figures).sections():
        lines.append(f"| **{heading}** |{' |' * len(names)}")
        lines += [f"| {row.title} | {' | '.join(_cell(row, name) for name in names)} |" for row in rows]
    return "\n".join(lines)


def limited(figures: Figures) -> str:
    """Return the table of vendors with a capacity."""
    names = [OURS, *map(fixed, sorted({number for numbers in LIMITED.values() for number in numbers}))]
    lines = [f"| a vendor that … | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for vendor in Rows(figures).limited():
        rows = {"answers per second": vendor.rates} | (
            {"429s for 1,000 answers": vendor.refusals} if vendor.refuses else {}
        )
        for title, values in rows.items():
            cells = (f"{values[name]:.1f}" if name in values else "–" for name in names)
            lines.append(f"| {vendor.vendor}: {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def headline(figures: Figures) -> str:
    """Return one sentence with the ratios of records per second, for the work with the most streams."""
    name, work = list(works(figures.size).items())[1]
    pace = {who: work.records / seconds for who, seconds in Rows(figures).net(wall, name).items()}
    ratios = [
        f"{pace[OURS] / rate:.{_digits(pace[OURS] / rate)}f} × {who}" for who, rate in pace.items() if who != OURS
    ]
    return (
        f"Records per second compared with other ways to build the same connector ({name}, {work.records:,} "
        f"records from a local server, {datetime.now(UTC):%Y-%m-%d}): {', '.join(ratios)}."
    )


def with_headline(page: str, text: str) -> str:
    """Put a text between the two marks of a page."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}"


def _digits(ratio: float) -> int:
    return 0 if ratio >= 10 else 1 if ratio >= 2 else 2


def _cell(row: Row, name: str) -> str:
    if name not in row.values:
        return "–"
    ratio = row.values[name] / row.values[OURS] if row.values[OURS] else 0.0
    return f"{ratio:.{_digits(ratio)}f}× <sub>{row.told[name]}</sub>"


def circumstances() -> str:
    """Return the date, the machine and the versions."""
    versions = [f"{name} {version(name)}" for name in ("airbyte-cdk", "requests", "orjson")]
    for kind in CONTENDERS:
        if kind.environment:
            pinned = (REQUIREMENTS / f"{kind.environment}.txt").read_text().splitlines()
            versions += [line.replace("==", " ") for line in pinned if line.startswith(f"{kind.package}==")]
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} × {_processor()}, {platform.system()}, "
        f"Python {platform.python_version()}, {', '.join(versions)}."
    )


def _processor() -> str:
    """Return the name of the processor."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
