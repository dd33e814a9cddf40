"""Probes of rows: their ids and their shape. No value of a row leaves this module."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from session_source.airbyte.verify.assumption import AS_ASSUMED, Probe, Seen, cannot_tell, nothing, report
from session_source.airbyte.verify.survey import ENOUGH, Survey
from session_source.api.columns import Column, Row, Value

_FEW = f"there are fewer than {ENOUGH} rows"

_LOG = "The log of `read` names them."

_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


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
        found = shape_of(survey, endpoint).undeclared(self._known)
        if found:
            total = sum(found.values())
            return Seen("otherwise", f"{total} fields", {"undeclared": _by_place(found)})
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
        found = shape_of(survey, endpoint).mistyped
        if found:
            words = ", ".join(f"{path} ({types})" for path, types in sorted(found.items()))
            return Seen("otherwise", words, {"mistyped": found})
        return Seen(AS_ASSUMED, "all as declared") if len(sample.rows) >= ENOUGH else cannot_tell(_FEW)


class Columns(Probe):
    """Whether the fields that keys, cursors and columns are made of are there, if only with null."""

    how = "Looks for the fields that the connector's own columns are read from."
    findings = {
        "missing": report("Fields are missing in every row.", "The columns that are read from them are null.")
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for fields."""
        sample = survey.sample(endpoint)
        columns = [column for name, column in sample.endpoint.columns.items() if name != sample.endpoint.id]
        paths = [path for column in columns for path in _paths(column)]
        missing = sorted({".".join(p) for p in paths if not any(_has(row, p) for row in sample.rows)})
        if len(sample.rows) < ENOUGH:
            return cannot_tell(_FEW)
        if missing:
            return Seen(
                "missing", f"missing in {len(sample.rows)} rows: {', '.join(missing)}", {"missing": missing}
            )
        return Seen(AS_ASSUMED, "all are there")


def _paths(column: Column) -> Iterator[tuple[str, ...]]:
    path = getattr(column, "path", None)
    if path:
        yield path


def _has(row: Row, path: tuple[str, ...]) -> bool:
    value: Value = row
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return False
        value = value[name]
    return True


class RowShape:
    """What fields and types rows have, by the paths that a schema declares.

    Args:
        schema: the stream's JSON schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._types: dict[str, Counter[str]] = {}
        self._undeclared: dict[tuple[str, str], str] = {}
        self.mistyped: dict[str, str] = {}
        """Types that are not declared, by path."""

    def add(self, row: Row) -> None:
        """Note the shape of a row."""
        self._add(row, self._schema, "")

    def undeclared(self, known: Sequence[str] = ()) -> Counter[tuple[str, str]]:
        """Count the fields that are not declared, by the path of the object that they are in and their type."""
        return Counter((place, kind) for (place, name), kind in self._undeclared.items() if name not in known)

    def to_json(self) -> dict[str, Any]:
        """Write the types of declared fields, and how many others there are."""
        return {
            "fields": {path: dict(sorted(types.items())) for path, types in sorted(self._types.items())},
            "undeclared": _by_place(self.undeclared()),
        }

    def _add(self, value: Value, schema: Mapping[str, Any], path: str) -> None:
        kind = type_name(value)
        if path:
            self._types.setdefault(path, Counter())[kind] += 1
        declared = schema.get("type")
        allowed = {declared} if isinstance(declared, str) else set(declared or ())
        if allowed and kind not in allowed and not (kind == "integer" and "number" in allowed):
            self.mistyped[path] = kind
        properties = schema.get("properties")
        if isinstance(value, dict) and properties is not None:
            for name, part in value.items():
                if name in properties:
                    self._add(part, properties[name], f"{path}.{name}" if path else name)
                elif path == "" or not schema.get("additionalProperties"):
                    self._undeclared[path, name] = type_name(part)
        elif isinstance(value, list) and "items" in schema:
            for item in value:
                self._add(item, schema["items"], f"{path}[]")


def shape_of(survey: Survey, endpoint: str) -> RowShape:
    """Return the shape of the rows of an endpoint's sample, by the schema of the stream that they become."""
    if endpoint not in survey.shapes:
        sample = survey.sample(endpoint)
        stream = next(stream for stream in sample.endpoint.streams if stream.items is None)
        shape = survey.shapes[endpoint] = RowShape(stream.json_schema(survey.package))
        for row in (*sample.rows, *survey.others(endpoint)):
            shape.add(row)
    found: RowShape = survey.shapes[endpoint]
    return found


def type_name(value: Value) -> str:
    """Name a value's JSON type."""
    return "null" if value is None else _TYPES.get(type(value), type(value).__name__)


def _by_place(found: Mapping[tuple[str, str], int]) -> dict[str, dict[str, int]]:
    by_place: dict[str, dict[str, int]] = {}
    for (place, kind), count in sorted(found.items()):
        by_place.setdefault(place or "the row", {})[kind] = count
    return by_place
