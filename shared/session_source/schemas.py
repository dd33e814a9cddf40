"""Schemas: what a stream declares, and records made to keep to it.

A vendor's ``schemas/<stream>.json`` lists the vendor's own fields, one property a line. The columns that every
session has are the same for all vendors, so they stand once, in ``session_columns.json`` of this package.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson

from session_source.columns import LARGEST, Row, Value

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
    """A schema, compiled for checking many records fast and for mending the few that do not fit.

    Checking is done in Rust by ``jsonschema-rs``, a fifth of the time of a loop in Python. Draft 4 is the one
    in which ``3.0`` is no integer, as in the warehouses the records go to.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._validator = jsonschema_rs.Draft4Validator(_types_only(schema))
        self._schema = schema

    def fits(self, record: Row) -> bool:
        """Tell whether every declared value of a record has a declared type, all the way down."""
        return self._validator.is_valid(record)

    def mended(self, record: Row) -> tuple[Row, list[str]]:
        """Copy a record as the schema declares it.

        What is the same thing in another type is written in the declared one (``"5"`` and ``5.0`` in an
        integer); what cannot be is nulled. Nothing else changes.

        Returns:
            The copy, and the paths of what was nulled.
        """
        nulled: list[str] = []
        return _mend(record, self._schema, "", nulled), nulled


def _types_only(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Leave nothing of a schema but types, and that an integer has 64 bits: all that a record is held to."""
    kept: dict[str, Any] = {"type": schema["type"]} if "type" in schema else {}
    if int in (types := _python_types(schema)) and float not in types:
        kept |= {"minimum": -LARGEST, "maximum": LARGEST}
    if "properties" in schema:
        kept["properties"] = {name: _types_only(part) for name, part in schema["properties"].items()}
    if "items" in schema:
        kept["items"] = _types_only(schema["items"])
    return kept


def _python_types(schema: Mapping[str, Any]) -> set[type]:
    """Tell which types a value may have."""
    declared = schema.get("type", list(_PYTHON_TYPES))
    names = [declared] if isinstance(declared, str) else declared
    return {python for name in names for python in _PYTHON_TYPES[name]}


def _has_type(value: Value, types: set[type]) -> bool:
    """Tell whether a value has one of the types; an integer beyond 64 bits is none."""
    if type(value) is int and float not in types and abs(value) > LARGEST:
        return False
    return type(value) in types


def _mend(value: Value, schema: Mapping[str, Any], path: str, nulled: list[str]) -> Value:
    types = _python_types(schema)
    if not _has_type(value, types):
        value = _in_declared_type(value, types)
        if value is None:
            nulled.append(path)
            return None
    properties = schema.get("properties")
    if isinstance(value, dict) and properties:
        return {
            name: _mend(part, properties[name], f"{path}.{name}" if path else name, nulled)
            if name in properties
            else part
            for name, part in value.items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_mend(item, schema["items"], f"{path}[{n}]", nulled) for n, item in enumerate(value)]
    return value


def _in_declared_type(value: Value, types: set[type]) -> Value:
    """Write a value in a declared type if that loses nothing; else give null."""
    if isinstance(value, float) and int in types and value.is_integer():
        return int(value) if abs(value) <= LARGEST else None
    if isinstance(value, str) and (int in types or float in types):
        try:
            number = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
        return number if _has_type(number, types) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and str in types:
        return str(value)
    return None
