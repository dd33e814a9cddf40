"""Faults: what can go wrong between a vendor and a client. Tests add them to `Server.faults`."""

import asyncio
import dataclasses
import email.utils
import itertools
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from sandbox_server.exchange import Exchange
from sandbox_server.message import Answer, Request

HTML = b"<!doctype html><html><head><title>Welcome</title></head><body>Sign in to continue</body></html>"
PIECES = 20


@dataclass(kw_only=True)
class Fault:
    """Affects requests with `path` in the path and `where` in the query (raw or decoded) or the body.

    The first `after` matching requests pass; the next `times` are affected (None: all that follow). If several
    faults match a request, only the first one in the list applies, and the others do not count the request.
    """

    times: int | None = 1
    after: int = 0
    path: str = ""
    where: str = ""
    seen: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def strikes(self, exchange: Exchange) -> bool:
        """Return whether the fault applies to this request, and count the request."""
        if (self.times is not None and self.hits >= self.times) or not self.fits(exchange.request):
            return False
        self.seen += 1
        if self.seen <= self.after:
            return False
        self.hits += 1
        return True

    def fits(self, request: Request) -> bool:
        """Return whether `path` and `where` match this request."""
        texts = (request.raw_query, unquote_plus(request.raw_query), request.body.decode(errors="replace"))
        return self.path in request.path and any(self.where in text for text in texts)

    async def play(self, exchange: Exchange) -> None:
        """Answer the request."""
        await exchange.send(self.answer(exchange))

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer, for faults that send a complete one."""
        return exchange.truth()


@dataclass
class Status(Fault):
    """An HTTP error, with the vendor's own body unless `body` is set.

    `{credentials}` in `body` is replaced by the credentials of the request, since some servers echo them.
    `retry_after` (seconds) and `retry_date` (seconds from now, sent as an HTTP date) set the header Retry-After.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    retry_after: float | None = None
    retry_date: float | None = None

    def answer(self, exchange: Exchange) -> Answer:
        """Return the error."""
        original = exchange.vendor.error(self.status, exchange.request.path)
        headers = {**original.headers, **self.headers}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        if self.retry_date is not None:
            headers["Retry-After"] = email.utils.formatdate(time.time() + self.retry_date, usegmt=True)
        if self.body is None:
            return Answer(self.status, original.body, headers)
        text = self.body.replace("{credentials}", credentials(exchange.request))
        return Answer(self.status, text.encode(), headers)


def credentials(request: Request) -> str:
    """Return all parts of a request that may contain a secret, raw and decoded."""
    carried = [request.raw_query, unquote_plus(request.raw_query)]
    carried += [request.headers.get(name, "") for name in ("Authorization", "X-Api-Key")]
    carried.append(request.body.decode(errors="replace"))
    return " ".join(text for text in carried if text)


@dataclass
class ResetBeforeBody(Fault):
    """The connection is reset instead of an answer."""

    async def play(self, exchange: Exchange) -> None:
        """Reset the connection."""
        await exchange.reset()


@dataclass
class ResetInBody(Fault):
    """The connection is reset after half of the body."""

    async def play(self, exchange: Exchange) -> None:
        """Send the real headers and half of the real body, then reset."""
        answer = exchange.truth()
        exchange.write(exchange.head(answer, len(answer.body)))
        exchange.write(answer.body[: len(answer.body) // 2])
        # A reset discards bytes that are not sent yet; without a pause the client would not even receive the
        # headers.
        await asyncio.sleep(0.05)
        await exchange.reset()


@dataclass
class TruncatedBody(Fault):
    """The connection is closed with a FIN after half of the body."""

    chunked: bool = False

    async def play(self, exchange: Exchange) -> None:
        """Send the real headers and half of the real body, then close."""
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
    """A complete HTTP answer with half of the JSON."""

    def answer(self, exchange: Exchange) -> Answer:
        """Return the first half of the real body."""
        truth = exchange.truth()
        return dataclasses.replace(truth, body=truth.body[: len(truth.body) // 2])


@dataclass
class Html(Fault):
    """An HTML page, as a proxy or a sign-in page sends it."""

    status: int = 200

    def answer(self, exchange: Exchange) -> Answer:
        """Return the page."""
        del exchange
        return Answer(self.status, HTML, {"Content-Type": "text/html"})


@dataclass
class Echo(Fault):
    """A 200 that contains the request, as a debugging proxy sends it: not JSON, and with the secrets in it."""

    def answer(self, exchange: Exchange) -> Answer:
        """Return the request's credentials."""
        return Answer(200, credentials(exchange.request).encode(), {"Content-Type": "application/json"})


@dataclass
class EmptyBody(Fault):
    """A 200 without a body."""

    def answer(self, exchange: Exchange) -> Answer:
        """Return an empty body."""
        del exchange
        return Answer(200, b"", {"Content-Type": "application/json"})


@dataclass
class HugeBody(Fault):
    """The real answer after `megabytes` of white space, which JSON allows.

    For clients that accept gzip it is compressed to a thousandth of that size.
    """

    megabytes: int = 300

    async def play(self, exchange: Exchange) -> None:
        """Send the body piece by piece."""
        truth = exchange.truth()
        headers = dict(truth.headers)
        pieces: Iterable[bytes] = itertools.chain(itertools.repeat(b" " * 1_000_000, self.megabytes), [truth.body])
        if "gzip" in exchange.request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            pieces = compressed(pieces)
        await exchange.stream(truth.status, headers, pieces)


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress pieces into one gzip stream."""
    packer = zlib.compressobj(level=1, wbits=31)
    yield from filter(None, map(packer.compress, pieces))
    yield packer.flush()


@dataclass
class NeverAnswers(Fault):
    """No answer is sent until the client disconnects or the server stops."""

    async def play(self, exchange: Exchange) -> None:
        """Keep the connection open."""
        await exchange.hang()


@dataclass
class SlowBody(Fault):
    """The real headers at once, then the real body in small pieces over `seconds`."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Send the body slowly."""
        answer = exchange.truth()
        exchange.write(exchange.head(answer, len(answer.body)))
        await exchange.drip(answer.body, self.seconds, PIECES, last=True)
        await exchange.close()


@dataclass
class SlowHeaders(Fault):
    """The real headers in small pieces over `seconds`, then the real body at once."""

    seconds: float

    async def play(self, exchange: Exchange) -> None:
        """Send the headers slowly."""
        answer = exchange.truth()
        await exchange.drip(exchange.head(answer, len(answer.body)), self.seconds, PIECES)
        exchange.finish()
        exchange.write(answer.body)
        await exchange.close()


@dataclass
class ErrorInside(Fault):
    """An error that the vendor reports with status 200."""

    def answer(self, exchange: Exchange) -> Answer:
        """Return the vendor's error."""
        return exchange.vendor.error_inside(exchange.request.path)


@dataclass
class StalePage(Fault):
    """The previous data answer of the same path again, as if a page were served twice."""

    def strikes(self, exchange: Exchange) -> bool:
        """Apply only after an answer with records: a repeated empty page looks like a day without data."""
        records: list[object] = []
        if exchange.previous is not None:
            exchange.vendor.rewrite(exchange.previous, records.append)
        return bool(records) and super().strikes(exchange)

    def answer(self, exchange: Exchange) -> Answer:
        """Return the previous page."""
        return exchange.previous or exchange.truth()


@dataclass
class Deletion(Fault):
    """The real answer; then the vendor deletes its newest sessions, so that the rows after them move up."""

    sessions: int = 1

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer from before the deletion."""
        truth = exchange.truth()
        with exchange.vendor.lock:
            exchange.vendor.delete(self.sessions)
        return truth


@dataclass
class RepeatToken(Fault):
    """The real answer, but with the token of a page that was read already."""

    def strikes(self, exchange: Exchange) -> bool:
        """Return whether the answer has a token to repeat; a variant of the vendor may have none."""
        try:
            exchange.vendor.repeat_token(exchange.truth())
        except NotImplementedError:
            return False
        return super().strikes(exchange)

    def answer(self, exchange: Exchange) -> Answer:
        """Return the answer with an old token."""
        return exchange.vendor.repeat_token(exchange.truth())
