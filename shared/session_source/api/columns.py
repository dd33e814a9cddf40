"""Columns: what is added beside a vendor's record, each read from a path in it.

A column is a function from a row to a value. A path that is missing, null or ``""`` gives null; a value that
cannot be what the column declares raises ``ValueError`` (or a relative), and the reader then writes null and
tells it in the record's ``meta.changes``.
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
"""The largest integer of the warehouses that records go to; beyond 64 bits there is no way to write one here."""

_NUMBERS = (int, float)  # made once: `int | float` in a call makes it each time

UNFIT = (ValueError, TypeError, OverflowError, ArithmeticError, RecursionError)
"""What a column raises where a value cannot be what it declares."""


def at(row: Row, *path: str) -> Value:
    """Follow a path of names into a row; null where it leads nowhere."""
    value: Value = row
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def objects(items: Value, name: str) -> Iterator[Row]:
    """Give a list's items as objects; an item that is none is put under ``name``, so that none is lost."""
    if isinstance(items, list):
        for item in items:
            yield item if isinstance(item, dict) else {name: item}


class _AtPath:
    """A column that stands at a path of the vendor's record."""

    def __init__(self, *path: str) -> None:
        self.path = path

    def _value(self, row: Row) -> Value:
        value: Value = row
        try:
            for name in self.path:
                value = value[name]
        except (KeyError, TypeError, IndexError):  # it is not there, or what is there has no names
            return None
        return None if value == "" else value


class Text(_AtPath):
    """A string; a number is written as one, since ids come as both."""

    def __call__(self, row: Row) -> str | None:
        """Read the column from a row."""
        value = self._value(row)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, _NUMBERS):
            raise ValueError("no text")
        return str(value)


class Number(_AtPath):
    """A number, also where the vendor writes it as a string; divided by ``per`` (1000: ms to seconds)."""

    def __init__(self, *path: str, per: int = 1) -> None:
        super().__init__(*path)
        self.per = per

    def __call__(self, row: Row) -> float | None:
        """Read the column from a row."""
        value = self._value(row)
        if value is None or (type(value) is int and self.per == 1):
            return value
        if isinstance(value, str):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not isfinite(value):
            raise ValueError("no number")
        number: float = value if self.per == 1 else value / self.per
        return number


class Integer(Number):
    """A whole number, also where the vendor writes it as a string or with ``.0``."""

    def __call__(self, row: Row) -> int | None:
        """Read the column from a row."""
        number = super().__call__(row)
        if number is None:
            return None
        if number != (whole := int(number)) or abs(whole) > LARGEST:
            raise ValueError("no whole number of 64 bits")
        return whole


class Moment(_AtPath):
    """A moment: text, or a count since 1970 where ``per_second`` is given (1: seconds, 1000: milliseconds).

    With ``plus``, that many seconds later; null where either is missing.
    """

    def __init__(self, *path: str, per_second: int | None = None, plus: Number | None = None) -> None:
        super().__init__(*path)
        self._count = Number(*path) if per_second else None
        self.per_second = per_second
        self.plus = plus

    def moment(self, row: Row) -> datetime | None:
        """Read the moment as such, for comparing it."""
        if self._count is not None:
            count = self._count(row)
            moment = None if count is None else times.from_epoch(count, per_second=self.per_second or 1)
        else:
            value = self._value(row)
            moment = None if value is None else times.from_text(value)
        if moment is None or self.plus is None:
            return moment
        seconds = self.plus(row)
        return None if seconds is None else moment + timedelta(0, seconds)

    def has_zone(self, row: Row) -> bool:
        """Return whether the moment is exact: a count, or a text with its offset from UTC."""
        text = self._value(row)
        return self._count is not None or (isinstance(text, str) and times.has_zone(text))

    def __call__(self, row: Row) -> str | None:
        """Read the column from a row, as RFC 3339 in UTC."""
        moment = self.moment(row)
        return None if moment is None else times.rfc3339(moment)


class Either:
    """The first of several columns that has a value, for vendors that write the same thing in several ways."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def __call__(self, row: Row) -> Value:
        """Read the column from a row."""
        return next((value for column in self.columns if (value := column(row)) is not None), None)


def evaluate(columns: Mapping[str, Column], row: Row) -> tuple[Row, list[str]]:
    """Read all columns of a row.

    Returns:
        The values by name, and the names of the columns whose value was no such thing and is null now.
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
