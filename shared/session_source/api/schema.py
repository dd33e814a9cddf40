"""Schemas: loads the schema of a stream, checks records against it and repairs those that do not fit.

A vendor's ``schemas/<stream>.json`` lists the vendor's own fields, one property per line. The session columns are
the same for all vendors; they are in ``session_columns.json`` of this package.
"""

import threading
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson

from session_source.api.columns import LARGEST, Row, Value

DEEPEST = 250
"""Levels of nesting that a record may have. orjson writes 254, and a message adds some around the record."""

MANY = 200
"""After this many undeclared fields of a stream, the search stops: they are keys of user data, not new API
fields."""

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
        package: the vendor's package, ``source_<vendor>``.
        name: the file below ``schemas/``, without ``.json``.
        is_session: whether to add the session columns that all vendors share.
    """
    schema: dict[str, Any] = orjson.loads((resources.files(package) / "schemas" / f"{name}.json").read_bytes())
    if is_session:
        shared = resources.files("session_source.api") / "session_columns.json"
        schema["properties"] = orjson.loads(shared.read_bytes()) | schema["properties"]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": True,
        **schema,
    }


class Shape:
    """A schema that is compiled to check many records fast, and to repair the few that do not fit. Thread-safe.

    ``jsonschema-rs`` does the checks in Rust, five times faster than a loop in Python. In draft 4, ``3.0`` is not
    an integer, as in warehouses.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._known = _types_only({**schema, "additionalProperties": False}, is_closed=True)
        self._open = jsonschema_rs.Draft4Validator(_types_only(schema, is_closed=False))
        self._closed = jsonschema_rs.Draft4Validator({"items": self._known})
        self._count = 0
        """How many undeclared fields were found."""
        self._lock = threading.Lock()

    def are_plain(self, records: list[Row]) -> bool:
        """Return whether all records fit the schema and have no field that ``new_fields`` would report.

        One call for the records of a page takes 0.8 of the time of one call for each.
        """
        return self._closed.is_valid(records)

    def fits(self, record: Row) -> bool:
        """Return whether every declared field of a record has a declared type, at all levels."""
        return self._open.is_valid(record)

    def new_fields(self, record: Row) -> list[str]:
        """Return the paths of the undeclared fields that no earlier record had; ``[]`` marks a list."""
        with self._lock:
            paths = list(_undeclared(record, self._known, "")) if self._count < MANY else []
            if paths:
                self._count += len(paths)
                known = self._known if self._count < MANY else _types_only(self._schema, is_closed=False)
                self._closed = jsonschema_rs.Draft4Validator({"items": known})
            return paths

    def repaired(self, record: Row) -> tuple[Row, list[str]]:
        """Copy a record so that it fits the schema.

        A value of another type is converted if that loses nothing (``"5"`` and ``5.0`` to an integer). Otherwise
        it is replaced by null. Nothing else changes.

        Returns:
            The copy, and the paths of the values that were replaced by null.
        """
        nulled: list[str] = []
        return _repair(record, self._schema, "", nulled), nulled


def shallow(value: Value) -> tuple[Value, list[str]]:
    """Copy a record, with null in place of every list and object that is nested deeper than ``DEEPEST``.

    Returns:
        The copy, and the paths of the values that were replaced by null.
    """
    nulled: list[str] = []
    return _cut(value, "", DEEPEST, nulled), nulled


def _cut(value: Value, path: str, levels: int, nulled: list[str]) -> Value:
    if not isinstance(value, dict | list):
        return value
    if not levels:
        nulled.append(path)
        return None
    if isinstance(value, list):
        return [_cut(item, f"{path}[{n}]", levels - 1, nulled) for n, item in enumerate(value)]
    return {name: _cut(part, _below(path, name), levels - 1, nulled) for name, part in value.items()}


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _types_only(schema: Mapping[str, Any], *, is_closed: bool) -> dict[str, Any]:
    """Reduce a schema to what records are checked for: types, and that integers fit into 64 bits.

    Args:
        schema: a stream's schema, or a part of it.
        is_closed: whether an undeclared field is an error. Objects with ``additionalProperties`` hold user data
            and may have any field.
    """
    kept: dict[str, Any] = {"type": schema["type"]} if "type" in schema else {}
    if int in (types := _python_types(schema)) and float not in types:
        kept |= {"minimum": -LARGEST, "maximum": LARGEST}
    if "properties" in schema:
        kept["properties"] = {
            name: _types_only(part, is_closed=is_closed) for name, part in schema["properties"].items()
        }
        if is_closed and not schema.get("additionalProperties"):
            kept["additionalProperties"] = False
    if "items" in schema:
        kept["items"] = _types_only(schema["items"], is_closed=is_closed)
    return kept


def _undeclared(value: Value, known: dict[str, Any], path: str) -> Iterator[str]:
    """Yield the paths of the fields that a schema lacks, and add them to it."""
    if isinstance(value, dict) and "properties" in known:
        properties = known["properties"]
        for name, part in value.items():
            below = _below(path, name)
            if name in properties:
                yield from _undeclared(part, properties[name], below)
            elif "additionalProperties" in known:
                properties[name] = {}
                yield below
    elif isinstance(value, list) and "items" in known:
        for item in value:
            yield from _undeclared(item, known["items"], f"{path}[]")


def _python_types(schema: Mapping[str, Any]) -> set[type]:
    """Return the Python types that a value may have."""
    declared = schema.get("type", list(_PYTHON_TYPES))
    names = [declared] if isinstance(declared, str) else declared
    return {python for name in names for python in _PYTHON_TYPES[name]}


def _has_type(value: Value, types: set[type]) -> bool:
    """Return whether a value has one of the types. An integer beyond 64 bits has none."""
    if type(value) is int and float not in types and abs(value) > LARGEST:
        return False
    return type(value) in types


def _repair(value: Value, schema: Mapping[str, Any], path: str, nulled: list[str]) -> Value:
    types = _python_types(schema)
    if not _has_type(value, types):
        value = _in_declared_type(value, types)
        if value is None:
            nulled.append(path)
            return None
    properties = schema.get("properties")
    if isinstance(value, dict) and properties:
        return {
            name: _repair(part, properties[name], _below(path, name), nulled) if name in properties else part
            for name, part in value.items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_repair(item, schema["items"], f"{path}[{n}]", nulled) for n, item in enumerate(value)]
    return value


def _in_declared_type(value: Value, types: set[type]) -> Value:
    """Convert a value to a declared type; None if that would lose something."""
    if isinstance(value, str):
        value = _unquoted(value)
    elif str in types and isinstance(value, bool | int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if bool in types and isinstance(value, int | float) and value in {0, 1}:
        return bool(value)
    if int in types and float not in types and isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if _has_type(value, types) else None


def _unquoted(text: str) -> Value:
    """Read a number, or ``true`` and ``false`` in any case, from text."""
    try:
        return orjson.loads(text.lower())
    except orjson.JSONDecodeError:
        return None
