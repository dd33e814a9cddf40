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
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from session_source.api import times
from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind, StatusInBody
from session_source.api.request import Request
from session_source.http.addresses import is_loopback
from session_source.http.auth import EitherAuth
from session_source.http.budget import Budget, RequestRate
from session_source.http.deadlines import Adapter, Deadlines
from session_source.http.form import Form
from session_source.http.retry import RetryPolicy, Tries
from session_source.http.status import asked_wait, of_status

Read = TypeVar("Read")

Observer: TypeAlias = Callable[[requests.PreparedRequest, Answer | Fault], None]
"""Is called with each request as it was sent, and its answer or the fault that there was instead."""

_LATER = "Try again later: a sync goes on with what was not read."
"""The hint where a vendor could not be asked any longer."""

LARGEST_ANSWER = 256 * 2**20
"""Bytes of an answer's body, decompressed, that are read at most."""

PIECE = 16 * 2**20
"""Bytes of a body that are read at once."""

_HEADERS = {**requests.utils.default_headers(), "Accept": "application/json"}


class Closed(Exception):  # noqa: N818 - no error: the reading ended, and the thread that sees this ends too
    """The client was closed while it waited."""


class Options(TypedDict, total=False):
    """What the caller of a request wants beside its answer."""

    explain: Callable[[Answer], Fault | None]
    """Explains an answer with a bad status in the vendor's terms, or leaves it to the status alone by None or by a
    ``ValueError`` for a body that is not the vendor's."""
    log: Callable[[str], None]
    """Receives a line for the log before each wait."""
    limited: Callable[[], None]
    """Called when the vendor asks to slow down, before the wait."""
    failures: int
    """How many failures in a row end the request; the client's retry_policy decides if not given."""
    can_ask_less: bool
    """Whether the caller can ask for less at once. Then a 413, and a second 504 or timeout, end the request."""


class Client:
    """Sends requests of one connection; its workers share the pool of connections and every wait.

    Args:
        vendor: the vendor's name, for messages.
        base_url: what the endpoints' paths are below.
        auth: puts the credentials on a request.
        hint: how this vendor's credentials are mended, a message.
        retry_policy: how long to wait for what.
        budget: how many requests the vendor allows, where it locks out those who send more.
        rate: how many requests the vendor allows in a moment.
        workers: how many threads will use it.
        deadline: when, in ``time.monotonic()``, nothing is sent or waited for any more.
        observer: is called with each request and its outcome.
    """

    def __init__(  # noqa: PLR0913 - each is one thing a vendor or a user chooses
        self,
        *,
        vendor: str,
        base_url: str,
        auth: AuthBase,
        hint: str,
        retry_policy: RetryPolicy,
        budget: Budget | None = None,
        rate: RequestRate | None = None,
        workers: int = 1,
        deadline: float = math.inf,
        observer: Observer | None = None,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self.hint = hint
        self.retry_policy = retry_policy
        self.budget = budget
        self.rate = rate
        self.closed = threading.Event()
        self._observer = observer
        self.auth = auth if isinstance(auth, EitherAuth) else EitherAuth(auth)
        self._deadline = deadline
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

    def fetch(self, request: Request, read: Callable[[Answer], Read], **options: Unpack[Options]) -> Read:
        """Send a request until ``read`` could read its answer; see ``attempts``."""
        for attempt in self.attempts(request, **options):
            with attempt as answer:
                return read(answer)
        raise AssertionError("attempts end with an answer that was read, or with an error")

    def attempts(self, request: Request, **options: Unpack[Options]) -> Iterator["Attempt"]:
        """Send a request until an answer with a good status was read.

            for attempt in client.attempts(request):
                with attempt as answer:
                    rows = read(answer)

        A ``ValueError`` in the block means that the body is not what it should be; it is retried like an outage.

        Raises:
            Fault: it could not be read, and trying again does not help or did not.
            Closed: the client was closed meanwhile.
        """
        call = _Call(self, request, options)
        with contextlib.ExitStack() as keeping:
            if request.is_kept:  # others wait for this answer
                keeping.enter_context(self._keeping.setdefault(request.address, threading.Lock()))
            while not call.is_over:
                answer = call.send()
                if answer is not None:
                    yield Attempt(call, answer)

    def kept(self, request: Request) -> Answer | None:
        """Return the answer that was kept for a request."""
        return self._kept.get(request.address) if request.is_kept else None

    def keep(self, request: Request, answer: Answer) -> None:
        """Keep an answer for the rest of the command, if the request says so."""
        if request.is_kept:
            self._kept[request.address] = answer

    def send(self, request: Request, form: "Form", retry_policy: RetryPolicy) -> Answer:
        """Send a request once.

        Raises:
            Fault: there was no answer.
        """
        try:
            # Neither prepared nor sent by the session, which merges settings and keeps cookies: it saves a fifth.
            prepared = requests.Request(
                request.method,
                f"{self.base_url}/{request.path}",
                params=request.params,
                headers={**_HEADERS, **request.headers},
                data=request.form,
                json={**(request.json or {}), **form.fields} if form.fields else request.json,
                auth=form.spelling,
            ).prepare()
            try:
                answer = self._exchange(prepared, retry_policy)
            except Fault as fault:
                if self._observer is not None:
                    self._observer(prepared, fault)
                raise
            if self._observer is not None:
                self._observer(prepared, answer)
            return answer
        finally:
            if self.rate is not None:
                self.rate.end()

    def _exchange(self, prepared: requests.PreparedRequest, retry_policy: RetryPolicy) -> Answer:
        total = min(retry_policy.total, self._left)
        connect, read = min(retry_policy.connect, total), min(retry_policy.read, total)
        if total <= 0:
            raise self._timeout(retry_policy.total)
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
                raise Fault(Kind.OUTAGE, _connection_message(self.vendor, error)) from None
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
        if self.retry_policy.after_timeout:
            self.hold(self.retry_policy.after_timeout)
        message = f"{self.vendor} did not answer within {times.in_words(seconds)}."
        return Fault(Kind.OUTAGE, message, wait=self.retry_policy.after_timeout, is_timeout=True)

    def explained(self, answer: Answer, explain: Callable[[Answer], Fault | None]) -> Fault:
        """Return what an answer with a bad status means, in the vendor's terms where there are any."""
        try:
            fault = explain(answer)
        except ValueError:  # a body that the vendor did not write: a proxy's page
            fault = None
        if fault is None:
            return of_status(self.vendor, answer, hint=self.hint, now=datetime.now(UTC))
        fault.status = answer.status
        return _with_wait(fault, answer)

    def wait_for(self, fault: Fault, tries: Tries, retry_policy: RetryPolicy, most: int) -> float:
        """Decide how long to wait before the next attempt, or raise what ends them."""
        many = min(tries.failures or tries.count, 10)
        backoff = min(2.0 ** (many - 1), 30) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        if fault.kind is Kind.LIMIT:
            wait = max(fault.wait or backoff, 1.0)
            if tries.limited + wait > retry_policy.limit or wait > self._left:
                raise self._too_long(fault.message, wait)
            return wait
        wait = max(backoff, fault.wait or 0)
        is_over = time.monotonic() - tries.failing_since + wait > retry_policy.outage or wait > self._left
        if tries.failures >= min(most, retry_policy.attempts) or is_over:
            tried = f" It was tried {tries.count} times." if tries.count > 1 else ""
            fault.message = f"{fault.message}{tried} {_LATER}"
            raise fault from None
        return wait

    def _too_long(self, message: str, wait: float) -> Fault:
        until = datetime.now(UTC) + timedelta(seconds=wait)
        then = f"The next request may go out in {times.in_words(wait)}, at {until:%Y-%m-%d %H:%M:%S} UTC"
        if self._deadline < math.inf:
            return Fault(Kind.STUCK, f"{message} {then}. Try again then.")
        return Fault(
            Kind.STUCK,
            f"{message} {then}, which is longer than max_waiting_time "
            f"({times.in_words(self.retry_policy.limit)}). Run the sync again then, or raise max_waiting_time.",
        )

    def hold(self, seconds: float) -> None:
        """Let no worker send anything for a while."""
        self._open_at = max(self._open_at, time.monotonic() + seconds)

    def take_turn(self, log: Callable[[str], None]) -> float:
        """Wait until the vendor may be asked, and budget and rate have room; return how many seconds."""
        began = time.monotonic()
        is_in_budget = self.budget is None
        while True:
            wait = self._open_at - time.monotonic()
            if wait <= 0 and not is_in_budget:
                wait = self._take_from_budget(log)
                is_in_budget = wait <= 0
            if wait <= 0 and self.rate is not None:
                wait = self.rate.take()
            if wait <= 0:
                if self.closed.is_set():
                    raise Closed
                return time.monotonic() - began
            if wait > self._left:
                raise self._too_long(f"{self.vendor} cannot be asked now.", wait)
            if self.closed.wait(wait):
                raise Closed

    def _take_from_budget(self, log: Callable[[str], None]) -> float:
        """Take one request out of the budget; return 0, or how many seconds to wait before asking again."""
        wait = self.budget.take() if self.budget is not None else 0.0
        if self.budget is not None and wait > 0:
            used_up = f"The budget of {self.budget.limit} requests an hour is used up."
            if wait > self.retry_policy.limit:
                raise self._too_long(used_up, wait)
            log(f"{used_up} Going on in {times.in_words(wait)}.")
        return wait


class _Call:
    """A request on its way to an answer that could be read."""

    def __init__(self, client: Client, request: Request, options: Options) -> None:
        self.is_over = False
        self._client = client
        self._request = request
        self._options = options
        self._explain: Callable[[Answer], Fault | None] = options.get("explain", lambda _: None)
        self._log: Callable[[str], None] = options.get("log", lambda _: None)
        self._tries = Tries()
        self._policy = client.retry_policy.within(request.within)
        self._form = Form(client.auth, request.wishes)

    def send(self) -> Answer | None:
        """Send it once.

        Returns:
            An answer with a good status; None where it has to be sent again.
        """
        client, kept = self._client, self._client.kept(self._request)
        try:
            if kept is None:
                self._tries.failing_since += client.take_turn(self._log)
                self._tries.count += 1
            answer = kept or client.send(self._request, self._form, self._policy)
            if 200 <= answer.status < 300:
                return answer
        except Fault as fault:
            self.fail(fault)
        else:
            self._refuse(answer)
        return None

    def succeed(self, answer: Answer) -> None:
        """Note that the answer was read."""
        self.is_over = True
        self._client.keep(self._request, answer)
        self._form.settle()

    def misread(self, answer: Answer, error: Exception) -> bool:
        """Handle an error in the reading of an answer; return False where it is not about the answer."""
        if isinstance(error, StatusInBody):
            self._refuse(replace(answer, status=error.status))
        elif isinstance(error, Fault):
            self.fail(_with_wait(error, answer))
        elif isinstance(error, ValueError):
            self.fail(Fault(Kind.OUTAGE, f"{self._client.vendor} sent an answer that cannot be read: {error}."))
        else:
            return False
        return True

    def _refuse(self, answer: Answer) -> None:
        """Choose another form of the request after an answer with a bad status, or wait for the next attempt."""
        if not self._form.change(answer):
            self.fail(self._client.explained(self._form.reported(answer), self._explain))

    def fail(self, fault: Fault) -> None:
        """Wait until it may be sent again, or raise the fault if that does not help."""
        client, tries = self._client, self._tries
        if not fault.kind.is_retried:
            raise fault from None
        tries.note(fault)
        if (
            self._options.get("can_ask_less")
            and fault.may_be_too_large
            and tries.failures > (0 if fault.is_timeout else 1)
        ):
            raise fault from None
        wait = client.wait_for(fault, tries, self._policy, self._options.get("failures", self._policy.attempts))
        self._log(f"{fault.message} Trying again in {times.in_words(wait)} (attempt {tries.count}).")
        if fault.kind is Kind.LIMIT:
            tries.limited += wait
            client.hold(wait)
            self._options.get("limited", lambda: None)()
        elif client.closed.wait(wait):
            raise Closed from None


class Attempt:
    """An answer, to be read in a ``with``: an error in the block decides whether the request is retried."""

    def __init__(self, call: _Call, answer: Answer) -> None:
        self._call = call
        self._answer = answer
        self._is_doubted = False

    def again(self) -> None:
        """Send the request once more, although the answer could be read."""
        self._is_doubted = True

    def __enter__(self) -> Answer:
        return self._answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Wait for the next attempt, or let a final error pass."""
        if error is None:
            if not self._is_doubted:
                self._call.succeed(self._answer)
            return False
        return isinstance(error, Exception) and self._call.misread(self._answer, error)


def _with_wait(fault: Fault, answer: Answer) -> Fault:
    """Note how long the answer asks to wait, if the fault does not say so."""
    if fault.wait is None:
        fault.wait = asked_wait(fault.kind, answer, datetime.now(UTC))
    return fault


def _connection_message(vendor: str, error: Exception) -> str:
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
