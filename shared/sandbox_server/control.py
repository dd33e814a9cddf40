"""The sandbox server's own endpoints: another process can inspect and control it.

GET    /_sandbox/configs               the vendor's configs
GET    /_sandbox/requests?from=&limit= count, most requests in flight, and the requests
DELETE /_sandbox/requests              forget requests and faults
GET    /_sandbox/expected/<config>     primary keys by stream; /_sandbox/held/<config> likewise
POST   /_sandbox/grow/<n>              n new sessions; /_sandbox/delete/<n> deletes the n newest
POST   /_sandbox/faults                a JSON list of faults; DELETE removes them
"""

import orjson
from aiohttp import web

from sandbox_server.fault_kinds import read_fault
from sandbox_server.faults import Fault
from sandbox_server.message import Request
from sandbox_server.service import Service

PREFIX = "/_sandbox/"


def respond(service: Service, faults: list[Fault], request: Request) -> web.Response:
    """Answer a request to one of these endpoints."""
    what, _, argument = request.path.removeprefix(PREFIX).partition("/")
    try:
        value = act(service, faults, request, f"{request.method} {what}", argument)
    except LookupError as error:
        return web.Response(status=404, text=f"{error}")
    except (TypeError, ValueError) as error:
        return web.Response(status=400, text=f"{error}")
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def act(service: Service, faults: list[Fault], request: Request, what: str, argument: str) -> object:
    """Carry out the request and return its result."""
    match what:
        case "GET configs":
            return service.vendor.configs(service.origin)
        case "GET requests":
            return requests(service, dict(request.query))
        case "DELETE requests":
            service.clear()
            faults.clear()
        case "GET expected":
            return service.vendor.expected(argument)
        case "GET held":
            return service.vendor.held(argument)
        case "POST grow":
            service.vendor.grow(int(argument))
        case "POST delete":
            service.vendor.delete(int(argument))
        case "POST faults":
            faults.extend([read_fault(members) for members in orjson.loads(request.body)])
        case "DELETE faults":
            faults.clear()
        case _:
            raise LookupError(f"the sandbox server has no {what}")
    return {"done": what}


def requests(service: Service, query: dict[str, str]) -> dict[str, object]:
    """The requested part of the log."""
    start = int(query.get("from", "0"))
    entries = service.requests[start : start + int(query.get("limit", "1000"))]
    return {
        "count": service.count,
        "in_flight": service.in_flight,
        "max_in_flight": service.max_in_flight,
        "requests": [entry.as_json() for entry in entries],
    }
