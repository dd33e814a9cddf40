"""Validation: checks a config against its spec.

The error messages of ``jsonschema`` quote the invalid values, and a value may be a password that was pasted into
the wrong field. The messages here state the rule only.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
from jsonschema import Draft7Validator

from session_source.api.columns import Value
from session_source.api.errors import config_error

_Error: TypeAlias = Any
"""A ``jsonschema.ValidationError``. Its annotations allow every attribute to be unset."""

MOST_PROBLEMS = 5
"""How many problems one message reports, besides missing properties."""

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def validate(specification: Mapping[str, Any], config: Value, unknown: Sequence[str] = ()) -> None:
    """Check a config against its JSON schema.

    Args:
        specification: the JSON schema.
        config: the user's config.
        unknown: warnings about keys that the schema does not have. A missing property may be misspelled, so they
            are part of the error message.

    Raises:
        AirbyteTracedException: it is invalid. The message names all missing properties.
    """
    try:
        orjson.dumps(config)
    except orjson.JSONEncodeError:
        raise config_error(
            "The configuration has a value that cannot be sent: a number beyond 64 bits, half of a surrogate "
            "pair, or objects and lists nested hundreds of levels deep. Remove it."
        ) from None
    errors = list(_innermost(Draft7Validator(specification).iter_errors(config)))
    missing = list(dict.fromkeys(name for error in errors for name in _missing(error)))
    messages = [f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."] if missing else []
    others = dict.fromkeys(_sentence(error) for error in errors if error.validator != "required")
    messages += list(others)[:MOST_PROBLEMS]
    if messages:
        messages += unknown[:MOST_PROBLEMS]
        raise config_error(f"{' '.join(messages)} The connector's spec describes every property.")


def _innermost(errors: Iterable[_Error]) -> Iterator[_Error]:
    """Replace an error about alternatives by those of the one that the config's constant selects."""
    for error in errors:
        branches: dict[Any, list[_Error]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        chosen = [branch for branch in branches.values() if not any(map(_is_of_another, branch))]
        if chosen:
            yield from _innermost(chosen[0])
        else:
            yield error


def _is_of_another(error: _Error) -> bool:
    """Return whether an error means that the config selects another alternative, or none."""
    parts = error.schema.get("properties", {})
    return error.validator == "const" or (
        error.validator == "required" and any("const" in parts.get(name, {}) for name in _names_missing(error))
    )


def _names_missing(error: _Error) -> list[str]:
    if error.validator != "required":
        return []
    return [name for name in error.validator_value if name not in error.instance]


def _missing(error: _Error) -> list[str]:
    place = _place(error)
    return [f"{place}.{name}" if place else name for name in _names_missing(error)]


def _sentence(error: _Error) -> str:
    """State the rule that a value breaks."""
    rule, place = error.validator_value, _place(error)
    if error.validator in {"oneOf", "anyOf"}:
        constants = [
            (name, part["const"])
            for branch in rule
            for name, part in branch.get("properties", {}).items()
            if "const" in part
        ]
        if constants:
            named = f"{place}.{constants[0][0]}" if place else constants[0][0]
            return f"{named} must be one of: {_values(value for _, value in constants)}."
    return f"{place or 'The configuration'} {_rule(str(error.validator), rule, error.schema)}."


def _rule(validator: str, rule: Value, schema: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one for each validator
    match validator:
        case "type":
            return "must be " + " or ".join(_TYPES[name] for name in ([rule] if isinstance(rule, str) else rule))
        case "enum":
            return f"must be one of: {_values(rule)}"
        case "const":
            return f"must be {_values([rule])}"
        case "pattern" if "pattern_descriptor" in schema:
            return f"must be written as {schema['pattern_descriptor']}"
        case "minLength" | "minItems" if rule == 1:
            return "must not be empty"
        case "minLength":
            return f"must have at least {rule} characters"
        case "minimum":
            return f"must be at least {rule}"
        case "maximum":
            return f"must be at most {rule}"
        case "additionalProperties":
            return f"may have only the properties {_values(schema.get('properties', {}))}"
    return f"does not match the spec ({validator})"


def _place(error: _Error) -> str:
    """Return the path of the property that an error is about: ``apps[0].platform``."""
    names = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return "".join(names).removeprefix(".")


def _values(values: Iterable[Value]) -> str:
    return ", ".join(value if isinstance(value, str) else json.dumps(value) for value in values)
