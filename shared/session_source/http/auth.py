"""Auth: the ways credentials go onto a request, so that endpoints ask without them.

Where a vendor offers a header or a body for a secret, it does not go into the URL.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from requests import PreparedRequest
from requests.auth import AuthBase


class HeaderAuth(AuthBase):
    """Credentials in headers. Text beyond Latin-1 goes out as UTF-8."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        # http.client would write a str as Latin-1 and fail beyond it; bytes go out as they are.
        self._headers: dict[str, Any] = {name: value.encode() for name, value in headers.items()}

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put them on a request."""
        request.headers.update(self._headers)
        return request


class BasicAuth(HeaderAuth):
    """HTTP Basic (RFC 7617) in UTF-8, which ``requests`` would write as Latin-1."""

    def __init__(self, user: str, password: str) -> None:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__({"Authorization": f"Basic {pair}"})


class BearerAuth(HeaderAuth):
    """A token in the Authorization header (RFC 6750)."""

    def __init__(self, token: str) -> None:
        super().__init__({"Authorization": f"Bearer {token}"})


class QueryAuth(AuthBase):
    """Credentials in the URL's query, for vendors that take them nowhere else."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._params = dict(params)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put them on a request."""
        request.prepare_url(request.url, self._params)
        return request


class BodyAuth(AuthBase):
    """Credentials among the fields of a form, or of a JSON object, in the request's body."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put them on a request."""
        sent: Any = request.body or ""
        if "json" in str(request.headers.get("Content-Type")):
            request.prepare_body(None, None, json={**orjson.loads(sent), **self._fields})
        else:
            request.prepare_body({**dict(parse_qsl(sent, keep_blank_values=True)), **self._fields}, None)
        return request


class EitherAuth(AuthBase):
    """Several spellings of the same credentials, for vendors with pages that disagree on which one is accepted.

    A request tries them in order. The first one that the vendor accepts is used for the rest of the command.
    """

    def __init__(self, *spellings: AuthBase) -> None:
        self._spellings = spellings

    @property
    def candidates(self) -> tuple[AuthBase, ...]:
        """The spellings that a request has to try, in order: the accepted one alone, once there is one."""
        return self._spellings

    def accept(self, spelling: AuthBase) -> None:
        """Note that the vendor accepts a spelling."""
        self._spellings = (spelling,)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Put the first candidate on a request."""
        return self._spellings[0](request)
