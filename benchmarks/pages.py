"""Pages of three vendors with any number of sessions, computed when they are requested.

Requests are not validated: the sandboxes do that. Every session is a copy of the vendor's example with an id and
times of its own. The sessions of a day start one second apart from noon on, and start over every hour. A page has
a hundred sessions.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

PAGE = 100
WEBSITES = 20
FIRST_DAY = date(2022, 3, 1)
"""A fixed date, so that every run is the same."""

_ID, _MOMENT, _WID = 7700000000001, "77/MOMENT/77", 7700000000002
_ROOT = Path(__file__).resolve().parents[1]


class Asked(NamedTuple):
    """A request. ``path`` is relative to the address of the run."""

    path: str
    query: Mapping[str, str]
    body: bytes


Answering = Callable[[Asked], bytes]
"""Answers a request with a body."""


def example(vendor: str) -> dict[str, Any]:
    """Return the example session of the vendor's documentation."""
    examples = json.loads((_ROOT / f"source-{vendor}" / "sandbox" / "examples.json").read_bytes())
    row: dict[str, Any] = {
        "uxcam": lambda: examples["data"][0],
        "devrev": lambda: examples["sessions"][0],
        "inspectlet": lambda: examples["sessions"]["response"][0],
    }[vendor]()
    return row


class Data:
    """A number of sessions, spread evenly over a number of days from ``FIRST_DAY`` on."""

    def __init__(self, *, sessions: int, days: int) -> None:
        self.days = days
        self.per_day = sessions // days

    def between(self, start: datetime, end: datetime) -> range:
        """Return the numbers of the days with noon in ``[start, end]``."""
        noon, one = _noon(0), timedelta(days=1)
        return range(max(0, -((noon - start) // one)), min(self.days, (end - noon) // one + 1))

    def noons(self, form: str) -> list[bytes]:
        """Return the formatted noons of all days."""
        return [_noon(day).strftime(form).encode() for day in range(self.days)]

    def page(self, days: range, number: int, row: Callable[[int, int], bytes]) -> list[bytes]:
        """Return the rows of a page (the first is 0), ordered by day."""
        start, end = number * PAGE, min((number + 1) * PAGE, len(days) * self.per_day)
        places = (divmod(place, self.per_day) for place in range(start, end))
        return [row(days.start + day, index) for day, index in places]


def uxcam(data: Data) -> Answering:
    """Answer ``GET session``: the days are JSON in ``sessiondate``."""
    shown = example("uxcam")
    shown["id"] = str(_ID)
    shown["session"] |= {"uploaded_server_time": _MOMENT, "verified_server_time": _MOMENT}
    before, between, again, after = _cut(shown, f'"{_ID}"', _MOMENT, _MOMENT)
    dates = data.noons("%Y/%m/%d, ")

    def row(day: int, index: int) -> bytes:
        uploaded = dates[day] + _past_noon(index + 60)
        started = dates[day] + _past_noon(index)
        return b'%s"%d-%d"%s%s%s%s%s' % (before, day, index, between, uploaded, again, started, after)

    def answer(asked: Asked) -> bytes:
        given = json.loads(asked.query["sessiondate"])["value"]
        wanted = [date.fromisoformat(day) for day in ([given] if isinstance(given, str) else given)]
        start, end = (_midnight(day) for day in (min(wanted), max(wanted) + timedelta(days=1)))
        rows = data.page(data.between(start, end), int(asked.query["page"]) - 1, row)
        return b'{"success":"true","data":[%s]}' % b",".join(rows)

    return answer


def devrev(data: Data) -> Answering:
    """Answer ``POST observability.sessions.list``: the cursor is the number of the next page."""
    before, between, after = _cut(
        example("devrev") | {"session_id": str(_ID), "created_at": _MOMENT}, f'"{_ID}"', _MOMENT
    )
    dates = data.noons("%Y-%m-%dT")

    def row(day: int, index: int) -> bytes:
        created = b"%s%s.000Z" % (dates[day], _past_noon(index))
        return b'%s"%d-%d"%s%s%s' % (before, day, index, between, created, after)

    def answer(asked: Asked) -> bytes:
        body = json.loads(asked.body)
        created = body["created_at"]
        days = data.between(*(datetime.fromisoformat(created[name]) for name in ("after", "before")))
        number = int(body.get("cursor") or 0)
        is_last = (number + 1) * PAGE >= len(days) * data.per_day
        following = b"" if is_last else b'"next_cursor":"%d",' % (number + 1)
        return b'{%s"sessions":[%s]}' % (following, b",".join(data.page(days, number, row)))

    return answer


def inspectlet(data: Data) -> Answering:
    """Answer ``GET websites`` and ``POST websites/<wid>/sessions``: a form with the search as JSON."""
    shown = example("inspectlet") | {"sid": _ID, "wid": _WID, "date_start_session": _MOMENT}
    shown |= {"date_end_session": _MOMENT}
    before, between, again, until, after = _cut(shown, str(_ID), str(_WID), *[f'"{_MOMENT}"'] * 2)
    part = Data(sessions=data.per_day * data.days // WEBSITES, days=data.days)
    noons = [int(_noon(day).timestamp()) for day in range(part.days)]

    def answer(asked: Asked) -> bytes:
        if asked.path == "websites":
            wids = range(1, WEBSITES + 1) if part.per_day else ()  # no sessions: no website to request
            sites = [{"wid": wid, "site_name": "a site", "date_added": 1} for wid in wids]
            return json.dumps({"response": sites}).encode()
        wid = int(asked.path.split("/")[1])
        form = dict(parse_qsl(asked.body.decode()))
        dates = json.loads(form["search"])["daterangecustom"]
        days = part.between(*(datetime.fromtimestamp(int(dates[name]), UTC) for name in ("start", "end")))

        def row(day: int, index: int) -> bytes:
            sid = (wid * part.days + day) * part.per_day + index
            start = noons[day] + index % 3600
            return b"%s%d%s%d%s%d%s%d%s" % (before, sid, between, wid, again, start, until, start + 289, after)

        return b'{"response":[%s]}' % b",".join(part.page(days, int(form["page"]) - 1, row))

    return answer


VENDORS = {"uxcam": uxcam, "devrev": devrev, "inspectlet": inspectlet}


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _noon(day: int) -> datetime:
    return _midnight(FIRST_DAY) + timedelta(days=day, hours=12)


def _past_noon(seconds: int) -> bytes:
    return b"12:%02d:%02d" % (seconds // 60 % 60, seconds % 60)


def _cut(row: dict[str, Any], *marks: str) -> list[bytes]:
    """Write a record as JSON and split it at the placeholders of its ids and times."""
    text = json.dumps(row, separators=(",", ":"))
    pieces = []
    for mark in marks:
        piece, text = text.split(mark, 1)
        pieces.append(piece.encode())
    return [*pieces, text.encode()]
