"""Answers: what JSON forbids and vendors send all the same."""

from typing import Any

import orjson
import pytest
from session_source.exchange import Answer


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        (b'{"a": "\\ud800"}', {"a": "\ufffd"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": NaN, "b": 123456789012345678}', {"a": None, "b": 123456789012345678}),
        (b'{"a": NaN, "b": -99999999999999999999}', {"a": None, "b": -1e20}),
        (b'{"a": NaN, "b": 1%s}' % (b"0" * 5000), {"a": None, "b": None}),
    ],
    ids=["no numbers", "half of a pair", "byte order mark", "an integer", "beyond 64 bits", "beyond all"],
)
def test_an_odd_value_costs_no_page_and_can_be_written(body: bytes, value: Any) -> None:
    read = Answer(200, {}, body).json()
    assert read == value
    assert orjson.loads(orjson.dumps(read)) == value


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b"[" * 100_000, b'{"a":' * 100_000], ids=lambda b: str(b[:6])
)
def test_what_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Answer(200, {}, body).json()
