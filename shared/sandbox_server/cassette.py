"""Replays a cassette: the requests and answers of one read, which `source-<vendor> read --record` has written.

A request is identified by its method, its path, its query (in any order) and its body. If it was recorded several
times, it gets these answers in turn, and then the first one again. A request that was not recorded gets a 422.
"""

import difflib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from sandbox_server.limits import InterruptionError, NoAnswerError
from sandbox_server.message import Answer, Request, pairs
from sandbox_server.vendor import Config, Keys, Vendor

FORMAT = 1


class Cassette(Vendor):
    """The vendor as it answered one read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("cassette") != FORMAT:
            raise ValueError(f'it has no member "cassette": {FORMAT}')
        self.content: dict[str, Any] = content
        self.name = path.stem  # type: ignore[misc] # of this one, not of the class
        self.unknown: list[str] = []
        """The requests that were not recorded."""
        self._exchanges: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._counts: dict[str, int] = defaultdict(int)
        for exchange in self.content["exchanges"]:
            self._exchanges[identity(exchange["request"])].append(exchange)

    def answer(self, request: Request) -> Answer:
        """Return the recorded answer to a request.

        Raises:
            NoAnswerError: the vendor did not answer in time.
            InterruptionError: the connection was interrupted.
        """
        asked = identity(described(request))
        recorded = self._exchanges.get(asked)
        if recorded is None:
            self.unknown.append(asked)
            nearest = difflib.get_close_matches(asked, self._exchanges, n=1, cutoff=0)
            sys.stderr.write(f"not recorded: {asked}\nthe most similar: {''.join(nearest)}\n")
            return self.error(422, request.path)
        exchange = recorded[self._counts[asked] % len(recorded)]
        self._counts[asked] += 1
        if "answer" not in exchange:
            raise NoAnswerError if exchange["failure"] == "timeout" else InterruptionError
        answer = exchange["answer"]
        return Answer(answer["status"], body(answer).encode(), answer["headers"])

    def error(self, status: int, path: str = "") -> Answer:
        """Return an error of the replay itself."""
        return Answer.json({"error": f"the cassette {self.name} has no answer to this request: {path}"}, status)

    def configs(self, origin: str) -> dict[str, Config]:
        """Return the configuration of the recorded read."""
        return {"default": self.content["config"] | {"base_url": origin}}

    def expected(self, config_name: str) -> Keys:
        """A cassette has no data to derive keys from; `content["result"]` is what the recorded read emitted."""
        raise NotImplementedError(f"a cassette lists no keys: {config_name}")

    def grow(self, count: int) -> None:
        """A cassette does not change."""
        raise NotImplementedError(f"a cassette cannot grow by {count}")

    def delete(self, count: int) -> None:
        """A cassette does not change."""
        raise NotImplementedError(f"a cassette cannot shrink by {count}")


def identity(request: dict[str, Any]) -> str:
    """Return what identifies a request of a cassette: all of its members, whatever their order."""
    return json.dumps(request, ensure_ascii=False, sort_keys=True)


def described(request: Request) -> dict[str, Any]:
    """Describe a request as a cassette does."""
    found: dict[str, Any] = {"method": request.method, "path": request.path}
    if request.raw_query:
        found["query"] = fields(request.query)
    if request.body:
        if "json" in request.headers.get("Content-Type", ""):
            found["json"] = json.loads(request.body)
        else:
            found["form"] = fields(pairs(request.body.decode()))
    return found


def fields(given: list[tuple[str, str]]) -> list[list[Any]]:
    """Return the fields of a query or a form in order; JSON objects and lists in them are decoded."""
    return [[name, decoded(text)] for name, text in sorted(given)]


def decoded(text: str) -> Any:
    """Decode a JSON object or list; any other text is returned unchanged."""
    if text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def body(answer: dict[str, Any]) -> str:
    """Return the body of a recorded answer."""
    if "text" in answer:
        return str(answer["text"])
    if "embedded_json" in answer:
        before, value, after = answer["embedded_json"]
        return f"{before}{compact(value)}{after}"
    return compact(answer["json"])


def compact(value: object) -> str:
    """Serialize as JSON without white space."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
