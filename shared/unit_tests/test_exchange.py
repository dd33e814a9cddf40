"""Answers that JSON forbids, but vendors send."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.api.answer import Answer
from session_source.api.json_text import _has_large_integer

BEYOND_64_BITS = st.integers(min_value=2**64, max_value=2**200) | st.integers(-(2**200), -(2**63) - 1)
BROKEN_TEXT = st.text(st.characters(exclude_characters="\\"), max_size=20)  # lone surrogates included


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e999}', {"a": None, "b": None, "c": None}),
        (b'{"a": "x\\ud800", "\\udfff": 1}', {"a": "x\\ud800", "\\udfff": 1}),
        (b'{"a": "\\ud83d\\ude00", "b": "\\ud800"}', {"a": "😀", "b": "\\ud800"}),
        (b'{"a": "\xff", "b": "\xc3\xa9\xe2\x82"}', {"a": "\\xff", "b": "é\\xe2\\x82"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "one\ntwo"}', {"a": "one\ntwo"}),
        (b'{"a": NaN, "b": 123456789012345678}', {"a": None, "b": 123456789012345678}),
        (b'{"a":18446744073709551615}', {"a": 2**64 - 1}),
        (b'{"a":18446744073709551616}', {"a": "18446744073709551616"}),
        (b'{"a": -9223372036854775808}', {"a": -(2**63)}),
        (b'{"a": [ -9223372036854775809 ]}', {"a": ["-9223372036854775809"]}),
        (b'[123456789012345678901,{"a":1}]', ["123456789012345678901", {"a": 1}]),
        (b'{"a":\n123456789012345678901\n}', {"a": "123456789012345678901"}),
        (b'{"a":1%s}' % (b"0" * 5000), {"a": "1" + "0" * 5000}),
        (
            b'{"a": "12345678901234567890", "b": 0.12345678901234567890}',
            {"a": "12345678901234567890", "b": 0.12345678901234568},
        ),
    ],
)
def test_a_value_that_json_forbids_is_kept_as_text(body: bytes, value: Any) -> None:
    read = Answer(200, {}, body).json()
    assert read == value
    assert orjson.loads(orjson.dumps(read)) == value


@pytest.mark.promise(n=1)
@given(
    ids=st.lists(BEYOND_64_BITS | st.integers() | BROKEN_TEXT, min_size=2, max_size=5, unique=True),
    indent=st.sampled_from([None, 1]),
)
def test_different_ids_stay_different(ids: list[int | str], indent: int | None) -> None:
    read = Answer(200, {}, json.dumps({"rows": ids}, indent=indent).encode()).json()["rows"]
    assert len(set(orjson.loads(orjson.dumps(read)))) == len({str(one) for one in ids})
    assert [str(one) for one in read if isinstance(one, int)] == [
        str(one) for one in ids if isinstance(one, int) and -(2**63) <= one < 2**64
    ]


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("shift", range(13))
@pytest.mark.parametrize("digits", [19, 20, 21, 37, 5000])
def test_a_large_integer_is_found_anywhere_in_a_body(shift: int, digits: int) -> None:
    number = b"9" * digits
    for before, after in ((b"", b""), (b"123,", b",12"), (b'"2026-01-01T00:00:00",', b""), (b"-", b"")):
        body = b'{"%b":"%b","list":[%b%b%b]}' % (b"x" * shift, b"1" * 30, before, number, after)
        read = Answer(200, {}, body).json()["list"]
        assert str(read[1 if before.endswith(b",") else 0]).lstrip("-") == number.decode()
    for string in (b'"%b"' % number, b'"a %b"' % number, b"0.%b" % number):
        assert not _has_large_integer(b'["%b",%b,1]' % (b"x" * shift, string)), "orjson reads it exactly"


@pytest.mark.promise(n=1)
@given(
    ids=st.lists(
        st.binary(min_size=1, max_size=8).filter(lambda raw: not set(raw) & set(b'"\\')), min_size=2, unique=True
    )
)
def test_different_bytes_stay_different(ids: list[bytes]) -> None:
    read = Answer(200, {}, b'{"rows": [%b]}' % b",".join(b'"%b"' % raw for raw in ids)).json()["rows"]
    assert len(set(read)) == len(ids)


@pytest.mark.promise(n=10)
@given(
    value=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_valid_json_is_unchanged(value: Any) -> None:
    assert Answer(200, {}, orjson.dumps(value)).json() == value
    assert Answer(200, {}, b"[NaN,%b]" % orjson.dumps(value)).json() == [None, value]


@pytest.mark.parametrize(
    ("body", "charset"),
    [
        ("é".encode("latin-1"), "iso-8859-1"),
        ("é".encode(), "iso-8859-1"),
        ("é".encode(), "utf-8"),
        ("é".encode("cp1252"), "no-such-charset; charset=x"),
    ],
)
def test_text_is_decoded_as_utf_8_or_else_in_the_charset_of_the_header(body: bytes, charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    read = Answer(200, headers, b'{"a":"%b","b":NaN}' % body).json()
    assert read["a"] == ("\\xe9" if "no-such" in charset else "é")


@pytest.mark.promise(n=10)
@pytest.mark.parametrize("levels", [900, 2000, 100_000])
@pytest.mark.parametrize("parts", [(b"[", b"]"), (b'{"[\\"":', b"}")], ids=["lists", "objects"])
def test_a_value_that_is_nested_too_deeply_for_python_is_cut(levels: int, parts: tuple[bytes, bytes]) -> None:
    body = b'{"id":"]]","deep":%b1%b,"last":2}' % (parts[0] * levels, parts[1] * levels)
    read = Answer(200, {}, body).json()
    assert (read["id"], read["last"]) == ("]]", 2)
    depth, inner = 0, read["deep"]
    while isinstance(inner, list | dict):
        depth, inner = depth + 1, next(iter(inner.values() if isinstance(inner, dict) else inner))
    assert depth > 254, "so deep that the record's writer sees it, nulls it and reports it"


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    "body", [b"", b"{", b"<html>", b"[" * 100_000, b'{"a":' * 100_000], ids=lambda b: str(b[:6])
)
def test_a_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Answer(200, {}, body).json()
