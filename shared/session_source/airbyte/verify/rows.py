"""Probes of rows: their ids, and their fields and types."""

from collections import Counter

from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    report,
)
from session_source.airbyte.verify.sample import ENOUGH
from session_source.airbyte.verify.survey import Survey
from session_source.api.columns import Row, Value

_FEW = f"there are fewer than {ENOUGH} rows"

_LOG = "The log of `read` names them."


class Ids(Probe):
    """Whether each row has an id of its own."""

    how = "Counts the rows of a page without an id, and different ones with the same id."
    findings = {
        "missing": nothing(
            "Rows come without an id.", "A hash of the row is its id, so that a row that changes is a new one."
        ),
        "repeated": report("Different rows have the same id.", "They are one row in the warehouse."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Count ids."""
        sample = survey.sample(endpoint)
        missing = repeated = 0
        for read in sample.pages:
            ids = Counter(columns[read.id] for columns in read.columns)
            missing += ids.pop(None, 0)
            repeated += sum(count - 1 for count in ids.values())
        facts = {"rows": len(sample.rows), "missing": missing, "repeated": repeated}
        if missing or repeated:
            words = f"{missing} of {len(sample.rows)} rows have no id, {repeated} have another one's"
            return Seen("missing" if missing else "repeated", words, facts)
        if len(sample.rows) < ENOUGH:
            return cannot_tell(_FEW)
        return Seen(AS_ASSUMED, f"{len(sample.rows)} rows have ids of their own", facts)


class Undeclared(Probe):
    """Whether rows have only fields that the schema declares.

    Args:
        known: other fields that the connector knows.

    The fields are counted by the object that they are in, not named: they may be custom properties with names that
    say something about the users.
    """

    how = "Compares the fields of rows with the stream's schema."
    findings = {
        "otherwise": report("Rows have fields that the schema does not declare.", f"They are kept. {_LOG}")
    }

    def __init__(self, *known: str) -> None:
        self._known = known

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Count fields."""
        sample = survey.sample(endpoint)
        found = survey.shape(endpoint).undeclared(self._known)
        if found:
            total = sum(count for types in found.values() for count in types.values())
            return Seen("otherwise", f"{total} fields", {"undeclared": found})
        return Seen(AS_ASSUMED, "no other fields") if len(sample.rows) >= ENOUGH else cannot_tell(_FEW)


class ValueTypes(Probe):
    """Whether values have the types that the schema declares."""

    how = "Compares the types of values with the stream's schema."
    findings = {
        "otherwise": report(
            "Values have other types than the schema declares.",
            "They are converted where nothing is lost, and null otherwise; `meta.changes` names them.",
        )
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Compare types."""
        sample = survey.sample(endpoint)
        found = survey.shape(endpoint).mistyped
        if found:
            words = ", ".join(f"{path} ({types})" for path, types in sorted(found.items()))
            return Seen("otherwise", words, {"mistyped": found})
        return Seen(AS_ASSUMED, "all as declared") if len(sample.rows) >= ENOUGH else cannot_tell(_FEW)


class Columns(Probe):
    """Whether the fields that columns are read from exist, even if they are null."""

    how = "Looks for the fields that the connector's own columns are read from."
    findings = {
        "missing": report("Fields are missing in every row.", "The columns that are read from them are null.")
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for fields."""
        sample = survey.sample(endpoint)
        columns = [column for name, column in sample.endpoint.columns.items() if name != sample.endpoint.id]
        paths: list[tuple[str, ...]] = [path for column in columns if (path := getattr(column, "path", None))]
        missing = sorted({".".join(p) for p in paths if not any(_has(row, p) for row in sample.rows)})
        if len(sample.rows) < ENOUGH:
            return cannot_tell(_FEW)
        if missing:
            return Seen(
                "missing", f"missing in {len(sample.rows)} rows: {', '.join(missing)}", {"missing": missing}
            )
        return Seen(AS_ASSUMED, "all are there")


def _has(row: Row, path: tuple[str, ...]) -> bool:
    value: Value = row
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


def session_fields(page: str, source: str, *known: str) -> tuple[Assumption, ...]:
    """Return what is assumed about the fields of sessions.

    Args:
        page: what describes the fields: ``Acme's page``.
        source: its address.
        known: fields that it does not describe, but the connector knows.
    """
    return (
        Assumption("fields", f"Sessions have the fields of {page} only.", Undeclared(*known), source),
        Assumption("types", f"Values have the types of {page}.", ValueTypes(), source),
        Assumption("columns", "The fields that columns are read from are there.", Columns(), source),
    )


def stable_id(sentence: str) -> Assumption:
    """Return the assumption that the id of a session never changes."""
    return Assumption(
        "stable-ids", sentence, findings={"changes": nothing("It changes.", "A changed id is a new row.")}
    )
