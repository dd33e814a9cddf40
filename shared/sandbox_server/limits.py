"""Limits that a vendor may have but not document: rows per request, pages beyond the end of a list."""

from collections.abc import Hashable
from typing import Literal, NamedTuple, TypedDict


class TooLarge(TypedDict):
    """The option `too_large`: a request that matches more than `rows` rows fails with `status`.

    413 and 504 have the vendor's own body; "timeout" means that no answer is ever sent.
    """

    rows: int
    status: Literal[413, 504, "timeout"]


class TooLargeError(Exception):
    """The request matches too many rows. The server answers with `Vendor.error(status)`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"too many rows: {status}")
        self.status = status


class NoAnswerError(Exception):
    """The vendor never answers this request. The server keeps the connection open until the client disconnects."""


class InterruptionError(Exception):
    """The vendor interrupts the connection instead of answering this request."""


def check_size(limit: TooLarge | None, rows: int) -> None:
    """Raise TooLargeError or NoAnswerError if a request matches more rows than the vendor can serve."""
    if limit is None or rows <= limit["rows"]:
        return
    if limit["status"] == "timeout":
        raise NoAnswerError
    raise TooLargeError(limit["status"])


BeyondEnd = Literal["empty", "repeats_last", "refused"]
"""The answer to a request for the page after the last one."""


class BeyondEndError(Exception):
    """The page does not exist, as an HTTP status reports. `beyond`: how far it is past the end."""

    def __init__(self, status: int, page: int, beyond: int) -> None:
        super().__init__(f"page {page} is beyond the end")
        self.status = status
        self.beyond = beyond


class Served(NamedTuple):
    """The number of the page to serve, and how many pages past the end the requested one is (0 if it exists)."""

    page: int
    beyond: int


class NumberedPages:
    """The end of lists with numbered pages and no total.

    A client that receives a short page may request one more page, because a vendor may serve fewer rows than
    requested. The answer is an empty page, the last page again, or the status `refusal`. Requests further beyond
    the end are always refused with 400, because the client ignored the answer before.
    """

    def __init__(self, beyond_end: BeyondEnd, refusal: int) -> None:
        self._beyond_end = beyond_end
        self._refusal = refusal
        self._served: dict[Hashable, int] = {}

    def serve(self, page: int, *, size: int, rows: int, of: Hashable) -> Served:
        """Return which page of a list with that many rows to serve; `of` identifies the list.

        Raises:
            BeyondEndError: the page is refused.
        """
        last = max(1, -(-rows // size))
        # The list may be shorter now: the page after one that existed when it was served is still allowed.
        known = max(last, self._served.get(of, 1))
        beyond = max(0, page - known)
        if beyond > 1:
            raise BeyondEndError(400, page, beyond)
        if page <= last:
            self._served[of] = max(page, self._served.get(of, 1))
            return Served(page, 0)
        if self._beyond_end == "refused":
            raise BeyondEndError(self._refusal, page, beyond)
        return Served(last if self._beyond_end == "repeats_last" else page, beyond)
