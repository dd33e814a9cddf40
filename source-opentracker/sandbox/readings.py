"""Options: what the page leaves open or contradicts, and ways in which the vendor may fail."""

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints

from sandbox_server import TooLarge


@dataclass
class Readings:
    """One option per question; all may be changed while the sandbox is served."""

    date_means: Literal["that_day", "from_that_day_on"] = "that_day"
    """`date`: "all visits from the specified date"."""
    date_by: Literal["last_event", "session_start", "any_activity"] = "last_event"
    """What must be in that day, and in `from` and `to`: the last event, the start, or any part of a session.

    The list is sorted by start with `session_start`, otherwise by last event.
    """
    order: Literal["newest_first", "oldest_first"] = "newest_first"
    """The order of a list. A list with tokens is "newest_first"."""
    honours_from_to: bool = True
    """Whether `from` and `to`, from the notes at the end of the page, narrow the list or are ignored."""
    from_to_unit: Literal["ms", "s"] = "ms"
    """"Unix timestamp"; the columns of that name contain milliseconds."""
    to_inclusive: bool = True
    """"Up to" a moment."""
    honours_offset: bool = True
    """Whether `offset`, from the same notes ("or deprecate offset"), works or is ignored."""
    has_next_token: bool = True
    """Whether an answer in jsondatatable format has a token for the next page; otherwise tokens are ignored."""
    next_page: Literal["inclusive", "exclusive", "overlapping"] = "inclusive"
    """"inclusive": a token names the first session of the next page. Otherwise it names the last one of this page,
    which is repeated if pages are "overlapping"."""
    last_page: Literal["no_token", "empty_token", "dead_end"] = "no_token"
    """The last page has no `nextToken`, an empty one, or one that leads to an empty page.

    The page's example has one row, a limit of 40, and a token that is older than its session.
    """
    form: Literal["object", "parenthesised", "objects"] = "object"
    """A header and positional rows as in the page's example, the same in parentheses, or one object per row."""
    blank_lines: int = 0
    """The number of empty lines before an answer, as a JSP's directives produce them."""
    fields: Literal["page", "shuffled"] = "page"
    """The order of the columns: the page's, or another one in each answer."""
    torn_rows: bool = False
    """Whether the first row of an answer lacks its last value, which a client must notice."""
    timezone_column: Literal["visitor", "site"] = "visitor"
    """Whether `timezone` in a row is the site's or the visitor's; `date` is always a day of the site."""
    max_limit: int = 10_000
    """The sibling https://api.opentracker.net/api/views/c_view_session.jsp has a maximum of 1,000."""
    clips_limit: bool = False
    """Whether a limit above the maximum is silently reduced to it; otherwise it is refused."""
    page_cap: int | None = None
    """The largest page, whatever limit is requested; None for `max_limit`."""
    ignores_credentials: bool = False
    """Whether every request is answered as if it came from the demo account."""
    cache: bool = False
    """Whether every request for a site gets the answer to the first request for it."""
    broken_sites: int = 0
    """How many sites, the last ones, always answer with the error of an offline database."""
    endless: Literal["empty", "full"] | None = None
    """There is always a new token: pages after the end are "empty", or every page is the "full" first one."""
    too_large: TooLarge | None = None
    """The limit of rows that one list by date may match; lists of one visitor have no limit."""

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(kind) is Literal and value not in get_args(kind):
                raise ValueError(f"{name} is one of {', '.join(get_args(kind))}, not {value!r}")
        if self.order != "newest_first" and self.has_next_token:
            raise ValueError("a list with tokens is newest_first")
