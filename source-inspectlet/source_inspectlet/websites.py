"""The websites of an account. https://apidocs.inspectlet.com/#listing-your-sites"""

from collections.abc import Iterable

from session_source import (
    Answer,
    Endpoint,
    Fault,
    Fetch,
    Integer,
    Kind,
    Moment,
    OnePage,
    Page,
    PageContext,
    Request,
    Row,
    Stream,
    rows_of,
    value_or_none,
)

from source_inspectlet.answers import response

WID = Integer("wid")
LIST = Request("GET", "websites", is_kept=True)


class Websites(Endpoint):
    """``GET websites``: all of them at once. The stream and the partitions of sessions share the answer.

    Args:
        chosen: the ids of the websites that are read; all if empty.
    """

    name = "websites"
    streams = (Stream("websites", ("wid",), None),)
    columns = {"wid": WID, "website_added_at": Moment("date_added", per_second=1)}
    id = "wid"
    pager = OnePage()

    def __init__(self, chosen: Iterable[int] = ()) -> None:
        self._chosen = list(dict.fromkeys(chosen))

    def wids(self, fetch: Fetch) -> list[int]:
        """Return the ids of the websites that are read. They are requested only if none are configured."""
        if self._chosen:
            return self._chosen
        rows: list[Row] = fetch(LIST, self._websites)
        return list(dict.fromkeys(wid for row in rows if (wid := value_or_none(WID, row)) is not None))

    def request(self, page: PageContext) -> Request:
        """Return the request for the list."""
        return LIST

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read the list."""
        return Page(self._websites(answer))

    def _websites(self, answer: Answer) -> list[Row]:
        """Return the websites that are read.

        Raises:
            Fault: a website has no usable id, so that its sessions could not be read.
        """
        rows = rows_of(response(answer))
        if self._chosen:
            return [row for row in rows if value_or_none(WID, row) in self._chosen]
        if any(value_or_none(WID, row) is None for row in rows):
            raise Fault(
                Kind.STUCK,
                "Inspectlet lists a website with a wid that is not a number, so its sessions cannot be read. List "
                "the websites to read in website_ids, and report it to Inspectlet if it happens again.",
            )
        return rows
