"""The log of a sandbox server: its data requests and their times."""

import time
from dataclasses import dataclass, field
from typing import Any

from sandbox_server.message import Request


@dataclass
class Entry:
    """One data request. `status` is None if a fault left the client without an answer.

    `end` is set just before the last byte is sent, so that a client with an answer finds its request closed.
    """

    request: Request
    in_flight: int
    """Other requests that were open when this one arrived."""
    start: float = field(default_factory=time.monotonic)
    end: float | None = None
    status: int | None = None
    fault: str | None = None
    notes: dict[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return self.request.method

    @property
    def path(self) -> str:
        """The path, decoded, with its leading slash."""
        return self.request.path

    @property
    def query(self) -> dict[str, str]:
        """The query; of a name that occurs twice, the last value."""
        return dict(self.request.query)

    @property
    def body(self) -> bytes:
        """The bytes of the body."""
        return self.request.body

    def as_json(self) -> dict[str, Any]:
        """Return the entry for another process, without headers."""
        return {
            "method": self.method,
            "path": self.path,
            "query": self.request.query,
            "body": self.body.decode(errors="replace"),
            "status": self.status,
            "fault": self.fault,
            "notes": self.notes,
            "in_flight": self.in_flight,
            "start": self.start,
            "end": self.end,
        }


class Log:
    """The data requests in the order of their arrival, and how many are open."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.in_flight = 0
        self.max_in_flight = 0

    def open(self, request: Request) -> Entry:
        """Add a request that arrived."""
        entry = Entry(request, self.in_flight)
        self.entries.append(entry)
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        return entry

    def close(self, entry: Entry) -> None:
        """Mark a request as answered or abandoned; a second call does nothing."""
        if entry.end is None:
            entry.end = time.monotonic()
            self.in_flight -= 1

    def clear(self) -> None:
        """Forget all requests; open ones stay counted as in flight."""
        self.entries.clear()
        self.max_in_flight = self.in_flight
