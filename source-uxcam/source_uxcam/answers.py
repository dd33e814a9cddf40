"""Answers: the envelope that both of UXCam's APIs put their records in, and the errors told in it."""

from session_source import Answer, Row, StatusInBody, at


def successful(answer: Answer) -> Row:
    """Read the envelope; ``success`` is a string in one API and a boolean in the other.

    Raises:
        StatusInBody: it tells an error.
        ValueError: it is no JSON object.
    """
    body = answer.object()
    if str(body.get("success")).lower() != "true":
        raise StatusInBody(status_told(body))
    return body


def status_told(body: Row) -> int:
    """Tell which HTTP status an answer whose ``success`` is not true stands for."""
    status = at(body, "error", "status")
    if isinstance(status, int) and 400 <= status < 600:
        return status
    said = str(at(body, "error", "message") or body.get("message") or body.get("error")).lower()
    if any(word in said for word in ("key", "appid", "app id", "auth", "permission", "credential")):
        return 401
    return 429 if "limit" in said or "too many" in said else 500
