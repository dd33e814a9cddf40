"""How the page can be read where it is silent or says two things."""

from dataclasses import dataclass
from typing import Literal, get_args, get_origin, get_type_hints


@dataclass
class Readings:
    """One option for each open question; all may be changed while the sandbox serves."""

    date_means: Literal["that_day", "from_that_day_on"] = "that_day"
    """`date`: "all visits from the specified date"."""
    date_by: Literal["last_event", "session_start", "any_activity"] = "last_event"
    """What has to be in that day, and in `from` and `to`: the last event, the start, or any part of a session.

    The list is in the order of the starts with `session_start`, else in that of the last events.
    """
    honours_from_to: bool = True
    """`from` and `to`, of the notes at the page's bottom, narrow the list; else they change nothing."""
    from_to_unit: Literal["ms", "s"] = "ms"
    """"Unix timestamp"; the columns that are called so hold milliseconds."""
    to_inclusive: bool = True
    """"Up to" a moment."""
    honours_offset: bool = True
    """`offset`, of the same notes ("or deprecate offset"); else each offset gives the first page."""
    has_next_token: bool = True
    """An answer in jsondatatable format names the page after it; else a token that is sent changes nothing."""
    next_page: Literal["inclusive", "exclusive", "overlapping"] = "inclusive"
    """A token names the next page's first session, or this page's last one; that comes again if they overlap."""
    last_page: Literal["no_token", "empty_token", "dead_end"] = "no_token"
    """On the last page: no `nextToken`, an empty one, or one that leads to an empty page.

    The page's example has one row, a limit of 40, and a token that is older than its session.
    """
    form: Literal["object", "parenthesised", "objects"] = "object"
    """A header and positional rows as in the page's example, the same in parentheses, or one object a row."""
    blank_lines: int = 0
    """Empty lines before an answer, as a JSP's directives leave them."""
    fields: Literal["page", "shuffled"] = "page"
    """The order of the columns: the page's, or another one in each answer."""
    torn_rows: bool = False
    """The first row of an answer lacks its last value; the page has no such answer, a client has to notice it."""
    timezone_column: Literal["visitor", "site"] = "visitor"
    """Whose `timezone` a row tells; `date` is always a day of the site."""
    max_limit: int = 10_000
    """The sibling https://api.opentracker.net/api/views/c_view_session.jsp has a maximum of 1,000."""
    clips_limit: bool = False
    """A limit above the maximum is cut to it, silently; else it is refused."""
    ignores_credentials: bool = False
    """Whoever asks is answered as the demo account."""
    cache: bool = False
    """Every request about a site gets the answer to the first request about it, whatever it asks for."""
    broken_sites: int = 0
    """So many sites, the last ones, always answer with the error of a database that is offline."""

    def __post_init__(self) -> None:
        for name, kind in get_type_hints(type(self)).items():
            value = getattr(self, name)
            if get_origin(kind) is Literal and value not in get_args(kind):
                raise ValueError(f"{name} is one of {', '.join(get_args(kind))}, not {value!r}")
