"""DevRev's errors, from https://developer.devrev.ai/about/errors and the bodies on the page of the list."""

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
    """The page does not allow the request; `members` are the extra members of this type of error."""

    def __init__(self, kind: str, detail: str, **members: object) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.members = members

    def answer(self) -> Answer:
        """Return the refusal as the vendor sends it."""
        return failure(400, self.detail, self.members, kind=self.kind)


def invalid_field(name: str, why: str) -> RefusedError:
    """Return the refusal of an unknown field."""
    return RefusedError("invalid_field", f"{name}: {why}", field_name=name)


def not_permitted(name: str, why: str, allowed: list[str] | None = None) -> RefusedError:
    """Return the refusal of a value that has the right type but is not allowed."""
    more = {} if allowed is None else {"allowed_values": allowed}
    return RefusedError("value_not_permitted", f"{name}: {why}", field_name=name, reason=why, **more)


def failure(
    status: int, detail: str, members: Mapping[str, object] | None = None, *, kind: str | None = None
) -> Answer:
    """Return an error. According to the page of errors, an unknown route gets only a message."""
    if status == 404:
        return Answer.raw_json(b'{"message":"route not found"}', 404)
    body: dict[str, object] = {"detail": detail, "message": http.client.responses.get(status, "")}
    if kind or status in TYPES:
        body["type"] = kind or TYPES[status]
    # The refusal quotes the refused value, which may not be valid Unicode; escaped, it can be sent.
    return Answer.raw_json(json.dumps({**body, **(members or {})}).encode(), status)
