"""The survey: what ``verify`` requests of a vendor, and the rows that several probes look at."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from hashlib import sha256
from typing import Any, NamedTuple, Unpack

from requests import PreparedRequest
from requests.auth import AuthBase

from session_source.api.answer import Answer
from session_source.api.columns import Row, Value, evaluate
from session_source.api.endpoint import Endpoint, PageContext, Partition
from session_source.api.errors import Fault, Kind
from session_source.api.pagination import Next, Page
from session_source.api.request import Request
from session_source.api.time_filter import moment_in
from session_source.api.windows import Window
from session_source.http.attempts import Options
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy

MOST_REQUESTS = 30
"""Requests that one run sends at most."""

SECONDS = 55.0
"""When a run sends nothing more; with start-up it ends within a minute."""

ENOUGH = 20
"""Rows that have to agree before they say something about all others."""

PAGES = 3
"""Pages of a list that are read."""

REFUSALS = frozenset({400, 404})
"""How a vendor may refuse a page after the last one."""

PARTITIONS = 3
"""Sites, apps or websites that are tried until one has enough rows."""

POLICY = RetryPolicy(connect=5, read=15, total=20, outage=20, limit=10, attempts=2)
"""How long to wait for what."""


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
        """Add a request, with the answer or the fault that there was instead."""
        took = round(seconds, 3)
        if isinstance(outcome, Answer):
            self.append(Exchange(str(request.method), outcome.status, took, len(outcome.body), outcome.headers))
        else:
            self.append(Exchange(str(request.method), None, took, 0, {}))


class Exact(Window):
    """A window that is requested as it is, to see whether the vendor includes its bounds."""

    __slots__ = ()

    def whole_seconds(self, *, early: int = 0) -> Window:
        """Return the window itself: no second is added."""
        return self


@dataclass(frozen=True)
class Read:
    """A page that was read.

    Args:
        id: the name of the column that identifies a row.
        answer: the vendor's answer.
        page: its rows.
        context: where it is.
        columns: the endpoint's columns of each row.
        following: the page after it, None where it is the last.
    """

    id: str
    answer: Answer
    page: Page
    context: PageContext
    columns: list[Row]
    following: Next | None

    @cached_property
    def keys(self) -> list[Value]:
        """The ids of its rows; a hash of the row where it has none."""
        pairs = zip(self.page.rows, self.columns, strict=True)
        return [_hashed(row) if columns[self.id] is None else columns[self.id] for row, columns in pairs]


class Ending(Enum):
    """What shows that a list has no more pages."""

    TOLD = "the answer has no next page"
    EMPTY = "the page after the last one is empty"
    REPEATED = "the page after the last one has rows of an earlier page"
    REFUSED = "the page after the last one is refused"


class SampleRow(NamedTuple):
    """A row of a sample."""

    key: Value
    row: Row
    columns: Row
    moments: tuple[datetime, ...]


@dataclass(frozen=True)
class Sample:
    """The first pages of a window of a part of the vendor's data.

    Args:
        endpoint: what they are rows of.
        partition: of which part.
        pages: the pages, in order.
        ending: what showed that there are no more; None if there may be.
    """

    endpoint: Endpoint
    partition: Partition
    pages: Sequence[Read] = ()
    ending: Ending | None = None

    @property
    def rows(self) -> list[Row]:
        """The vendor's records."""
        return [row for read in self.pages for row in read.page.rows]

    @property
    def longest(self) -> int:
        """How many rows the longest page has."""
        return max((len(read.page.rows) for read in self.pages), default=0)

    def with_moments(self, *names: str, before: datetime) -> list[SampleRow]:
        """Return the rows that have these moments, and all of them before another one.

        Args:
            names: columns with moments.
            before: rows with a later moment may still change.
        """
        found = []
        for read in self.pages:
            for key, row, columns in zip(read.keys, read.page.rows, read.columns, strict=True):
                moments = [moment for name in names if (moment := moment_in(columns, name)) is not None]
                if len(moments) == len(names) and max(moments) < before:
                    found.append(SampleRow(key, row, columns, tuple(moments)))
        return found


@dataclass
class Survey:
    """Requests to a vendor with one account.

    Args:
        endpoints: those of the config.
        client: sends the requests.
        exchanges: those of the client so far.
        span: what the config reads.
        now: when it started.
        window_days: the vendor's request window.
        package: the vendor's package, for schemas.
    """

    endpoints: Sequence[Endpoint]
    client: Client
    exchanges: Exchanges
    span: Window
    now: datetime
    window_days: int
    package: str
    learned: dict[tuple[str, str], str] = field(default_factory=dict)
    """What one probe found and another one needs, by its name and the endpoint's."""
    samples: dict[str, Sample] = field(default_factory=dict)
    """What was read of each endpoint."""
    shapes: dict[str, Any] = field(default_factory=dict)
    """The shapes of their rows, once a probe has looked at them."""
    _partitions: dict[str, list[Partition]] = field(default_factory=dict)
    spellings: tuple[AuthBase, ...] = ()
    """The spellings of the credentials, before one was accepted."""

    def __post_init__(self) -> None:
        self.spellings = self.client.spellings

    def endpoint(self, name: str) -> Endpoint:
        """Return an endpoint by its name."""
        return next(one for one in self.endpoints if one.name == name)

    def fetch(self, request: Request, read: Callable[[Answer], Any]) -> Any:  # noqa: ANN401 - whatever is read
        """Send a request and read its answer; what an endpoint's ``partitions`` and ``prepare`` take."""
        return self._fetch(request, read)

    def _fetch(self, request: Request, read: Callable[[Answer], Any], **options: Unpack[Options]) -> Any:  # noqa: ANN401 - whatever is read
        """Send a request, if all its attempts are within the limit.

        Raises:
            Fault: the vendor could not be asked, or too many requests were sent.
        """
        if len(self.exchanges) + POLICY.attempts > MOST_REQUESTS:
            raise Fault(Kind.STUCK, f"verify sends at most {MOST_REQUESTS} requests, and all are used.")
        return self.client.fetch(request, read, **options)

    def sample(self, name: str) -> Sample:
        """Return rows of an endpoint; they are requested once.

        First the vendor's usual window is requested, then, where it has few rows, all of the config's time.

        Raises:
            Fault: the vendor could not be asked.
        """
        if name not in self.samples:
            self.samples[name] = self._take(self.endpoint(name))
        return self.samples[name]

    def others(self, name: str) -> list[Row]:
        """Return rows of other parts of the vendor's data: the first page of each. One that fails is skipped.

        Rows of a site, an app or a platform may have another shape than those of the sample.
        """
        sample = self.sample(name)
        rows: list[Row] = []
        for partition in self._partitions[name]:
            if partition != sample.partition:
                with contextlib.suppress(Fault):
                    window = self._windows(sample.endpoint)[0]
                    first = PageContext(window, window, partition)
                    first = first._replace(token=sample.endpoint.first(first))
                    rows += self.read(sample.endpoint, first).page.rows
        return rows

    def _take(self, endpoint: Endpoint) -> Sample:
        partitions = endpoint.partitions(self.fetch)[:PARTITIONS]
        self._partitions[endpoint.name] = partitions
        endpoint.prepare(self.fetch, partitions, self.span)
        best = Sample(endpoint, {})
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
        lengths = dict.fromkeys(min(length, longest) for length in (timedelta(days=self.window_days), everything))
        return [Window(max(self.span.start, self.span.end - length), self.span.end) for length in lengths]

    def pages(self, endpoint: Endpoint, partition: Partition, window: Window) -> Sample:
        """Read the first pages of a window.

        Raises:
            Fault: the vendor could not be asked for one that it has.
        """
        found: list[Read] = []
        ending = None
        for step in self._walk(endpoint, PageContext(window, window, partition)):
            if isinstance(step, Read):
                found.append(step)
            else:
                ending = step
        return Sample(endpoint, partition, found, ending)

    def _walk(self, endpoint: Endpoint, first: PageContext) -> Iterator[Read | Ending]:
        """Yield the first pages of a list, and how it ends where they are all."""
        read = self.read(endpoint, first._replace(token=endpoint.first(first)))
        seen = set(read.keys)
        yield read
        for _ in range(PAGES - 1):
            following = read.following
            if following is None:
                break
            try:
                read = self.read(endpoint, first._replace(token=following.token))
            except Fault as fault:
                if following.is_certain or fault.status not in REFUSALS:
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
            endpoint: whose page it is.
            context: which page.
            request: what to send instead of the endpoint's own request for it.

        Raises:
            Fault: the vendor could not be asked.
        """

        def read(answer: Answer) -> tuple[Answer, Page]:
            return answer, endpoint.page(answer, context)

        answer, page = self._fetch(request or endpoint.request(context), read, explain=endpoint.fault)
        columns = [evaluate(endpoint.columns, row)[0] for row in page.rows]
        return Read(endpoint.id, answer, page, context, columns, endpoint.following(context, page))

    def lists(self, sample: Sample, key: Value, window: Window, gap: Window | None = None) -> bool | None:
        """Return whether the vendor lists a row of a sample for a window; None where its list is long.

        Args:
            sample: says of which endpoint and partition.
            key: the row's id.
            window: what to request.
            gap: all that is requested around it, where that makes a difference.

        Raises:
            Fault: the vendor could not be asked.
        """
        for step in self._walk(sample.endpoint, PageContext(window, gap or window, sample.partition)):
            if isinstance(step, Ending):
                return False
            if key in step.keys:
                return True
            is_short = len(step.keys) < min(sample.longest, ENOUGH)
            if is_short and step.following is not None and not step.following.is_certain:
                return False
        return None


def _hashed(row: Row) -> str:
    return sha256(repr(sorted(row.items())).encode(errors="surrogatepass")).hexdigest()
