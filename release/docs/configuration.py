"""The configuration table: every property of a spec, also those inside of others."""

import json
from collections.abc import Iterator

from release.docs.columns import kind
from release.docs.connector import Connector, Json
from release.docs.markdown import code, folded, table

HEADS = ("property", "type", "default", "meaning")
INDENT = "&nbsp;&nbsp;&nbsp;"
MOST_INSIDE = 16
"""Properties inside of another that are shown below it; more are folded into a table of their own."""

Row = tuple[str, str, str, str]


def reference(connector: Connector) -> str:
    """Return the table, and a folded one for each property that has many inside."""
    rows: list[Row] = []
    parts: list[str] = []
    for name, part, is_required in _properties(connector.spec):
        rows.append(_row(name, part, 0, is_required=is_required))
        inside = list(_inside(part, 1))
        if len(inside) <= MOST_INSIDE:
            rows += inside
        else:
            parts.append(folded(f"Inside <code>{name}</code>", table(HEADS, _inside(part, 0))))
    return "\n\n".join([table(HEADS, rows), *parts])


def _inside(part: Json, depth: int) -> Iterator[Row]:
    """Yield the properties inside of a property, indented; those of a choice below its title."""
    items = part.get("items", {})
    for found in (part, items):
        yield from _rows(found, depth)
        for choice in found.get("oneOf", []):
            yield f"{INDENT * depth}*{choice['title']}*", " ", " ", choice.get("description", " ")
            yield from _rows(choice, depth + 1)


def _rows(part: Json, depth: int) -> Iterator[Row]:
    for name, inner, is_required in _properties(part):
        yield _row(name, inner, depth, is_required=is_required)
        yield from _inside(inner, depth + 1)


def _properties(part: Json) -> Iterator[tuple[str, Json, bool]]:
    """Yield the properties that a user fills in, in the order of the form, and whether each is required."""
    for name, inner in sorted(part.get("properties", {}).items(), key=lambda item: int(item[1].get("order", 0))):
        if not inner.get("airbyte_hidden"):
            yield name, inner, name in part.get("required", [])


def _row(name: str, part: Json, depth: int, *, is_required: bool) -> Row:
    return f"{INDENT * depth}`{name}`", _type(part), _default(part, is_required=is_required), _meaning(part)


def _type(part: Json) -> str:
    name = "date or time" if part.get("format") == "date-time" else kind(part)
    return f"{name}, secret" if part.get("airbyte_secret") else name


def _default(part: Json, *, is_required: bool) -> str:
    if "const" in part:
        return f"always {code([_json(part['const'])])}"
    if "default" in part:
        return code([_json(part["default"])])
    return "**required**" if is_required else ""


def _meaning(part: Json) -> str:
    sentences = [f"**{part['title']}.**"] if "title" in part else []
    sentences.append(part.get("description", ""))
    if allowed := part.get("enum") or part.get("items", {}).get("enum"):
        sentences.append(f"Allowed: {code(allowed)}.")
    elif "default" not in part and (examples := part.get("examples")):
        sentences.append(f"Example: {code([_json(examples[0])])}")
    return " ".join(filter(None, sentences)) or " "


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
