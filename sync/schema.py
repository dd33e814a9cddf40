"""Schemas: whose rows a schema holds, its tables, and its part in the view over all schemas."""

from sync import account
from sync.destination import DestinationError
from sync.job import RefusedError
from sync.messages import Json
from sync.sessions import make_view
from sync.table import Table
from sync.warehouse import Warehouse


def claim(warehouse: Warehouse, identity: Json) -> None:
    """Set the account of a schema's rows; the next commit saves it.

    Args:
        warehouse: an open warehouse.
        identity: of the account to read, as ``account.identity`` returns it.

    Raises:
        RefusedError: The schema has rows of another account or of another API.
    """
    saved = warehouse.account
    if saved and not account.is_same(saved, identity):
        is_api = saved["api"] != identity["api"]
        what = f"another API of the vendor ({saved['api']})" if is_api else "another account"
        raise RefusedError(
            f"The schema {warehouse.schema} in {warehouse.destination.label} has rows of {what}. "
            f"Choose another schema, for example SCHEMA={warehouse.schema}_2."
        )
    warehouse.account = account.merged(saved, identity)


def prepare(warehouse: Warehouse, tables: list[Table], description: Json) -> str | None:
    """Create the tables, describe the account in ``_account``, and update the view ``all_sessions``.

    Args:
        warehouse: an open warehouse.
        tables: the tables of the streams.
        description: of the account, as ``account.description`` returns it.

    Returns:
        Why the view was not updated; None if it was.
    """
    warehouse.prepare()
    parts = [part for table in tables if table.name == "sessions" for part in table.key]
    part = next((part for part in parts if part not in {"session_id", "app_platform"}), None)
    warehouse.describe(description | {"part": part})
    try:
        make_view(warehouse)
    except DestinationError as error:  # the rows need no view
        return f"all_sessions is not updated: {error}"
    return None
