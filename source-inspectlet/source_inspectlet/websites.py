"""The websites of an account. https://apidocs.inspectlet.com/#listing-your-sites"""

from collections.abc import Iterable

from session_source import (
    Answer,
    Endpoint,
    Fetch,
    Integer,
    OnePage,
    Page,
    Partition,
    Request,
    Stream,
    Token,
    Window,
    rows_of,
)

from source_inspectlet.answers import response

WID = Integer("wid")
LIST = Request("GET", "websites", is_kept=True)


class Websites(Endpoint):
    """``GET websites``: all of them at once. The stream and the partitions of sessions share one answer.

    Args:
        chosen: the ids of the websites that are read; every one if empty.
    """

    name = "websites"
    streams = (Stream("websites", ("wid",), None),)
    columns = {"wid": WID}
    id = "wid"
    pager = OnePage()

    def __init__(self, chosen: Iterable[int] = ()) -> None:
        self._chosen = list(dict.fromkeys(chosen))

    def wids(self, fetch: Fetch) -> list[int]:
        """List the ids of the websites that are read; asks the vendor only where none are chosen."""
        if self._chosen:
            return self._chosen
        page: Page = fetch(LIST, lambda answer: self.page(answer, self.pager.first))
        return list(dict.fromkeys(wid for row in page.rows if (wid := WID(row)) is not None))

    def request(self, window: Window, partition: Partition, token: Token) -> Request:
        """Ask for the list."""
        return LIST

    def page(self, answer: Answer, token: Token) -> Page:
        """Read the list; a website without an id would mean sessions that nobody reads."""
        rows = rows_of(response(answer))
        wids = [WID(row) for row in rows]
        if None in wids:
            raise ValueError("a website in it has no wid")
        chosen = [row for row, wid in zip(rows, wids, strict=True) if not self._chosen or wid in self._chosen]
        return Page(chosen, None)
