"""The frame of an answer, and error messages."""

from collections.abc import Mapping

import orjson
from sandbox_server import Answer

# The page names no content type; this is the default of a JSP.
HEADERS = {"Content-Type": "text/html;charset=UTF-8"}
LOGIN_IS_WRONG = "Login/ site combination is not valid"
TRACE = (
    'javax.servlet.jsp.JspException: Problem accessing absolute URL "http://127.0.0.1:8080/api/sessions". '
    "java.net.ConnectException: Connection refused\n\tat org.apache.taglibs.standard.tag.common.core."
    "ImportSupport.acquireReader(ImportSupport.java:312)"
)


def dumps(value: object) -> bytes:
    """Serialize as JSON with escaped slashes, as in the page's example."""
    return orjson.dumps(value).replace(b"/", b"\\/")


def error_text(message: str, kind: str = "java.lang.RuntimeException") -> bytes:
    """Format an error as on the page: `Error: exception: message`."""
    return f"Error: {kind}: {message}".encode()


# Errors in a 200. The first three have the page's form; other calls of the same family answer with a list of one
# error or a bare `false`.
INSIDE = {
    "refused": error_text("Connection refused", "java.net.ConnectException"),
    "login": error_text(LOGIN_IS_WRONG),
    "unknown": error_text("null", "java.lang.NullPointerException"),
    "refused_list": dumps({"resultsList": [{"error": TRACE}]}),
    "login_list": dumps({"resultsList": [{"error": f"java.lang.RuntimeException: {LOGIN_IS_WRONG}"}]}),
    "false": b"false",
}


def text(
    body: bytes, status: int = 200, *, blank_lines: int = 0, notes: Mapping[str, str] | None = None
) -> Answer:
    """Return an answer of the JSP."""
    return Answer(status, b"\r\n" * blank_lines + body, HEADERS, notes or {})
