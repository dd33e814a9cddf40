"""The sandbox's own endpoints: another process can inspect and control it.

GET    /_sandbox/configs               the vendor's configs
GET    /_sandbox/requests?from=&limit= count, most requests in flight, and the requests
DELETE /_sandbox/requests              forget requests and faults
GET    /_sandbox/expected/<config>     primary keys by stream; /_sandbox/held/<config> likewise
POST   /_sandbox/grow/<n>              n new sessions; /_sandbox/delete/<n> deletes the n newest
POST   /_sandbox/faults                a JSON list of faults; DELETE removes them
"""

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

from sandbox_server.fault_kinds import read_fault

if TYPE_CHECKING:
    from sandbox_server.message import Request
    from sandbox_server.server import Server

PREFIX = "/_sandbox/"


def respond(server: "Server", request: "Request") -> web.Response:
    """Answer a request to one of these endpoints."""
    what, _, argument = request.path.removeprefix(PREFIX).partition("/")
    try:
        value = act(server, request, f"{request.method} {what}", argument)
    except LookupError as error:
        return web.Response(status=404, text=f"{error}")
    except (TypeError, ValueError) as error:
        return web.Response(status=400, text=f"{error}")
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def act(server: "Server", request: "Request", what: str, argument: str) -> object:
    """Carry out the request and return its result."""
    match what:
        case "GET configs":
            return server.vendor.configs(server.origin)
        case "GET requests":
            return requests(server, dict(request.query))
        case "DELETE requests":
            server.clear()
        case "GET expected":
            return server.vendor.expected(argument)
        case "GET held":
            return server.vendor.held(argument)
        case "POST grow":
            server.vendor.grow(int(argument))
        case "POST delete":
            server.vendor.delete(int(argument))
        case "POST faults":
            server.faults.extend([read_fault(members) for members in orjson.loads(request.body)])
        case "DELETE faults":
            server.faults.clear()
        case _:
            raise LookupError(f"the sandbox has no {what}")
    return {"done": what}


def requests(server: "Server", query: dict[str, str]) -> dict[str, object]:
    """The requested part of the log."""
    start = int(query.get("from", "0"))
    entries = server.requests[start : start + int(query.get("limit", "1000"))]
    return {
        "count": server.count,
        "in_flight": server.in_flight,
        "max_in_flight": server.max_in_flight,
        "requests": [entry.as_json() for entry in entries],
    }
