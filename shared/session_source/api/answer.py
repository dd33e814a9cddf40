"""Answers: what comes back from a vendor, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from session_source.api import json_text
from session_source.api.columns import Row, Value


@dataclass(frozen=True)
class Answer:
    """One HTTP answer, its body read to the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Value:
        """Parse the body without losing anything; see ``json_text.parse``.

        Raises:
            ValueError: the body is not JSON.
        """
        return json_text.parse(self.body, self.headers.get("Content-Type") or "")

    def object(self) -> dict[str, Any]:
        """Parse the body, which must be a JSON object.

        Raises:
            ValueError: it is something else.
        """
        value = self.json()
        if not isinstance(value, dict):
            raise ValueError("the body is no JSON object")
        return value


def rows_of(items: Value) -> list[Row]:
    """Take a list of records out of an answer.

    Raises:
        ValueError: it is no list of objects.
    """
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("the answer holds no list of records where one belongs")
    return items
