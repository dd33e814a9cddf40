"""Attempts: sends one request until its answer was read, or until another attempt would not help."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, TypedDict

from session_source.api import times
from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind, StatusInBody
from session_source.api.request import Request
from session_source.http.auth import EitherAuth
from session_source.http.form import Form
from session_source.http.gate import Gate
from session_source.http.retry import RetryPolicy, Tries
from session_source.http.status import asked_wait, of_status
from session_source.http.traffic import NO_ANSWER, TIMEOUT, Reason, Traffic
from session_source.http.transport import Transport

if TYPE_CHECKING:
    from session_source.http.rounds import Place

OVERLOAD = frozenset({503, 504})
"""Statuses of a vendor that cannot serve so many requests; a timeout means the same."""


class Options(TypedDict, total=False):
    """What the caller of a request may set."""

    explain: Callable[[Answer], Fault | None]
    """Explains an answer with a bad status in the vendor's terms. It returns None, or raises ``ValueError`` for a
    body that the vendor did not write, if the status alone decides."""
    log: Callable[[str], None]
    """Receives a line for the log before each wait."""
    limited: Callable[[float], None]
    """Called before the wait for a rate limit or for the hourly budget, with its seconds."""
    traffic: Traffic
    """Counts the requests and waits; by default the connection's."""
    failures: int
    """How many failures in a row end the request; by default the retry policy's."""
    can_ask_less: bool
    """Whether the caller can request less at once. Then a 413, and a second 504 or timeout, end the request."""


class KeptAnswers:
    """The answers to requests with ``is_kept``, for the rest of the command."""

    def __init__(self) -> None:
        self._answers: dict[bytes, Answer] = {}
        self._locks: dict[bytes, threading.Lock] = {}

    def lock(self, request: Request) -> threading.Lock:
        """Return what makes other threads wait while one of them sends the request."""
        return self._locks.setdefault(request.address, threading.Lock())

    def get(self, request: Request) -> Answer | None:
        """Return the answer to a request, if there is one."""
        return self._answers.get(request.address) if request.is_kept else None

    def put(self, request: Request, answer: Answer) -> None:
        """Keep an answer, if the request asks for it."""
        if request.is_kept:
            self._answers[request.address] = answer


@dataclass(frozen=True)
class Connection:
    """What all requests of a connection share."""

    vendor: str
    """The vendor's name, for messages."""
    hint: str
    """A sentence that says how to fix this vendor's credentials."""
    auth: EitherAuth
    retry_policy: RetryPolicy
    transport: Transport
    gate: Gate
    traffic: Traffic
    kept: KeptAnswers


class Attempts:
    """The attempts to get one request answered. The methods stand in the order in which they are called.

        for attempt in Attempts(request, options, connection):
            with attempt as answer:
                rows = read(answer)

    The iteration sends the request until an answer with a good status was read. A ``ValueError`` in the block
    means that the body is not what it should be; it is retried like an outage.

    Raises:
        Fault: there is no such answer, and another attempt would not help.
        Closed: the client was closed.
    """

    def __init__(self, request: Request, options: Options, connection: Connection) -> None:
        self._request = request
        self._options = options
        self._connection = connection
        self._policy = connection.retry_policy.within(request.within)
        self._traffic = options.get("traffic", connection.traffic)
        self._form = Form(connection.auth, request.wishes)
        self._tries = Tries()
        self._place: Place | None = None
        """The place of the last attempt among the open requests."""
        self._is_over = False

    def __iter__(self) -> Iterator["Attempt"]:
        while not self._is_over:
            answer = self._connection.kept.get(self._request) or self._send()
            if answer is not None:
                yield Attempt(self, answer)

    def _send(self) -> Answer | None:
        """Send the request once, when the vendor may be asked.

        Its place among the open requests is taken until it is decided how to go on: after a rate limit, no other
        request may use it.

        Returns:
            An answer with a good status; None if the request has to be sent again.
        """
        with self._connection.gate.turn(self._log, self._traffic, self._limited) as turn:
            self._place = turn.place
            self._tries.failing_since += turn.waited
            began = time.monotonic()
            try:
                answer = self._exchange()
            except Fault as fault:
                wait = self._failed(fault)
            else:
                if 200 <= answer.status < 300:
                    turn.seconds = time.monotonic() - began
                    return answer
                wait = self._refused(answer)
        self._wait(wait)
        return None

    def _exchange(self) -> Answer:
        """Send the request, and count it."""
        self._tries.count += 1
        is_retry = self._tries.count > 1
        try:
            answer = self._connection.transport.send(self._request, self._form, self._policy)
        except Fault as fault:
            self._traffic.count(TIMEOUT if fault.is_timeout else NO_ANSWER, is_retry=is_retry)
            raise
        self._traffic.count(answer.status, received=len(answer.body), is_retry=is_retry)
        return answer

    def succeed(self, answer: Answer) -> None:
        """End the iteration: the answer was read."""
        self._is_over = True
        self._connection.kept.put(self._request, answer)
        self._form.settle()

    def misread(self, answer: Answer, error: Exception) -> bool:
        """Handle an error that reading the answer raised.

        Returns:
            Whether the request is sent again; False if the error is not about the answer.

        Raises:
            Fault: another attempt would not help.
        """
        if isinstance(error, StatusInBody):
            wait = self._refused(replace(answer, status=error.status))
        elif isinstance(error, Fault):
            wait = self._failed(_with_wait(error, answer))
        elif isinstance(error, ValueError):
            message = f"{self._connection.vendor} sent an answer that could not be read: {error}."
            wait = self._failed(Fault(Kind.OUTAGE, message))
        else:
            return False
        self._wait(wait)
        return True

    def _refused(self, answer: Answer) -> float:
        """Handle an answer with a bad status: change the request, or treat it as a failure."""
        if self._form.change(answer):
            return 0.0
        return self._failed(self._explained(self._form.reported(answer)))

    def _explained(self, answer: Answer) -> Fault:
        """Return what an answer with a bad status means, in the vendor's terms if possible."""
        try:
            fault = self._options["explain"](answer) if "explain" in self._options else None
        except ValueError:  # a body that the vendor did not write: a proxy's page
            fault = None
        if fault is None:
            return of_status(self._connection.vendor, answer, hint=self._connection.hint, now=datetime.now(UTC))
        fault.status = answer.status
        return _with_wait(fault, answer)

    def _failed(self, fault: Fault) -> float:
        """Decide how to go on after a failed attempt.

        Returns:
            How many seconds this request waits. After a rate limit all requests wait, at the gate.

        Raises:
            Fault: another attempt would not help.
        """
        gate, tries = self._connection.gate, self._tries
        if fault.is_timeout:
            gate.hold(self._policy.after_timeout, Reason.FAILURE)
        if fault.is_timeout or fault.status in OVERLOAD:
            gate.overload(self._place)
        if not fault.kind.is_retried:
            raise fault from None
        tries.note(fault)
        repeats = tries.failures > (0 if fault.is_timeout else 1)
        if self._options.get("can_ask_less") and fault.may_be_too_large and repeats:
            raise fault from None
        wait = tries.wait(fault, self._policy, self._options.get("failures", self._policy.attempts))
        self._log(f"{fault.message} Trying again in {times.in_words(wait)} (attempt {tries.count}).")
        if fault.kind is not Kind.LIMIT:
            return wait
        tries.limited += wait
        gate.refuse(self._place, wait)
        self._limited(wait)
        return 0.0

    def _wait(self, seconds: float) -> None:
        if seconds > 0:
            self._connection.gate.wait(seconds, Reason.FAILURE, self._traffic)

    def _limited(self, seconds: float) -> None:
        if "limited" in self._options:
            self._options["limited"](seconds)

    def _log(self, line: str) -> None:
        if "log" in self._options:
            self._options["log"](line)


class Attempt:
    """One answer, read in a ``with`` block: an error in the block decides whether the request is sent again."""

    def __init__(self, attempts: Attempts, answer: Answer) -> None:
        self._attempts = attempts
        self._answer = answer
        self._is_doubted = False
        self._is_accepted = False

    def accept(self) -> None:
        """Let errors in the rest of the block pass: what was read of the answer is in use."""
        self._is_accepted = True

    def again(self) -> None:
        """Send the request once more, although the answer could be read."""
        self._is_doubted = True

    def __enter__(self) -> Answer:
        return self._answer

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Suppress an error after which the request is sent again."""
        if error is None:
            if not self._is_doubted:
                self._attempts.succeed(self._answer)
            return False
        if self._is_accepted or not isinstance(error, Exception):
            return False
        return self._attempts.misread(self._answer, error)


def _with_wait(fault: Fault, answer: Answer) -> Fault:
    """Set how long the answer asks to wait, if the fault does not say so."""
    if fault.wait is None:
        fault.wait = asked_wait(fault.kind, answer, datetime.now(UTC))
    return fault
