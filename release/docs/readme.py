"""The generated parts of README.md: all connectors' streams, sample rows of ``all_sessions``, and a diagram."""

from release.docs import samples, streams
from release.docs.columns import kind
from release.docs.connector import all_connectors
from release.docs.markdown import table

SAMPLE_COLUMNS = ("session_id", "started_at", "duration_seconds", "country_code", "app_platform", "page_count")
LONGEST_CELL = 20
SAMPLED = ("source-uxcam", "source-inspectlet", "source-devrev")


def parts() -> dict[str, str]:
    """Return the text of each part."""
    return {"diagram": _diagram(), "sample": _sample(), "streams": _streams()}


def _sample() -> str:
    """Return one session of three vendors, as ``all_sessions`` shows them."""
    rows = []
    for connector in all_connectors():
        if connector.name in SAMPLED:
            session = samples.records(connector, connector.apis[-1])["sessions"]
            cells = (_cell(session[name]) for name in SAMPLE_COLUMNS)
            rows.append((connector.name.removeprefix("source-"), *cells))
    return table(("vendor", *SAMPLE_COLUMNS), rows)


def _cell(value: object) -> str:
    """Return a value short enough for a table of seven columns."""
    if isinstance(value, float):
        return f"{value:.1f}"
    text = "" if value is None else str(value)
    if len(text) > LONGEST_CELL:
        return f"{text[: LONGEST_CELL - 1]}…"
    return text.replace("T", " ").removesuffix("Z")


def _diagram() -> str:
    """Return an entity diagram in Mermaid: the streams around ``sessions``, and which vendors have them."""
    vendors: dict[tuple[str, str, str], list[str]] = {}
    columns: dict[str, str] = {}
    for connector in all_connectors():
        for api in connector.apis:
            for one in streams.relations(connector, api):
                vendors.setdefault((one.parent, one.mark, one.child), []).append(connector.source.vendor)
            sessions = next(stream for stream in api.streams if stream.is_session)
            declared = connector.schema(sessions)["properties"]
            columns |= {name: kind(part) for name, part in declared.items() if name in streams.SESSION_COLUMNS}
    lines = [
        f'  {parent} {mark} {child} : "{", ".join(names)}"' for (parent, mark, child), names in vendors.items()
    ]
    lines += ["  sessions {", *(f"    {type_name} {name}" for name, type_name in columns.items()), "  }"]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


def _streams() -> str:
    """Return the table of all connectors' streams."""
    rows = []
    for connector in all_connectors():
        for api in connector.apis:
            label = f"[{connector.source.vendor}]({connector.name}/README.md)" + (
                f", {api.title}" if api.title else ""
            )
            for stream in api.streams:
                rows.append((label, f"`{stream.name}`", ", ".join(stream.key), stream.cursor or ""))
                label = " "
    return table(("connector", "stream", "primary key", "cursor"), rows)
