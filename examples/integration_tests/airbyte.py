"""A stand-in for a self-managed Airbyte: its public API as documented, and stricter.

It refuses what the documentation does not name, hides secrets as Airbyte does, and its ``next`` leads nowhere. It
shares no code with register.py.
"""

import json
import re
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml
from jsonschema import Draft7Validator

Json = dict[str, Any]

API: Json = yaml.safe_load(Path(__file__).with_name("airbyte_api.yaml").read_text())
BASE = "/api/public/v1"
MASK = "**********"
CLIENT = {"client_id": "an-application", "client_secret": "s3cret/of+the application"}
WORKSPACE = "18dccc91-0ab1-4f72-9ed7-0b8fc27c5826"
DESTINATION = "e478de0d-a3a0-475c-b019-25f7dd29e281"
PUBLIC = {
    "id": "dfd88b22-b603-4c3d-aad7-3701784586b1",
    "name": "Sample Data",
    "dockerRepository": "airbyte/source-faker",
    "dockerImageTag": "7.2.1",
}


class ProblemError(Exception):
    """An answer that is none of success."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


@dataclass
class Airbyte:
    """What an Airbyte holds, behind a local address while the ``with`` lasts."""

    secrets: set[str] = field(default_factory=set)
    """The names of properties that a spec calls secret."""
    streams: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    """For each repository the sync modes of its streams."""
    token_uses: int = 1_000
    """How many requests a token is good for."""
    talkative: bool = False
    """Whether it refuses every source, and repeats in its words what it was sent."""
    definitions: list[Json] = field(default_factory=lambda: [dict(PUBLIC)])
    sources: list[Json] = field(default_factory=list)
    connections: list[Json] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    """The requests that changed something."""
    lookups: list[Json] = field(default_factory=list)
    """The parameters with which streams were asked for."""
    tokens: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        airbyte = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                try:
                    status, told = (
                        200,
                        airbyte.answer(self.command, self.path, self.headers.get("Authorization"), body),
                    )
                except ProblemError as problem:
                    status, told = problem.status, {"status": problem.status, "detail": str(problem)}
                sent = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}{BASE}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, authorization: str | None, body: bytes) -> object:
        url = urlsplit(target)
        if not url.path.startswith(BASE):
            raise ProblemError(404, "no such path")
        request, ids = self._route(method, url.path.removeprefix(BASE))
        sent = self._body(request, body)
        given = self._parameters(request, url.query)
        if request == "POST /applications/token":
            return self._token(sent)
        self._authorize(authorization)
        if method != "GET":
            self.writes.append(request)
        match request.split("/")[1:]:
            case ["workspaces", *_]:
                return self._definition(method, ids, sent)
            case ["sources", *_]:
                return self._source(method, ids, sent, given)
            case ["connections", *_]:
                return self._connection(method, ids, sent, given)
        return self._streams(given)

    def _route(self, method: str, path: str) -> tuple[str, list[str]]:
        for request in [*API["bodies"], *API["parameters"]]:
            expected, _, template = request.partition(" ")
            if expected == method and (
                found := re.fullmatch(re.sub(r"\{\w+\}", "([0-9a-f-]{36})", template), path)
            ):
                return request, list(found.groups())
        raise ProblemError(404, f"{method} {path} is not documented")

    def _body(self, request: str, body: bytes) -> Json:
        shape = API["bodies"].get(request)
        if shape is None:
            if body:
                raise ProblemError(400, "a body where none is documented")
            return {}
        sent: Json = json.loads(body)
        schema = {"type": "object", "additionalProperties": False} | {
            key: shape[key] for key in ("required", "properties")
        }
        for error in Draft7Validator(schema).iter_errors(sent):
            raise ProblemError(400, f"{request}: {error.message}")
        return sent

    def _parameters(self, request: str, query: str) -> dict[str, str]:
        known = API["parameters"].get(request, {})
        given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
        for name, value in given.items():
            if name not in known or not re.fullmatch(known[name], value):
                raise ProblemError(400, f"{request}: {name}={value} is not documented")
        return given

    def _token(self, sent: Json) -> Json:
        if {name: sent[name] for name in CLIENT} != CLIENT:
            raise ProblemError(401, "invalid client")
        token = f"token-{len(self.tokens)}-{uuid.uuid4()}"
        self.tokens[token] = self.token_uses
        return {"access_token": token, "token_type": "Bearer", "expires_in": 900}

    def _authorize(self, authorization: str | None) -> None:
        kind, _, token = (authorization or "").partition(" ")
        if kind != "Bearer" or not self.tokens.get(token):
            raise ProblemError(401, "no valid token")
        self.tokens[token] -= 1

    def _definition(self, method: str, ids: list[str], sent: Json) -> Json:
        if ids[0] != WORKSPACE:
            raise ProblemError(403, f"no access to workspace {ids[0]}")
        if method == "GET":
            return {"data": self.definitions}
        if method == "POST":
            self.definitions.append({"id": str(uuid.uuid4())} | sent)
            return self.definitions[-1]
        found = one(self.definitions, "id", ids[1])
        if found["id"] == PUBLIC["id"]:
            raise ProblemError(403, "Public definitions cannot be modified.")
        found.update(sent)
        return found

    def _source(self, method: str, ids: list[str], sent: Json, given: dict[str, str]) -> Json:
        if method == "GET":
            return page([self._hidden(source) for source in self.sources], given)
        if method == "PUT":
            found = one(self.sources, "sourceId", ids[0])
            found.update(sent)
            return self._hidden(found)
        if self.talkative:
            raise ProblemError(422, f"not valid: {list(sent['configuration'].values())}")
        if sent.get("definitionId") is None and "sourceType" not in sent["configuration"]:
            raise ProblemError(400, "One of configuration.sourceType or definitionId must be provided.")
        one(self.definitions, "id", sent["definitionId"])
        self.sources.append({"sourceId": str(uuid.uuid4()), "sourceType": "custom", "createdAt": 1} | sent)
        return self._hidden(self.sources[-1])

    def _hidden(self, source: Json) -> Json:
        hidden = {name: MASK if name in self.secrets else value for name, value in source["configuration"].items()}
        return source | {"configuration": hidden}

    def _streams(self, given: dict[str, str]) -> list[Json]:
        self.lookups.append(given)
        source = one(self.sources, "sourceId", given["sourceId"])
        definition = one(self.definitions, "id", source["definitionId"])
        modes = self.streams[definition["dockerRepository"].rpartition("/")[2]]
        return [{"streamName": name, "syncModes": found} for name, found in modes.items()]

    def _connection(self, method: str, ids: list[str], sent: Json, given: dict[str, str]) -> Json:
        if method == "GET":
            return page([told(connection) for connection in self.connections], given)
        if "schedule" in sent:
            check_cron(sent["schedule"])
        if method == "PATCH":
            found = one(self.connections, "connectionId", ids[0])
        else:
            one(self.sources, "sourceId", sent["sourceId"])
            if sent["destinationId"] != DESTINATION:
                raise ProblemError(404, f"no destination {sent['destinationId']}")
            found = {
                "connectionId": str(uuid.uuid4()),
                "workspaceId": WORKSPACE,
                "status": "active",
                "schedule": {"scheduleType": "manual"},
                "createdAt": 1,
                "tags": [],
            }
            self.connections.append(found)
        found.update(sent)
        known = self._streams({"sourceId": found["sourceId"]})
        modes = {stream["streamName"]: stream["syncModes"] for stream in known}
        for stream in found["configurations"]["streams"]:
            if stream["syncMode"] not in modes.get(stream["name"], []):
                raise ProblemError(400, f"{stream['name']} cannot be synced as {stream['syncMode']}")
        self.lookups.pop()
        return told(found)


def one(things: list[Json], key: str, value: str) -> Json:
    found = [thing for thing in things if thing[key] == value]
    if not found:
        raise ProblemError(404, f"no {key} {value}")
    return found[0]


def page(things: list[Json], given: dict[str, str]) -> Json:
    if given.get("workspaceIds") != WORKSPACE:
        raise ProblemError(403, "no access to that workspace")
    offset, limit = int(given.get("offset", 0)), int(given.get("limit", 20))
    return {"data": things[offset : offset + limit], "next": "http://airbyte-server:8001/nowhere", "previous": ""}


def check_cron(schedule: Json) -> None:
    """As Airbyte does: Quartz's fields, of which seconds and minutes are numbers, and perhaps a time zone."""
    if schedule["scheduleType"] == "cron":
        fields = schedule.get("cronExpression", "").split()
        if (
            len(fields) < 6
            or not (fields[0].isdigit() and fields[1].isdigit())
            or "?" not in {fields[3], fields[5]}
        ):
            raise ProblemError(400, "Invalid cron expression in the schedule.")


def told(connection: Json) -> Json:
    """Give a connection as Airbyte does: with the time zone of its schedule, which is UTC if none was given."""
    schedule = dict(connection["schedule"])
    if len(schedule.get("cronExpression", "").split()) == 6:
        schedule["cronExpression"] += " UTC"
    return connection | {"schedule": schedule}
