"""Exchanges: what is sent to a vendor and what comes back, as plain values."""

import codecs
import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from session_source.columns import Row, Value

LARGEST_ANSWER = 256 * 2**20
"""Bytes of an answer's body, decompressed, that are read at most."""


@dataclass(eq=False)
class Wish:
    """Fields of a JSON body that a vendor may refuse (400). Requests that share a wish learn from each other.

    Args:
        options: what to send, in the order of preference: the next one where one is refused. ``{}`` sends nothing.
        is_about: whether a refusal may be about these fields; by default any may.
        granted: the number of the option that was accepted first; None until then.
    """

    options: Sequence[Mapping[str, Any]]
    is_about: Callable[["Answer"], bool] = lambda _: True
    granted: int | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request, before credentials: ``path`` is below the connection's base URL.

    With ``is_kept``, it is sent once, and its answer is kept until the command ends: for requests that several
    endpoints have in common. ``within`` is how many seconds to keep trying, where that is less than the
    connection's patience; waits for a rate limit do not count. ``wishes`` are tried in order.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    is_kept: bool = False
    within: float | None = None
    wishes: tuple[Wish, ...] = ()

    @property
    def address(self) -> bytes:
        """All that its answer depends on."""
        sent = [self.method, self.path, self.params, self.headers, self.form, self.json]
        return orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, its body read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Value:
        r"""Parse the body without losing anything; the result can be written as JSON again.

        What JSON or orjson cannot hold becomes text, so that different values stay different: an integer beyond 64
        bits becomes its digits, half of a surrogate pair ``\ud800``, a byte that is not UTF-8 ``\xff``. ``NaN``
        and infinities become null.

        Raises:
            ValueError: the body is not JSON.
        """
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return self._parse_exactly()
        return self._parse_exactly() if _has_large_integer(self.body) else value

    def _parse_exactly(self) -> Value:
        text = self._text()
        try:
            value = json.loads(text, parse_int=_integer, strict=False)
        except RecursionError:
            value = json.loads(_shallow(text), parse_int=_integer, strict=False)
        return _writable(value)

    def _text(self) -> str:
        """Decode the body as UTF-8, as JSON should be, or in the charset that the vendor names."""
        charset = re.search(r"charset=[\"']?([\w.:-]+)", self.headers.get("Content-Type") or "", re.IGNORECASE)
        for name in (json.detect_encoding(self.body), charset[1] if charset else ""):
            with contextlib.suppress(LookupError, UnicodeDecodeError):
                return self.body.decode(name).removeprefix("\ufeff")
        return self.body.decode("utf-8-sig", errors=_ESCAPE)

    def object(self) -> dict[str, Any]:
        """Parse the body, which must be a JSON object.

        Raises:
            ValueError: it is something else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise ValueError("the body is no JSON object")
        return value


_ZEROS = bytes(ord("0") if byte in b"0123456789" else ord("x") for byte in range(256))
"""Translates each digit to 0 and each other byte to x."""

_LARGE = 19
"""Integers of so many digits may need more than 64 bits, and orjson would read them as floats."""

_DIGITS = re.compile(rb"[0-9]+")
_NUMBER = re.compile(rb"(?<![^\s:,\[-])[0-9]+(?![^\s,\]}])")
"""Digits where JSON has a number, and not in a string."""


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
    """Read an integer; one beyond 64 bits stays text, because orjson could not write it."""
    number = int(text) if len(text) <= 20 else 2**64
    return number if -(2**63) <= number < 2**64 else text


_ESCAPE = "session_source.escape"
"""The error handler that writes bytes that cannot be decoded as ``\\xff`` into a string of JSON."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(f"\\\\x{byte:02x}" for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_ESCAPE, _escape)


_TOO_DEEP = 300
"""Levels of nesting that are parsed, where Python cannot parse all; records have fewer (``columns.DEEPEST``)."""

_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)
"""A bracket of JSON, or a string, in which brackets mean nothing."""


def _shallow(text: str) -> str:
    """Replace what is nested too deeply in a JSON text by null."""
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
    """Replace, in place, what cannot be written as JSON: broken text and numbers that are not finite."""
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


def rows_of(items: Value) -> list[Row]:
    """Take a list of records out of an answer.

    Raises:
        ValueError: it is no list of objects.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the answer holds no list of records where one belongs")
    return items
