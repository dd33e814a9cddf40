from datetime import UTC, datetime

import pytest
from session_source.api.columns import Either, Integer, Moment, Number, Text, evaluate, objects

ROW = {
    "id": 7,
    "empty": "",
    "text": "12.5",
    "nested": {"when": "2019/01/31, 12:01:34", "seconds": 134.3, "ms": "1500", "word": "soon"},
    "list": [1],
    "flag": True,
    "huge": 1e300,
}


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Text("id"), "7"),
        (Text("text"), "12.5"),
        (Text("empty"), None),
        (Text("missing", "deeper"), None),
        (Text("id", "deeper"), None),
        (Number("text"), 12.5),
        (Number("nested", "ms", per=1000), 1.5),
        (Integer("id"), 7),
        (Integer("nested", "ms"), 1500),
        (Moment("nested", "when"), "2019-01-31T12:01:34Z"),
        (Moment("nested", "when", plus=Number("nested", "seconds")), "2019-01-31T12:03:48.300000Z"),
        (Moment("nested", "when", plus=Number("nested", "missing")), None),
        (Moment("nested", "ms", per_second=1000), "1970-01-01T00:00:01.500000Z"),
        (Either(Text("missing"), Text("id")), "7"),
    ],
)
def test_a_column_reads_the_value_at_its_path(column: Text, value: object) -> None:
    assert evaluate({"column": column}, ROW) == ({"column": value}, [])


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    "column",
    [
        Text("list"),
        Text("nested"),
        Text("flag"),
        Number("nested", "word"),
        Number("flag"),
        Number("list"),
        Integer("text"),
        Integer("flag"),
        Integer("huge"),
        Moment("nested", "word"),
        Moment("id"),
        Moment("huge", per_second=1),
        Moment("nested", "when", plus=Number("huge")),
    ],
)
def test_a_column_with_a_value_of_another_type_is_null_and_reported(column: Text) -> None:
    assert evaluate({"column": column}, ROW) == ({"column": None}, ["column"])


def test_a_moment_can_be_compared() -> None:
    assert Moment("nested", "when").moment(ROW) == datetime(2019, 1, 31, 12, 1, 34, tzinfo=UTC)


def test_items_that_are_no_objects_are_wrapped() -> None:
    assert list(objects([{"a": 1}, "b", None], "name")) == [{"a": 1}, {"name": "b"}, {"name": None}]
    assert list(objects({"a": 1}, "name")) == []
