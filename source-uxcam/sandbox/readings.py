"""The ways in which UXCam may differ from its pages, or from what a client concludes from them."""

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
    """The days of `sessiondate` are those of a time zone so many hours ahead of UTC."""
    writes_local: bool = False
    """Server times in records are written in that time zone too; they never name a zone."""
    date_by: DateBy = "upload"
    """`sessiondate` is the day of the upload (the page's table) or of the verified time (the page's example)."""
    page_cap: int | None = None
    """The largest page. The page says both "up to 100 results" and "the first 20 sessions"."""
    beyond_end: BeyondEnd = "empty"
    """The answer to the page after the last one."""
    beyond_status: int = 400
    """The HTTP status if that page is "refused"."""
    too_large: TooLarge | None = None
    """A limit of the rows that one request may match."""


@dataclass
class DataAccessReadings:
    """Options of the new API."""

    lower_inclusive: bool = True
    upper_inclusive: bool = True
    """Whether the ends of `between_dates` are included."""
    events_by_upload: bool = True
    """`date_range` of events is about the upload of their session, as the page says, or about the event's date."""
    time_form: Literal["iso", "space"] = "iso"
    """`2023-01-16T10:43:47Z` or `2023-01-16 10:43:47`: the vendor's pages show both."""
    time_zone_hours: float = 0
    """Times without a zone are written in a time zone so many hours ahead of UTC. Filters stay in UTC."""
    requests_per_hour: int | None = 500
    """The budget of an hour, None for none. A client that exceeds it is locked out for a day."""
    requests_per_second: int | None = None
    """"Maximum of five concurrent requests per second": one more is answered 429."""
    refuses_headers: bool = False
    """Whether credentials in headers are refused."""
    refusal: Refusal = 401
    """How they are refused: an HTTP status, or status 200 with `"success": false`."""
    page_cap: int | None = None
    """The largest page, however many rows are asked for; `next` is correct all the same."""
    endless: Literal["empty", "full"] | None = None
    """`next` always names one more page: after the end an "empty" one, or on every page the "full" first one."""
    too_large: TooLarge | None = None
    """A limit of the rows that one request may match."""

    @property
    def bounds(self) -> Bounds:
        """Which ends of `between_dates` are included."""
        return Bounds(self.lower_inclusive, self.upper_inclusive)


def read(options: dict[str, Any]) -> tuple[SessionApiReadings, DataAccessReadings]:
    """Options for either API or both, by name.

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
