from typing import Any

import pytest
from session_source.schemas import Shape

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
def test_a_record_that_keeps_to_its_schema_fits(record: dict[str, Any]) -> None:
    assert SHAPE.fits(record)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    ("record", "mended", "nulled"),
    [
        ({"size": "many"}, {"size": None}, ["size"]),
        ({"inner": {"size": "x", "b": 1}}, {"inner": {"size": None, "b": 1}}, ["inner.size"]),
        ({"flow": [{"at": 1}, {"at": {}}]}, {"flow": [{"at": 1}, {"at": None}]}, ["flow[1].at"]),
        ({"flow": {"at": 1}}, {"flow": None}, ["flow"]),
        ({"is_on": 1}, {"is_on": None}, ["is_on"]),
        ({"count": True}, {"count": None}, ["count"]),
        ({"count": 1.5}, {"count": None}, ["count"]),
        ({"count": 1e30}, {"count": None}, ["count"]),
        ({"count": 2**63}, {"count": None}, ["count"]),
        ({"count": "9223372036854775808"}, {"count": None}, ["count"]),
        ({"names": ["a", {}]}, {"names": ["a", None]}, ["names[1]"]),
        ({"count": "nan"}, {"count": None}, ["count"]),
    ],
)
def test_a_value_that_cannot_be_its_type_is_nulled_and_told(
    record: dict[str, Any], mended: dict[str, Any], nulled: list[str]
) -> None:
    assert not SHAPE.fits(record)
    assert SHAPE.mended(record) == (mended, nulled)


@pytest.mark.parametrize(
    ("record", "mended"),
    [
        ({"count": "12"}, {"count": 12}),
        ({"count": 12.0}, {"count": 12}),
        ({"size": "1.5"}, {"size": 1.5}),
        ({"name": 5}, {"name": "5"}),
    ],
)
def test_the_same_value_in_another_type_is_written_in_the_declared_one(
    record: dict[str, Any], mended: dict[str, Any]
) -> None:
    assert not SHAPE.fits(record)
    written, nulled = SHAPE.mended(record)
    assert (written, nulled) == (mended, [])
    assert [type(value) for value in written.values()] == [type(value) for value in mended.values()]


@pytest.mark.promise(n=10)
def test_mending_leaves_the_given_record_alone() -> None:
    record = {"inner": {"size": "x"}, "flow": [{"at": "y"}]}
    SHAPE.mended(record)
    assert record == {"inner": {"size": "x"}, "flow": [{"at": "y"}]}
