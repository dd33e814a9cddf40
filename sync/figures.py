"""Figures: the numbers that the report shows, one query each."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from sync.sessions import HOMES, Sessions
from sync.warehouse import Warehouse

BUCKETS = (
    (10, "under 10 s"),
    (30, "10 to 30 s"),
    (60, "30 to 60 s"),
    (180, "1 to 3 min"),
    (600, "3 to 10 min"),
    (1800, "10 to 30 min"),
    (None, "over 30 min"),
)
"""Durations: the upper limit in seconds, and the label."""

DAYS = 60
"""Days in charts over time."""

TOP = 12
"""Pages or screens in a list."""

PAGES = {
    ("browsee", "session_pages"): "url",
    ("inspectlet", "session_pages"): "url",
    ("opentracker", "sessions"): "entry_root_url",
    ("devrev", "sessions"): "first_page_url",
}
"""The columns with pages of websites, by vendor and stream."""

SCREENS = {("uxcam", "screens"): "activity_name", ("uxcam", "events"): "eventscreen"}
"""The columns with screens of apps."""

CLICKS = {
    ("devrev", None): ("rage_click_count", "dead_click_count"),
    ("uxcam", "session_api"): (
        "CAST(session ->> 'rage_gesture_count' AS INTEGER)",
        "CAST(session ->> 'unresponsive_gesture_count' AS INTEGER)",
    ),
    ("uxcam", "data_access_v2"): ("CAST(property ->> 'rageGestureCount' AS INTEGER)", "0"),
}
"""Expressions for the rage and dead clicks of a session, by vendor and API."""


class Clicks(NamedTuple):
    """Rage and dead clicks of one day."""

    day: date
    rage: int
    dead: int


class Figures:
    """Queries a warehouse.

    Args:
        warehouse: a warehouse with the view ``all_sessions``.
        schemas: the schemas that have sessions.
    """

    def __init__(self, warehouse: Warehouse, schemas: list[Sessions]) -> None:
        self._query = warehouse.query
        self._schemas = schemas
        self._view = f"{HOMES[warehouse.destination.name]}.all_sessions"
        ((last,),) = self._query(f"SELECT CAST(max(started_at) AS DATE) FROM {self._view}")  # noqa: S608
        self._since = None if last is None else last - timedelta(days=DAYS)
        self._columns: dict[tuple[str, str], set[str]] = {}
        for schema, table, column in self._query(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns"
        ):
            self._columns.setdefault((schema, table), set()).add(column)

    def totals(self) -> tuple[int, int, Any, Any]:
        """Return the numbers of sessions and users, and the times of the first and the last session."""
        ((sessions, users, first, last),) = self._query(
            f"SELECT count(*), count(DISTINCT user_id), min(started_at), max(started_at) FROM {self._view}"  # noqa: S608
        )
        return sessions, users, first, last

    def per_day(self, column: str) -> list[tuple[str, date, int]]:
        """Return the sessions a day, by a column of the view."""
        return [
            (str(name or "unknown"), day, count)
            for name, day, count in self._query(
                f"SELECT {column}, CAST(started_at AS DATE) AS day, count(*) FROM {self._view} "  # noqa: S608
                "WHERE started_at >= %s GROUP BY 1, 2 ORDER BY 1, 2",
                self._since,
            )
        ]

    def durations(self) -> list[tuple[str, int, int]]:
        """Return the sessions by vendor and index of the duration bucket."""
        cases = " ".join(
            f"WHEN duration_seconds < {limit} THEN {index}" if limit else f"ELSE {index}"
            for index, (limit, _) in enumerate(BUCKETS)
        )
        rows = self._query(
            f"SELECT vendor, CASE {cases} END AS bucket, count(*) FROM {self._view} "  # noqa: S608
            "WHERE duration_seconds IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        )
        return [(vendor, bucket, count) for vendor, bucket, count in rows]

    def top(self, places: dict[tuple[str, str], str]) -> list[tuple[str, str, int]]:
        """Return the names that occur most often, with their vendors."""
        counts: dict[tuple[str, str], int] = {}
        for sessions, stream, column in self._with(places):
            for name, count in self._query(
                f'SELECT {column}, count(*) FROM "{sessions.schema}"."{stream}" '  # noqa: S608
                f"WHERE {column} IS NOT NULL AND {column} <> '' GROUP BY 1 ORDER BY 2 DESC LIMIT {TOP}"
            ):
                key = sessions.vendor, str(name)
                counts[key] = max(counts.get(key, 0), count)  # both APIs of a vendor return the same visits
        most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]
        return [(vendor, name, count) for (vendor, name), count in most]

    def clicks(self) -> list[Clicks]:
        """Return rage and dead clicks a day, of vendors that report them."""
        found: dict[date, Clicks] = {}
        for sessions in self._distinct():
            columns = CLICKS.get((sessions.vendor, sessions.api))
            if columns is None:
                continue
            rage, dead = columns
            for day, rages, deads in self._query(
                f"SELECT CAST(started_at AS DATE), sum({rage}), sum({dead}) FROM "  # noqa: S608
                f'"{sessions.schema}".sessions WHERE started_at >= %s GROUP BY 1',
                self._since,
            ):
                before = found.get(day, Clicks(day, 0, 0))
                found[day] = Clicks(day, before.rage + int(rages or 0), before.dead + int(deads or 0))
        return sorted(found.values())

    def _distinct(self) -> Iterable[Sessions]:
        """Return one schema per account. Of two APIs, return the one that counts more kinds of clicks."""
        by_account: dict[tuple[str, str | None], Sessions] = {}
        for sessions in sorted(self._schemas, key=lambda one: one.is_current_api, reverse=True):
            by_account[sessions.vendor, sessions.account if sessions.api is None else None] = sessions
        return by_account.values()

    def _with(self, places: dict[tuple[str, str], str]) -> Iterator[tuple[Sessions, str, str]]:
        for sessions in self._schemas:
            for (vendor, stream), column in places.items():
                if vendor == sessions.vendor and column in self._columns.get((sessions.schema, stream), set()):
                    yield sessions, stream, column
