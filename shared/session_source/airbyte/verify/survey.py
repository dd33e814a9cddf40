"""The survey: sends the requests of ``verify``, and keeps what several probes look at."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, Unpack

from requests import PreparedRequest

from session_source.airbyte.verify.sample import ENOUGH, Ending, Read, Sample
from session_source.airbyte.verify.shape import RowShape
from session_source.api.answer import Answer
from session_source.api.columns import Row, Value, evaluate
from session_source.api.endpoint import Endpoint, PageContext, Partition, first_page
from session_source.api.errors import REFUSED_PAGE, Fault, Kind
from session_source.api.pagination import Page
from session_source.api.request import Request
from session_source.api.windows import Window
from session_source.http.attempts import Options
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy
from session_source.sync.settings import Settings

MOST_REQUESTS = 30
"""The most requests of one run."""

SECONDS = 55.0
"""The time after which no request is sent; with start-up, a run ends within a minute."""

PAGES = 3
"""How many pages of a list are read."""

PARTITIONS = 3
"""How many sites, apps or websites are tried until one has enough rows."""

POLICY = RetryPolicy(connect=5, read=15, total=20, outage=20, limit=10, attempts=2)
"""Timeouts and limits on waiting."""


class Exchange(NamedTuple):
    """One request and its answer, as the report shows it."""

    method: str
    status: int | None
    seconds: float
    size: int
    headers: Mapping[str, str]


class Exchanges(list[Exchange]):
    """The exchanges of a run, in order; an observer of a client."""

    def note(self, request: PreparedRequest, outcome: Answer | Fault, seconds: float) -> None:
        """Add a request and its answer, or the fault that it met."""
        status, size, headers = (
            (outcome.status, len(outcome.body), outcome.headers) if isinstance(outcome, Answer) else (None, 0, {})
        )
        self.append(Exchange(str(request.method), status, round(seconds, 3), size, headers))


class Exact(Window):
    """A window that is requested as it is, to see whether the vendor includes its bounds."""

    __slots__ = ()

    def whole_seconds(self, *, early: int = 0) -> Window:
        """Return the window itself: no second is added."""
        return self


class Survey:
    """Requests to a vendor with one account.

    Args:
        endpoints: the endpoints of the config.
        client: sends the requests.
        exchanges: the exchanges of the client so far.
        settings: the settings of the config.
        package: the vendor's package, for schemas.
    """

    def __init__(
        self, endpoints: Sequence[Endpoint], client: Client, exchanges: Exchanges, settings: Settings, package: str
    ) -> None:
        self.endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.client = client
        self.exchanges = exchanges
        self.span = settings.span
        self.now = settings.now
        self.spellings = client.spellings
        """The spellings of the credentials, before one was accepted."""
        self.samples: dict[str, Sample] = {}
        """What was read of each endpoint."""
        self.filtered_by: dict[str, str] = {}
        """The column that the vendor filters by, by endpoint, once a probe has found it; see ``times.OVERLAP``."""
        self._window = timedelta(days=settings.window_days)
        self._package = package
        self._partitions: dict[str, list[Partition]] = {}
        self._shapes: dict[str, RowShape] = {}

    def fetch(self, request: Request, read: Callable[[Answer], Any], **options: Unpack[Options]) -> Any:  # noqa: ANN401 - whatever is read
        """Send a request, if all its attempts are within the limit, and return what is read from its answer.

        Raises:
            Fault: the request failed, or too many requests were sent.
        """
        if len(self.exchanges) + POLICY.attempts > MOST_REQUESTS:
            raise Fault(Kind.STUCK, f"verify sends at most {MOST_REQUESTS} requests, and all are used.")
        return self.client.fetch(request, read, **options)

    def sample(self, name: str) -> Sample:
        """Return the sample of an endpoint. It is requested once.

        First the vendor's usual window is requested, then, if it has few rows, all of the config's time.

        Raises:
            Fault: a request failed.
        """
        if name not in self.samples:
            self.samples[name] = self._take(self.endpoints[name])
        return self.samples[name]

    def shape(self, name: str) -> RowShape:
        """Return the shape of an endpoint's rows, for the schema of the stream that is made of them."""
        if name not in self._shapes:
            sample = self.sample(name)
            stream = next(stream for stream in sample.endpoint.streams if stream.items is None)
            shape = self._shapes[name] = RowShape(stream.json_schema(self._package))
            for row in (*sample.rows, *self._others(sample)):
                shape.add(row)
        return self._shapes[name]

    def _others(self, sample: Sample) -> Iterator[Row]:
        """Yield the rows of the first page of each other partition. A partition that fails is skipped.

        Rows of a site, an app or a platform may have another shape than those of the sample.
        """
        endpoint = sample.endpoint
        for partition in self._partitions[endpoint.name]:
            if partition != sample.partition:
                with contextlib.suppress(Fault):
                    window = self._windows(endpoint)[0]
                    yield from self.read(endpoint, first_page(endpoint, window, partition)).page.rows

    def _take(self, endpoint: Endpoint) -> Sample:
        partitions = endpoint.partitions(self.fetch)[:PARTITIONS]
        self._partitions[endpoint.name] = partitions
        endpoint.prepare(self.fetch, partitions, self.span)
        best = Sample(endpoint, {}, self.now)
        for partition in partitions:
            for window in self._windows(endpoint):
                sample = self.pages(endpoint, partition, window)
                if not best.pages or len(sample.rows) > len(best.rows):
                    best = sample
                if len(best.rows) >= ENOUGH:
                    return best
        return best

    def _windows(self, endpoint: Endpoint) -> list[Window]:
        everything = self.span.end - self.span.start
        longest = (endpoint.time_filter and endpoint.time_filter.longest) or everything
        lengths = dict.fromkeys(min(length, longest) for length in (self._window, everything))
        return [Window(max(self.span.start, self.span.end - length), self.span.end) for length in lengths]

    def pages(self, endpoint: Endpoint, partition: Partition, window: Window) -> Sample:
        """Read the first pages of a window.

        Raises:
            Fault: a request failed.
        """
        found: list[Read] = []
        ending = None
        for step in self._walk(endpoint, first_page(endpoint, window, partition)):
            if isinstance(step, Read):
                found.append(step)
            else:
                ending = step
        return Sample(endpoint, partition, self.now, found, ending)

    def _walk(self, endpoint: Endpoint, first: PageContext) -> Iterator[Read | Ending]:
        """Yield the first pages of a list, and then how it ends, if these are all."""
        read = self.read(endpoint, first)
        seen = set(read.keys)
        yield read
        for _ in range(PAGES - 1):
            following = read.following
            if following is None:
                break
            try:
                read = self.read(endpoint, first._replace(token=following.token))
            except Fault as fault:
                if following.is_certain or fault.status not in REFUSED_PAGE:
                    raise
                yield Ending.REFUSED
                return
            if not following.is_certain and seen.issuperset(read.keys):
                yield Ending.REPEATED if read.keys else Ending.EMPTY
                return
            seen.update(read.keys)
            yield read
        if read.following is None:
            yield Ending.TOLD

    def read(self, endpoint: Endpoint, context: PageContext, request: Request | None = None) -> Read:
        """Read one page.

        Args:
            endpoint: the endpoint.
            context: the position of the page.
            request: what to send instead of the endpoint's own request.

        Raises:
            Fault: the request failed.
        """

        def read(answer: Answer) -> tuple[Answer, Page]:
            return answer, endpoint.page(answer, context)

        answer, page = self.fetch(request or endpoint.request(context), read, explain=endpoint.fault)
        columns = [evaluate(endpoint.columns, row)[0] for row in page.rows]
        return Read(endpoint.id, answer, page, context, columns, endpoint.pager.following(context.token, page))

    def lists(self, sample: Sample, key: Value, window: Window, gap: Window | None = None) -> bool | None:
        """Return whether the vendor lists a row of a sample for a window; None if the list is too long to know.

        Args:
            sample: the sample.
            key: the row's id.
            window: the range to request.
            gap: the whole range that is requested around it, if that makes a difference.

        Raises:
            Fault: a request failed.
        """
        endpoint = sample.endpoint
        full = len(sample.longest_page.keys) if sample.longest_page else 0
        for step in self._walk(endpoint, first_page(endpoint, window, sample.partition, gap)):
            if isinstance(step, Ending):
                return False
            if key in step.keys:
                return True
            is_short = len(step.keys) < min(full, ENOUGH)
            if is_short and step.following is not None and not step.following.is_certain:
                return False
        return None
