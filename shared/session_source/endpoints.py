"""Endpoints: how one paged call of a vendor's API is asked and how its answer is read. No loops, no I/O."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from session_source.columns import Column, Row
from session_source.errors import Fault
from session_source.exchange import Answer, Request
from session_source.pagination import Page, Pager, Token
from session_source.state import Partition
from session_source.streams import Stream
from session_source.windows import Window

Fetch = Callable[[Request, Callable[[Answer], Any]], Any]
"""Send a request until its answer could be read, and give what the second argument read from it."""


class Endpoint(ABC):
    """One paged call. A vendor says how to ask and how to read; everything else is done for all vendors.

    Class attributes:
        name: what is read, for logs and errors: ``sessions``.
        streams: the streams that stand on its rows.
        columns: what is added beside the vendor's record, by name.
        id: the column that tells two rows of a partition apart. A row without it gets a hash of itself.
        time: the column, a ``Moment``, that tells when a row happened, where it has one. Rows outside of the
            sync's ``[start, end)`` are not emitted.
        is_filtered_by_time: whether ``time`` is the very time that the vendor filters by. Then a row belongs
            to the window of its time, whatever the vendor's bounds include.
        is_filtered_by_day: whether the vendor filters by the day of ``time`` and does not say whose midnight it
            means. The first window that lists a row has it, windows lean on their neighbours, and a day more is
            asked for where the sync begins and where it ends.
        is_filtered_by_time_or_later: whether the vendor filters by ``time`` or by a later moment of the row (a
            session's end), and does not say by which. Where nobody reads on behind a window, more is asked for
            than the window; a row from where somebody has read on is theirs.
        began: the column that tells when a row began, where a vendor may list it in every window from then to
            ``time``. However many windows that are, it is emitted once.
        leans_on_neighbours: whether the answers of a window's neighbours may hold rows of it. Then it counts as
            finished only when they are read too.
        detail: one more call for each row, for streams that need it; made only when one of them is chosen.
        pager: how the list is continued.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    columns: ClassVar[Mapping[str, Column]]
    id: ClassVar[str]
    time: ClassVar[str | None] = None
    is_filtered_by_time: ClassVar[bool] = False
    is_filtered_by_day: ClassVar[bool] = False
    is_filtered_by_time_or_later: ClassVar[bool] = False
    began: ClassVar[str | None] = None
    leans_on_neighbours: ClassVar[bool] = False
    detail: ClassVar["Detail | None"] = None
    pager: ClassVar[Pager]

    @property
    def is_windowed(self) -> bool:
        """Whether it is read window by window: so is all that has a cursor."""
        return any(stream.cursor for stream in self.all_streams)

    @property
    def all_streams(self) -> tuple[Stream, ...]:
        """The streams on its rows and those on their details."""
        return (*self.streams, *(self.detail.streams if self.detail else ()))

    @property
    def is_read_whole(self) -> bool:
        """Whether a missing piece of time is asked for as one window, however long it is."""
        return False

    def window_days(self, configured: int) -> int:
        """Say how long a window is at most, given what the config allows."""
        return configured

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """List the parts that are read by themselves.

        Called once a sync, before anything is read: what has to be learned of the vendor is learned here. Each
        member of a partition is a column of all its rows: put it into the keys and the schemas.
        """
        return [{}]

    def prepare(self, fetch: Fetch, partitions: list[Partition], span: Window) -> None:  # noqa: B027 - most need none
        """Find out what the vendor's page leaves open, before ``[start, end)`` is read; `check` does without."""

    def first(self, window: Window, piece: Window, partition: Partition) -> Token:
        """Give the token of a window's first page.

        Args:
            window: what is read.
            piece: the whole of what is missing around it; its windows tile it. For vendors that filter by days
                of an unknown midnight, it is the edges of a piece where more has to be asked for.
            partition: which part of the vendor's data.
        """
        return self.pager.first

    @abstractmethod
    def request(self, window: Window, partition: Partition, token: Token) -> Request:
        """Ask for one page of a window."""

    @abstractmethod
    def page(self, answer: Answer, token: Token) -> Page:
        """Read an answer with a good status. No two threads do it at once.

        Raises:
            ToldInBody: the vendor tells in it that the request failed.
            Fault: the same, where the vendor's words say more than a status would.
            ValueError: it is cut or garbled; it is asked for again, for some minutes. For what will be the same
                the next time, raise a ``Fault``.
        """

    def verify(self, rows: list[Row], partition: Partition) -> None:  # noqa: B027 - most vendors' rows do not tell
        """See that a page's rows can be of the partition, where rows tell: a cache may give another's.

        Raises:
            ValueError: they cannot; the page is asked for again.
        """

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms; None leaves it to the status alone.

        Raises:
            ValueError: the body is none of the vendor's, a proxy's page for example; the status tells.
        """
        return None


class Detail(ABC):
    """One more call for each row of an endpoint.

    Class attributes:
        name: what is read, for logs and errors.
        streams: the streams that stand on it.
        columns: what is added beside the vendor's record, by name.
        id: the column that tells whose details they are; it is the row's.
    """

    name: ClassVar[str]
    streams: ClassVar[tuple[Stream, ...]]
    columns: ClassVar[Mapping[str, Column]]
    id: ClassVar[str]

    @abstractmethod
    def request(self, columns: Row, partition: Partition) -> Request:
        """Ask for the details of the row that has these columns."""

    @abstractmethod
    def rows(self, answer: Answer) -> list[Row]:
        """Read an answer with a good status; raises what ``Endpoint.page`` does."""

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an answer with a bad status in the vendor's terms; None leaves it to the status alone."""
        return None
