"""Answers: what surrounds the rows in an answer, and the errors, all of which have status 200.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

import re
from dataclasses import replace
from typing import NamedTuple

from session_source import Answer, Fault, Kind, Row, Value, quoted

CREDENTIALS_HINT = (
    "Check login, password and sites: write the site as in Opentracker (www.example.com), and use a login that "
    "has access to it."
)

AROUND = b"\xef\xbb\xbf \t\r\n"
"""What a JSP may write before and after its answer: a byte order mark, blank lines."""

CALLBACK = re.compile(rb"[\w$.]*\s*\((.*)\)\s*;?", re.DOTALL)
"""JSON as an argument: ``({...})``, as in the vendor's jsondatatable, or ``callback({...});``."""


class Listed(NamedTuple):
    """The contents of an answer."""

    rows: list[Row]
    next_token: str | None
    """The token of the next page; ``""`` if the answer has an empty one, None if it has none."""


def read(answer: Answer) -> Listed:
    """Read an answer.

    Raises:
        Fault: it is an error.
        ValueError: it is not what the vendor's page describes.
    """
    body = answer.body.strip(AROUND)
    if body.startswith(b"Error"):
        raise _error(body.decode(errors="replace"))
    if body == b"false":
        raise _error("false")
    in_callback = CALLBACK.fullmatch(body)
    content = replace(answer, body=in_callback[1] if in_callback else body).json()
    if isinstance(content, list):  # the vendor's page says "a JSON array", and its example is an object
        content = {"resultsList": content}
    items = content.get("resultsList") if isinstance(content, dict) else None
    if not isinstance(items, list):
        raise ValueError("it has no resultsList")
    rows = [_row(item, content.get("field")) for item in items]
    token = content.get("nextToken", "") or ""
    return Listed(rows, str(token) if "nextToken" in content else None)


def _row(item: Value, names: Value) -> Row:
    """Read one row: an object, or values in the order of the answer's ``field``."""
    if isinstance(item, dict):
        if "error" in item and "session_id" not in item:
            raise _error(str(item["error"]))
        return item
    if not isinstance(item, list) or not isinstance(names, list):
        raise ValueError("a row of it is neither an object nor a list of values with names in field")
    if len(item) != len(names):
        raise ValueError(f"a row of it has {len(item)} values for {len(names)} names")
    return dict(zip(names, item, strict=True))


def _error(message: str) -> Fault:
    """Return a configuration error for a refused login, and an outage for everything else."""
    if message.strip() == "false" or "combination is not valid" in message.lower():
        return Fault(Kind.CONFIG, f"Opentracker refused the login{quoted(message)}. {CREDENTIALS_HINT}")
    return Fault(Kind.OUTAGE, f"Opentracker could not answer{quoted(message)}.")
