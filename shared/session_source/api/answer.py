"""Answers: a vendor's HTTP responses as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from session_source.api import json_text
from session_source.api.columns import Row, Value


@dataclass(frozen=True)
class Answer:
    """One HTTP response with its complete body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Value:
        """Parse the body without losing precision; see ``json_text.parse``.

        Raises:
            ValueError: the body is not JSON.
        """
        return json_text.parse(self.body, self.headers.get("Content-Type") or "")

    def object(self) -> dict[str, Any]:
        """Parse the body, which must be a JSON object.

        Raises:
            ValueError: the body is not a JSON object.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise ValueError("the body is not a JSON object")
        return value


def rows_of(items: Value) -> list[Row]:
    """Check that a part of an answer is a list of records, and return it.

    Raises:
        ValueError: it is not a list of objects.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the answer has no list of records where one is expected")
    return items
