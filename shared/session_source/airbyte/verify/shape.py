"""Shapes: which fields and types the rows of a sample have. No value of a row leaves this module."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from session_source.api.columns import Row, Value

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


class RowShape:
    """The fields and types of rows, by the paths that a schema declares.

    Args:
        schema: the stream's JSON schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._types: dict[str, Counter[str]] = {}
        self._undeclared: dict[tuple[str, str], str] = {}
        self.mistyped: dict[str, str] = {}
        """Types that are not declared, by path."""

    def add(self, row: Row) -> None:
        """Note the shape of a row."""
        self._add(row, self._schema, "")

    def undeclared(self, known: Sequence[str] = ()) -> dict[str, dict[str, int]]:
        """Count the undeclared fields by the path of their object and by their type.

        Args:
            known: names that are not counted.
        """
        counts = Counter((place, kind) for (place, name), kind in self._undeclared.items() if name not in known)
        by_place: dict[str, dict[str, int]] = {}
        for (place, kind), count in sorted(counts.items()):
            by_place.setdefault(place or "the row", {})[kind] = count
        return by_place

    def to_json(self) -> dict[str, Any]:
        """Return the types of declared fields, and the counts of undeclared ones."""
        return {
            "fields": {path: dict(sorted(types.items())) for path, types in sorted(self._types.items())},
            "undeclared": self.undeclared(),
        }

    def _add(self, value: Value, schema: Mapping[str, Any], path: str) -> None:
        kind = _type_name(value)
        if path:
            self._types.setdefault(path, Counter())[kind] += 1
        declared = schema.get("type")
        allowed = {declared} if isinstance(declared, str) else set(declared or ())
        if allowed and kind not in allowed and not (kind == "integer" and "number" in allowed):
            self.mistyped[path] = kind
        properties = schema.get("properties")
        if isinstance(value, dict) and properties is not None:
            for name, part in value.items():
                if name in properties:
                    self._add(part, properties[name], f"{path}.{name}" if path else name)
                elif path == "" or not schema.get("additionalProperties"):
                    self._undeclared[path, name] = _type_name(part)
        elif isinstance(value, list) and "items" in schema:
            for item in value:
                self._add(item, schema["items"], f"{path}[]")


def _type_name(value: Value) -> str:
    """Return the JSON type of a value."""
    return "null" if value is None else _TYPES.get(type(value), type(value).__name__)
