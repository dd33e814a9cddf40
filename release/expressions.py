"""Expressions: a connector's columns in Jinja, as declarative manifests write them.

An expression renders a literal of Python, because the CDK evaluates what it renders. So text stays text.
"""

from typing import Any

from session_source import Either, Integer, Moment, Number, Text
from session_source.api.columns import Column


def expression(column: Column | None) -> str:
    """Return a column as an expression.

    Args:
        column: the connector's declaration; None for a column that is always null.

    Raises:
        ValueError: the column is a function, which only ``cloud.yaml`` can express.
    """
    match column:
        case None:
            return "{{ none }}"
        case Either():
            first, second = column.columns
            start = (
                f"{_set('value', first)}{{% if not ({_present('value')}) %}}{_set('value', second)}{{% endif %}}"
            )
            return f"{start}{_literal(_TEXT, _present('value'))}"
        case Moment():
            return _moment(column)
        case Integer():
            return f"{_set('value', column)}{_literal('value | int', _present('value'))}"
        case Number():
            shown = "value" if column.per == 1 else f"(value | float) / {column.per}"
            return f"{_set('value', column)}{_literal(shown, _present('value'))}"
        case Text():
            return f"{_set('value', column)}{_literal(_TEXT, _present('value'))}"
    raise ValueError(f"cloud.yaml has to write the column {column}")


_TEXT = "value ~ ''"
"""The CDK's filter ``string`` adds quotes."""


def _set(name: str, column: Any) -> str:  # noqa: ANN401 - any column with a path
    """Set a variable to the value at a column's path, any part of which may be missing or null."""
    value = "record"
    for part in column.path:
        value = f"{value}[{part!r}]" if value == "record" else f"({value} or {{}})[{part!r}]"
    return f"{{% set {name} = {value} %}}"


def _present(name: str) -> str:
    return f"{name} is defined and {name} is not none and {name} != ''"


def _literal(value: str, condition: str) -> str:
    return f"{{{{ ([{value} if {condition} else none] ~ '')[1:-1] }}}}"


def _moment(column: Moment) -> str:
    """Return a moment as RFC 3339, with a fraction of a second only if it is not zero."""
    parts, condition, added = _set("value", column), _present("value"), ""
    if column.plus is not None:
        parts += _set("seconds", column.plus)
        condition += f" and {_present('seconds')}"
        added = f" + duration('PT' ~ (seconds | float / {column.plus.per}) ~ 'S')"
    if column.per_second is None:
        start = "str_to_datetime(value)"
    else:
        start = f"str_to_datetime('1970-01-01') + duration('PT' ~ (value | float / {column.per_second}) ~ 'S')"
    return parts + _literal(f"({start}{added}).isoformat() | replace('+00:00', 'Z')", condition)
