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
"""Where a session's id would stand: the vendor's page tells of none."""

IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
"""What never changes in a session, whatever a later `identify` adds and however long it goes on."""

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
"""What the vendor's page lists for a selection."""

NEEDED = (*IDENTITY, "duration", "userId", "country", "pageCount", "urls")
"""What the keys, the cursor, the columns of every session and the stream session_pages are made of."""


def session_id(row: Row) -> str | None:
    """Read the session's id; where there is none, hash what identifies it. Null where that is not there either."""
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
    """Read the country where it is a code; the vendor's page leaves open whether it is one or a name."""
    country = str(row.get("country"))
    return country.upper() if re.fullmatch("[A-Za-z]{2}", country) else None


def pages(row: Row) -> Iterator[Row]:
    """Give the pages of a session, in the order of ``urls``."""
    for index, page in enumerate(objects(row.get("urls"), "url")):
        yield page | {"page_index": index}


def told(answer: Answer) -> Fault | None:
    """Read what the vendor's own words say of an error; null where they say no more than a status would."""
    body = answer.object()
    message = body.get("message")
    words = str(at(message, "error") if isinstance(message, dict) else message or "")
    said = quoted(words)
    if re.search(r"(?i)\brate\b|open request|too many", words):
        return Fault(Kind.LIMIT, f"Browsee allows one open request at a time{said}.")
    if body.get("status") == "unauthorized" or re.search(r"(?i)(api|secret) ?key", words):
        return Fault(Kind.CONFIG, f"Browsee refused the keys{said}. {CREDENTIALS_HINT}")
    if answer.status != 200 and "segment" in words.lower():
        return Fault(
            Kind.CONFIG,
            f"Browsee did not accept a segment{said}. Check segment_ids: a segment's id stands in the address of "
            "its page View Analytics.",
        )
    return None


DURATION = Number("duration", per=1000)


class _Export(Endpoint):
    """``POST export/sessions``: 100 a page, continued by offset, in no documented order.

    Neither is documented whether the bounds are included, nor whether they are compared with a session's start
    or its end. So the lower one is sent a second early, and no row is left out for lying outside its window.
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
        """Read all fields, or these and those that are needed.

        The vendor's page has the selection in ``options``, its own sample scripts at the top level: it is sent at
        both. Whether it was heeded or not, fields that were not chosen are dropped: they may be personal data.
        """
        chosen = list(fields)
        selected = list(dict.fromkeys([*NEEDED, *chosen]))
        self._selection: dict[str, Value] = {"select": selected, "options": {"select": selected}} if chosen else {}
        self._dropped = frozenset(FIELDS).difference(selected) if chosen else frozenset()

    def request(self, page: PageContext) -> Request:
        """Ask for a page. Without a start, Browsee would give the last 24 hours."""
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
        """Read a page; what is no success tells its error in ``message``."""
        body = answer.object()
        if body.get("status") != "success":
            raise told(answer) or StatusInBody(500)
        data = at(body, "exports", "data")
        rows = rows_of([] if data is None and at(body, "exports", "total") == 0 else data)
        if self._dropped:
            rows = [{name: value for name, value in row.items() if name not in self._dropped} for row in rows]
        return Page(rows, body)

    def fault(self, answer: Answer) -> Fault | None:
        """Explain a refusal: Browsee tells a key that is missing in a 400."""
        if answer.status not in range(400, 500) or answer.status == 429:
            return None
        try:
            return told(answer)
        except ValueError:
            return None


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
