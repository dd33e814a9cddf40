"""Markdown: tables and their cells."""

from collections.abc import Iterable, Sequence

NONE = "–"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells may hold any text; an empty one is shown as a dash, one of spaces stays empty."""
    lines = [heads, ["---"] * len(heads), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(words: Iterable[object]) -> str:
    """Return words as code, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def folded(summary: str, text: str) -> str:
    """Return text that a reader unfolds."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def sentence(text: str) -> str:
    """Return a sentence that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") if text else NONE
