"""The README's table of assumptions."""

from collections.abc import Iterator

from session_source.airbyte.verify.assumption import Assumption, Assumptions, Follows

_HEADER = "| assumption | if it is otherwise | how `verify` checks it |\n|---|---|---|"


def as_markdown(assumptions: Assumptions) -> str:
    """Write a connector's assumptions as Markdown: one table for each of the vendor's APIs.

    Args:
        assumptions: a connector's, ``SourceX.assumptions``. Each API with a name gets a heading (third level).
    """
    return "\n\n".join("\n".join(_table(name, listed)) for name, listed in assumptions.items()) + "\n"


def _table(name: str, listed: tuple[Assumption, ...]) -> Iterator[str]:
    if name:
        yield f"### `{name}`\n"
    yield _HEADER
    for one in listed:
        source = f" ([page]({one.source}))" if one.source else ""
        how = one.probe.how if one.probe else "–"
        yield f"| `{one.id}`: {_cell(one.sentence)}{source} | {_otherwise(one)} | {_cell(how)} |"


def _otherwise(one: Assumption) -> str:
    return "<br>".join(
        _cell(f"{finding.seen} {'' if finding.follows is Follows.NOTHING else '**→** '}{finding.advice}".strip())
        for finding in one.possible.values()
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
