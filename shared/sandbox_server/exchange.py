"""One open request and its socket."""

import asyncio
import gzip
import http
import socket
import struct
from collections.abc import Iterable, Mapping

from aiohttp import web

from sandbox_server.log import Entry
from sandbox_server.message import Answer, Request
from sandbox_server.service import Service

LINGER_NOT = struct.pack("ii", 1, 0)


class Exchange:
    """A request, and the ways to answer it correctly or not."""

    def __init__(self, service: Service, entry: Entry, carrier: web.BaseRequest) -> None:
        self.service = service
        self.entry = entry
        self.carrier = carrier
        self.request: Request = entry.request
        self.vendor = service.vendor
        self.response: web.StreamResponse | None = None

    @property
    def previous(self) -> Answer | None:
        """The last data answer of this path."""
        return self.service.previous.get(self.request.path)

    def truth(self) -> Answer:
        """Return the vendor's answer."""
        return self.service.truth(self.entry, self.request)

    async def send(self, answer: Answer) -> None:
        """Send a complete answer."""
        headers = dict(answer.headers)
        body = answer.body
        if self.service.gzip and "gzip" in self.request.headers.get("Accept-Encoding", ""):
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        self.entry.status = answer.status
        response = web.Response(status=answer.status, body=body, headers=headers)
        await response.prepare(self.carrier)
        self.finish()
        await response.write_eof()
        self.response = response

    async def stream(self, status: int, headers: Mapping[str, str], pieces: Iterable[bytes]) -> None:
        """Send a body in pieces, so that a large one is never held in memory."""
        self.entry.status = status
        response = web.StreamResponse(status=status, headers=headers)
        await response.prepare(self.carrier)
        for piece in pieces:
            await response.write(piece)
        self.finish()
        await response.write_eof()
        self.response = response

    def finish(self) -> None:
        """Log the request as answered now; the client's next one may arrive before this handler ends."""
        self.service.log.close(self.entry)

    def head(self, answer: Answer, length: int | None) -> bytes:
        """Return status line and headers for a body of that length (None: chunked), with `Connection: close`."""
        self.entry.status = answer.status
        size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = [
            f"HTTP/1.1 {answer.status} {http.HTTPStatus(answer.status).phrase}",
            size,
            "Connection: close",
        ]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def write(self, data: bytes) -> None:
        """Write bytes to the socket directly."""
        transport = self.carrier.transport
        if transport is not None and not transport.is_closing():
            transport.write(data)

    async def drip(self, data: bytes, seconds: float, pieces: int, *, last: bool = False) -> None:
        """Write bytes to the socket, spread evenly over `seconds`; `last` ends the answer."""
        size = max(1, -(-len(data) // pieces))
        for start in range(0, len(data), size):
            await asyncio.sleep(seconds / pieces)
            if last and start + size >= len(data):
                self.finish()
            self.write(data[start : start + size])

    async def close(self) -> None:
        """Close the connection with a FIN after all bytes are sent."""
        self.finish()
        if self.carrier.transport is not None:
            self.carrier.transport.close()
        await asyncio.Event().wait()  # aiohttp cancels this handler when the connection is closed

    async def hang(self) -> None:
        """Send nothing until the client disconnects or the server stops."""
        await self.service.stopping.wait()
        await self.reset()

    async def reset(self) -> None:
        """Close the connection with an RST."""
        self.finish()
        transport = self.carrier.transport
        if transport is not None:
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            transport.abort()
        await asyncio.Event().wait()  # as in close
