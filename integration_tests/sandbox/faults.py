"""What goes wrong between a vendor and a client, on request."""

import asyncio
import dataclasses
import email.utils
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web

from integration_tests.sandbox.exchange import Exchange
from integration_tests.sandbox.message import Answer, Request

HTML = b"<!doctype html><html><head><title>Welcome</title></head><body>Sign in to continue</body></html>"
PIECES = 20


@dataclass(kw_only=True)
class Fault:
    """Hits requests whose path contains `path` and whose query (raw or decoded) or body contains `where`.

    It lets the first `after` of them pass and hits the next `times` (None: all that follow). Of several
    faults that are waiting, the first in the list plays; the others do not count that request.
    """

    times: int | None = 1
    after: int = 0
    path: str = ""
    where: str = ""
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def strikes(self, exchange: Exchange) -> bool:
        """Whether it hits this request; counts it."""
        if (self.times is not None and self.hits >= self.times) or not self.fits(exchange.request):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.hits += 1
        return True

    def fits(self, request: Request) -> bool:
        """Whether the filters name this request."""
        texts = (request.raw_query, unquote_plus(request.raw_query), request.body.decode(errors="replace"))
        return self.path in request.path and any(self.where in text for text in texts)

    async def play(self, exchange: Exchange) -> None:
        """Do it."""
        await exchange.send(self.answer(exchange))

    def answer(self, exchange: Exchange) -> Answer:
        """The answer of those faults that give a whole one."""
        return exchange.truth()


@dataclass
class Status(Fault):
    """An HTTP error: in the vendor's own words, or in others.

    `{credentials}` in `body` becomes what the request carried: some servers echo it. `retry_after` (seconds)
    and `retry_date` (seconds from then on, sent as an HTTP date) set the header Retry-After.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    retry_after: float | None = None
    retry_date: float | None = None

    def answer(self, exchange: Exchange) -> Answer:
        """The error."""
        words = exchange.vendor.error(self.status, exchange.request.path)
        headers = {**words.headers, **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        if self.retry_date is not None:
            headers["Retry-After"] = email.utils.formatdate(time.time() + self.retry_date, usegmt=True)
        if self.body is None:
            return Answer(self.status, words.body, headers)
        text = self.body.replace("{credentials}", credentials(exchange.request))
        return Answer(self.status, text.encode(), headers)


def credentials(request: Request) -> str:
    """Everything in a request that may hold a secret, as it came and decoded."""
    carried = [request.raw_query, unquote_plus(request.raw_query)]
    carried += [request.headers.get(name, "") for name in ("Authorization", "X-Api-Key")]
    carried.append(request.body.decode(errors="replace"))
    return " ".join(text for text in carried if text)


@dataclass
class ResetBeforeBody(Fault):
    """The connection is reset instead of an answer."""

    async def play(self, exchange: Exchange) -> None:
        """Read, say nothing, reset."""
        await exchange.reset()


@dataclass
class ResetInBody(Fault):
    """The connection is reset when half of the body is sent."""

    async def play(self, exchange: Exchange) -> None:
        """True headers, half of the true body, reset."""
        answer = exchange.truth()
        exchange.write(exchange.head(answer, len(answer.body)))
        exchange.write(answer.body[: len(answer.body) // 2])
        # A reset throws away what is not sent yet: without a pause the client would not even see the headers.
        await asyncio.sleep(0.05)
        await exchange.reset()


@dataclass
class TruncatedBody(Fault):
    """The connection is closed, politely, when half of the body is sent."""

    chunked: bool = False

    async def play(self, exchange: Exchange) -> None:
        """True headers, half of the true body, end of file."""
        answer = exchange.truth()
        half = answer.body[: len(answer.body) // 2]
        if self.chunked:
            exchange.write(exchange.head(answer, None))
            exchange.write(b"%x\r\n%b\r\n" % (len(half), half))
        else:
            exchange.write(exchange.head(answer, len(answer.body)))
            exchange.write(half)
        await exchange.close()


@dataclass
class TruncatedJson(Fault):
    """A complete HTTP answer that holds half of the JSON."""

    def answer(self, exchange: Exchange) -> Answer:
        """Half of the truth."""
        truth = exchange.truth()
        return dataclasses.replace(truth, body=truth.body[: len(truth.body) // 2])


@dataclass
class Html(Fault):
    """A page for people, as a proxy or a sign-in gives it."""

    status: int = 200

    def answer(self, exchange: Exchange) -> Answer:
        """The page, whoever asks."""
        del exchange
        return Answer(self.status, HTML, {"Content-Type": "text/html"})


@dataclass
class Echo(Fault):
    """A 200 that holds what the request carried, as a debugging proxy gives it: no JSON, and full of secrets."""

    def answer(self, exchange: Exchange) -> Answer:
        """The request's credentials."""
        return Answer(200, credentials(exchange.request).encode(), {"Content-Type": "application/json"})


@dataclass
class EmptyBody(Fault):
    """A 200 without a body."""

    def answer(self, exchange: Exchange) -> Answer:
        """Nothing."""
        del exchange
        return Answer(200, b"", {"Content-Type": "application/json"})


@dataclass
class NeverAnswers(Fault):
    """The request is read and nothing follows, until the client leaves or the server stops."""

    async def play(self, exchange: Exchange) -> None:
        """Wait."""
        await exchange.stopping.wait()
        await exchange.reset()


@dataclass
class SlowBody(Fault):
    """The true headers at once, the true body in small pieces over that many seconds."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Drip."""
        answer = exchange.truth()
        exchange.write(exchange.head(answer, len(answer.body)))
        await exchange.drip(answer.body, self.seconds, PIECES, last=True)
        await exchange.close()


@dataclass
class SlowHeaders(Fault):
    """The true headers in small pieces over that many seconds, then the true body."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Drip, then pour."""
        answer = exchange.truth()
        await exchange.drip(exchange.head(answer, len(answer.body)), self.seconds, PIECES)
        exchange.finish()
        exchange.write(answer.body)
        await exchange.close()


@dataclass
class Huge(Fault):
    """A 200 with 600 MB of zeros; with an `encoding`, gzip or deflate, only when it is decompressed."""

    encoding: str = ""

    async def play(self, exchange: Exchange) -> None:
        """Pour."""
        packing = zlib.compressobj(1, wbits={"gzip": 31, "deflate": 15, "": 15}[self.encoding])
        response = web.StreamResponse(headers={"Content-Encoding": self.encoding} if self.encoding else {})
        await response.prepare(exchange.carrier)
        piece = b"0" * 2**20
        for _ in range(600):
            await response.write(packing.compress(piece) if self.encoding else piece)
        await response.write(packing.flush() if self.encoding else b"")
        await response.write_eof()
        exchange.finish()
        exchange.response = response


@dataclass
class ErrorInside(Fault):
    """The vendor's way of telling an error in a 200."""

    def answer(self, exchange: Exchange) -> Answer:
        """The vendor's words."""
        return exchange.vendor.error_inside(exchange.request.path)


@dataclass
class StalePage(Fault):
    """The last data answer of the same path once more: a page served twice."""

    def strikes(self, exchange: Exchange) -> bool:
        """Only once there was one."""
        return exchange.previous is not None and super().strikes(exchange)

    def answer(self, exchange: Exchange) -> Answer:
        """The page that was given last."""
        return exchange.previous or exchange.truth()


@dataclass
class Deletion(Fault):
    """The true answer, after which the vendor deletes its newest sessions: what follows moves up."""

    sessions: int = 1

    def answer(self, exchange: Exchange) -> Answer:
        """The truth as it was."""
        truth = exchange.truth()
        with exchange.vendor.lock:
            exchange.vendor.delete(self.sessions)
        return truth


@dataclass
class RepeatToken(Fault):
    """The true answer, but with the token of a page that was read already."""

    def answer(self, exchange: Exchange) -> Answer:
        """The truth with an old token."""
        return exchange.vendor.repeat_token(exchange.truth())


KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (
        Status,
        ResetBeforeBody,
        ResetInBody,
        TruncatedBody,
        TruncatedJson,
        Html,
        Echo,
        EmptyBody,
        NeverAnswers,
        SlowBody,
        SlowHeaders,
        Huge,
        ErrorInside,
        StalePage,
        Deletion,
        RepeatToken,
    )
}


def read_fault(members: Mapping[str, Any]) -> Fault:
    """A fault from JSON: `{"kind": "Status", "status": 429, "retry_after": 1, "times": 2}`."""
    options = dict(members)
    kind = KINDS.get(str(options.pop("kind", None)))
    if kind is None:
        raise ValueError(f"kind has to be one of {', '.join(KINDS)}")
    try:
        return kind(**options)
    except TypeError as error:
        raise ValueError(str(error)) from error
