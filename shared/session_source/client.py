"""The client: sends requests to a vendor until they are answered, gently, and never longer than it should.

It stands on ``requests`` rather than on the CDK's ``HttpClient``, which sleeps where nothing can wake it (a
sync that has failed waits out every worker's rate limit), lets each worker run into the same limit by itself,
prints statuses from workers' threads, logs URLs, and has no total timeout.
"""

import contextlib
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from session_source import times
from session_source.addresses import is_loopback
from session_source.auth import EitherAuth
from session_source.budget import Budget
from session_source.deadlines import Adapter, Deadlines
from session_source.errors import Fault, Kind, ToldInBody, asked_wait, of_status
from session_source.exchange import LARGEST_ANSWER, Answer, Request, Wish

Read = TypeVar("Read")

_LATER = "Try again later: a sync goes on with what was not read."
"""The cure where a vendor could not be asked any longer."""

PIECE = 16 * 2**20
"""Bytes of a body that are read at once."""

_HEADERS = {**requests.utils.default_headers(), "Accept": "application/json"}


@dataclass(frozen=True)
class Patience:
    """How long to wait for what, in seconds."""

    connect: float = 10
    """For a connection."""
    read: float = 60
    """For the next bytes of an answer."""
    total: float = 300
    """For a whole answer, from the request to its last byte."""
    outage: float = 150
    """For the vendor to come back, over all attempts of one request."""
    limit: float = 3600
    """For one rate limit."""
    attempts: int = 9
    """Attempts of one request during an outage."""
    after_timeout: float = 0
    """Before the next request after one that was not answered: a vendor may still be at work on it."""

    def for_limit(self, seconds: float) -> "Patience":
        """Wait at most this long for a rate limit, or less where that was less."""
        return replace(self, limit=min(self.limit, seconds))


@dataclass
class _Tries:
    """What one request met so far. The time of a rate limit is no time of an outage."""

    count: int = 0
    failures: int = 0
    """Outages in a row."""
    failing_since: float = 0.0
    """When the first of them was met, put off by what was waited for limits since."""
    limited: float = 0.0
    """Seconds that were waited because this request met a limit."""

    def note(self, fault: Fault) -> None:
        """Count a fault."""
        if fault.kind is Kind.LIMIT:
            self.failures = 0
            return
        self.failures += 1
        if self.failures == 1:
            self.failing_since = time.monotonic()


class Closed(Exception):  # noqa: N818 - no error: the reading ended, and the thread that sees this ends too
    """The client was closed while it waited."""


class Client:
    """Sends requests of one connection; its workers share the pool of connections and every wait.

    Args:
        vendor: the vendor's name, for sentences.
        base_url: what the endpoints' paths are below.
        auth: puts the credentials on a request.
        cure: how this vendor's credentials are mended, a sentence.
        patience: how long to wait for what.
        budget: how many requests the vendor allows, where it locks out those who send more.
        workers: how many threads will use it.
        deadline: when, in ``time.monotonic()``, nothing is sent or waited for any more.
    """

    def __init__(  # noqa: PLR0913 - each is one thing a vendor or a user chooses
        self,
        *,
        vendor: str,
        base_url: str,
        auth: AuthBase,
        cure: str,
        patience: Patience,
        budget: Budget | None = None,
        workers: int = 1,
        deadline: float = math.inf,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self.cure = cure
        self.patience = patience
        self.budget = budget
        self.closed = threading.Event()
        self._deadline = deadline
        self._auth = auth if isinstance(auth, EitherAuth) else EitherAuth(auth)
        self._adapter = Adapter(pool_connections=1, pool_maxsize=workers)
        # Looked up once: a session would look through the environment for proxies at every request.
        self._settings: dict[str, Any] = {
            **requests.Session().merge_environment_settings(
                self.base_url, proxies={}, stream=True, verify=None, cert=None
            )
        }
        self._deadlines = Deadlines(self.closed)
        self._open_at = 0.0
        if is_loopback(urlsplit(self.base_url).hostname or ""):
            self._settings["proxies"] = {}
        self._kept: dict[bytes, Answer] = {}
        self._keeping: dict[bytes, threading.Lock] = {}

    def close(self) -> None:
        """Wake every thread that waits and let it end with ``Closed``."""
        self.closed.set()
        self._adapter.close()

    def fetch(
        self,
        request: Request,
        read: Callable[[Answer], Read],
        *,
        explain: Callable[[Answer], Fault | None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
        limited: Callable[[], None] = lambda: None,
    ) -> Read:
        """Send a request until ``read`` could read its answer.

        Args:
            request: what to send.
            read: reads an answer with a good status; a ``ValueError`` means that the body is not what it
                should be, and is tried again like an outage.
            explain: explains an answer with a bad status in the vendor's terms, or leaves it to the status, also
                by a ``ValueError`` for a body that is none of the vendor's.
            say: is given a line for the log before each wait.
            limited: is called when the vendor asks to slow down, before the wait.

        Raises:
            Fault: it could not be read, and trying again does not help or did not.
            Closed: the client was closed meanwhile.
        """
        if not request.is_kept:
            return self._fetch(request, read, explain, say, limited)
        with self._keeping.setdefault(request.address, threading.Lock()):  # others wait for this answer
            if (answer := self._kept.get(request.address)) is not None:
                return self._read(request, answer, read, explain)
            return self._fetch(request, read, explain, say, limited)

    def _fetch(
        self,
        request: Request,
        read: Callable[[Answer], Read],
        explain: Callable[[Answer], Fault | None],
        say: Callable[[str], None],
        limited: Callable[[], None],
    ) -> Read:
        tries = _Tries()
        wish = request.wish if request.wish and request.wish.is_granted is not False else None
        while True:
            tries.failing_since += self._take_turn(say)
            tries.count += 1
            spelling = self._auth.spelling
            try:
                answer = self._send(request, wish)
                if answer.status == 401 and self._auth.goes_on(spelling):
                    continue
                if answer.status == 400 and wish is not None and not wish.is_granted:
                    wish = None
                    continue
                if not 200 <= answer.status < 300:
                    raise self._explained(answer, explain)
                self._auth.settle()
                result = self._read(request, answer, read, explain)
                if request.wish is not None and request.wish.is_granted is None:
                    request.wish.is_granted = wish is not None
            except Fault as fault:
                if not fault.kind.is_retried:
                    raise
                tries.note(fault)
                wait = self._wait_for(fault, tries)
                say(f"{fault.sentence} Trying again in {times.in_words(wait)} (attempt {tries.count}).")
                if fault.kind is Kind.LIMIT:
                    tries.limited += wait
                    self._hold(wait)
                    limited()
                elif self.closed.wait(wait):
                    raise Closed from None
            else:
                return result

    def _read(
        self,
        request: Request,
        answer: Answer,
        read: Callable[[Answer], Read],
        explain: Callable[[Answer], Fault | None],
    ) -> Read:
        """Read an answer with a good status; an error told in it counts as the status that fits it."""
        try:
            result = read(answer)
        except ToldInBody as told:
            raise self._explained(replace(answer, status=told.status), explain) from None
        except Fault as fault:
            raise _with_wait(fault, answer) from None
        except ValueError as error:
            raise Fault(Kind.OUTAGE, f"{self.vendor} sent an answer that cannot be read: {error}.") from None
        if request.is_kept:
            self._kept[request.address] = answer
        return result

    def _send(self, request: Request, wish: Wish | None) -> Answer:
        # Neither prepared nor sent by the session, which merges settings and keeps cookies: a fifth of the time.
        prepared = requests.Request(
            request.method,
            f"{self.base_url}/{request.path}",
            params=request.params,
            headers={**_HEADERS, **request.headers},
            data=request.form,
            json=request.json if wish is None else {**(request.json or {}), **wish.fields},
            auth=self._auth,
        ).prepare()
        total = min(self.patience.total, self._left)
        connect, read = min(self.patience.connect, total), min(self.patience.read, total)
        if total <= 0:
            raise self._timeout(self.patience.total)
        with self._deadlines.within(total) as exchange:
            try:
                response = self._adapter.send(prepared, timeout=(connect, read), **self._settings)
                with contextlib.closing(response):
                    body = self._body(response)
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                raise self._timeout(read) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                if exchange.is_cut:
                    raise self._timeout(total) from None
                raise Fault(Kind.OUTAGE, _connection_sentence(self.vendor, error)) from None
            except ValueError:  # http.client refuses a header with a line break
                raise Fault(
                    Kind.CONFIG, f"The credentials for {self.vendor} hold a line break. Paste them without it."
                ) from None
        if exchange.is_cut:  # an answer without a length ends where it is cut, and no error tells
            raise self._timeout(total)
        return Answer(response.status_code, response.headers, body)

    def _body(self, response: requests.Response) -> bytes:
        """Read a body to its end, but no more than ``LARGEST_ANSWER``."""
        pieces: list[bytes] = []
        size = 0
        # Nearly always in one piece: requests reads pieces of 10 kB, a fifth of the CPU of a read.
        while piece := response.raw.read(PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                raise Fault(
                    Kind.STUCK,
                    f"{self.vendor} sent an answer of more than {LARGEST_ANSWER // 2**20} MB, more than the "
                    "connector reads. Set a smaller window_in_days.",
                )
        return b"".join(pieces)

    @property
    def _left(self) -> float:
        """The seconds until the deadline."""
        return self._deadline - time.monotonic()

    def _timeout(self, seconds: float) -> Fault:
        if self.patience.after_timeout:
            self._hold(self.patience.after_timeout)
        sentence = f"{self.vendor} did not answer within {times.in_words(seconds)}."
        return Fault(Kind.OUTAGE, sentence, wait=self.patience.after_timeout)

    def _explained(self, answer: Answer, explain: Callable[[Answer], Fault | None]) -> Fault:
        try:
            fault = explain(answer)
        except ValueError:  # a body that the vendor did not write: a proxy's page
            fault = None
        if fault is None:
            return of_status(self.vendor, answer, cure=self.cure, now=datetime.now(UTC))
        return _with_wait(fault, answer)

    def _wait_for(self, fault: Fault, tries: _Tries) -> float:
        """Decide how long to wait before the next attempt, or raise what ends them."""
        patience = self.patience
        many = min(tries.failures or tries.count, 10)
        backoff = min(2.0 ** (many - 1), 30) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        if fault.kind is Kind.LIMIT:
            wait = max(fault.wait or backoff, 1.0)
            if tries.limited + wait > patience.limit or wait > self._left:
                raise self._too_long(fault.sentence, wait)
            return wait
        wait = max(backoff, fault.wait or 0)
        outage = time.monotonic() - tries.failing_since + wait
        if tries.failures >= patience.attempts or outage > patience.outage or wait > self._left:
            tried = f" It was tried {tries.count} times." if tries.count > 1 else ""
            raise Fault(Kind.STUCK, f"{fault.sentence}{tried} {_LATER}")
        return wait

    def _too_long(self, sentence: str, wait: float) -> Fault:
        until = datetime.now(UTC) + timedelta(seconds=wait)
        then = f"The next request may go out in {times.in_words(wait)}, at {until:%Y-%m-%d %H:%M:%S} UTC"
        if self._deadline < math.inf:
            return Fault(Kind.STUCK, f"{sentence} {then}. Try again then.")
        return Fault(
            Kind.STUCK,
            f"{sentence} {then}, which is longer than max_waiting_time ({times.in_words(self.patience.limit)}). "
            "Run the sync again then, or raise max_waiting_time.",
        )

    def _hold(self, seconds: float) -> None:
        """Let no worker send anything for a while."""
        self._open_at = max(self._open_at, time.monotonic() + seconds)

    def _take_turn(self, say: Callable[[str], None]) -> float:
        """Wait until the vendor is to be asked again, and until the budget has room; tell how many seconds."""
        began = time.monotonic()
        while True:
            wait = self._open_at - time.monotonic()
            if wait <= 0 and self.budget is not None:
                wait = self.budget.take()
                if wait > self.patience.limit:
                    raise self._too_long(f"The budget of {self.budget.limit} requests an hour is used up.", wait)
                if wait > 0:
                    say(
                        f"The budget of {self.budget.limit} requests an hour is used up. "
                        f"Going on in {times.in_words(wait)}."
                    )
            if wait <= 0:
                if self.closed.is_set():
                    raise Closed
                return time.monotonic() - began
            if wait > self._left:
                raise self._too_long(f"{self.vendor} cannot be asked now.", wait)
            if self.closed.wait(wait):
                raise Closed


def _with_wait(fault: Fault, answer: Answer) -> Fault:
    """Note how long the answer asks to wait, if the fault does not say so."""
    if fault.wait is None:
        fault.wait = asked_wait(fault.kind, answer, datetime.now(UTC))
    return fault


def _connection_sentence(vendor: str, error: Exception) -> str:
    """Say what cut a connection, without the error's own text: it names URLs, and keys stand in some."""
    if isinstance(error, requests.exceptions.SSLError | urllib3.exceptions.SSLError):
        return f"{vendor} has no certificate that can be trusted. Check base_url and the machine's certificates."
    if isinstance(error, requests.exceptions.ProxyError):
        return f"The proxy on the way to {vendor} did not let the request through. Check the proxy's settings."
    text = str(error)
    if "Failed to resolve" in text or "NameResolution" in text:
        return f"The address of {vendor} could not be found. Check base_url and the network."
    if isinstance(error, requests.ConnectionError) and "Connection refused" in text:
        return f"{vendor} refused the connection. Check base_url and the network."
    return f"The connection to {vendor} was cut."
