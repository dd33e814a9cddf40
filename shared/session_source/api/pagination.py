"""Pagination: from one page to the token of the next, without any I/O.

A next token in the answer or a total decides where a list ends. Where the vendor sends neither, a page that is
shorter than the requested size may be the last one, or the vendor may serve fewer rows than requested: see
``PageLengths``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from session_source.api.columns import Integer, Row, Value, at

Token: TypeAlias = Any  # whatever is hashable: a number, a text, a vendor's own object; None: none


@dataclass(frozen=True)
class Page:
    """One answer: the vendor's records, and what the pager needs to find the next page.

    Args:
        rows: the records.
        body: the answer's object, for pagers that read a token or a total in it.
        is_doubtful: the vendor's code does not trust the page; it is requested again, and then taken as it is.
    """

    rows: list[Row]
    body: Mapping[str, Any] = field(default_factory=dict)
    is_doubtful: bool = False


class Next(NamedTuple):
    """The page that follows another."""

    token: Token
    is_certain: bool = True
    """Whether the vendor says that there is one. Otherwise the lengths of pages decide whether to ask for it,
    and an answer without new rows, or a 400 or 404, ends the list."""
    total: int | None = None
    """How many rows the list has, where the vendor says so."""
    begins_a_list: bool = False
    """Whether it is the first page of another list of the same window."""


class Pager(Protocol):
    """How a vendor's list is continued."""

    @property
    def first(self) -> Token:
        """The token of the first page."""

    @property
    def size(self) -> int | None:
        """How many rows are requested for a page, where a shorter page may be the last."""

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the page after the one that ``token`` asked for; None where that was the last.

        Raises:
            ValueError: the answer contradicts itself; the page is requested again.
        """


class OnePage:
    """The whole list in one answer."""

    first: Token = None
    size: int | None = None

    def following(self, token: Token, page: Page) -> None:
        """There is none."""
        return


class PageNumber:
    """Pages counted from 1. The answer does not say which one is the last.

    Args:
        size: how many rows are requested for a page, or documented for one.
    """

    first: Token = 1

    def __init__(self, size: int) -> None:
        self.size: int | None = size

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the next number."""
        return Next(int(token) + 1, is_certain=False) if page.rows else None


class Offset:
    """Offsets counted from 0, continued after the rows that came. The answer has the number of all rows.

    ``{"exports": {"total": 230, "to": 100, "data": […]}}``

    The total may change from page to page or be an estimate, so a full page is never taken as the last.

    Args:
        total: where the number of all rows is, ``("exports", "total")``.
        size: how many rows are requested for a page.
    """

    first: Token = 0

    def __init__(self, *total: str, size: int) -> None:
        self.size: int | None = size
        self._total = Integer(*total)

    def following(self, token: Token, page: Page) -> Next | None:
        """Return the offset after the rows.

        Raises:
            ValueError: the total is no whole number, or there are no rows although there is more.
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
        path: where the next token is, ``("pagination", "next")``. Null, ``""`` or 0 there is the end.
        first: the token of the first page.
        otherwise: the rule for an answer that lacks the object around the token.
    """

    def __init__(self, *path: str, first: Token = None, otherwise: Pager | None = None) -> None:
        self.path = path
        self.first = first
        self.otherwise = otherwise
        self.size = otherwise.size if otherwise else None

    def following(self, token: Token, page: Page) -> Next | None:
        """Read the next token.

        Raises:
            ValueError: it is neither a text nor a number.
        """
        body = dict(page.body)
        around: Value = at(body, *self.path[:-1])
        if (isinstance(around, dict) and self.path[-1] in around) or self.otherwise is None:
            following: Token = at(body, *self.path) or None
            if isinstance(following, dict | list):
                raise ValueError("its next page is neither a text nor a number")
            return None if following is None else Next(following)
        return self.otherwise.following(token, page)


class PageLengths:
    """How many rows a vendor serves on a page, as far as this sync has seen.

    A vendor may serve fewer rows than requested, today or from some day on. So a short page ends a list only if
    the vendor has served full pages of the requested size, or at least twice a page of the same smaller size that
    another one followed. Until then the next page is requested: one request a list at most.

    Args:
        size: how many rows are requested for a page; None where the endpoint does not say.
    """

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._longest = 0
        self._continued: set[int] = set()
        self._is_repeated = False

    def note(self, rows: int) -> None:
        """Remember the length of a page."""
        self._longest = max(self._longest, rows)

    def note_continued(self, rows: int) -> None:
        """Remember the length of a page that another one with more rows followed."""
        self._is_repeated = self._is_repeated or rows in self._continued
        self._continued.add(rows)

    def is_full(self, rows: int) -> bool:
        """Return whether a page with so many rows has as many as were requested."""
        return self._size is not None and rows >= self._size

    def is_short(self, rows: int) -> bool:
        """Return whether the vendor has served longer pages."""
        return rows < self._longest

    def ends(self, rows: int) -> bool:
        """Return whether a page with so many rows is certainly the last of its list."""
        if not self.is_short(rows):
            return False
        if self._size is not None and self._longest >= self._size:
            return True
        return self._is_repeated and self._continued == {self._longest}
