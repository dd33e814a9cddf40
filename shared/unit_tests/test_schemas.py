from typing import Any

import pytest
from session_source.api.schema import DEEPEST, MANY, Shape, shallow

SHAPE = Shape(
    {
        "type": "object",
        "properties": {
            "count": {"type": ["null", "integer"]},
            "size": {"type": ["null", "number"]},
            "name": {"type": ["null", "string"]},
            "is_on": {"type": ["null", "boolean"]},
            "free": {"type": ["null", "object"]},
            "inner": {"type": ["null", "object"], "properties": {"size": {"type": ["null", "number"]}}},
            "flow": {
                "type": ["null", "array"],
                "items": {"type": ["null", "object"], "properties": {"at": {"type": ["null", "number"]}}},
            },
            "names": {"type": ["null", "array"], "items": {"type": "string"}},
        },
    }
)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"count": 1, "size": 2, "name": "x", "is_on": True},
        {"size": 2.5, "inner": {"size": None, "more": []}, "flow": [{"at": 1}, None], "names": ["a"]},
        {"undeclared": {}, "free": {"any": [1, "x"]}, "count": None},
    ],
)
def test_a_record_that_follows_its_schema_fits(record: dict[str, Any]) -> None:
    assert SHAPE.fits(record)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    ("record", "repaired", "nulled"),
    [
        ({"size": "many"}, {"size": None}, ["size"]),
        ({"inner": {"size": "x", "b": 1}}, {"inner": {"size": None, "b": 1}}, ["inner.size"]),
        ({"flow": [{"at": 1}, {"at": {}}]}, {"flow": [{"at": 1}, {"at": None}]}, ["flow[1].at"]),
        ({"flow": {"at": 1}}, {"flow": None}, ["flow"]),
        ({"is_on": 2}, {"is_on": None}, ["is_on"]),
        ({"is_on": "yes"}, {"is_on": None}, ["is_on"]),
        ({"is_on": ""}, {"is_on": None}, ["is_on"]),
        ({"is_on": [1]}, {"is_on": None}, ["is_on"]),
        ({"name": {"a": 1}}, {"name": None}, ["name"]),
        ({"count": True}, {"count": None}, ["count"]),
        ({"count": 1.5}, {"count": None}, ["count"]),
        ({"count": 1e30}, {"count": None}, ["count"]),
        ({"count": 2**63}, {"count": None}, ["count"]),
        ({"count": "9223372036854775808"}, {"count": None}, ["count"]),
        ({"names": ["a", {}]}, {"names": ["a", None]}, ["names[1]"]),
        ({"count": "nan"}, {"count": None}, ["count"]),
        ({"count": "true"}, {"count": None}, ["count"]),
        ({"count": "1.5"}, {"count": None}, ["count"]),
        ({"count": "[1]"}, {"count": None}, ["count"]),
    ],
)
def test_a_value_that_cannot_be_converted_is_nulled_and_reported(
    record: dict[str, Any], repaired: dict[str, Any], nulled: list[str]
) -> None:
    assert not SHAPE.fits(record)
    assert SHAPE.repaired(record) == (repaired, nulled)


@pytest.mark.parametrize(
    ("record", "repaired"),
    [
        ({"count": "12"}, {"count": 12}),
        ({"count": 12.0}, {"count": 12}),
        ({"size": "1.5"}, {"size": 1.5}),
        ({"name": 5}, {"name": "5"}),
        ({"count": "12.0"}, {"count": 12}),
        ({"count": "1e3"}, {"count": 1000}),
        ({"name": 2.5}, {"name": "2.5"}),
        ({"name": True}, {"name": "true"}),
        ({"is_on": 0}, {"is_on": False}),
        ({"is_on": 1}, {"is_on": True}),
        ({"is_on": 1.0}, {"is_on": True}),
        ({"is_on": "true"}, {"is_on": True}),
        ({"is_on": "False"}, {"is_on": False}),
        ({"is_on": "1"}, {"is_on": True}),
        ({"size": "7"}, {"size": 7}),
        ({"size": "9" * 40}, {"size": 1e40}),
    ],
)
def test_a_value_is_converted_to_the_declared_type_if_nothing_is_lost(
    record: dict[str, Any], repaired: dict[str, Any]
) -> None:
    assert not SHAPE.fits(record)
    written, nulled = SHAPE.repaired(record)
    assert (written, nulled) == (repaired, [])
    assert [type(value) for value in written.values()] == [type(value) for value in repaired.values()]


@pytest.mark.promise(n=10)
def test_repairing_does_not_change_the_given_record() -> None:
    record = {"inner": {"size": "x"}, "flow": [{"at": "y"}]}
    SHAPE.repaired(record)
    assert record == {"inner": {"size": "x"}, "flow": [{"at": "y"}]}


def test_an_undeclared_field_is_reported_once_at_every_level() -> None:
    shape = Shape(
        {
            "properties": {
                "a": {"type": "integer"},
                "inner": {"type": "object", "properties": {"x": {"type": "integer"}}},
                "flow": {"type": "array", "items": {"type": "object", "properties": {"y": {"type": "integer"}}}},
                "free": {"type": "object"},
                "users_own": {"type": "object", "properties": {"z": {}}, "additionalProperties": True},
            },
            "additionalProperties": True,
        }
    )
    declared = {"a": 1, "inner": {"x": 1}, "flow": [{"y": 1}], "free": {"any": 1}, "users_own": {"any": 1}}
    assert shape.are_plain([declared])
    record = {**declared, "new": {"n": 1}, "inner": {"m": 1}, "flow": [{"y": 1}, {"k": 1, "l": 2}, {"k": 3}]}
    assert not shape.are_plain([record])
    assert shape.fits(record)
    assert shape.new_fields(record) == ["inner.m", "flow[].k", "flow[].l", "new"]
    assert shape.are_plain([record]), "the check is fast again"
    assert shape.new_fields({"new": [], "newer": 1}) == ["newer"]
    assert not shape.are_plain([{"a": "no integer"}])


def test_the_search_for_undeclared_fields_stops_after_many() -> None:
    shape = Shape({"properties": {"a": {"type": "integer"}}})
    for number in range(MANY):
        assert shape.new_fields({f"user-{number}": 1}) == [f"user-{number}"]
    assert shape.are_plain([{"another": 1}])
    assert not shape.are_plain([{"a": "x", "another": 1}])
    assert shape.new_fields({"a": "x", "another": 1}) == []


@pytest.mark.promise(n=10)
def test_a_value_that_is_nested_too_deeply_is_nulled_and_its_path_is_reported() -> None:
    deep: Any = {"leaf": 1}
    for _ in range(DEEPEST - 2):
        deep = [deep]
    assert shallow({"a": deep, "b": 1}) == ({"a": deep, "b": 1}, [])
    cut, nulled = shallow({"a": [deep], "b": 1})
    assert nulled == ["a" + "[0]" * (DEEPEST - 1)]
    assert cut["b"] == 1
    inner = cut["a"]
    for _ in range(DEEPEST - 2):
        (inner,) = inner
    assert inner == [None]
