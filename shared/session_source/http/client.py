"""The client: sends the requests of one connection to a vendor.

It uses ``requests`` instead of the CDK's ``HttpClient``. That one sleeps where nothing can wake it (a sync that
has failed waits out the rate limit of every worker), lets each worker meet the same limit by itself, prints stream
statuses from workers' threads, logs URLs, and has no timeout for a whole answer.

The way of a request: ``attempts`` (retries) → ``gate`` (when may it be sent?) → ``transport`` (one exchange).
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar, Unpack

from requests.auth import AuthBase

from session_source.api.answer import Answer
from session_source.api.request import Request
from session_source.http.attempts import Attempt, Attempts, Connection, KeptAnswers, Options
from session_source.http.auth import EitherAuth
from session_source.http.budget import Budget, RequestRate
from session_source.http.concurrency import ConcurrencyLimit
from session_source.http.gate import Gate
from session_source.http.retry import RetryPolicy
from session_source.http.traffic import Traffic
from session_source.http.transport import Observer, Transport

Read = TypeVar("Read")


class Client:
    """Sends requests. Its workers share the connections and every wait.

    Args:
        vendor: the vendor's name, for messages.
        base_url: the address that the paths of requests are below.
        auth: adds the credentials to a request.
        hint: a sentence that says how to fix this vendor's credentials.
        retry_policy: timeouts and limits on waiting.
        budget: the limit on requests an hour, for a vendor that locks out clients that exceed it.
        rate: the limit on requests in a moment.
        workers: how many threads use the client, and so how many requests are open at most.
        observer: called with each request that was sent, and its outcome.
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
        observer: Observer | None = None,
    ) -> None:
        self.vendor = vendor
        self.retry_policy = retry_policy
        self.traffic = Traffic()
        self._gate = Gate(vendor, ConcurrencyLimit(workers), retry_policy, budget=budget, rate=rate)
        self._transport = Transport(
            vendor, base_url, connections=workers, closed=self._gate.closed, observer=observer
        )
        self._kept = KeptAnswers()
        self._connection = Connection(
            vendor=vendor,
            hint=hint,
            auth=auth if isinstance(auth, EitherAuth) else EitherAuth(auth),
            retry_policy=retry_policy,
            transport=self._transport,
            gate=self._gate,
            traffic=self.traffic,
            kept=self._kept,
        )

    @property
    def spellings(self) -> tuple[AuthBase, ...]:
        """How the credentials may be written on a request; the one that the vendor accepted comes first."""
        return self._connection.auth.candidates

    def close(self) -> None:
        """Wake every thread that waits; it ends with ``Closed``."""
        self._gate.close()
        self._transport.close()

    def fetch(self, request: Request, read: Callable[[Answer], Read], **options: Unpack[Options]) -> Read:
        """Send a request until ``read`` could read its answer, and return what it read; see ``attempts``."""
        for attempt in self.attempts(request, **options):
            with attempt as answer:
                return read(answer)
        raise AssertionError("attempts end with an answer that was read, or with an error")

    def attempts(self, request: Request, **options: Unpack[Options]) -> Iterator[Attempt]:
        """Iterate over the attempts to get a request answered; see ``Attempts``.

        Raises:
            Fault: there is no answer that could be read, and another attempt would not help.
            Closed: the client was closed.
        """
        with self._kept.lock(request) if request.is_kept else contextlib.nullcontext():
            yield from Attempts(request, options, self._connection)
