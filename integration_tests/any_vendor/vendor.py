"""The server's side. It shares nothing with the connector but the names of the fields."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_server import Answer, Config, Keys, Request, Vendor

DAY = 86_400


@dataclass(frozen=True)
class Nature:
    """What the vendor does, and its page does not say."""

    kind: str
    """What the connector declares: "exact", "start_or_end", "day" or "unrelated"."""
    paging: str
    """"number", "token" or "total"."""
    filters_by: str = "at"
    """"at", "other", "touches" (from one to the other) or "hidden"."""
    hours_ahead: int = 0
    """The time zone of its days."""
    writes_local: bool = False
    """Whether it writes times in that zone, without saying so."""
    lower_inclusive: bool = True
    upper_inclusive: bool = True
    cap: int = 10
    """How many rows it serves on a page at most."""
    order: str = "newest"
    beyond_end: str = "empty"
    """What follows the last page: "empty", "repeats_last" or "refused"."""


@dataclass
class Item:
    """One row, its times in seconds since 1970."""

    id: str
    at: int
    other: int
    hidden: int


class AnyVendor(Vendor):
    """Items over the last days. Some are long, some are at midnights, some share their moment."""

    name = "any"

    def __init__(self, nature: Nature, *, items: int, days: int, seed: int, now: int) -> None:
        super().__init__()
        self.nature = nature
        self._dice = random.Random(seed)  # noqa: S311
        self.latest = now - 10
        """The latest moment of an item. It is long over, so that no sync begins in its second."""
        self.start = (self.latest // DAY - days) * DAY
        self.growing_until = self.latest
        self._grown = 0
        self.items: list[Item] = []
        for _ in range(items):
            self._add(self._moment())

    def _moment(self) -> int:
        moment = self._dice.randrange(self.start - DAY, self.latest)
        kind = self._dice.random()
        if kind < 0.1:
            moment = moment // DAY * DAY
        elif kind < 0.2:
            moment = moment // DAY * DAY - 1
        elif kind < 0.3 and self.items:
            moment = self.items[-1].at
        return min(moment, self.latest)

    def _add(self, at: int) -> None:
        length = self._dice.choice([0, 5, 600, 40_000, 3 * DAY])
        other = min(at + length, self.latest)
        self.items.append(Item(f"{len(self.items)}-{self._dice.getrandbits(32):x}", at, other, other))

    def grow(self, count: int) -> None:
        """Add items, but no more than a page: where a list grows faster, its pages hold nothing new."""
        count = min(count, self.nature.cap - 1 - self._grown)
        self._grown += count
        self.add_new(count)

    def add_new(self, count: int) -> None:
        """Add items of the last minute before a moment: that of the end of a sync, or the latest one."""
        for _ in range(count):
            at = self.growing_until - self._dice.randrange(1, 60)
            self.items.append(Item(f"{len(self.items)}-new", at, at, at))

    def delete(self, count: int) -> None:
        """Nothing is deleted."""
        raise NotImplementedError

    def answer(self, request: Request) -> Answer:
        """Return a page."""
        asked = request.json()
        found = [item for item in self.items if self._is_listed(item, asked)]
        sort = {"newest": lambda item: -item.at, "oldest": lambda item: item.at, "mixed": lambda item: item.id}
        found.sort(key=sort[self.nature.order])
        size = min(asked["size"], self.nature.cap)
        token = asked["page"]
        start = (token - 1) * size if self.nature.paging == "number" else int(token or 0)
        if start and start >= len(found) and self.nature.paging == "number":
            if self.nature.beyond_end == "refused":
                return self.error(404)
            if self.nature.beyond_end == "repeats_last" and found:
                start = (len(found) - 1) // size * size
        rows = found[start : start + size]
        body: dict[str, Any] = {"rows": [self._written(item) for item in rows]}
        if self.nature.paging == "token":
            body["next"] = str(start + size) if start + size < len(found) else None
        elif self.nature.paging == "total":
            body["total"] = len(found)
        return Answer.json(body)

    def error(self, status: int, path: str = "") -> Answer:
        """An error without words."""
        return Answer.json({"error": status}, status)

    def configs(self, origin: str) -> dict[str, Config]:
        """One that reads all but the first day."""
        start = time.strftime("%Y-%m-%d", time.gmtime(self.start))
        common = {"start_date": start, "base_url": origin}
        return {"default": {**common, "kind": self.nature.kind, "paging": self.nature.paging}}

    def expected(self, config_name: str) -> Keys:
        """The items that the vendor's own filter finds from the start date on."""
        return {"rows": [(item.id,) for item in self.items if self.finds(item, self.start, self.latest + 1)]}

    def held(self, config_name: str) -> Keys:
        """All items."""
        return {"rows": [(item.id,) for item in self.items]}

    def finds(self, item: Item, start: float, end: float) -> bool:
        """Whether the time that the vendor filters by is in a piece of time."""
        first, last = self._filtered(item)
        return first < end and last >= start

    def _filtered(self, item: Item) -> tuple[int, int]:
        if self.nature.filters_by == "touches":
            return item.at, item.other
        moment: int = getattr(item, self.nature.filters_by)
        return moment, moment

    def _is_listed(self, item: Item, asked: dict[str, Any]) -> bool:
        first, last = self._filtered(item)
        if "days" in asked:
            ahead = self.nature.hours_ahead * 3600
            days = range((first + ahead) // DAY, (last + ahead) // DAY + 1)
            return any(time.strftime("%Y-%m-%d", time.gmtime(day * DAY)) in asked["days"] for day in days)
        start, end = (datetime.fromisoformat(asked[name]).timestamp() for name in ("start", "end"))
        is_late_enough = last >= start if self.nature.lower_inclusive else last > start
        return is_late_enough and (first <= end if self.nature.upper_inclusive else first < end)

    def _written(self, item: Item) -> dict[str, Any]:
        return {"id": item.id, "at": self._time(item.at), "other": self._time(item.other)}

    def _time(self, moment: int) -> str:
        if self.nature.writes_local:
            local = datetime.fromtimestamp(moment, UTC) + timedelta(hours=self.nature.hours_ahead)
            return local.strftime("%Y/%m/%d, %H:%M:%S")
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
