"""Exchanges: what is sent to a vendor and what comes back, as plain values."""

import contextlib
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from session_source.columns import Row, Value


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

    With ``is_kept``, the answer is kept for the rest of the command, for all who ask the same path with the same
    ``params``: what several endpoints ask is asked once. ``within`` is how many seconds to keep trying, where that
    is less than the connection's patience; waits for a rate limit do not count. ``wishes`` are tried in order.
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
    def address(self) -> tuple[Any, ...]:
        """What an answer that is kept is kept for."""
        return (self.path, *sorted(self.params.items()))


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, its body read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Value:
        """Parse the body.

        What JSON forbids and vendors send all the same (``NaN``, half of a surrogate pair in a string) is
        read as null and U+FFFD, so that one odd character does not cost a page of sessions.

        Raises:
            ValueError: the body is no JSON.
        """
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            text = self._text()
            try:
                return _printable(json.loads(text, parse_int=_number))
            except RecursionError:
                raise ValueError("the body is nested too deeply") from None

    def _text(self) -> str:
        """Decode the body in the charset that the vendor tells, or as what JSON is: UTF-8."""
        told = re.search(r"charset=[\"']?([\w.:-]+)", self.headers.get("Content-Type") or "", re.IGNORECASE)
        if told is not None:
            with contextlib.suppress(LookupError, UnicodeDecodeError):
                return self.body.decode(told[1]).removeprefix("\ufeff")
        return self.body.decode("utf-8-sig", errors="replace")

    def object(self) -> dict[str, Any]:
        """Parse the body, which must be a JSON object.

        Raises:
            ValueError: it is something else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise ValueError("the body is no JSON object")
        return value


def _number(text: str) -> float:
    """Read an integer; one that 64 bits may not hold as a float, as orjson does, which could not write it."""
    return int(text) if len(text) <= 19 else float(text)


def _printable(value: Value) -> Value:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_printable(item) for item in value]
    if isinstance(value, dict):
        return {_printable(name): _printable(part) for name, part in value.items()}
    return value


def rows_of(items: Value) -> list[Row]:
    """Take a list of records out of an answer.

    Raises:
        ValueError: it is no list of objects.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the answer holds no list of records where one belongs")
    return items
