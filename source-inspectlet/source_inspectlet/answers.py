"""Answers: what all of Inspectlet's calls have in common. https://apidocs.inspectlet.com/#errors"""

import re

from session_source import Answer, Row, StatusInBody, Value, rows_of

_WORDS = {
    429: r"\b429\b|\brate(\b|_)|too many|limit (exceeded|reached)|throttl",  # first: it may name the token
    404: r"\b404\b|not found|no such|does(n't| not) exist|deleted",
    401: r"\b40[13]\b|unauthori|authenti|access|token|credential|permission|forbidden|denied|password",
}
"""Words of errors in answers with a good status, by the status that they stand for."""


def response(answer: Answer) -> Value:
    """Return the ``response`` of an answer.

    Raises:
        StatusInBody: the answer has an error, whatever its status.
        ValueError: it has no response.
    """
    body = answer.object()
    if body.get("error"):
        raise StatusInBody(status_of(body["error"]))
    if "response" not in body:
        raise ValueError("it has neither a response nor an error")
    return body["response"]


def status_of(error: Value) -> int:
    """Return the HTTP status that an error stands for; 500 if its words are not known."""
    text = str(error).lower()
    return next((status for status, words in _WORDS.items() if re.search(words, text)), 500)


def error_text(answer: Answer) -> str:
    """Return the vendor's error message.

    Raises:
        ValueError: the body is not Inspectlet's.
    """
    return str(answer.object().get("error") or "")


def sessions_in(found: Value) -> list[Row]:
    """Return the sessions in a response.

    It is a list on the vendor's page. Public code that calls the API reads an object with ``sessions``.

    Raises:
        ValueError: it is neither.
    """
    return rows_of(found["sessions"] if isinstance(found, dict) and "sessions" in found else found)
