"""The generated parts of README.md: all connectors' streams, sample rows of ``all_sessions``, and a diagram."""

from release.docs import samples, streams
from release.docs.connector import all_connectors
from release.docs.markdown import table

SAMPLED = ("source-uxcam", "source-inspectlet", "source-devrev")
SAMPLE_COLUMNS = (
    ("session_id", 16),
    ("started_at", 22),
    ("duration_seconds", 18),
    ("country_code", 14),
    ("app_platform", 14),
)
"""The columns that are shown, with the width of each."""


def parts() -> dict[str, str]:
    """Return the text of each part."""
    return {"diagram": _diagram(), "sample": _sample(), "streams": _streams()}


def _sample() -> str:
    """Return a session of three vendors, as ``all_sessions`` shows them."""
    lines = [_line("vendor", {name: name for name, _ in SAMPLE_COLUMNS})]
    for connector in all_connectors():
        if connector.name in SAMPLED:
            session = samples.records(connector, connector.apis[-1])["sessions"]
            lines.append(_line(connector.name.removeprefix("source-"), session))
    return "\n".join(["```text", *lines, "```"])


def _line(vendor: str, session: dict[str, object]) -> str:
    cells = [f"{vendor:<12}"]
    for name, width in SAMPLE_COLUMNS:
        text = "null" if session[name] is None else str(session[name])
        cells.append(f"{text if len(text) < width else f'{text[: width - 3]}…':<{width}}")
    return "".join(cells).rstrip()


def _diagram() -> str:
    """Return an entity diagram in Mermaid: the streams around ``sessions``, and which vendors have them."""
    vendors: dict[tuple[str, str, str], list[str]] = {}
    for connector in all_connectors():
        for api in connector.apis:
            for one in streams.relations(connector, api):
                vendors.setdefault((one.parent, one.mark, one.child), []).append(connector.source.vendor)
    lines = [
        f'  {parent} {mark} {child} : "{", ".join(names)}"' for (parent, mark, child), names in vendors.items()
    ]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


def _streams() -> str:
    """Return the table of all connectors' streams."""
    rows = []
    for connector in all_connectors():
        for api in connector.apis:
            label = f"[{connector.source.vendor}]({connector.name}/README.md)"
            label += f", {api.title}" if api.title else ""
            for stream in api.streams:
                rows.append((label, f"`{stream.name}`", ", ".join(stream.key), stream.cursor or ""))
                label = " "
    return table(("connector", "stream", "primary key", "cursor"), rows)
