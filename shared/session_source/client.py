"""The client: sends requests to a vendor until they are answered, gently, and never longer than it should.

It stands on ``requests`` rather than on the CDK's ``HttpClient``, which sleeps where nothing can wake it (a
sync that has failed waits out every worker's rate limit), lets each worker run into the same limit by itself,
prints statuses from workers' threads, logs URLs, and has no total timeout.
"""

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import requests
import urllib3
from requests.auth import AuthBase

from session_source import times
from session_source.auth import EitherAuth
from session_source.budget import Budget, RequestRate
from session_source.deadlines import Adapter, Deadlines
from session_source.errors import Fault, Kind, ToldInBody, asked_wait, of_status
from session_source.exchange import Answer, Request, Wish

Read = TypeVar("Read")

_LATER = "Try again later: a sync goes on with what was not read."
"""The cure where a vendor could not be asked any longer."""

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

    def within(self, seconds: float | None) -> "Patience":
        """Give up on a request after about this long, if that is less; a rate limit is waited for as before."""
        if seconds is None:
            return self
        parts = {name: min(getattr(self, name), seconds) for name in ("connect", "read", "total", "outage")}
        return replace(self, **parts)

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


class _Form:
    """How a request is written where vendors' pages leave it open: the spelling of credentials, and its wishes."""

    def __init__(self, auth: EitherAuth, wishes: Iterable[Wish]) -> None:
        self._auth = auth
        self._spellings = list(auth.candidates)
        self._options = {wish: wish.granted or 0 for wish in wishes}
        self._refusal: Answer | None = None

    @property
    def spelling(self) -> AuthBase:
        """What puts the credentials on the request."""
        return self._spellings[0]

    @property
    def fields(self) -> dict[str, Any]:
        """The fields that are wished for in its body."""
        chosen = [wish.options[option] for wish, option in self._options.items()]
        return {name: value for fields in chosen for name, value in fields.items()}

    def change(self, refused: Answer) -> bool:
        """Choose another form after a refusal; report whether there is one to try."""
        if refused.status in {401, 403} and len(self._spellings) > 1:
            self._refusal = self._refusal or refused
            self._spellings.pop(0)
            return True
        return refused.status == 400 and self._falls_back(refused)

    def reported(self, refused: Answer) -> Answer:
        """Return the refusal to report: of credentials, that of the first spelling."""
        return self._refusal if refused.status in {401, 403} and self._refusal else refused

    def settle(self) -> None:
        """Let other requests use this form: the vendor accepted it."""
        self._auth.accept(self.spelling)
        for wish, option in self._options.items():
            wish.granted = option if wish.granted is None else wish.granted

    def _falls_back(self, refused: Answer) -> bool:
        for wish, option in self._options.items():
            if option == wish.granted or not wish.is_about(refused):
                continue
            following = option + 1 if wish.granted is None else wish.granted
            if following < len(wish.options):
                self._options[wish] = following
                return True
        return False


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
        rate: how many requests the vendor allows in a moment.
        workers: how many threads will use it.
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
        rate: RequestRate | None = None,
        workers: int = 1,
    ) -> None:
        self.vendor = vendor
        self.base_url = base_url.rstrip("/")
        self.cure = cure
        self.patience = patience
        self.budget = budget
        self.rate = rate
        self.closed = threading.Event()
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
        self._kept: dict[tuple[Any, ...], Answer] = {}

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
        tries = _Tries()
        patience = self.patience.within(request.within)
        form = _Form(self._auth, request.wishes)
        while True:
            try:
                answer = self._kept.get(request.address)
                if answer is None:
                    tries.failing_since += self._take_turn(say)
                    tries.count += 1
                    answer = self._send(request, form, patience)
                try:
                    if 200 <= answer.status < 300:
                        result = self._read(request, answer, read)
                except ToldInBody as told:
                    answer = replace(answer, status=told.status)
                if not 200 <= answer.status < 300:
                    if form.change(answer):
                        continue
                    raise self._explained(form.reported(answer), explain)
                form.settle()
            except Fault as fault:
                if not fault.kind.is_retried:
                    raise
                tries.note(fault)
                wait = self._wait_for(fault, tries, patience)
                say(f"{fault.sentence} Trying again in {times.in_words(wait)} (attempt {tries.count}).")
                if fault.kind is Kind.LIMIT:
                    tries.limited += wait
                    self._hold(wait)
                    limited()
                elif self.closed.wait(wait):
                    raise Closed from None
            else:
                return result

    def _read(self, request: Request, answer: Answer, read: Callable[[Answer], Read]) -> Read:
        """Read an answer with a good status.

        Raises:
            ToldInBody: the vendor reports an error in it.
            Fault: the same in the vendor's terms, or it cannot be read.
        """
        try:
            result = read(answer)
        except Fault as fault:
            raise _with_wait(fault, answer) from None
        except ValueError as error:
            raise Fault(Kind.OUTAGE, f"{self.vendor} sent an answer that cannot be read: {error}.") from None
        if request.is_kept:
            self._kept[request.address] = answer
        return result

    def _send(self, request: Request, form: "_Form", patience: Patience) -> Answer:
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
            return self._exchange(prepared, patience)
        finally:
            if self.rate is not None:
                self.rate.end()

    def _exchange(self, prepared: requests.PreparedRequest, patience: Patience) -> Answer:
        with self._deadlines.within(patience.total) as exchange:
            try:
                response = self._adapter.send(
                    prepared, timeout=(patience.connect, patience.read), **self._settings
                )
                with contextlib.closing(response):
                    # In one go: requests reads in pieces of 10 kB, a fifth of the CPU of a read.
                    body = response.raw.read(decode_content=True)
            except (requests.Timeout, urllib3.exceptions.TimeoutError):
                raise self._timeout(patience.read) from None
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
                if exchange.is_cut:
                    raise self._timeout(patience.total) from None
                raise Fault(Kind.OUTAGE, _connection_sentence(self.vendor, error)) from None
            except ValueError:  # http.client refuses a header with a line break
                raise Fault(
                    Kind.CONFIG, f"The credentials for {self.vendor} hold a line break. Paste them without it."
                ) from None
        if exchange.is_cut:  # an answer without a length ends where it is cut, and no error tells
            raise self._timeout(patience.total)
        return Answer(response.status_code, response.headers, body)

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

    def _wait_for(self, fault: Fault, tries: _Tries, patience: Patience) -> float:
        """Decide how long to wait before the next attempt, or raise what ends them."""
        many = min(tries.failures or tries.count, 10)
        backoff = min(2.0 ** (many - 1), 30) * random.uniform(0.75, 1.25)  # noqa: S311 - no secret
        if fault.kind is Kind.LIMIT:
            wait = max(fault.wait or backoff, 1.0)
            if tries.limited + wait > patience.limit:
                raise self._too_long(fault.sentence, wait)
            return wait
        wait = max(backoff, fault.wait or 0)
        if tries.failures >= patience.attempts or time.monotonic() - tries.failing_since + wait > patience.outage:
            tried = f" It was tried {tries.count} times." if tries.count > 1 else ""
            raise Fault(Kind.STUCK, f"{fault.sentence}{tried} {_LATER}")
        return wait

    def _too_long(self, sentence: str, wait: float) -> Fault:
        until = datetime.now(UTC) + timedelta(seconds=wait)
        return Fault(
            Kind.STUCK,
            f"{sentence} The next request may go out in {times.in_words(wait)}, at "
            f"{until:%Y-%m-%d %H:%M:%S} UTC, which is longer than max_waiting_time "
            f"({times.in_words(self.patience.limit)}). Run the sync again then, or raise max_waiting_time.",
        )

    def _hold(self, seconds: float) -> None:
        """Let no worker send anything for a while."""
        self._open_at = max(self._open_at, time.monotonic() + seconds)

    def _take_turn(self, say: Callable[[str], None]) -> float:
        """Wait until the vendor may be asked, and budget and rate have room; return how many seconds."""
        began = time.monotonic()
        is_in_budget = self.budget is None
        while True:
            wait = self._open_at - time.monotonic()
            if wait <= 0 and not is_in_budget:
                wait = self._take_from_budget(say)
                is_in_budget = wait <= 0
            if wait <= 0 and self.rate is not None:
                wait = self.rate.take()
            if wait <= 0:
                if self.closed.is_set():
                    raise Closed
                return time.monotonic() - began
            if self.closed.wait(wait):
                raise Closed

    def _take_from_budget(self, say: Callable[[str], None]) -> float:
        """Take one request out of the budget; return 0, or how many seconds to wait before asking again."""
        wait = self.budget.take() if self.budget is not None else 0.0
        if self.budget is not None and wait > 0:
            used_up = f"The budget of {self.budget.limit} requests an hour is used up."
            if wait > self.patience.limit:
                raise self._too_long(used_up, wait)
            say(f"{used_up} Going on in {times.in_words(wait)}.")
        return wait


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
