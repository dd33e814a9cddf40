"""Answers: what the vendor writes around its rows, and how it tells errors, all of them with status 200.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

import re
from dataclasses import replace
from typing import NamedTuple

from session_source import Answer, Fault, Kind, Row, Value, quoted

CREDENTIALS_HINT = (
    "Check login, password and sites: the site is written as in Opentracker (www.example.com), and the login "
    "must have access to it."
)

AROUND = b"\xef\xbb\xbf \t\r\n"
"""What a JSP may leave before and after its answer: a byte order mark, blank lines."""

CALLBACK = re.compile(rb"[\w$.]*\s*\((.*)\)\s*;?", re.DOTALL)
"""JSON as an argument: ``({...})``, which is how the vendor writes jsondatatable, or ``callback({...});``."""


class Listed(NamedTuple):
    """What one answer held."""

    rows: list[Row]
    next_token: str | None
    """Where the list goes on; ``""`` where the answer says nowhere, None where it does not say."""


def read(answer: Answer) -> Listed:
    """Read an answer.

    Raises:
        Fault: the vendor tells an error in it.
        ValueError: it is not what the vendor's page describes.
    """
    body = answer.body.strip(AROUND)
    if body.startswith(b"Error"):
        raise _told(body.decode(errors="replace"))
    if body == b"false":
        raise _told("false")
    in_callback = CALLBACK.fullmatch(body)
    said = replace(answer, body=in_callback[1] if in_callback else body).json()
    if isinstance(said, list):  # the vendor's page promises a JSON array, though its example is an object
        said = {"resultsList": said}
    items = said.get("resultsList") if isinstance(said, dict) else None
    if not isinstance(items, list):
        raise ValueError("it holds no resultsList")
    rows = [_row(item, said.get("field")) for item in items]
    token = said.get("nextToken", "") or ""
    return Listed(rows, str(token) if "nextToken" in said else None)


def _row(item: Value, names: Value) -> Row:
    """Read one row: positional, in the order that this answer's ``field`` names, or an object."""
    if isinstance(item, dict):
        if "error" in item and "session_id" not in item:
            raise _told(str(item["error"]))
        return item
    if not isinstance(item, list) or not isinstance(names, list):
        raise ValueError("a row of it is neither an object nor a list of values with names in field")
    if len(item) != len(names):
        raise ValueError(f"a row of it has {len(item)} values for {len(names)} names")
    return dict(zip(names, item, strict=True))


def _told(said: str) -> Fault:
    """Tell the user's errors from those that pass."""
    if said.strip() == "false" or "combination is not valid" in said.lower():
        return Fault(Kind.CONFIG, f"Opentracker did not accept the login{quoted(said)}. {CREDENTIALS_HINT}")
    return Fault(Kind.OUTAGE, f"Opentracker could not answer{quoted(said)}.")
