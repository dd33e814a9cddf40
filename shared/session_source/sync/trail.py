"""Trails: how far the list of a window was read, and whether it gets on."""

from typing import NamedTuple

from session_source.api.pagination import Next, Token
from session_source.sync.claims import Doubt

REPEATS = 3
"""How often a page that is doubted is requested, and how many such pages in a row are an error."""

ROWLESS = 10
"""How many pages in a row may hold no row, though each says that there are more."""


class Outcome(NamedTuple):
    """What the request for one page came to."""

    rows: int
    """How many rows the page has."""
    emitted: int
    doubt: Doubt | None
    following: Next | None
    fingerprint: int


NO_PAGE = Outcome(0, 0, None, None, 0)


class Trail:
    """How far the list of a window was read."""

    def __init__(self, first: Token) -> None:
        self.page = Next(first)
        self.length = 0
        """How many pages were read."""
        self.same = 0
        """How many pages in a row were the last one again."""
        self._asked = {first}
        self._repeated = 0
        self._rowless = 0

    def error(self, outcome: Outcome) -> str | None:
        """Note a page, and return what is wrong where the list does not get on."""
        self.length += 1
        self._repeated = self._repeated + 1 if outcome.doubt is Doubt.REPEATED else 0
        self._rowless = 0 if outcome.rows or self.page.begins_a_list else self._rowless + 1
        if outcome.doubt is not None and (self._repeated == REPEATS or self._is_of_another_request(outcome)):
            return outcome.doubt.value
        if outcome.following is not None and self._rowless == ROWLESS:
            return f"is the {ROWLESS}th in a row that holds no row and names another one"
        return None

    def go_on(self, following: Next) -> bool:
        """Continue with the next page; return False if it was requested before."""
        self.page = following
        is_new = following.token not in self._asked
        self._asked.add(following.token)
        return is_new

    @staticmethod
    def _is_of_another_request(outcome: Outcome) -> bool:
        return outcome.doubt is Doubt.MISPLACED and not outcome.emitted
