"""The configuration table: every property of a spec, also those inside of others."""

import json
from collections.abc import Iterator
from typing import NamedTuple

from release.docs.columns import kind
from release.docs.connector import Connector, Json
from release.docs.markdown import code, table


class Property(NamedTuple):
    """One property of a spec."""

    path: str
    """``api.filters[].field``"""
    part: Json
    is_required: bool
    branch: str
    """The title of the choice that it belongs to; empty if to none."""


def properties(spec: Json, path: str = "", branch: str = "") -> Iterator[Property]:
    """Find the properties of a spec that a user sees, in the order of the form."""
    found = sorted(spec.get("properties", {}).items(), key=lambda item: int(item[1].get("order", 0)))
    for name, part in found:
        if part.get("airbyte_hidden"):
            continue
        yield Property(f"{path}{name}", part, name in spec.get("required", []), branch)
        yield from properties(part, f"{path}{name}.", branch)
        for choice in part.get("oneOf", []):
            yield from properties(choice, f"{path}{name}.", choice["title"])
        items = part.get("items", {})
        for choice in [items, *items.get("oneOf", [])]:
            yield from properties(choice, f"{path}{name}[].", choice.get("title", branch))


def reference(connector: Connector) -> str:
    """Return the table."""
    rows: dict[tuple[str, str], tuple[str, str, str, str]] = {}
    for found in properties(connector.spec):
        if "const" in found.part:
            continue  # it is the choice itself
        place = f"`{found.path}`" + (f"<br>{found.branch}" if found.branch else "")
        meaning = _meaning(found.part)
        rows.setdefault((found.path, meaning), (place, _type(found.part), _default(found), meaning))
    return table(("property", "type", "default", "meaning"), rows.values())


def _type(part: Json) -> str:
    name = "date or time" if part.get("format") == "date-time" else kind(part)
    return f"{name}, secret" if part.get("airbyte_secret") else name


def _default(found: Property) -> str:
    if "default" in found.part:
        return code([_json(found.part["default"])])
    return "**required**" if found.is_required else ""


def _meaning(part: Json) -> str:
    sentences = [f"**{part['title']}.**"] if "title" in part else []
    sentences.append(part.get("description", ""))
    if choices := [choice["title"] for choice in part.get("oneOf", []) if "title" in choice]:
        sentences.append(f"Choices: {', '.join(choices)}.")
    if allowed := part.get("enum") or part.get("items", {}).get("enum"):
        sentences.append(f"Allowed: {code(allowed)}.")
    elif "default" not in part and (examples := part.get("examples")):
        sentences.append(f"Example: {code([_json(examples[0])])}")
    return " ".join(filter(None, sentences))


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
