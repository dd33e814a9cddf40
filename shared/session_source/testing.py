"""Testing: functions for the unit tests of a vendor, which test an endpoint alone. No connector imports them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypedDict, Unpack

from session_source.api.answer import Answer
from session_source.api.columns import Column, Row, evaluate
from session_source.api.endpoint import Endpoint, PageContext, Partition, first_page
from session_source.api.pagination import Next, Page, Token
from session_source.api.request import Request
from session_source.api.schema import Shape
from session_source.api.stream import Stream
from session_source.api.windows import Window

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
"""The default window."""


class Where(TypedDict, total=False):
    """The position of a page."""

    token: Token
    """The page's token; default: the first page of the window."""
    partition: Partition
    """The part of the vendor's data; default: ``{}``."""
    gap: Window
    """The whole range that is requested around the window; default: the window."""


def context_of(
    endpoint: Endpoint, start: datetime = START, end: datetime = END, **where: Unpack[Where]
) -> PageContext:
    """Return the context of a page of the window ``[start, end)``."""
    window, partition = Window(start, end), where.get("partition", {})
    gap = where.get("gap", window)
    if "token" in where:
        return PageContext(window, gap, partition, where["token"])
    return first_page(endpoint, window, partition, gap)


def request_of(
    endpoint: Endpoint, start: datetime = START, end: datetime = END, **where: Unpack[Where]
) -> Request:
    """Return the request for a page of the window ``[start, end)``."""
    return endpoint.request(context_of(endpoint, start, end, **where))


def answer_of(body: object, status: int = 200) -> Answer:
    """Return an answer. Its body is bytes or text as they are, or JSON; an answer is returned unchanged."""
    if isinstance(body, Answer):
        return body
    if isinstance(body, bytes):
        return Answer(status, {}, body)
    return Answer(status, {}, (body if isinstance(body, str) else json.dumps(body)).encode())


def page_of(endpoint: Endpoint, body: object, **where: Unpack[Where]) -> Page:
    """Read a page from an answer, or from the body of one (see ``answer_of``)."""
    return endpoint.page(answer_of(body), context_of(endpoint, **where))


def next_of(endpoint: Endpoint, body: object, **where: Unpack[Where]) -> Next | None:
    """Return the page after an answer, or after the body of one; None if that was the last page."""
    context = context_of(endpoint, **where)
    return endpoint.pager.following(context.token, endpoint.page(answer_of(body), context))


def columns_of(columns: Mapping[str, Column], row: Row) -> tuple[Row, list[str]]:
    """Return the columns of a row, and the names of those with a value that could not be converted."""
    return evaluate(columns, row)


def fits(stream: Stream, package: str, record: Row) -> bool:
    """Return whether a record fits the schema of a stream of a connector's package."""
    return Shape(stream.json_schema(package)).fits(record)
