"""Answers: the envelope of records in both of UXCam's APIs, and its errors."""

from session_source import Answer, Row, StatusInBody, at


def successful(answer: Answer) -> Row:
    """Return the envelope; ``success`` is a string in one API and a boolean in the other.

    Raises:
        StatusInBody: it is an error.
        ValueError: it is not a JSON object.
    """
    body = answer.object()
    if str(body.get("success")).lower() != "true":
        raise StatusInBody(status_of(body))
    return body


def status_of(body: Row) -> int:
    """Return the HTTP status that fits an answer with a ``success`` that is not true."""
    status = at(body, "error", "status")
    if isinstance(status, int) and 400 <= status < 600:
        return status
    words = str(at(body, "error", "message") or body.get("message") or body.get("error")).lower()
    if any(word in words for word in ("key", "appid", "app id", "auth", "permission", "credential")):
        return 401
    return 429 if "limit" in words or "too many" in words else 500
