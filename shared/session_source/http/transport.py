"""Transport: sends one HTTP request, once, and reads its answer to the last byte.

It uses ``requests`` without its session, which merges settings and keeps cookies for every request: a fifth of the
CPU time of a request.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import requests
import urllib3

from session_source.api import times
from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind
from session_source.api.request import Request
from session_source.http.addresses import is_loopback
from session_source.http.deadlines import Adapter, Deadlines
from session_source.http.form import Form
from session_source.http.retry import RetryPolicy

Observer: TypeAlias = Callable[[requests.PreparedRequest, Answer | Fault, float], None]
"""Called with each request as it was sent, its answer or the fault instead of one, and the seconds it took."""

LARGEST_ANSWER = 256 * 2**20
"""The largest body that is read, in bytes after decompression."""

PIECE = 16 * 2**20
"""Bytes of a body that are read at once. ``requests`` reads 10 kB: a fifth of the CPU time of a sync."""

_HEADERS = {**requests.utils.default_headers(), "Accept": "application/json"}


class _PreparedRequest(requests.PreparedRequest):
    """A request without cookies: each request looks for them in an empty jar otherwise."""

    def prepare_cookies(self, cookies: object) -> None:
        """Add no header."""


class Transport:
    """The connections to one vendor. Threads share it.

    Args:
        vendor: the vendor's name, for messages.
        base_url: the address that the paths of requests are below.
        connections: how many requests may be open at once.
        closed: set when the client is closed.
        observer: called with each request and its outcome.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        connections: int,
        closed: threading.Event,
        observer: Observer | None = None,
    ) -> None:
        self._vendor = vendor
        self._base_url = base_url.rstrip("/")
        self._adapter = Adapter(pool_connections=1, pool_maxsize=connections)
        # Once: otherwise every request searches the environment for proxies.
        self._settings: dict[str, Any] = {
            **requests.Session().merge_environment_settings(
                self._base_url, proxies={}, stream=True, verify=None, cert=None
            )
        }
        if is_loopback(urlsplit(self._base_url).hostname or ""):
            self._settings["proxies"] = {}
        self._deadlines = Deadlines(closed)
        self._observer = observer

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._adapter.close()

    def send(self, request: Request, form: Form, policy: RetryPolicy) -> Answer:
        """Send a request once.

        Args:
            request: what to send.
            form: adds the credentials and optional fields.
            policy: the timeouts.

        Raises:
            Fault: there is no complete answer.
        """
        prepared = self._prepared(request, form)
        if self._observer is None:
            return self._exchange(prepared, policy)
        began = time.monotonic()
        try:
            answer = self._exchange(prepared, policy)
        except Fault as fault:
            self._observer(prepared, fault, time.monotonic() - began)
            raise
        self._observer(prepared, answer, time.monotonic() - began)
        return answer

    def _exchange(self, prepared: requests.PreparedRequest, policy: RetryPolicy) -> Answer:
        total = min(policy.total, policy.left)
        if total <= 0:
            raise self._timeout(policy.total, policy)
        connect, read = min(policy.connect, total), min(policy.read, total)
        with self._deadlines.within(total) as exchange:
            try:
                response = self._adapter.send(prepared, timeout=(connect, read), **self._settings)
                with contextlib.closing(response):
                    body = self._body(response)
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                raise self._timeout(read, policy) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                if exchange.is_cut:
                    raise self._timeout(total, policy) from None
                raise Fault(Kind.OUTAGE, _connection_message(self._vendor, error)) from None
            except ValueError:  # http.client refuses a header with a line break
                raise Fault(
                    Kind.CONFIG,
                    f"The credentials for {self._vendor} contain a line break. Enter them without it.",
                ) from None
        if exchange.is_cut:  # without a Content-Length, a body that was cut looks complete
            raise self._timeout(total, policy)
        return Answer(response.status_code, response.headers, body)

    def _prepared(self, request: Request, form: Form) -> requests.PreparedRequest:
        prepared = _PreparedRequest()
        fields = form.fields
        prepared.prepare(
            request.method,
            f"{self._base_url}/{request.path}",
            params=request.params,
            headers={**_HEADERS, **request.headers},
            data=request.form,
            json={**(request.json or {}), **fields} if fields else request.json,
            auth=form.spelling,
        )
        return prepared

    def _body(self, response: requests.Response) -> bytes:
        """Read a body to its end, up to ``LARGEST_ANSWER``."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read(PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise Fault(
                    Kind.STUCK,
                    f"{self._vendor} sent an answer of more than {LARGEST_ANSWER // 2**20} MB, the most that the "
                    "connector reads. Set a smaller window_in_days.",
                )
        return b"".join(pieces)

    def _timeout(self, seconds: float, policy: RetryPolicy) -> Fault:
        message = f"{self._vendor} did not answer within {times.in_words(seconds)}."
        return Fault(Kind.OUTAGE, message, wait=policy.after_timeout, is_timeout=True)


def _connection_message(vendor: str, error: Exception) -> str:
    """Describe a connection error without its own text, which may contain URLs and so credentials."""
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return (
            f"The TLS certificate of {vendor} could not be verified. Check base_url and the certificates that "
            "this machine trusts."
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return f"The proxy did not forward the request to {vendor}. Check the proxy settings."
    text = str(error)
    if "Failed to resolve" in text or "NameResolution" in text:
        return f"The host name of {vendor} could not be resolved. Check base_url and the network."
    if isinstance(error, requests.ConnectionError) and "Connection refused" in text:
        return f"{vendor} refused the connection. Check base_url and the network."
    return f"The connection to {vendor} was interrupted."
