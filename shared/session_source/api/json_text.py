"""JSON: parses the body of an answer without loss, so that different values stay different."""

import codecs
import contextlib
import json
import math
import re
from typing import Any

import orjson

from session_source.api.columns import Value


def parse(body: bytes, content_type: str = "") -> Value:
    r"""Parse a body. The result can be written as JSON again.

    A value that orjson cannot represent becomes text: an integer beyond 64 bits becomes its digits, half of a
    surrogate pair becomes ``\ud800``, a byte that is not UTF-8 becomes ``\xff``. ``NaN`` and infinities become
    null.

    Args:
        body: the bytes.
        content_type: the Content-Type header, which may name a charset.

    Raises:
        ValueError: the body is not JSON.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _parse_exactly(body, content_type)
    return _parse_exactly(body, content_type) if _has_large_integer(body) else value


def _parse_exactly(body: bytes, content_type: str) -> Value:
    text = _decode(body, content_type)
    try:
        value = json.loads(text, parse_int=_integer, strict=False)
    except RecursionError:
        value = json.loads(_shallow(text), parse_int=_integer, strict=False)
    return _writable(value)


def _decode(body: bytes, content_type: str) -> str:
    """Decode a body as UTF-8, the encoding of JSON, or else in the charset of the header."""
    charset = re.search(r"charset=[\"']?([\w.:-]+)", content_type, re.IGNORECASE)
    for name in (json.detect_encoding(body), charset[1] if charset else ""):
        with contextlib.suppress(LookupError, UnicodeDecodeError):
            return body.decode(name).removeprefix("\ufeff")
    return body.decode("utf-8-sig", errors=_ESCAPE)


_ZEROS = bytes(ord("0") if byte in b"0123456789" else ord("x") for byte in range(256))
"""Translates each digit to 0 and each other byte to x."""

_LARGE = 19
"""An integer with this many digits may need more than 64 bits. orjson reads such integers as floats."""

_DIGITS = re.compile(rb"[0-9]+")
_NUMBER = re.compile(rb"(?<![^\s:,\[-])[0-9]+(?![^\s,\]}])")
"""Digits at a place where JSON allows a number, not inside a string."""


def _has_large_integer(body: bytes) -> bool:
    """Return whether orjson may have rounded an integer of the body."""
    # A regular expression alone would take ten times longer.
    zeros = body.translate(_ZEROS)
    start = zeros.find(b"0" * _LARGE)
    while start >= 0:
        if _NUMBER.match(body, start):
            return True
        digits = _DIGITS.match(body, start)
        start = zeros.find(b"0" * _LARGE, digits.end() if digits else start + 1)
    return False


def _integer(text: str) -> int | str:
    """Read an integer. One beyond 64 bits stays text, because orjson cannot write it."""
    number = int(text) if len(text) <= 20 else 2**64
    return number if -(2**63) <= number < 2**64 else text


_ESCAPE = "session_source.escape"
"""The error handler that replaces undecodable bytes in JSON text by ``\\xff``."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"\\\\x{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ESCAPE, _escape)


_TOO_DEEP = 300
"""Levels of nesting that are kept where Python cannot parse all. Records have fewer (``schema.DEEPEST``)."""

_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
"""A bracket, or a whole string, so that brackets inside strings are skipped."""


def _shallow(text: str) -> str:
    """Replace values that are nested too deeply in a JSON text by null."""
    kept: list[str] = []
    depth = start = 0
    for match in _BRACKET.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth == _TOO_DEEP + 1:
                kept += [text[start : match.start()], "null"]
        elif match[0] in "]}":
            if depth == _TOO_DEEP + 1:
                start = match.end()
            depth -= 1
    if depth:
        raise ValueError("the body is not JSON: its brackets do not match")
    return "".join([*kept, text[start:]])


def _writable(value: Value) -> Value:
    """Replace broken text and non-finite numbers, which cannot be written as JSON, in place."""
    root = [value]
    containers: list[Any] = [root]
    while containers:
        container = containers.pop()
        if isinstance(container, dict) and not all(map(_is_writable, container)):
            named = {_text_of(name): part for name, part in container.items()}
            container.clear()
            container.update(named)
        for place, part in list(container.items() if isinstance(container, dict) else enumerate(container)):
            if isinstance(part, dict | list):
                containers.append(part)
            elif isinstance(part, str) and not _is_writable(part):
                container[place] = _text_of(part)
            elif isinstance(part, float) and not math.isfinite(part):
                container[place] = None
    return root[0]


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text_of(broken: str) -> str:
    return broken.encode(errors="backslashreplace").decode()
