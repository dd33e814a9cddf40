"""The view ``all_sessions``: the sessions of all schemas of a database, with the same columns and units."""

from typing import NamedTuple

from sync.destination import DestinationError
from sync.warehouse import Warehouse

COLUMNS = (
    "session_id",
    "user_id",
    "started_at",
    "ended_at",
    "duration_seconds",
    "country_code",
    "app_platform",
    "page_count",
)
"""The columns that all connectors' sessions have, with the same types and units."""

PLACE = ("source", "vendor", "account_part")
"""The columns before them: the schema, the vendor, and the site, website or app."""

HOMES = {"duckdb": "main", "postgres": "public"}
"""The schema of the view, by destination. Other destinations have no view."""


class Sessions(NamedTuple):
    """One schema that has sessions, described by its table ``_account``."""

    schema: str
    vendor: str
    api: str | None
    is_current_api: bool
    account: str | None
    part: str | None
    """The column with the part of the account: a site, a website or an app."""


def make_view(warehouse: Warehouse) -> None:
    """Create or replace the view.

    Raises:
        DestinationError: The database refused it, or has another table or view with this name.
    """
    home = HOMES.get(warehouse.destination.name)
    if home is None:
        return
    if _columns(warehouse, home) and not has_view(warehouse):
        raise DestinationError(f"{home}.all_sessions exists, and make sync did not create it.")
    found = schemas(warehouse)
    if found:
        selects = " UNION ALL ".join(_select(sessions, found) for sessions in found)
        warehouse.query(f"DROP VIEW IF EXISTS {home}.all_sessions")
        warehouse.query(f"CREATE VIEW {home}.all_sessions AS {selects}")


def has_view(warehouse: Warehouse) -> bool:
    """Return whether the view exists."""
    home = HOMES.get(warehouse.destination.name)
    return home is not None and _columns(warehouse, home) == [*PLACE, *COLUMNS]


def _columns(warehouse: Warehouse, home: str) -> list[str]:
    rows = warehouse.query(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = %s AND table_name = 'all_sessions' ORDER BY ordinal_position",
        home,
    )
    return [name for (name,) in rows]


def schemas(warehouse: Warehouse) -> list[Sessions]:
    """Return the schemas that have sessions."""
    names = [
        name
        for (name,) in warehouse.query(
            "SELECT a.table_schema FROM information_schema.tables AS a JOIN information_schema.tables AS s "
            "ON a.table_schema = s.table_schema AND s.table_name = 'sessions' "
            "WHERE a.table_name = '_account' ORDER BY 1"
        )
    ]
    return [
        Sessions(name, *row)
        for name in names
        for row in warehouse.query(f'SELECT vendor, api, is_current_api, account, part FROM "{name}"._account')  # noqa: S608
    ]


def _select(sessions: Sessions, all_of_them: list[Sessions]) -> str:
    """Select one schema's sessions, without those that the vendor's current API also has."""
    account = "NULL" if sessions.account is None else "'" + sessions.account.replace("'", "''") + "'"
    part = f'CAST(own."{sessions.part}" AS VARCHAR)' if sessions.part else f"CAST({account} AS VARCHAR)"
    columns = ", ".join(f"own.{column}" for column in COLUMNS)
    select = (
        f"SELECT '{sessions.schema}' AS source, '{sessions.vendor}' AS vendor, {part} AS account_part, {columns} "  # noqa: S608
        f'FROM "{sessions.schema}".sessions AS own'
    )
    better = [
        other.schema
        for other in all_of_them
        if other.vendor == sessions.vendor and other.is_current_api and not sessions.is_current_api
    ]
    conditions = [
        f'NOT EXISTS (SELECT 1 FROM "{schema}".sessions AS other WHERE other.session_id = own.session_id)'  # noqa: S608
        for schema in better
    ]
    return select + (" WHERE " + " AND ".join(conditions) if conditions else "")
