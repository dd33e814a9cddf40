"""Answers: what the report shows of the models in the schema ``session_analytics``; each is one query."""

from datetime import date
from typing import NamedTuple

from sync.figures import TOP
from sync.warehouse import Warehouse

SCHEMA = "session_analytics"
"""Where ``make models`` builds."""

MODELS = (
    "sessions",
    "session_pages",
    "session_events",
    "frustrations",
    "users",
    "daily_activity",
    "retention_weekly",
    "funnel_steps",
)

COHORTS = 12
"""Weeks in the chart of retention."""


class Cohort(NamedTuple):
    """The users who were first seen in a week."""

    week: date
    users: int
    retained: dict[int, float]
    """The share of them with a session, from 0 to 1, by weeks since then."""


class Answers:
    """Queries the models.

    Args:
        warehouse: with the schema of the models.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self._query = warehouse.query

    def exist(self) -> bool:
        """Return whether all models were built."""
        names = self._query("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", SCHEMA)
        return {name for (name,) in names} >= set(MODELS)

    def retention(self) -> list[Cohort]:
        """Return the newest cohorts over all vendors, the oldest first."""
        cohorts: dict[date, Cohort] = {}
        for week, number, users, active in self._query(
            "SELECT cohort_week, week_number, sum(cohort_users), sum(active_users) "  # noqa: S608
            f"FROM {SCHEMA}.retention_weekly "
            "GROUP BY 1, 2 ORDER BY 1, 2"
        ):
            cohort = cohorts.setdefault(week, Cohort(week, int(users), {}))
            cohort.retained[int(number)] = float(active) / float(users)
        return list(cohorts.values())[-COHORTS:]

    def funnel(self) -> list[tuple[str, int]]:
        """Return each step with the sessions that reached it."""
        rows = self._query(f"SELECT step, reached FROM {SCHEMA}.funnel_steps ORDER BY step_number")  # noqa: S608
        return [(step, int(reached)) for step, reached in rows]

    def frustrations(self) -> list[tuple[str, str, int]]:
        """Return kind, page and number for the pages with most frustrations."""
        rows = self._query(
            f"WITH worst AS (SELECT page FROM {SCHEMA}.frustrations WHERE page IS NOT NULL GROUP BY 1 "  # noqa: S608
            f"ORDER BY sum(occurrences) DESC, page LIMIT {TOP}) "
            f"SELECT kind, page, sum(occurrences) FROM {SCHEMA}.frustrations JOIN worst USING (page) GROUP BY 1, 2"
        )
        return [(kind, page, int(number)) for kind, page, number in rows]

    def exits(self) -> list[tuple[str, str, int]]:
        """Return vendor, page and number of sessions for the pages where most sessions end."""
        rows = self._query(
            f"SELECT vendor, page, count(*) FROM {SCHEMA}.session_pages WHERE is_exit AND page IS NOT NULL "  # noqa: S608
            f"GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT {TOP}"
        )
        return [(vendor, page, int(number)) for vendor, page, number in rows]
