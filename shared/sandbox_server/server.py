"""The HTTP server: one vendor at one local address, in a thread of this process."""

import asyncio
import socket
import threading
import traceback
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox_server import control, faults
from sandbox_server.exchange import Exchange
from sandbox_server.limits import InterruptionError, NoAnswerError
from sandbox_server.message import Request
from sandbox_server.service import Service
from sandbox_server.vendor import Vendor

HOST = "127.0.0.1"
# Filters are part of the URL; with all fields at once it is long.
LONGEST_LINE = 1 << 16

_bound: list[socket.socket] = []


class Server(Service):
    """Serves a vendor inside a `with` block.

    `faults` may be changed while it serves, as may the settings of `Service`.
    """

    def __init__(
        self,
        vendor: Vendor,
        *,
        port: int = 0,
        bound: socket.socket | None = None,
        latency: float = 0,
        grow_every: int = 0,
        grow_by: int = 1,
        gzip: bool = False,
    ) -> None:
        super().__init__(vendor, latency=latency, grow_every=grow_every, grow_by=grow_by, gzip=gzip)
        self.faults: list[faults.Fault] = []
        self.errors: list[str] = []
        """Tracebacks of errors in the server or the vendor's sandbox; leaving the `with` block raises them."""
        self._port = port
        self._bound = bound
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._refusal: OSError | None = None
        self._thread = threading.Thread(target=self._run, name=f"sandbox server {vendor.name}", daemon=True)

    def clear(self) -> None:
        """Forget requests, faults and the previous pages; the vendor's data stays."""
        super().clear()
        self.faults.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._refusal is not None:
            raise self._refusal
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self.stopping.set)
        self._thread.join()
        if self.errors and kind is None:
            raise RuntimeError("the sandbox server failed:\n" + "\n".join(self.errors))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        protocol = web.Server(
            self._handle, handler_cancellation=True, max_line_size=LONGEST_LINE, max_field_size=LONGEST_LINE
        )
        runner = web.ServerRunner(protocol, shutdown_timeout=0.2)
        await runner.setup()
        try:
            site = web.SockSite(runner, self._bound) if self._bound else web.TCPSite(runner, HOST, self._port)
            await site.start()
            self.origin = f"http://{HOST}:{runner.addresses[0][1]}"
        except OSError as error:
            self._refusal = error
            self.stopping.set()
        self._ready.set()
        await self.stopping.wait()
        await runner.cleanup()

    async def _handle(self, carrier: web.BaseRequest) -> web.StreamResponse:
        body = await carrier.read()
        try:
            request = Request.parse(carrier.method, carrier.raw_path, carrier.headers, body)
        except ValueError as error:
            return web.Response(status=400, text=str(error))
        if request.path.startswith(control.PREFIX):
            return control.respond(self, self.faults, request)
        entry = self.log.open(request)
        try:
            exchange = Exchange(self, entry, carrier)
            await self._respond(exchange)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception:
            self.errors.append(traceback.format_exc())
            raise
        finally:
            self.log.close(entry)
        return exchange.response or web.Response()

    async def _respond(self, exchange: Exchange) -> None:
        if self.latency:
            await asyncio.sleep(self.latency)
        limit = self.vendor.max_in_flight
        if limit is not None and exchange.entry.in_flight >= limit:
            await exchange.send(self.vendor.error(429, exchange.request.path))
            return
        try:
            for fault in list(self.faults):
                if fault.strikes(exchange):
                    exchange.entry.fault = type(fault).__name__
                    await fault.play(exchange)
                    return
            await exchange.send(exchange.truth())
        except NoAnswerError:
            await exchange.hang()
        except InterruptionError:
            await exchange.reset()


def serve(
    vendor: Vendor,
    *,
    port: int = 0,
    bound: socket.socket | None = None,
    latency: float = 0,
    grow_every: int = 0,
    grow_by: int = 1,
    gzip: bool = False,
) -> Server:
    """Return a server for a vendor, for use in a `with` statement.

    It listens at `port`, at the address of a `bound` socket, or at any free port.
    """
    options: dict[str, Any] = {"latency": latency, "grow_every": grow_every, "grow_by": grow_by, "gzip": gzip}
    return Server(vendor, port=port, bound=bound, **options)


def bound_socket() -> tuple[socket.socket, str]:
    """Return a socket and its address, which refuses connections until a server listens and stays reserved."""
    bound = socket.socket()
    bound.bind((HOST, 0))
    return bound, f"http://{HOST}:{bound.getsockname()[1]}"


def refused_origin() -> str:
    """Return an address that refuses connections as long as this process runs."""
    bound, origin = bound_socket()
    _bound.append(bound)
    return origin
