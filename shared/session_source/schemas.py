"""Schemas: what a stream declares, and records made to keep to it.

A vendor's ``schemas/<stream>.json`` lists the vendor's own fields, one property a line. The columns that every
session has are the same for all vendors, so they stand once, in ``session_columns.json`` of this package.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import orjson

from session_source.columns import Row, Value

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def load(package: str, name: str, *, is_session: bool) -> dict[str, Any]:
    """Load a stream's JSON schema from its package.

    Args:
        package: the vendor's package, ``source_uxcam``.
        name: the file below ``schemas/``, without ``.json``.
        is_session: whether the columns that all sessions have are part of it.
    """
    schema: dict[str, Any] = orjson.loads((resources.files(package) / "schemas" / f"{name}.json").read_bytes())
    if is_session:
        shared = resources.files("session_source") / "session_columns.json"
        schema["properties"] = orjson.loads(shared.read_bytes()) | schema["properties"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": True,
        **schema,
    }


class Shape:
    """A schema, compiled for checking many records fast: a look-up by name for each value."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        declared = schema.get("type", list(_PYTHON_TYPES))
        names = [declared] if isinstance(declared, str) else declared
        self.types = frozenset(python for name in names for python in _PYTHON_TYPES[name])
        self.properties = {name: Shape(part) for name, part in schema.get("properties", {}).items()}
        self.items = Shape(schema["items"]) if "items" in schema else None
        self._types_by_name = {name: shape.types for name, shape in self.properties.items()}
        self._nested = [(name, s) for name, s in self.properties.items() if s.properties or s.items]

    def fits(self, record: Row) -> bool:
        """Tell whether every declared value of an object has a declared type, all the way down."""
        types_by_name = self._types_by_name
        for name, value in record.items():
            types = types_by_name.get(name)
            if types is not None and type(value) not in types:
                return False
        for name, shape in self._nested:
            value = record.get(name)
            if value is not None and not shape.fits_nested(value):
                return False
        return True

    def fits_nested(self, value: Value) -> bool:
        """Tell the same of what stands in a property or a list."""
        if type(value) is dict:
            return self.fits(value)
        items = self.items
        if type(value) is list and items is not None:
            if items.properties:
                fits = items.fits
                return all(type(item) in items.types and (item is None or fits(item)) for item in value)
            return all(type(item) in items.types and items.fits_nested(item) for item in value)
        return True

    def mend(self, value: Value, path: str, nulled: list[str]) -> Value:
        """Copy a value as the schema declares it.

        What is the same thing in another type is written in the declared one (``"5"`` and ``5.0`` in an
        integer); what cannot be is nulled, and its path is added to ``nulled``. Nothing else changes.
        """
        if type(value) not in self.types:
            value = self._same_in_declared_type(value)
            if value is None:
                nulled.append(path)
                return None
        if isinstance(value, dict) and self.properties:
            return {
                name: self.properties[name].mend(part, f"{path}.{name}" if path else name, nulled)
                if name in self.properties
                else part
                for name, part in value.items()
            }
        if isinstance(value, list) and self.items is not None:
            return [self.items.mend(item, f"{path}[{n}]", nulled) for n, item in enumerate(value)]
        return value

    def _same_in_declared_type(self, value: Value) -> Value:
        """Write a value in a declared type if that loses nothing; else give null."""
        if isinstance(value, float) and int in self.types and value.is_integer():
            return int(value)
        if isinstance(value, str) and (int in self.types or float in self.types):
            try:
                number = orjson.loads(value)
            except orjson.JSONDecodeError:
                return None
            return number if type(number) in self.types else None
        if isinstance(value, int | float) and not isinstance(value, bool) and str in self.types:
            return str(value)
        return None
