"""Columns: values that are added to a vendor's record. Most are read from a path in the record.

A column is a function that takes a row and returns a value. It returns None where the path is missing, null or
``""``. It raises one of ``UNFIT`` where the value cannot be converted to the column's type; the record then has
null there, and its ``meta.changes`` names the column.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Generic, TypeAlias, TypeVar

from session_source.api import times

Value: TypeAlias = Any  # whatever JSON holds
Row: TypeAlias = dict[str, Value]
Column: TypeAlias = Callable[[Row], Value]
Read = TypeVar("Read")

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


def objects(items: Value, name: str) -> list[Row]:
    """Return the items of a list as objects. An item of another type is wrapped as ``{name: item}``."""
    if not isinstance(items, list):
        return []
    return [item if isinstance(item, dict) else {name: item} for item in items]


def _value_at(path: tuple[str, ...]) -> Column:
    """Return a function that reads the value at a path; None if the path does not exist or the value is ``""``."""
    first, *others = path
    second = others[0] if others else ""

    def value_of_field(row: Row) -> Value:
        value = row.get(first)
        return None if value == "" else value

    def value_of_inner_field(row: Row) -> Value:
        try:
            value = row[first][second]
        except (KeyError, TypeError, IndexError):
            return None
        return None if value == "" else value

    def value_at_path(row: Row) -> Value:
        value: Value = row
        try:
            for name in path:
                value = value[name]
        except (KeyError, TypeError, IndexError):  # the path does not exist, or leads through a scalar
            return None
        return None if value == "" else value

    return (value_of_field, value_of_inner_field, value_at_path)[min(len(others), 2)]


class _AtPath(Generic[Read]):
    """A column at a path of the vendor's record.

    Attributes:
        path: the path.
        read: the column as a plain function, which is called faster than an object.
    """

    def __init__(self, path: tuple[str, ...], read: Callable[[Row], Read | None]) -> None:
        self.path = path
        self.read = read

    def __call__(self, row: Row) -> Read | None:
        """Return the column's value in a row."""
        return self.read(row)


class Text(_AtPath[str]):
    """A string. Numbers are converted, because vendors write ids as both."""

    def __init__(self, *path: str) -> None:
        value_of = _value_at(path)

        def read(row: Row) -> str | None:
            value = value_of(row)
            if value is None or isinstance(value, str):
                return value
            if isinstance(value, bool) or not isinstance(value, _NUMBERS):
                raise ValueError("a value is not a string")
            return str(value)

        super().__init__(path, read)


class Number(_AtPath[float]):
    """A number, or a string with a number. Divided by ``per`` (1000 converts milliseconds to seconds)."""

    def __init__(self, *path: str, per: int = 1) -> None:
        self.per = per
        value_of = _value_at(path)

        def read(row: Row) -> float | None:
            value = value_of(row)
            if value is None:
                return None
            if type(value) is int or (type(value) is float and isfinite(value)):  # nearly always
                return value if per == 1 else value / per
            if isinstance(value, str):
                value = float(value)
            if isinstance(value, bool) or not isinstance(value, _NUMBERS) or not isfinite(value):
                raise ValueError("a value is not a number")
            number: float = value if per == 1 else value / per
            return number

        super().__init__(path, read)


class Integer(_AtPath[int]):
    """A whole number. The vendor may write it as a string or with ``.0``."""

    def __init__(self, *path: str) -> None:
        number_of = Number(*path).read

        def read(row: Row) -> int | None:
            number = number_of(row)
            if number is None:
                return None
            if number != (whole := int(number)) or abs(whole) > LARGEST:
                raise ValueError("a number is not an integer of 64 bits")
            return whole

        super().__init__(path, read)


class Moment(_AtPath[str]):
    """A moment, written as RFC 3339 in UTC.

    Args:
        path: where the vendor's value is.
        per_second: the unit of a count since 1970: 1 for seconds, 1000 for milliseconds. Without it, the value is
            text.
        plus: seconds to add. The column is null if they are.

    Attributes:
        moment: returns the moment as a ``datetime`` in UTC.
    """

    def __init__(self, *path: str, per_second: int | None = None, plus: Number | None = None) -> None:
        self.moment: Callable[[Row], datetime | None]
        self.per_second = per_second
        self.plus = plus
        self._value_of = value_of = _value_at(path)
        number_of = Number(*path).read

        def moment_of_text(row: Row) -> datetime | None:
            value = value_of(row)
            return None if value is None else times.from_text(value)

        def moment_of_count(row: Row) -> datetime | None:
            count = number_of(row)
            return None if count is None else times.from_epoch(count, per_second=per_second or 1)

        moment_of = self.moment = moment_of_count if per_second else moment_of_text
        if plus is not None:
            seconds_of = plus.read

            def later_moment(row: Row) -> datetime | None:
                moment = moment_of(row)
                seconds = None if moment is None else seconds_of(row)
                return None if moment is None or seconds is None else moment + timedelta(0, seconds)

            self.moment = later_moment
        read_moment = self.moment

        def read(row: Row) -> str | None:
            moment = read_moment(row)
            return None if moment is None else times.rfc3339(moment)

        super().__init__(path, read)

    def has_zone(self, row: Row) -> bool:
        """Return whether the moment is exact: a count, or text with an offset from UTC."""
        text = self._value_of(row)
        return self.per_second is not None or (isinstance(text, str) and times.has_zone(text))


class Either:
    """The first of several columns that is not null, for vendors that write one thing in several ways."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def __call__(self, row: Row) -> Value:
        """Return the column's value in a row."""
        return next((value for column in self.columns if (value := column(row)) is not None), None)


def reader(columns: Mapping[str, Column], constants: Row | None = None) -> Callable[[Row], tuple[Row, list[str]]]:
    """Return a function that reads all columns of a row.

    It returns the values by name, and the names of the columns that are null because their value could not be
    converted.

    Args:
        columns: the columns, by name.
        constants: columns with the same value in all rows. They replace others of the same name.
    """
    constants = constants or {}
    names: dict[Callable[[Row], Value], list[str]] = {}  # a column with two names is read once
    for name, one in columns.items():
        if name not in constants:
            names.setdefault(getattr(one, "read", one), []).append(name)
    readers = [(first, read_column) for read_column, (first, *_) in names.items()]
    copied = {name: first for first, *others in names.values() for name in others}
    template: Row = {**dict.fromkeys(columns), **constants}  # a copy is faster than a dict that grows

    def read(row: Row) -> tuple[Row, list[str]]:
        values = template.copy()
        nulled: list[str] = []
        for name, read_column in readers:
            try:
                values[name] = read_column(row)
            except UNFIT:
                nulled.append(name)
        for name, first in copied.items():
            values[name] = values[first]
        if nulled and copied:
            nulled = [name for name in template if copied.get(name, name) in nulled]
        return values, nulled

    return read


def evaluate(columns: Mapping[str, Column], row: Row) -> tuple[Row, list[str]]:
    """Read all columns of one row; see ``reader``."""
    return reader(columns)(row)


def value_or_none(column: Callable[[Row], Read | None], row: Row) -> Read | None:
    """Return a column's value in a row; None if it cannot be converted. ``meta.changes`` does not name it then."""
    try:
        return column(row)
    except UNFIT:
        return None
