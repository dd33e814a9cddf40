"""Deadlines: an HTTP exchange that takes too long in total is cut, whatever it is doing.

A read timeout starts anew with every byte, so a vendor that drips one now and then could hold a worker for
ever. Here each exchange has an end: past it, its socket is shut down from outside, which ends the wait in the
thread that reads from it.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from airbyte_cdk.utils import is_cloud_environment
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.poolmanager import PoolManager, ProxyManager

from session_source.http.addresses import refuse_private, resolve

MOMENT = 0.1
"""Seconds that an exchange still has when its time is up, since no time at all is no timeout."""


class Exchange:
    """One request and its answer, until the last byte."""

    def __init__(self, end: float) -> None:
        self.end = end
        self.socket: socket.socket | None = None
        self.is_cut = False

    def cut(self) -> None:
        """Shut the socket down; the thread that waits for it goes on with an error."""
        if self.socket is not None:
            self.is_cut = True
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    exchange: Exchange | None = None


_current = _Current()


class _Connection(HTTPConnection):
    """A connection that tells its socket to the thread's exchange."""

    def _new_conn(self) -> socket.socket:
        """Connect; a host with many addresses, all silent, takes no longer than the exchange has."""
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
        """Resolve a host name, and see that its addresses may be asked."""
        left = max(exchange.end - time.monotonic(), MOMENT)
        try:
            if self._tunnel_host is None:
                found = resolve(name, self.port, within=left)
                refuse_private(found)
                return found
            if is_cloud_environment():  # the proxy itself may be private
                refuse_private(resolve(self._tunnel_host, self._tunnel_port or 443, within=left))
            return resolve(name, self.port, within=left)
        except TimeoutError:
            raise ConnectTimeoutError(self, f"{name} was not resolved in time") from None
        except socket.gaierror as error:
            raise NameResolutionError(name, self, error) from None

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they are
        super().request(*args, **kwargs)
        # Now, since the connection lets go of it when the vendor is to close it.
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
    """A transport whose exchanges ``Deadlines`` can cut."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed on as they are
        """Make pools of connections that tell which exchange uses them."""
        super().init_poolmanager(*args, **kwargs)
        _use_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:  # noqa: ANN401 - passed on
        """Do the same for connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        _use_pools(manager)
        return manager


class Deadlines:
    """Watches the exchanges of all threads; the watcher ends when ``closed`` is set."""

    RESOLUTION = 0.25
    """Seconds between two looks."""

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
