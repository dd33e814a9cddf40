"""The list of sessions. https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from session_source import (
    Answer,
    Endpoint,
    ExactTime,
    Fault,
    Fetch,
    Moment,
    NextInAnswer,
    Number,
    Page,
    PageContext,
    Partition,
    Request,
    Row,
    Stream,
    Text,
    Wish,
    rfc3339_with_milliseconds,
    rows_of,
)

from source_devrev import errors
from source_devrev.filters import TYPES

PAGE_SIZES = (100, 50, 20, 10)
"""Sessions a page. The vendor's page has no maximum of ``limit``, so after a refusal a smaller one is sent."""

CREATED_AT = Moment("created_at")
DURATION = Number("session_duration_ms", per=1000)

KEY = ("version_key", "app_platform", "session_id")
OTHERS = {
    "mobile": ["web"],
    "web": ["mobile", "android", "ios"],
    "android": ["ios", "web"],
    "ios": ["android", "web"],
}
"""Types and platforms that a session of another type or platform cannot have."""

RECORDINGS = {"recording": "recording_ids", "tab": "tab_ids"}
"""The field with the ids of recordings, by their kind: mobile apps have recordings, sites have tabs."""


def recordings(row: Row) -> Iterator[Row]:
    """Yield the recordings of a session; an id that is listed twice is one recording."""
    seen: set[str] = set()
    for kind, name in RECORDINGS.items():
        ids = row.get(name)
        for index, given in enumerate(ids if isinstance(ids, list) else []):
            recording_id = "" if given is None else str(given)
            if recording_id and recording_id not in seen:
                seen.add(recording_id)
                yield {"recording_id": recording_id, "recording_index": index, "recording_kind": kind}


def unknown(row: Row) -> None:
    """Return null: DevRev has no such field."""


def _is_of_another(row: Row, platform: str) -> bool:
    """Return whether a session has another platform or type.

    A site may be visited on a phone; which ``platform`` such a session has is not documented.
    """
    kind, on = row.get("type"), row.get("platform")
    return kind in OTHERS[TYPES[platform]] or (kind != "web" and on in OTHERS[platform])


class Sessions(Endpoint):
    """``POST observability.sessions.list``: a page of up to 100, ``next_cursor`` names the next page.

    ``created_at`` filters by the session's ``created_at``. Only the vendor's SDK says that the bounds are
    included, so the lower bound is sent a second early. The order of a list is not documented, nor how ``sort_by``
    writes a direction. ``created_at:asc``, as in DevRev's other lists, keeps pages steady; nothing here depends
    on it.
    """

    name = "sessions"
    streams = (
        Stream("sessions", KEY, "created_at", is_session=True),
        Stream("session_recordings", (*KEY, "recording_id"), "created_at", items=recordings),
    )
    columns = {
        "session_id": Text("session_id"),
        "created_at": CREATED_AT,
        "user_id": Text("rev_user_id"),
        "started_at": CREATED_AT,
        "ended_at": Moment("created_at", plus=DURATION),
        "duration_seconds": DURATION,
        "country_code": unknown,
        "page_count": unknown,
    }
    id = "session_id"
    time_filter = ExactTime("created_at", CREATED_AT)
    pager = NextInAnswer("next_cursor")

    def __init__(self, apps: Iterable[Mapping[str, str]], filters: Mapping[str, Mapping[str, Any]]) -> None:
        """Read these apps, each a ``version_key`` with a ``platform``, with the filters of their platforms."""
        self._apps = dict.fromkeys((app["version_key"], app["platform"]) for app in apps)
        self._filters = filters
        self.limit = Wish([{"limit": size} for size in PAGE_SIZES], errors.is_about_limit)
        self._sort_by = {kind: Wish([{"sort_by": ["created_at:asc"]}, {}]) for kind in set(TYPES.values())}

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """Read each app by itself; one that is listed twice is read once."""
        return [{"version_key": key, "app_platform": platform} for key, platform in self._apps]

    def sort_by(self, partition: Partition) -> Wish:
        """Return the wish for an order, which is one for all apps of a type."""
        return self._sort_by[TYPES[partition["app_platform"]]]

    def request(self, page: PageContext) -> Request:
        """Request a page of the sessions that were created in the window."""
        platform = page.partition["app_platform"]
        after, before = page.window.whole_seconds(early=1)
        body = {
            "type": TYPES[platform],
            "platform": platform,
            "version_key": page.partition["version_key"],
            "created_at": {
                "type": "range",
                "after": rfc3339_with_milliseconds(after),
                "before": rfc3339_with_milliseconds(before),
            },
            "mode": "after",
            **self._filters[platform],
        }
        if page.token is not None:
            body["cursor"] = page.token
        wishes = (self.limit, self.sort_by(page.partition))
        return Request("POST", "observability.sessions.list", json=body, wishes=wishes)

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page. The last page of a list has no ``next_cursor``.

        Sessions may lack their platform, and a single one may be odd. If all have another platform, the answer
        belongs to another request.
        """
        body = answer.object()
        rows = rows_of(body.get("sessions"))
        platform = page.partition["app_platform"]
        platforms = [row.get("platform") or ("web" if row.get("type") == "web" else None) for row in rows]
        if platform not in platforms and any(_is_of_another(row, platform) for row in rows):
            raise ValueError(f"it has sessions of another platform than {platform}, which was requested")
        return Page(rows, body)

    def fault(self, answer: Answer) -> Fault | None:
        """Explain an error in DevRev's terms."""
        return errors.fault(answer)
