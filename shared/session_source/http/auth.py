"""Auth: the ways to add credentials to a request.

A secret goes into a header or the body if the vendor allows it, and into the URL only if it does not.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from requests import PreparedRequest
from requests.auth import AuthBase


class HeaderAuth(AuthBase):
    """Credentials in headers, encoded as UTF-8."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        # http.client encodes a str as Latin-1, and fails on other characters; it sends bytes unchanged.
        self._headers: dict[str, Any] = {name: value.encode() for name, value in headers.items()}

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the credentials to a request."""
        request.headers.update(self._headers)
        return request


class BasicAuth(HeaderAuth):
    """HTTP Basic (RFC 7617) in UTF-8; ``requests`` uses Latin-1."""

    def __init__(self, user: str, password: str) -> None:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        super().__init__({"Authorization": f"Basic {pair}"})


class BearerAuth(HeaderAuth):
    """A token in the Authorization header (RFC 6750)."""

    def __init__(self, token: str) -> None:
        super().__init__({"Authorization": f"Bearer {token}"})


class QueryAuth(AuthBase):
    """Credentials in the URL's query, for vendors that accept them nowhere else."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self._query = urlencode(params)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the credentials to a request, after its own query."""
        url = str(request.url)
        request.url = f"{url}{'&' if '?' in url else '?'}{self._query}"  # `prepare_url` parses the whole URL again
        return request


class BodyAuth(AuthBase):
    """Credentials in the body, as fields of a form or of a JSON object."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the credentials to a request."""
        sent: Any = request.body or ""
        if "json" in str(request.headers.get("Content-Type")):
            request.prepare_body(None, None, json={**orjson.loads(sent), **self._fields})
        else:
            request.prepare_body({**dict(parse_qsl(sent, keep_blank_values=True)), **self._fields}, None)
        return request


class EitherAuth(AuthBase):
    """Several spellings of the same credentials, for vendors whose pages contradict each other.

    A request tries them in order. The first one that the vendor accepts is used for the rest of the command.
    """

    def __init__(self, *spellings: AuthBase) -> None:
        self._spellings = spellings

    @property
    def candidates(self) -> tuple[AuthBase, ...]:
        """The spellings to try, in order; only the accepted one, once there is one."""
        return self._spellings

    def accept(self, spelling: AuthBase) -> None:
        """Use only this spelling from now on: the vendor accepted it."""
        self._spellings = (spelling,)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the first candidate to a request."""
        return self._spellings[0](request)
