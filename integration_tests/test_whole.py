"""``check_whole`` finds lost keys, unknown keys and repeated keys."""

import json
from typing import Any

import pytest

from integration_tests.connector import Connector, Output
from integration_tests.whole import check_whole


class Keyed(Connector):
    """A connector that is never run: all of its streams have one key, and users repeat it."""

    def __init__(self) -> None:
        pass

    @property
    def repeated(self) -> frozenset[str]:
        return frozenset({"users"})

    def key(self, stream: str) -> list[str]:
        return ["id"]


def output(*ids: int, stream: str = "sessions") -> Output:
    messages = [{"type": "RECORD", "record": {"stream": stream, "data": {"id": each}}} for each in ids]
    return Output(0, "\n".join(json.dumps(message) for message in messages), "")


def keys(*ids: int) -> dict[str, list[tuple[Any, ...]]]:
    return {"sessions": [(each,) for each in ids]}


def test_expected_and_held_keys_may_be_emitted() -> None:
    check_whole(Keyed(), [output(1, 2), output(2, 3)], keys(1, 2, 3))
    check_whole(Keyed(), [output(1, 2, 9)], keys(1, 2), keys(1, 2, 8, 9))
    check_whole(Keyed(), [output(1, 1, stream="users")], {"users": [(1,)]})


@pytest.mark.parametrize(
    ("outputs", "held", "message"),
    [
        ([output(1)], None, "1 of sessions were lost"),
        ([output(1, 2, 9)], None, "keys that nobody holds"),
        ([output(1, 2, 7)], keys(1, 2, 9), "keys that nobody holds"),
        ([output(1, 2, 2)], None, "twice"),
        ([output(1, 2, 9, 9)], keys(9), "twice"),
        ([output(1, 9)], keys(9), "1 of sessions were lost"),
    ],
)
def test_other_outputs_fail(outputs: list[Output], held: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_whole(Keyed(), outputs, keys(1, 2), held)
