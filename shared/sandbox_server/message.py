"""Requests and answers, independent of any web framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from multidict import CIMultiDict, CIMultiDictProxy


def pairs(encoded: str) -> list[tuple[str, str]]:
    """Parse a query or a form; raises ValueError for bytes that are not UTF-8."""
    return parse_qsl(encoded, keep_blank_values=True, encoding="utf-8", errors="strict")


def load_json(text: str | bytes) -> Any:
    """Parse JSON strictly; raises ValueError for NaN, Infinity or a repeated name in an object."""

    def members(found: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in found]
        if len(set(names)) != len(names):
            raise ValueError(f"a name occurs twice in {names}")
        return dict(found)

    def constant(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, object_pairs_hook=members, parse_constant=constant)


@dataclass(frozen=True)
class Request:
    """One request: `path` is without the origin and decoded, `query` is decoded, `headers` ignore case."""

    method: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    target: str = ""
    """Path and query as they were sent."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "headers", CIMultiDictProxy(CIMultiDict(self.headers)))

    @classmethod
    def parse(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> "Request":
        """Parse a request with a raw target; raises ValueError if that is not UTF-8."""
        path, _, query = target.partition("?")
        return cls(method, unquote(path, errors="strict"), pairs(query), headers, body, target)

    @property
    def raw_query(self) -> str:
        """The query as it was sent."""
        return self.target.partition("?")[2]

    def form(self) -> list[tuple[str, str]]:
        """Parse the body as a form; raises ValueError if it is not one."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
            raise ValueError("the body is not a form")
        return pairs(self.body.decode())

    def json(self) -> Any:
        """Parse the body as JSON; raises ValueError if it is not JSON."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            raise ValueError("the body is not JSON")
        return load_json(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer. `notes` are not sent; they are added to the log."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        """Return an answer with a value as JSON."""
        return cls.raw_json(orjson.dumps(value), status, headers)

    @classmethod
    def raw_json(cls, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> "Answer":
        """Return an answer with JSON that is already serialized."""
        return cls(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})
