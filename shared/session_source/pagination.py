"""Pagination: from one page to the token of the next, without any I/O.

A pager has the ``first`` token and a rule, ``following``. What tells the end is, in this order: a next token
in the answer, a total, and only where the vendor gives neither, a page that is not full.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from session_source.columns import Integer, Row, Value, at

Token: TypeAlias = Any  # whatever is hashable: a number, a text, a place of the vendor's own; None: none


class Page(NamedTuple):
    """What one answer held: the vendor's records, and the token that continues (None: it was the last)."""

    rows: list[Row]
    following: Token


class Pager(Protocol):
    """How a vendor's list is continued."""

    @property
    def first(self) -> Token:
        """The token of the first page."""

    def following(self, token: Token, rows: list[Row], body: Mapping[str, Any]) -> Token:
        """The token of the page after the one that ``token`` asked for; None where that was the last."""


class OnePage:
    """The whole list in one answer."""

    first: Token = None

    def following(self, token: Token, rows: list[Row], body: Mapping[str, Any]) -> Token:
        """There is none."""
        return None


class PageNumber:
    """Pages counted from 1, and nothing in the answer that tells the end but a page that is not full."""

    first: Token = 1

    def __init__(self, size: int) -> None:
        self.size = size

    def following(self, token: Token, rows: list[Row], body: Mapping[str, Any]) -> Token:
        """Count on while pages are full."""
        return int(token or 0) + 1 if len(rows) >= self.size else None


class Offset:
    """Offsets counted from 0: the answer names the one it came up to, and how many rows there are in all.

    The total may change from page to page or be an estimate, so a full page is never the last. An offset that
    does not move on, though there is more, is named again, which the reader tells as the error it is.

    Args:
        path: where the offset stands that the answer came up to, ``("exports", "to")``.
        total: where the number of all rows stands.
        size: how many rows a full page has.
    """

    first: Token = 0

    def __init__(self, *path: str, total: tuple[str, ...], size: int) -> None:
        self.size = size
        self._to = Integer(*path)
        self._total = Integer(*total)

    def following(self, token: Token, rows: list[Row], body: Mapping[str, Any]) -> Token:
        """Go on from where the answer came up to; where it does not say so, from behind its rows.

        Raises:
            ValueError: the answer's offset or total is no whole number, or it holds nothing though there is more.
        """
        behind = int(token or 0) + len(rows)
        to = self._to(dict(body))
        to = behind if to is None else to
        if len(rows) < self.size and max(to, behind) >= (self._total(dict(body)) or 0):
            return None
        if not rows:
            raise ValueError("its list is empty, though its total says that there is more")
        return max(to, int(token or 0))


class NextInAnswer:
    """The answer names what continues it; where it carries no such object at all, ``otherwise`` decides.

    Args:
        path: where the next token stands, ``("pagination", "next")``. Null, ``""`` or 0 there is the end.
        first: the token of the first page.
        otherwise: the rule for an answer that lacks the object around the token.
    """

    def __init__(self, *path: str, first: Token = None, otherwise: Pager | None = None) -> None:
        self.path = path
        self.first = first
        self.otherwise = otherwise

    def following(self, token: Token, rows: list[Row], body: Mapping[str, Any]) -> Token:
        """Read the next token.

        Raises:
            ValueError: it is neither a text nor a number.
        """
        around: Value = at(dict(body), *self.path[:-1])
        if (isinstance(around, dict) and self.path[-1] in around) or self.otherwise is None:
            following: Token = at(dict(body), *self.path) or None
            if isinstance(following, dict | list):
                raise ValueError("its next page is neither a text nor a number")
            return following
        return self.otherwise.following(token, rows, body)
