"""Deadlines: a timeout for a whole HTTP exchange.

A read timeout starts again with every byte, so a vendor that sends a byte now and then can block a worker for
hours. Here another thread shuts down the socket of an exchange that has reached its deadline, and the thread that
reads from it gets an error.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from airbyte_cdk.utils import is_cloud_environment
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager, ProxyManager
from urllib3.response import BaseHTTPResponse

from session_source.http.addresses import refuse_private, resolve

MOMENT = 0.1
"""The shortest timeout in seconds, since 0 would mean none."""


class Exchange:
    """One request and its answer, until the last byte."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.socket: socket.socket | None = None
        self.is_cut = False

    def cut(self) -> None:
        """Shut down the socket; the thread that reads from it gets an error."""
        if self.socket is not None:
            self.is_cut = True
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    exchange: Exchange | None = None


_current = _Current()


class _Connection(HTTPConnection):
    """A connection that passes its socket to the current exchange of its thread."""

    def _new_conn(self) -> socket.socket:
        """Connect within the time of the exchange, even if the host has many addresses and none answers."""
        exchange = _current.exchange
        if exchange is None:
            return super()._new_conn()
        name = self._dns_host
        addresses = self._addresses(name, exchange)
        left = max(exchange.end - time.monotonic(), MOMENT)
        self.timeout = min(self.timeout or left, left / len(addresses))
        try:
            for self._dns_host in addresses[:-1]:
                with contextlib.suppress(NewConnectionError, ConnectTimeoutError):
                    exchange.socket = connected = super()._new_conn()
                    return connected
            self._dns_host = addresses[-1]
            exchange.socket = connected = super()._new_conn()
            return connected
        finally:
            self._dns_host = name

    def _addresses(self, name: str, exchange: Exchange) -> list[str]:
        """Resolve a host name, and refuse private addresses on Airbyte Cloud."""
        left = max(exchange.end - time.monotonic(), MOMENT)
        try:
            if self._tunnel_host is None:
                found = resolve(name, self.port, within=left)
                refuse_private(found)
                return found
            if is_cloud_environment():  # the proxy itself may have a private address
                refuse_private(resolve(self._tunnel_host, self._tunnel_port or 443, within=left))
            return resolve(name, self.port, within=left)
        except TimeoutError:
            raise ConnectTimeoutError(self, f"{name} was not resolved in time") from None
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from None

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().request(*args, **kwargs)
        # Set here, because the connection drops its socket after a "Connection: close".
        if _current.exchange is not None:
            _current.exchange.socket = self.sock


class _SecureConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


def _use_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class Adapter(HTTPAdapter):
    """A transport adapter with exchanges that ``Deadlines`` can cut.

    All its requests have one address and the same settings, so it looks for their pool, the certificates and the
    TLS settings once, and it keeps no cookies. That saves a tenth of the CPU time of a request.
    """

    _pool: ConnectionPool | None = None

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they are
        """Use connections that pass their sockets to the exchange."""
        super().init_poolmanager(*args, **kwargs)
        _use_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:  # noqa: ANN401 - passed on
        """Do the same for connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        _use_pools(manager)
        return manager

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in the base
        """Return the pool of all requests."""
        if self._pool is None:
            self._pool = super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    def cert_verify(self, conn: HTTPConnectionPool, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Set the certificates of the pool, before it has connections."""
        if not conn.num_requests:
            super().cert_verify(conn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Return what ``Transport`` reads of a response."""
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        return response


class Deadlines:
    """Watches the exchanges of all threads until ``closed`` is set."""

    RESOLUTION = 0.25
    """Seconds between two checks."""

    def __init__(self, closed: threading.Event) -> None:
        self._closed = closed
        self._exchanges: set[Exchange] = set()
        self._lock = threading.Lock()
        self._is_watching = False

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[Exchange]:
        """Cut the current thread's exchange if the block takes longer than ``seconds``."""
        exchange = Exchange(time.monotonic() + seconds)
        _current.exchange = exchange
        with self._lock:
            self._exchanges.add(exchange)
            if not self._is_watching:
                self._is_watching = True
                threading.Thread(target=self._watch, name="deadlines", daemon=True).start()
        try:
            yield exchange
        finally:
            _current.exchange = None
            with self._lock:
                self._exchanges.discard(exchange)

    def _watch(self) -> None:
        while not self._closed.wait(self.RESOLUTION):
            now = time.monotonic()
            with self._lock:
                for exchange in self._exchanges:
                    if now > exchange.end:
                        exchange.cut()
