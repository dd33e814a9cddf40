"""DevRev's errors: https://developer.devrev.ai/about/errors and the bodies that the list's own page shows."""

import http.client
import json
from collections.abc import Mapping

from sandbox_server import Answer

TYPES = {
    400: "bad_request",
    401: "unauthenticated",
    403: "forbidden",
    413: "request_entity_too_large",
    429: "too_many_requests",
    500: "internal_error",
    503: "service_unavailable",
}


class RefusedError(ValueError):
    """The request is none that the page allows; `members` are those that this type of error has."""

    def __init__(self, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.members = members

    def answer(self) -> Answer:
        """The refusal as the vendor words it."""
        return failure(400, self.detail, self.members, kind=self.kind)


def invalid_field(name: str, why: str) -> RefusedError:
    """A field that is not one of this request."""
    return RefusedError("invalid_field", f"{name}: {why}", field_name=name)


def not_permitted(name: str, why: str, allowed: list[str] | None = None) -> RefusedError:
    """A value of the right type that this field does not take."""
    more = {} if allowed is None else {"allowed_values": allowed}
    return RefusedError("value_not_permitted", f"{name}: {why}", field_name=name, reason=why, **more)


def failure(
    status: int, detail: str, members: Mapping[str, object] | None = None, *, kind: str | None = None
) -> Answer:
    """An error; the page of errors shows that a route which does not exist gets a message and nothing else."""
    if status == 404:
        return Answer.raw_json(b'{"message":"route not found"}', 404)
    told: dict[str, object] = {"detail": detail, "message": http.client.responses.get(status, "")}
    if kind or status in TYPES:
        told["type"] = kind or TYPES[status]
    # What is refused comes back in the refusal, and may be text that is no Unicode: escaped, it can be sent.
    return Answer.raw_json(json.dumps({**told, **(members or {})}).encode(), status)
