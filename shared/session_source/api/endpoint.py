"""Endpoints: how one paged call of a vendor's API is requested and how its answers are read. No loops, no I/O."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from session_source.api.answer import Answer
from session_source.api.columns import Column, Row
from session_source.api.errors import Fault
from session_source.api.pagination import Page, Pager, Token
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import TimeFilter
from session_source.api.windows import Window

Partition = Mapping[str, Any]
"""A part of the vendor's data with its own windows and state (a site, an app); ``{}`` if the data has no parts."""

Fetch = Callable[[Request, Callable[[Answer], Any]], Any]
"""Sends a request, retries it as needed, and returns what the second argument reads from the answer."""


class PageContext(NamedTuple):
    """The position of a page: the partition, the window, and the page's token in the window's list."""

    window: Window
    """The time range to request. At the edges of a gap, the time filter makes it wider than the gap."""
    gap: Window
    """The whole range that is requested for the gap around the window. The gap's windows tile it."""
    partition: Partition
    token: Token = None


def first_page(
    endpoint: "Endpoint", window: Window, partition: Partition, gap: Window | None = None
) -> PageContext:
    """Return the position of a window's first page. By default, the window is a gap."""
    page = PageContext(window, gap or window, partition)
    return page._replace(token=endpoint.first(page))


class Endpoint(ABC):
    """One paged call. A vendor defines the requests and reads the answers; the core does the rest.

    Attributes:
        name: what is read, for logs and errors: ``sessions``.
        streams: the streams made from its rows.
        columns: the columns that are added to the vendor's record, by name.
        id: the column that identifies a row within a partition. A row without an id gets a hash of its content.
        time_filter: how the vendor's date filter relates to a row; None for a list without dates, which every sync
            reads in full.
        pager: how to find the next page.
        detail: one more call per row. It is made only if one of its streams is selected.
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
        """The streams made from the rows and from their details."""
        return (*self.streams, *(self.detail.streams if self.detail else ()))

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """Return the partitions. Called once per sync.

        Each member of a partition becomes a column of all its rows: add it to the keys and the schemas.
        """
        return [{}]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:  # noqa: B027 - most need none
        """Probe for behaviour that the vendor does not document, before ``span`` is read. `check` skips it."""

    def first(self, page: PageContext) -> Token:
        """Return the token of a window's first page."""
        return self.pager.first

    @abstractmethod
    def request(self, page: PageContext) -> Request:
        """Return the request for a page."""

    @abstractmethod
    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read an answer with a good status. Never called by two threads at the same time.

        Raises:
            StatusInBody: the answer reports that the request failed.
            Fault: the same, where the vendor's message says more than a status.
            ValueError: the answer is truncated, garbled, or belongs to another request. The page is requested
                again for a few minutes. If a retry cannot help, raise a ``Fault``.
        """

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms. If it returns None, the status alone decides.

        Raises:
            ValueError: the vendor did not write the body (a proxy's page, for example). The status alone decides.
        """
        return None


class Detail(ABC):
    """One more call for each row of an endpoint.

    Attributes:
        name: what is read, for logs and errors.
        streams: the streams made from it.
        columns: the columns that are added to the vendor's record, by name.
        id: the column that identifies the row. The core sets it to the row's id.
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
        """Read an answer with a good status. Raises the same errors as ``Endpoint.page``."""

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms; see ``Endpoint.fault``."""
        return None
