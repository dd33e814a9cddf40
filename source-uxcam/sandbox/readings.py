"""Options: the ways in which UXCam may differ from its pages, or from how a client reads them."""

from dataclasses import dataclass
from typing import Any, Literal

from sandbox_server import BeyondEnd, TooLarge

from .data_access_filters import Bounds
from .records import DateBy

Refusal = Literal[401, 403, "success_false"]


@dataclass
class SessionApiReadings:
    """Options of the old API."""

    between_inclusive: bool = True
    """Whether the second day of `between` is included."""
    hours_ahead: float = 0
    """How many hours the time zone of the days in `sessiondate` is ahead of UTC."""
    writes_local: bool = False
    """Whether server times in records are in that time zone too; they never name a zone."""
    date_by: DateBy = "upload"
    """`sessiondate` is the day of the upload (the page's table) or of the verified time (the page's example)."""
    page_cap: int | None = None
    """The largest page. The page says both "up to 100 results" and "the first 20 sessions"."""
    beyond_end: BeyondEnd = "empty"
    """The answer to the page after the last one."""
    beyond_status: int = 400
    """The HTTP status for that page if it is "refused"."""
    too_large: TooLarge | None = None
    """A limit of the rows that one request may match."""


@dataclass
class DataAccessReadings:
    """Options of the new API."""

    lower_inclusive: bool = True
    upper_inclusive: bool = True
    """Whether the ends of `between_dates` are included."""
    events_by_upload: bool = True
    """Whether `date_range` of events filters by the upload of their session (documented) or by their date."""
    time_form: Literal["iso", "space"] = "iso"
    """`2023-01-16T10:43:47Z` or `2023-01-16 10:43:47`: the vendor's pages show both."""
    time_zone_hours: float = 0
    """How many hours the time zone of times without a zone is ahead of UTC. Filters stay in UTC."""
    requests_per_hour: int | None = 500
    """The hourly budget, None for no limit. A client that exceeds it is locked out for a day."""
    requests_per_second: int | None = None
    """"Maximum of five concurrent requests per second"; further ones get a 429."""
    refuses_headers: bool = False
    """Whether credentials in headers are refused."""
    refusal: Refusal = 401
    """How they are refused: an HTTP status, or status 200 with `"success": false`."""
    page_cap: int | None = None
    """The largest page, whatever size is requested; `next` is still correct."""
    endless: Literal["empty", "full"] | None = None
    """`next` always names one more page: "empty" pages after the end, or the "full" first page again."""
    too_large: TooLarge | None = None
    """A limit of the rows that one request may match."""

    @property
    def bounds(self) -> Bounds:
        """Which ends of `between_dates` are included."""
        return Bounds(self.lower_inclusive, self.upper_inclusive)


def read(options: dict[str, Any]) -> tuple[SessionApiReadings, DataAccessReadings]:
    """Split options by API; options may belong to both.

    Raises:
        TypeError: neither API has an option of that name.
    """
    old, new = SessionApiReadings.__dataclass_fields__, DataAccessReadings.__dataclass_fields__
    unknown = options.keys() - old.keys() - new.keys()
    if unknown:
        raise TypeError(f"UXCam has no option {', '.join(sorted(unknown))}")
    return (
        SessionApiReadings(**{name: value for name, value in options.items() if name in old}),
        DataAccessReadings(**{name: value for name, value in options.items() if name in new}),
    )
