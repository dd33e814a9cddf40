"""Changes to a vendor's records that no page announces: new fields, other types, ids that are easily confused.

They are faults, so they work with every vendor: `server.faults.append(LargeIds())`. They change only the records
of an answer, and apply to every request unless `times` limits them.
"""

import dataclasses
import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox_server.exchange import Exchange
from sandbox_server.faults import Fault
from sandbox_server.message import Answer
from sandbox_server.vendor import Record

PAST_64_BITS = 2**70
MARK = "@broken-id-%d@"
HIGH_SURROGATES = range(0xD800, 0xDC00)
CONTINUATION_BYTES = range(0x80, 0xC0)


@dataclass
class Change(Fault):
    """Applies `change` to every record of an answer."""

    times: int | None = field(default=None, kw_only=True)

    def answer(self, exchange: Exchange) -> Answer:
        """The real answer with its records changed."""
        vendor = exchange.vendor
        return vendor.rewrite(exchange.truth(), lambda record: self.change(record, vendor.id_name(record)))

    def change(self, record: Record, id_name: str | None) -> None:
        """Change a record in place; `id_name` is the name of its id, None if it has none."""
        raise NotImplementedError


@dataclass
class NewFields(Change):
    """Records have fields that the vendor does not document."""

    fields: Record = field(default_factory=lambda: {"loyaltyTier": "gold", "consent": {"ads": True, "since": 12}})

    def change(self, record: Record, id_name: str | None) -> None:
        """Add them."""
        record.update(self.fields)


@dataclass
class LargeIds(Change):
    """Ids are integers beyond 64 bits, which are all equal as floating-point numbers.

    `ids` maps each original id (as text) to the integer that replaces it. Paths may contain these integers.
    """

    ids: dict[str, int] = field(default_factory=dict, init=False)

    def answer(self, exchange: Exchange) -> Answer:
        """The real answer, with other ids."""
        known = {str(large): original for original, large in self.ids.items()}
        parts = [known.get(part, part) for part in exchange.request.path.split("/")]
        exchange.request = dataclasses.replace(exchange.request, path="/".join(parts))
        return super().answer(exchange)

    def change(self, record: Record, id_name: str | None) -> None:
        """Replace the id."""
        if id_name is not None:
            record[id_name] = self.ids.setdefault(str(record[id_name]), PAST_64_BITS + len(self.ids))


@dataclass
class BrokenIds(Change):
    r"""Ids are strings that are not valid Unicode and differ only in their invalid parts.

    `form` selects lone surrogates, escaped like `\\ud800`, or bytes that are not UTF-8. `ids` maps each original
    id (as text) to the number that is encoded in the broken one.
    """

    form: Literal["surrogates", "bytes"] = "surrogates"
    ids: dict[str, int] = field(default_factory=dict, init=False)

    def answer(self, exchange: Exchange) -> Answer:
        """The real answer, with other ids."""
        changed = super().answer(exchange)
        mark = MARK.replace("%d", "([0-9]+)").encode()
        body = re.sub(mark, lambda found: broken(int(found[1]), self.form), changed.body)
        return dataclasses.replace(changed, body=body)

    def change(self, record: Record, id_name: str | None) -> None:
        """Replace the id by a mark; `answer` replaces the mark by the broken string in the JSON."""
        if id_name is not None:
            record[id_name] = MARK % self.ids.setdefault(str(record[id_name]), len(self.ids))


def broken(number: int, form: str) -> bytes:
    """Return the inside of a JSON string that differs from others only in its invalid parts."""
    if form == "surrogates":
        digits = [HIGH_SURROGATES[number // 1024**place % 1024] for place in range(2)]
        return b"id-" + b"".join(b"\\u%x" % digit for digit in digits)
    return b"id-" + bytes(CONTINUATION_BYTES[number // 64**place % 64] for place in range(3))


@dataclass
class Retyped(Change):
    """Values of another JSON type, at any depth: booleans as 0 and 1 or as strings, integers as strings."""

    booleans: Literal["numbers", "texts", "as_they_are"] = "numbers"
    integers: Literal["texts", "as_they_are"] = "texts"

    def change(self, record: Record, id_name: str | None) -> None:
        """Convert all values."""
        record.update({name: self.convert(value) for name, value in record.items()})

    def convert(self, value: Any) -> Any:
        """The value, converted."""
        if isinstance(value, dict):
            return {name: self.convert(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.convert(inner) for inner in value]
        if isinstance(value, bool):
            return {"numbers": int(value), "texts": str(value).lower(), "as_they_are": value}[self.booleans]
        if isinstance(value, int) and self.integers == "texts":
            return str(value)
        return value


@dataclass
class DeepValue(Change):
    """The field `name` of one record, the same one in all answers, holds a value nested `depth` objects deep."""

    depth: int = 300
    name: str = "metadata"
    chosen: str | None = field(default=None, init=False)
    """The id of that record, or the whole record as JSON if it has no id."""

    def change(self, record: Record, id_name: str | None) -> None:
        """Add the value if this is the record."""
        this = json.dumps(record if id_name is None else record[id_name], sort_keys=True)
        if self.chosen is None:
            self.chosen = this
        if this == self.chosen:
            value: Any = "deep"
            for _ in range(self.depth):
                value = {"in": value}
            record[self.name] = value
