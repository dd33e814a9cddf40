"""Columns: values that are added to a vendor's record. Most are read from a path in the record.

A column is a function that takes a row and returns a value. It returns None where the path is missing, null or
``""``. It raises one of ``UNFIT`` where the value cannot be converted to the column's type; the record then has
null there, and its ``meta.changes`` names the column.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, TypeAlias

from session_source.api import times

Value: TypeAlias = Any  # whatever JSON holds
Row: TypeAlias = dict[str, Value]
Column: TypeAlias = Callable[[Row], Value]

LARGEST = 2**63 - 1
"""The largest integer that warehouses store. orjson writes no integer beyond 64 bits."""

_NUMBERS = (int, float)  # a constant: `int | float` inside a function is built at every call

UNFIT = (ValueError, TypeError, OverflowError, ArithmeticError, RecursionError)
"""The errors that a column raises for a value that cannot be converted."""


def at(row: Row, *path: str) -> Value:
    """Return the value at a path of names in a row; None if the path does not exist."""
    value: Value = row
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def objects(items: Value, name: str) -> Iterator[Row]:
    """Yield the items of a list as objects. An item of another type is wrapped as ``{name: item}``."""
    if isinstance(items, list):
        for item in items:
            yield item if isinstance(item, dict) else {name: item}


class _AtPath:
    """A column at a path of the vendor's record."""

    def __init__(self, *path: str) -> None:
        self.path = path

    def _value(self, row: Row) -> Value:
        value: Value = row
        try:
            for name in self.path:
                value = value[name]
        except (KeyError, TypeError, IndexError):  # the path does not exist, or leads through a scalar
            return None
        return None if value == "" else value


class Text(_AtPath):
    """A string. Numbers are converted, because vendors write ids as both."""

    def __call__(self, row: Row) -> str | None:
        """Return the column's value in a row."""
        value = self._value(row)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise ValueError("not a string")
        return str(value)


class Number(_AtPath):
    """A number, or a string with a number. Divided by ``per`` (1000 converts milliseconds to seconds)."""

    def __init__(self, *path: str, per: int = 1) -> None:
        super().__init__(*path)
        self.per = per

    def __call__(self, row: Row) -> float | None:
        """Return the column's value in a row."""
        value = self._value(row)
        if value is None or (type(value) is int and self.per == 1):
            return value
        if isinstance(value, str):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not isfinite(value):
            raise ValueError("not a number")
        number: float = value if self.per == 1 else value / self.per
        return number


class Integer(Number):
    """A whole number. The vendor may write it as a string or with ``.0``."""

    def __call__(self, row: Row) -> int | None:
        """Return the column's value in a row."""
        number = super().__call__(row)
        if number is None:
            return None
        if number != (whole := int(number)) or abs(whole) > LARGEST:
            raise ValueError("not an integer of 64 bits")
        return whole


class Moment(_AtPath):
    """A moment, written as RFC 3339 in UTC.

    Args:
        path: where the vendor's value is.
        per_second: the unit of a count since 1970: 1 for seconds, 1000 for milliseconds. Without it, the value is
            text.
        plus: seconds to add. The column is null if they are.
    """

    def __init__(self, *path: str, per_second: int | None = None, plus: Number | None = None) -> None:
        super().__init__(*path)
        self._count = Number(*path) if per_second else None
        self._per_second = per_second or 1
        self._plus = plus

    def moment(self, row: Row) -> datetime | None:
        """Return the moment as a ``datetime`` in UTC."""
        if self._count is not None:
            count = self._count(row)
            moment = None if count is None else times.from_epoch(count, per_second=self._per_second)
        else:
            value = self._value(row)
            moment = None if value is None else times.from_text(value)
        if moment is None or self._plus is None:
            return moment
        seconds = self._plus(row)
        return None if seconds is None else moment + timedelta(0, seconds)

    def has_zone(self, row: Row) -> bool:
        """Return whether the moment is exact: a count, or text with an offset from UTC."""
        text = self._value(row)
        return self._count is not None or (isinstance(text, str) and times.has_zone(text))

    def __call__(self, row: Row) -> str | None:
        """Return the moment as RFC 3339 in UTC."""
        moment = self.moment(row)
        return None if moment is None else times.rfc3339(moment)


class Either:
    """The first of several columns that is not null, for vendors that write one thing in several ways."""

    def __init__(self, *columns: Column) -> None:
        self._columns = columns

    def __call__(self, row: Row) -> Value:
        """Return the column's value in a row."""
        return next((value for column in self._columns if (value := column(row)) is not None), None)


def evaluate(columns: Mapping[str, Column], row: Row) -> tuple[Row, list[str]]:
    """Read all columns of a row.

    Returns:
        The values by name, and the names of the columns that are null because their value could not be converted.
    """
    values: Row = {}
    nulled: list[str] = []
    for name, column in columns.items():
        try:
            values[name] = column(row)
        except UNFIT:
            values[name] = None
            nulled.append(name)
    return values, nulled
