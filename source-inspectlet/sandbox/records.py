"""Websites and sessions as https://apidocs.inspectlet.com/ shows them."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

Record = dict[str, Any]
Absent = Literal["empty", "null", "missing"]


@dataclass(eq=False)
class Session:
    """One session; times are epoch seconds."""

    wid: int
    sid: int
    order: int
    """Orders sessions within the same second; the higher number is newer."""
    started: int
    ended: int
    size: tuple[int, int]
    """Width and height of the page, which only the answer for an individual session contains."""
    make: Callable[[], Record]
    written: dict[str, bytes] = field(default_factory=dict)

    @functools.cached_property
    def record(self) -> Record:
        """The record in a list, made on demand, because most sessions of a large account are never read."""
        return self.make()

    def go_on(self, moment: int, page: Record, tags: list[Record]) -> None:
        """Add a page and tags at that time."""
        record = self.record
        self.ended = max(self.ended, moment)
        record["pages"].append(page)
        record["tags"][:0] = tags
        record["num_pages"] = len(record["pages"])
        record["landing_page"] = record["landing_page"] or page["url"]
        record["exit_page"] = page["url"]
        record["date_end_session"] = self.ended
        record["session_duration"] = (self.ended - self.started) * 1000
        self.written.clear()

    def write(self, absent: Absent, *, detail: bool) -> bytes:
        """Return the record as JSON; missing pages or tags are empty lists, null, or absent."""
        form = f"{detail} {absent}"
        if form not in self.written:
            record = self.record
            if detail:
                width, height = self.size
                record = record | {"page_width": width, "page_height": height}
            if absent != "empty":
                kept = {name: value for name, value in record.items() if value != []}
                record = kept if absent == "missing" else {name: kept.get(name) for name in record}
            self.written[form] = write(record)
        return self.written[form]


@dataclass(eq=False)
class Website:
    """One website of the account."""

    wid: int
    name: str
    added: int
    host: str
    """The address, with its scheme."""
    refused: bool = False
    """Whether the account may list the website but not read it."""
    sessions: list[Session] = field(default_factory=list)
    """Newest first."""
    found: dict[str, list[Session]] = field(default_factory=dict)
    """Results of searches, cleared by every change."""

    def add(self, sessions: list[Session]) -> None:
        """Add sessions."""
        self.sessions = sorted([*sessions, *self.sessions], key=age, reverse=True)
        self.found.clear()

    def remove(self, session: Session) -> None:
        """Remove a session."""
        self.sessions.remove(session)
        self.found.clear()

    def write(self) -> Record:
        """Return the record."""
        return {"wid": self.wid, "site_name": self.name, "date_added": self.added}


def age(session: Session) -> tuple[int, int]:
    """Return the sort key for the order of session starts."""
    return session.started, session.order


def write(value: object) -> bytes:
    """Serialize as ASCII JSON with escaped slashes, as in the page's example."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode()
