"""How the vendor serializes rows: every `dataType`, every form."""

import html
import random
from collections.abc import Sequence
from typing import Any

import orjson

from .data import Site
from .displays import DEFAULT, display
from .parameters import Asked
from .readings import Readings
from .records import EXAMPLE, FIELDS, Row, Session, local, row
from .words import dumps

PAGE_ORDER = range(len(FIELDS))


class Writer:
    """Bodies of answers. A row is serialized once and stored with its session."""

    def __init__(self, readings: Readings, seed: int) -> None:
        self.readings = readings
        self._dice = random.Random(seed)  # noqa: S311

    def body(self, site: Site, wanted: Asked, rows: Sequence[Session], token: str | None) -> bytes:
        """Return the answer with these rows and that token."""
        shuffled = self.readings.fields == "shuffled"
        order = self._dice.sample(PAGE_ORDER, len(FIELDS)) if shuffled else PAGE_ORDER
        columns = [FIELDS[index] for index in order]
        if wanted.data_type in {"html", "jsonjqgrid"}:
            cells = [pick(self._values(site, wanted, one), columns) for one in rows]
            return table(columns, cells) if wanted.data_type == "html" else grid(cells)
        if self.readings.form == "objects":
            found = {} if token is None else {"nextToken": token}
        else:
            found = header(len(rows), order, token, translated=not wanted.ignore_locale)
        head = dumps({**found, "resultsList": []}).removesuffix(b"]}")
        written = [self._row(site, wanted, one, columns if shuffled else FIELDS) for one in rows]
        if rows and self.readings.torn_rows and self.readings.form != "objects":
            written[0] = dumps(orjson.loads(written[0])[:-1])
        body = head + b",".join(written) + b"]}"
        return b"(" + body + b")" if self.readings.form == "parenthesised" else body

    def _row(self, site: Site, wanted: Asked, one: Session, columns: list[str]) -> bytes:
        objects = self.readings.form == "objects"
        key = (objects, self.readings.timezone_column, wanted.date_format)
        # An order of columns that occurs once is not worth storing.
        if columns is FIELDS and key in one.written:
            return one.written[key]
        found = self._values(site, wanted, one)
        cells = pick(found, columns)
        written = dumps(dict(zip(columns, cells, strict=True)) if objects else cells)
        if columns is FIELDS:
            one.written[key] = written
        return written

    def _values(self, site: Site, wanted: Asked, one: Session) -> Row:
        """Return all 64 values by column."""
        moments = {"lastEvent": one.last_event, "firstMeasurement": one.person.first_seen}
        pattern = DEFAULT if wanted.date_format is None else wanted.date_format
        shown = {name: display(local(moment, site.zone), pattern) for name, moment in moments.items()}
        kept = row(one, site.zone, visitors_zone=self.readings.timezone_column == "visitor")
        # In the page's own row, these two follow a clock that matches no other column; they change only on
        # request.
        return {**shown, **kept} if wanted.date_format is None else {**kept, **shown}


def pick(values: Row, columns: Sequence[str]) -> list[str]:
    """Return the values in the order of the columns."""
    return [values[name] for name in columns]


def header(rows: int, order: Sequence[int], token: str | None, *, translated: bool) -> dict[str, Any]:
    """Return everything around the rows, as on the page, with the columns in that order."""
    found = {**EXAMPLE, "rows": rows, "label": EXAMPLE["label"] if translated else FIELDS}
    for name in ("field", "label", "className", "width"):
        found[name] = [found[name][index] for index in order]
    if token is None:
        del found["nextToken"]
    else:
        found["nextToken"] = token
    return found


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Return the rows as HTML for people; the page does not show this form."""
    lines = [columns, *rows]
    written = ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line) + "</tr>" for line in lines]
    return f"<html><body><table>{''.join(written)}</table></body></html>".encode()


def grid(rows: Sequence[Sequence[str]]) -> bytes:
    """Return the rows as the widget jqGrid reads them by default; the page does not show this form."""
    cells = [{"id": str(index), "cell": list(cell)} for index, cell in enumerate(rows)]
    return dumps({"page": 1, "total": 1, "records": len(cells), "rows": cells})
