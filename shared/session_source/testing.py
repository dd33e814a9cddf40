"""Testing: what the unit tests of a vendor need to try an endpoint by itself. No connector imports it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypedDict, Unpack

from session_source.api.answer import Answer
from session_source.api.columns import Column, Row, evaluate
from session_source.api.endpoint import Endpoint, PageContext, Partition
from session_source.api.pagination import Next, Page, Token
from session_source.api.request import Request
from session_source.api.schema import Shape
from session_source.api.stream import Stream
from session_source.api.windows import Window

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
"""The window, where a test does not depend on it."""


class Where(TypedDict, total=False):
    """Where a page is."""

    token: Token
    """Which page; by default the first one of the window."""
    partition: Partition
    """Which part of the vendor's data."""
    gap: Window
    """What is asked for around the window; by default nothing."""


def context_of(
    endpoint: Endpoint, start: datetime = START, end: datetime = END, **where: Unpack[Where]
) -> PageContext:
    """Return the context of a page of the window ``[start, end)``."""
    window = Window(start, end)
    page = PageContext(window, where.get("gap", window), where.get("partition", {}))
    return page._replace(token=where["token"] if "token" in where else endpoint.first(page))


def request_of(
    endpoint: Endpoint, start: datetime = START, end: datetime = END, **where: Unpack[Where]
) -> Request:
    """Return the request for a page of the window ``[start, end)``."""
    return endpoint.request(context_of(endpoint, start, end, **where))


def answer_of(body: object, status: int = 200) -> Answer:
    """Return an answer with a body: bytes and text as they are, anything else as JSON."""
    if isinstance(body, bytes):
        return Answer(status, {}, body)
    return Answer(status, {}, (body if isinstance(body, str) else json.dumps(body)).encode())


def page_of(endpoint: Endpoint, body: object, **where: Unpack[Where]) -> Page:
    """Read an answer, or the body of one (see ``answer_of``)."""
    return endpoint.page(_answer(body), context_of(endpoint, **where))


def next_of(endpoint: Endpoint, body: object, **where: Unpack[Where]) -> Next | None:
    """Return which page follows an answer, or the body of one; None where it is the last."""
    context = context_of(endpoint, **where)
    return endpoint.following(context, endpoint.page(_answer(body), context))


def columns_of(columns: Mapping[str, Column], row: Row) -> tuple[Row, list[str]]:
    """Return the columns of a row, and the names of those whose value could not be what they declare."""
    return evaluate(columns, row)


def fits(stream: Stream, package: str, record: Row) -> bool:
    """Return whether a record fits the schema of a stream of a connector's package."""
    return Shape(stream.json_schema(package)).fits(record)


def _answer(body: object) -> Answer:
    return body if isinstance(body, Answer) else answer_of(body)
