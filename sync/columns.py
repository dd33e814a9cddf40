"""Columns: from the properties of a stream's JSON schema to typed table columns."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sync.messages import Json, dumps

UNDECLARED = "_undeclared"
"""The JSON column for fields that the schema does not declare and values that do not fit their column."""
LOADED_AT = "_loaded_at"

ARROW_TYPES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "text": pa.string(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "json": pa.string(),
}
"""Arrow's type for each type of dlt: https://dlthub.com/docs/general-usage/schema#data-types"""

_SIMPLE = {"boolean": "bool", "integer": "bigint", "number": "double", "string": "text"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Args:
        name: in the table: lower-case letters, digits and underscores.
        field: in the record.
        kind: dlt's data type.
        description: the property's description in the schema.
    """

    name: str
    field: str
    kind: str
    description: str = ""


def columns(properties: dict[str, Json]) -> list[Column]:
    """Return the columns of a stream. Names that differ only in case or punctuation get a number."""
    found: list[Column] = []
    taken = {UNDECLARED, LOADED_AT}
    for field, declared in properties.items():
        name = plain = re.sub(r"\W", "_", field, flags=re.ASCII).lower()
        number = 2
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        taken.add(name)
        found.append(Column(name, field, column_kind(declared), declared.get("description", "")))
    return found


def column_kind(declared: Json) -> str:
    """Return dlt's data type for a property. Nested values and values of several types are JSON."""
    types = declared.get("type", [])
    kinds = ({types} if isinstance(types, str) else set(types)) - {"null"}
    if kinds == {"string"} and declared.get("format") == "date-time":
        return "timestamp"
    if kinds == {"integer", "number"}:
        return "double"
    return _SIMPLE.get(kinds.pop(), "json") if len(kinds) == 1 else "json"


def array(values: list[Any], kind: str, misfits: dict[int, Any]) -> pa.Array:
    """Build one column's values.

    Args:
        values: the values in the records.
        kind: dlt's data type.
        misfits: receives the values that do not fit the type, by row number; they are null in the column.
    """
    if kind == "json":
        values = [None if value is None else dumps(value) for value in values]
    try:
        built = _build(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError):
        built = _build([_fitting(row, value, kind, misfits) for row, value in enumerate(values)], kind)
    return without_nul(built, kind)


def without_nul(values: pa.Array, kind: str) -> pa.Array:
    """Replace the NUL character by U+FFFD: PostgreSQL does not accept NUL in text or JSON."""
    if kind == "text" and pc.any(pc.match_substring(values, "\0")).as_py():
        return pc.replace_substring(values, "\0", "\ufffd")
    if kind == "json" and pc.any(pc.match_substring(values, "\\u0000")).as_py():
        plain = [None if text is None else dumps(_plain(json.loads(text))) for text in values.to_pylist()]
        return pa.array(plain, pa.string())
    return values


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(name): _plain(item) for name, item in value.items()}
    return value


def _build(values: list[Any], kind: str) -> pa.Array:
    if kind == "timestamp":
        # Arrow parses RFC 3339. It raises for a time without a zone; array() then converts values one by one.
        return pa.array(values, pa.string()).cast(ARROW_TYPES[kind])
    if kind == "double" and any(isinstance(value, bool) for value in values):
        raise pa.ArrowInvalid("a boolean is not a number")
    return pa.array(values, ARROW_TYPES[kind])


def _fitting(row: int, value: object, kind: str, misfits: dict[int, Any]) -> object:
    try:
        fitting = None if value is None else _CHECKS[kind](value)
    except (TypeError, ValueError, OverflowError, UnicodeError):
        misfits[row] = value
        return None
    return fitting


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise TypeError
    if not -(2**63) <= value < 2**63:
        raise OverflowError
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.encode(errors="backslashreplace").decode()


def _time(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    moment = datetime.fromisoformat(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat()


_CHECKS: dict[str, Callable[[Any], object]] = {
    "bool": _boolean,
    "bigint": _integer,
    "double": _number,
    "text": _text,
    "timestamp": _time,
    "json": _text,
}
