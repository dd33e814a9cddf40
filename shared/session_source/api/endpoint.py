"""Endpoints: how one paged call of a vendor's API is requested and how its answer is read. No loops, no I/O."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from session_source.api.answer import Answer
from session_source.api.columns import Column, Row
from session_source.api.errors import Fault
from session_source.api.pagination import Next, Page, Pager, Token
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import TimeFilter
from session_source.api.windows import Window

Partition = Mapping[str, Any]
"""A part of the vendor's data with windows and state of its own (a site, an app); ``{}`` where there is one."""

Fetch = Callable[[Request, Callable[[Answer], Any]], Any]
"""Sends a request until its answer could be read, and returns what the second argument read from it."""


class PageContext(NamedTuple):
    """Where a page is: in which part of the vendor's data, in which window, and how far down its list."""

    window: Window
    """What to ask for. At the edges of a gap it is wider than what is to be read, as the time filter wants it."""
    gap: Window
    """All that is asked for around it: its windows tile the gap."""
    partition: Partition
    token: Token = None


class Endpoint(ABC):
    """One paged call. A vendor declares how to ask and how to read; the core does everything else.

    Attributes:
        name: what is read, for logs and errors: ``sessions``.
        streams: the streams made from its rows.
        columns: what is added beside the vendor's record, by name.
        id: the column that distinguishes two rows of a partition. A row without it gets a hash of itself.
        time_filter: how the vendor's dates relate to a row; None for a list without dates, which is read whole.
        pager: how the list is continued.
        detail: one more call for each row, for streams that need it; made only when one of them is selected.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    columns: ClassVar[Mapping[str, Column]]
    id: ClassVar[str]
    time_filter: TimeFilter | None = None
    pager: ClassVar[Pager]
    detail: ClassVar["Detail | None"] = None

    @property
    def all_streams(self) -> tuple[Stream, ...]:
        """The streams made from its rows and from their details."""
        return (*self.streams, *(self.detail.streams if self.detail else ()))

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """List the parts that are read by themselves, once a sync.

        Each member of a partition is a column of all its rows: put it into the keys and the schemas.
        """
        return [{}]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:  # noqa: B027 - most need none
        """Find out what the vendor's page leaves open, before ``[start, end)`` is read; `check` does without."""

    def first(self, page: PageContext) -> Token:
        """Return the token of a window's first page."""
        return self.pager.first

    @abstractmethod
    def request(self, page: PageContext) -> Request:
        """Return the request for a page."""

    @abstractmethod
    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read an answer with a good status. No two threads do it at once.

        Raises:
            StatusInBody: the answer reports that the request failed.
            Fault: the same, where the vendor's words say more than a status would.
            ValueError: it is truncated, garbled, or another request's; it is requested again, for a few minutes.
            For
                what will be the same the next time, raise a ``Fault``.
        """

    def following(self, page: PageContext, read: Page) -> Next | None:
        """Return the page after the one that was read; None where it was the last."""
        return self.pager.following(page.token, read)

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms; None leaves it to the status alone.

        Raises:
            ValueError: the body is not the vendor's, a proxy's page for example; the status decides.
        """
        return None


class Detail(ABC):
    """One more call for each row of an endpoint.

    Attributes:
        name: what is read, for logs and errors.
        streams: the streams made from it.
        columns: what is added beside the vendor's record, by name.
        id: the column that identifies the row they belong to; it is the row's.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    columns: ClassVar[Mapping[str, Column]]
    id: ClassVar[str]

    @abstractmethod
    def request(self, columns: Row, partition: Partition) -> Request:
        """Return the request for the details of the row that has these columns."""

    @abstractmethod
    def rows(self, answer: Answer) -> list[Row]:
        """Read an answer with a good status; raises what ``Endpoint.page`` does."""

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms; None leaves it to the status alone."""
        return None
