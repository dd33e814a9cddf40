"""Pagination: how to find the next page. No I/O.

A next token or a total in the answer decides where a list ends. If the vendor sends neither, a page that is
shorter than requested may be the last one, or the vendor may serve fewer rows than requested: see ``PageLengths``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from session_source.api.columns import Integer, Row, Value, at

Token: TypeAlias = Any  # any hashable value: a number, text, a vendor's own object; None if there is none


@dataclass(frozen=True)
class Page:
    """One answer: the vendor's records, and the data that the pager needs to find the next page.

    Args:
        rows: the records.
        body: the JSON object of the answer, for pagers that read a token or a total from it.
        is_doubtful: the page may belong to another request. It is requested again, and then accepted as it is.
    """

    rows: list[Row]
    body: Mapping[str, Any] = field(default_factory=dict)
    is_doubtful: bool = False


class Next(NamedTuple):
    """The page that follows another."""

    token: Token
    is_certain: bool = True
    """Whether the vendor says that this page exists. Otherwise the lengths of pages decide whether to request it,
    and an answer without new rows, or a 400 or 404, ends the list."""
    total: int | None = None
    """How many rows the list has, if the vendor says so."""
    begins_a_list: bool = False
    """Whether it is the first page of another list of the same window."""


class Pager(Protocol):
    """Finds the next page of a vendor's list."""

    @property
    def first(self) -> Token:
        """The token of the first page."""

    @property
    def size(self) -> int | None:
        """How many rows are requested per page, if a shorter page may be the last."""

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the page after the one with ``token``; None if that was the last.

        Raises:
            ValueError: the answer contradicts itself. The page is requested again.
        """


class OnePage:
    """The whole list in one answer."""

    first: Token = None
    size: int | None = None

    def following(self, token: Token, page: Page) -> None:
        """Return None: there is no next page."""
        return


class PageNumber:
    """Page numbers that start at 1. The answer does not say which page is the last.

    Args:
        size: how many rows per page are requested or documented.
    """

    first: Token = 1

    def __init__(self, size: int) -> None:
        self.size: int | None = size

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the next number."""
        return Next(int(token) + 1, is_certain=False) if page.rows else None


class Offset:
    """Offsets that start at 0 and grow by the rows received. The answer has the total number of rows.

    ``{"exports": {"total": 230, "to": 100, "data": […]}}``

    The total may change between pages or be an estimate, so a full page is never taken as the last.

    Args:
        total: the path of the total, ``("exports", "total")``.
        size: how many rows are requested per page.
    """

    first: Token = 0

    def __init__(self, *total: str, size: int) -> None:
        self.size: int | None = size
        self._total = Integer(*total)

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the offset after the page's rows.

        Raises:
            ValueError: the total is not an integer, or the page is empty although the total says that there is
                more.
        """
        total = self._total(dict(page.body))
        behind = int(token) + len(page.rows)
        is_more = total is not None and behind < total
        if not page.rows:
            if is_more:
                raise ValueError("its list is empty, though its total says that there is more")
            return None
        if total is not None and not is_more and len(page.rows) < (self.size or 0):
            return None
        return Next(behind, is_certain=is_more, total=total)


class NextInAnswer:
    """The answer has the token of the next page.

    ``{"data": […], "pagination": {"current": 1, "next": 2}}``

    Args:
        path: the path of the next token, ``("pagination", "next")``. Null, ``""`` or 0 is the end of the list.
        first: the token of the first page.
        otherwise: the pager for an answer without the object around the token.
    """

    def __init__(self, *path: str, first: Token = None, otherwise: Pager | None = None) -> None:
        self.path = path
        self.first = first
        self.otherwise = otherwise
        self.size = otherwise.size if otherwise else None

    def following(self, token: Token, page: Page) -> Next | None:
        """Read the next token.

        Raises:
            ValueError: the token is neither text nor a number.
        """
        body = dict(page.body)
        around: Value = at(body, *self.path[:-1])
        if (isinstance(around, dict) and self.path[-1] in around) or self.otherwise is None:
            following: Token = at(body, *self.path) or None
            if isinstance(following, dict | list):
                raise ValueError("its next page is neither text nor a number")
            return None if following is None else Next(following)
        return self.otherwise.following(token, page)


class PageLengths:
    """The page lengths that a vendor has served in this sync.

    A vendor may serve fewer rows than requested. So a short page ends a list only if the vendor has served a page
    of the requested size, or at least two continued pages of one smaller size. Until then the next page is
    requested, which costs at most one request per list.

    Args:
        size: how many rows are requested per page; None if the endpoint does not say.
    """

    def __init__(self, size: int | None) -> None:
        self.is_end_refused = False
        """Whether the vendor refuses the page after the last one."""
        self._size = size
        self._longest = 0
        self._continued: set[int] = set()
        self._is_repeated = False

    def note(self, rows: int) -> None:
        """Record the length of a page."""
        self._longest = max(self._longest, rows)

    def note_continued(self, rows: int) -> None:
        """Record the length of a page that was followed by a page with new rows."""
        self._is_repeated = self._is_repeated or rows in self._continued
        self._continued.add(rows)

    def is_full(self, rows: int) -> bool:
        """Return whether a page with this many rows is full."""
        return self._size is not None and rows >= self._size

    def may_continue(self, rows: int) -> bool:
        """Return whether a page with this many rows is full, or as long as one that was followed by another."""
        return self.is_full(rows) or rows in self._continued

    def is_short(self, rows: int) -> bool:
        """Return whether the vendor has served a longer page than this."""
        return rows < self._longest

    def ends(self, rows: int) -> bool:
        """Return whether a page with this many rows is certainly the last of its list."""
        if not self.is_short(rows):
            return False
        if self._size is not None and self._longest >= self._size:
            return True
        return self._is_repeated and self._continued == {self._longest}
