"""Exchanges: requests and answers as a cassette describes them, without secrets and personal values.

    {"request": {"method": "GET", "path": "/sessions", "query": [["page", "1"]]},
     "answer": {"status": 200, "headers": {"Content-Type": "application/json"}, "json": {"data": []}}}

A request may also have a ``form`` or a ``json`` body. JSON in fields of a query or a form is decoded. In place of
``json``, an answer may have ``text``, or ``embedded_json``: the text before the JSON, the JSON, the text after it.
Without an answer there is a ``failure``: ``timeout`` or ``interruption``.
"""

import json
import re
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
from requests import PreparedRequest

from session_source.airbyte.recording.anonymizer import Anonymizer
from session_source.api import json_text
from session_source.api.answer import Answer
from session_source.api.columns import Value
from session_source.api.errors import Fault

_HEADERS = re.compile(r"content-type|retry-after|x-ratelimit-.*", re.IGNORECASE)
"""The headers of answers that are kept."""

_EMBEDDED = re.compile(r"([^\[{]*)([\[{].*[\]}])([^\[\]{}]*)", re.DOTALL)
"""JSON inside of other text, such as a callback."""


def describe(
    request: PreparedRequest, outcome: Answer | Fault, base_path: str, anonymizer: Anonymizer
) -> dict[str, Value]:
    """Describe a request and its answer or fault.

    Args:
        request: the request as it was sent.
        outcome: its answer, or the fault that it met.
        base_path: the path of the base URL, which is left out.
        anonymizer: replaces personal values.
    """
    described = {"request": _request(request, base_path, anonymizer)}
    if isinstance(outcome, Fault):
        return described | {"failure": "timeout" if outcome.is_timeout else "interruption"}
    return described | {"answer": _answer(outcome, anonymizer)}


def _request(request: PreparedRequest, base_path: str, anonymizer: Anonymizer) -> dict[str, Value]:
    parts = urlsplit(str(request.url))
    path = unquote(parts.path).removeprefix(base_path)
    found: dict[str, Value] = {"method": request.method, "path": anonymizer.path(path)}
    if parts.query:
        found["query"] = _fields(parts.query, anonymizer)
    if request.body:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
        if "json" in str(request.headers.get("Content-Type")):
            found["json"] = anonymizer.value(orjson.loads(body))
        else:
            found["form"] = _fields(body, anonymizer)
    return found


def _fields(encoded: str, anonymizer: Anonymizer) -> list[list[Value]]:
    found = [(name, _decoded(text)) for name, text in sorted(parse_qsl(encoded, keep_blank_values=True))]
    return [list(*anonymizer.value({name: value}).items()) for name, value in found]


def _decoded(text: str) -> Value:
    """Decode a JSON object or list; return any other text unchanged."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _answer(answer: Answer, anonymizer: Anonymizer) -> dict[str, Value]:
    headers = {name: value for name, value in answer.headers.items() if _HEADERS.fullmatch(name)}
    found: dict[str, Value] = {"status": answer.status, "headers": headers}
    try:
        return found | {"json": anonymizer.value(answer.json(), has_terms=answer.status >= 400)}
    except ValueError:
        text = answer.body.decode(errors="backslashreplace")
    embedded = _EMBEDDED.fullmatch(text)
    try:
        if embedded:
            value = anonymizer.value(json_text.parse(embedded[2].encode()))
            before, after = (anonymizer.text(embedded[group]) for group in (1, 3))
            return found | {"embedded_json": [before, value, after]}
    except ValueError:
        pass
    return found | {"text": anonymizer.text(text)}
