"""Trails: how far the list of a window was read, and whether it still advances."""

from typing import NamedTuple

from session_source.api.pagination import Next, Token
from session_source.sync.claims import Doubt

REPEATS = 3
"""How often a doubtful page is requested, and how many of them in a row are an error."""

ROWLESS = 10
"""How many pages in a row may have no rows although each names a next one."""


class Outcome(NamedTuple):
    """The result of reading one page."""

    rows: int
    """How many rows the page has."""
    emitted: int
    """How many of them were emitted."""
    doubt: Doubt | None
    following: Next | None
    fingerprint: int


NO_PAGE = Outcome(0, 0, None, None, 0)

CUT = Outcome(0, 0, None, None, -1)
"""The page after a full one was refused: the list has ended, or the vendor does not serve pages so far down.
Shorter lists show which."""


class Trail:
    """How far the list of a window was read."""

    def __init__(self, first: Token) -> None:
        self.page = Next(first)
        self.length = 0
        """How many pages were read."""
        self.rows = 0
        """How many rows the last page has."""
        self.refused: Token = None
        """The last page that the vendor refused."""
        self.same = 0
        """How many pages in a row repeated the one before."""
        self.is_later_list = False
        """Whether the page belongs to another list than the window's first one."""
        self._asked = {first}
        self._repeated = 0
        self._rowless = 0

    def error(self, outcome: Outcome) -> str | None:
        """Note a page, and return what is wrong if the list does not advance."""
        self.length += 1
        self.rows = outcome.rows
        is_new = outcome.rows and outcome.doubt is not Doubt.REPEATED
        if is_new or (not outcome.rows and self.page.begins_a_list):
            self._repeated = self._rowless = 0
        elif outcome.rows:
            self._repeated += 1
        else:
            self._rowless += 1
        if outcome.doubt is not None and (self._repeated == REPEATS or self._is_of_another_request(outcome)):
            return outcome.doubt.value
        if outcome.following is not None and self._rowless == ROWLESS:
            return f"is the {ROWLESS}th in a row that holds no row and names a next one"
        return None

    def go_on(self, following: Next) -> bool:
        """Continue with the next page; return False if it was requested before."""
        self.page = following
        self.is_later_list = self.is_later_list or following.begins_a_list
        is_new = following.token not in self._asked
        self._asked.add(following.token)
        return is_new

    @staticmethod
    def _is_of_another_request(outcome: Outcome) -> bool:
        return outcome.doubt is Doubt.MISPLACED and not outcome.emitted
