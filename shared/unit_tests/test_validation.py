"""Invalid configs: messages state the rule, name all missing properties, and quote no value."""

import json
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source.airbyte.validation import validate

PASSWORD = "hunter2-hunter2"
SPECIFICATION: dict[str, Any] = {
    "type": "object",
    "required": ["user", "password", "start"],
    "properties": {
        "user": {"type": "string", "minLength": 20},
        "password": {"type": "string", "minLength": 1, "airbyte_secret": True},
        "start": {"type": "string", "pattern": "^[0-9]+$", "pattern_descriptor": "YYYY"},
        "code": {"type": "string", "pattern": "^[0-9]+$"},
        "size": {"type": "integer", "minimum": 1, "maximum": 9},
        "kind": {"enum": ["a", "b", 3]},
        "sites": {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"type": ["string", "integer"]}},
        "closed": {"type": "object", "properties": {"x": {}, "y": {}}, "additionalProperties": False},
        "api": {
            "type": "object",
            "oneOf": [
                {
                    "type": "object",
                    "required": ["version", "key"],
                    "properties": {"version": {"const": version}, "key": {"type": kind}},
                }
                for version, kind in (("old", "string"), ("new", "integer"))
            ],
        },
    },
}
GOOD = {"user": "somebody@example.com", "password": PASSWORD, "start": "2026"}


def problems(config: Any) -> str:
    with pytest.raises(AirbyteTracedException) as caught:
        validate(SPECIFICATION, config)
    return str(caught.value).removesuffix(" The connector's spec describes every property.")


def test_a_valid_config_passes() -> None:
    validate(SPECIFICATION, {**GOOD, "api": {"version": "new", "key": 1}, "more": PASSWORD})


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ({"user": PASSWORD}, "user must have at least 20 characters."),
        ({"password": ""}, "password must not be empty."),
        ({"start": PASSWORD}, "start must be written as YYYY."),
        ({"code": PASSWORD}, "code does not match the spec (pattern)."),
        ({"size": PASSWORD}, "size must be a whole number."),
        ({"size": 0}, "size must be at least 1."),
        ({"size": 10}, "size must be at most 9."),
        ({"kind": PASSWORD}, "kind must be one of: a, b, 3."),
        ({"sites": []}, "sites must not be empty."),
        ({"sites": [PASSWORD, {PASSWORD: 1}]}, "sites[1] must be text or a whole number."),
        ({"sites": [PASSWORD, PASSWORD]}, "sites does not match the spec (uniqueItems)."),
        ({"closed": {PASSWORD: 1}}, "closed may have only the properties x, y."),
        ({"api": PASSWORD}, "api must be an object."),
        ({"api": {"version": PASSWORD}}, "api.version must be one of: old, new."),
        ({"api": {"key": PASSWORD}}, "api.version must be one of: old, new."),
        ({"api": {"version": "new", "key": PASSWORD}}, "api.key must be a whole number."),
        ({"api": {"version": "old"}}, "api.key is missing."),
        ({"size": "x", "kind": "c"}, "size must be a whole number. kind must be one of: a, b, 3."),
    ],
)
def test_a_message_states_the_rule_and_quotes_no_value(changes: dict[str, Any], messages: str) -> None:
    assert problems(GOOD | changes) == messages


def test_one_message_names_all_missing_properties() -> None:
    assert problems({}) == "user, password, start are missing."
    assert problems({"start": PASSWORD}) == "user, password are missing. start must be written as YYYY."


@pytest.mark.parametrize("config", [PASSWORD, [PASSWORD], None, 1])
def test_a_config_that_is_no_object_is_an_error(config: Any) -> None:
    assert problems(config) == "The configuration must be an object."


@pytest.mark.parametrize("value", ["\ud800", 2**70, json.loads("[" * 300 + "]" * 300)], ids=lambda v: str(type(v)))
def test_a_value_that_cannot_be_sent_is_an_error(value: Any) -> None:
    assert problems({**GOOD, "more": value}).startswith("The configuration has a value that cannot be sent: ")
