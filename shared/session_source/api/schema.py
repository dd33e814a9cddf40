"""Schemas: what a stream declares, and records made to keep to it.

A vendor's ``schemas/<stream>.json`` lists the vendor's own fields, one property a line. The columns that every
session has are the same for all vendors, so they stand once, in ``session_columns.json`` of this package.
"""

import threading
from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import jsonschema_rs
import orjson

from session_source.api.columns import LARGEST, Row, Value

DEEPEST = 250
"""Levels of nesting that a record may have; orjson writes 254, and a message puts some around a record."""

MANY = 200
"""Undeclared fields of a stream from which on no more are looked for: they are somebody's data, not a vendor's."""

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
        is_session: whether the columns that all sessions have are part of it.
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
    """A schema, compiled for checking many records fast and for fixing the few that do not fit. Threads share it.

    Checking is done in Rust by ``jsonschema-rs``, a fifth of the time of a loop in Python. Draft 4 is the one
    in which ``3.0`` is no integer, as in the warehouses the records go to.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._known = _types_only({**schema, "additionalProperties": False}, is_closed=True)
        self._open = jsonschema_rs.Draft4Validator(_types_only(schema, is_closed=False))
        self._closed = jsonschema_rs.Draft4Validator(self._known)
        self._count = 0
        """Undeclared fields that were found."""
        self._lock = threading.Lock()

    def is_plain(self, record: Row) -> bool:
        """Return whether a record fits and has no field that would be new to ``new_fields``."""
        return self._closed.is_valid(record)

    def fits(self, record: Row) -> bool:
        """Return whether every declared value of a record has a declared type, at all levels."""
        return self._open.is_valid(record)

    def new_fields(self, record: Row) -> list[str]:
        """Return the paths of the undeclared fields of a record that no record had before; ``[]`` marks a list."""
        with self._lock:
            paths = list(_undeclared(record, self._known, "")) if self._count < MANY else []
            if paths:
                self._count += len(paths)
                is_full = self._count >= MANY
                self._closed = self._open if is_full else jsonschema_rs.Draft4Validator(self._known)
            return paths

    def mended(self, record: Row) -> tuple[Row, list[str]]:
        """Copy a record as the schema declares it.

        A value of another type is converted where nothing is lost (``"5"`` and ``5.0`` in an integer), and nulled
        otherwise. Nothing else changes.

        Returns:
            The copy, and the paths of what was nulled.
        """
        nulled: list[str] = []
        return _mend(record, self._schema, "", nulled), nulled


def shallow(value: Value) -> tuple[Value, list[str]]:
    """Copy a record, with null in place of each list and object below its ``DEEPEST`` level.

    Returns:
        The copy, and the paths of what was nulled.
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
    """Leave nothing of a schema but types, and that an integer has 64 bits: all that a record is held to.

    Args:
        schema: a stream's schema, or a part of it.
        is_closed: whether objects may have no other fields than those that are declared, unless
            ``additionalProperties`` says that their fields are the users' own.
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
    """Find the fields that a schema lacks, and add them to it."""
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
            name: _mend(part, properties[name], _below(path, name), nulled) if name in properties else part
            for name, part in value.items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_mend(item, schema["items"], f"{path}[{n}]", nulled) for n, item in enumerate(value)]
    return value


def _in_declared_type(value: Value, types: set[type]) -> Value:
    """Convert a value to a declared type if that loses nothing; else return null."""
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
    """Read a number, or ``true`` and ``false`` in any case, that a vendor wrote as text."""
    try:
        return orjson.loads(text.lower())
    except orjson.JSONDecodeError:
        return None
