"""Answers: what all of Inspectlet's calls have in common. https://apidocs.inspectlet.com/#errors"""

import re

from session_source import Answer, Row, StatusInBody, Value, rows_of

_SAID = {
    429: r"\b429\b|\brate(\b|_)|too many|limit (exceeded|reached)|throttl",  # first: its text names the token too
    404: r"\b404\b|not found|no such|does(n't| not) exist|deleted",
    401: r"\b40[13]\b|unauthori|authenti|access|token|credential|permission|forbidden|denied|password",
}
"""What the words of an error told with a good status say about the status it should have had."""


def response(answer: Answer) -> Value:
    """Take out of an answer what was asked for.

    Raises:
        StatusInBody: there is an error in it, whatever its status.
        ValueError: there is no response in it.
    """
    body = answer.object()
    if body.get("error"):
        raise StatusInBody(status_told(body["error"]))
    if "response" not in body:
        raise ValueError("it has neither a response nor an error")
    return body["response"]


def status_told(error: Value) -> int:
    """Tell which HTTP status an error stands for; one that says nothing known is the vendor's own."""
    said = str(error).lower()
    return next((status for status, words in _SAID.items() if re.search(words, said)), 500)


def error_text(answer: Answer) -> str:
    """Return the vendor's own words in an answer with an error.

    Raises:
        ValueError: the body is not the vendor's.
    """
    return str(answer.object().get("error") or "")


def sessions_in(found: Value) -> list[Row]:
    """Take the sessions out of a response.

    It is a list on the vendor's page; public callers of the API read an object that holds it as ``sessions``.

    Raises:
        ValueError: it is neither.
    """
    return rows_of(found["sessions"] if isinstance(found, dict) and "sessions" in found else found)
