"""Browsee's Data Export API: one list of sessions, whole or of a segment. https://docs.browsee.io/integration/api-calls/data-export-api"""

import json
import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from session_source import (
    Answer,
    Endpoint,
    Fault,
    Fetch,
    Integer,
    Kind,
    Moment,
    Number,
    Offset,
    Page,
    PageContext,
    Partition,
    Request,
    Row,
    StartOrEnd,
    StatusInBody,
    Stream,
    Text,
    Value,
    at,
    epoch_seconds,
    objects,
    quoted,
    rows_of,
)

PAGE_SIZE = 100

CREDENTIALS_HINT = (
    "Check api_key, the project's API key, and secret_key, which is generated in Browsee under Settings > "
    "Integrations: both have to belong to the same account."
)

ID_FIELDS = ("sessionId", "_id", "id")
"""Fields that may hold a session's id. The vendor's page documents none."""

IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
"""Fields that never change in a session, even if a later `identify` adds fields or the session gets longer."""

FIELDS = (
    "userId",
    "duration",
    "inactiveTime",
    "activeTime",
    "urls",
    "timestamp",
    "pageCount",
    "eventCount",
    "name",
    "email",
    "tags",
    "landingPage",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "browser",
    "os",
    "device",
    "isMobile",
    "ip",
    "city",
    "country",
    "domain",
    "referrer",
)
"""Fields that can be selected, as the vendor's page lists them."""

NEEDED = (*IDENTITY, "duration", "userId", "country", "pageCount", "urls")
"""Fields that the keys, the cursor, the shared columns and the stream session_pages are read from."""


def session_id(row: Row) -> str | None:
    """Return the session's id, or a hash of the fields that identify it; null if all of them are missing."""
    for name in ID_FIELDS:
        value = row.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    identity = [row.get(name) for name in IDENTITY]
    if all(value is None for value in identity):
        return None
    canonical = json.dumps(identity, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"hash:{sha256(canonical.encode()).hexdigest()}"


def country_code(row: Row) -> str | None:
    """Return the country if it is a code. The vendor's page does not say whether it is a code or a name."""
    country = str(row.get("country"))
    return country.upper() if re.fullmatch("[A-Za-z]{2}", country) else None


def pages(row: Row) -> Iterator[Row]:
    """Yield the pages of a session, in the order of ``urls``."""
    for index, page in enumerate(objects(row.get("urls"), "url")):
        yield page | {"page_index": index}


def explained(answer: Answer) -> Fault | None:
    """Return the error that the vendor's message describes; None if it says no more than the status.

    Raises:
        ValueError: the body is not Browsee's.
    """
    body = answer.object()
    message = body.get("message")
    words = str(at(message, "error") if isinstance(message, dict) else message or "")
    quote = quoted(words)
    if re.search(r"(?i)\brate\b|open request|too many", words):
        return Fault(Kind.LIMIT, f"Browsee allows one open request at a time{quote}.")
    if body.get("status") == "unauthorized" or re.search(r"(?i)(api|secret) ?key", words):
        return Fault(Kind.CONFIG, f"Browsee refused the keys{quote}. {CREDENTIALS_HINT}")
    if answer.status != 200 and "segment" in words.lower():
        return Fault(
            Kind.CONFIG,
            f"Browsee refused a segment{quote}. Check segment_ids: a segment's id is in the address of its page "
            "View Analytics.",
        )
    return None


DURATION = Number("duration", per=1000)


class _Export(Endpoint):
    """``POST export/sessions``: 100 a page, continued by offset, in no documented order.

    The page does not say whether the bounds are included, or whether they are compared with a session's start or
    its end. So the lower bound is sent a second early, and no row is dropped because of its time.
    """

    columns = {
        "session_id": session_id,
        "user_id": Text("userId"),
        "started_at": Moment("timestamp", per_second=1000),
        "ended_at": Moment("timestamp", per_second=1000, plus=DURATION),
        "duration_seconds": DURATION,
        "country_code": country_code,
        "app_platform": lambda _: "web",
        "page_count": Integer("pageCount"),
    }
    id = "session_id"
    time_filter = StartOrEnd("started_at", "ended_at")
    pager = Offset("exports", "total", size=PAGE_SIZE)

    def __init__(self, fields: Iterable[str]) -> None:
        """Read all fields, or these and the needed ones.

        The vendor's page has the selection in ``options``, its sample scripts have it at the top level: it is sent
        at both places. Fields that were not chosen are dropped even if the vendor sends them: they may be personal
        data.
        """
        chosen = list(fields)
        selected = list(dict.fromkeys([*NEEDED, *chosen]))
        self._selection: dict[str, Value] = {"select": selected, "options": {"select": selected}} if chosen else {}
        self._dropped = frozenset(FIELDS).difference(selected) if chosen else frozenset()

    def request(self, page: PageContext) -> Request:
        """Request a page. Without a start, Browsee returns the last 24 hours."""
        start, end = page.window.whole_seconds(early=1)
        body: dict[str, Value] = {
            "start": max(epoch_seconds(start), 0),
            "end": epoch_seconds(end),
            "from": page.token,
            "limit": PAGE_SIZE,
        }
        if "segment_id" in page.partition:
            body["segmentId"] = page.partition["segment_id"]
        return Request("POST", "export/sessions", json=body | self._selection)

    def page(self, answer: Answer, page: PageContext) -> Page:
        """Read a page. If ``status`` is not success, ``message`` has the error."""
        body = answer.object()
        if body.get("status") != "success":
            raise explained(answer) or StatusInBody(500)
        data = at(body, "exports", "data")
        rows = rows_of([] if data is None and at(body, "exports", "total") == 0 else data)
        if self._dropped:
            rows = [{name: value for name, value in row.items() if name not in self._dropped} for row in rows]
        return Page(rows, body)

    def fault(self, answer: Answer) -> Fault | None:
        """Explain a refusal. Browsee reports a missing key with a 400."""
        if answer.status not in range(400, 500) or answer.status == 429:
            return None
        return explained(answer)


class Sessions(_Export):
    """The sessions of the project, and the pages in them."""

    name = "sessions"
    streams = (
        Stream("sessions", ("session_id",), "started_at", is_session=True),
        Stream("session_pages", ("session_id", "page_index"), "started_at", items=pages),
    )


class SegmentSessions(_Export):
    """The sessions of each configured segment, read segment by segment."""

    name = "segment_sessions"
    streams = (Stream("segment_sessions", ("segment_id", "session_id"), "started_at", is_session=True),)

    def __init__(self, fields: Iterable[str], segment_ids: Iterable[str]) -> None:
        super().__init__(fields)
        self._segment_ids = list(dict.fromkeys(segment_ids))

    def partitions(self, fetch: Fetch) -> list[Partition]:
        """List the segments."""
        return [{"segment_id": segment_id} for segment_id in self._segment_ids]
