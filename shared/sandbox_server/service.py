"""A vendor that is being served: its settings, its log and its answers, without any HTTP."""

import asyncio

from sandbox_server.limits import TooLargeError
from sandbox_server.log import Entry, Log
from sandbox_server.message import Answer, Request
from sandbox_server.vendor import Vendor


class Service:
    """Answers requests from a vendor's data and keeps a log of them.

    All settings may be changed while requests are answered: `latency` (seconds before each answer), `grow_every`
    and `grow_by` (after every n-th answered request the vendor grows by that many sessions), `gzip`.
    """

    def __init__(self, vendor: Vendor, *, latency: float, grow_every: int, grow_by: int, gzip: bool) -> None:
        self.vendor = vendor
        self.latency = latency
        self.grow_every = grow_every
        self.grow_by = grow_by
        self.gzip = gzip
        self.log = Log()
        self.previous: dict[str, Answer] = {}
        """The last data answer of each path."""
        self.stopping = asyncio.Event()
        """Set when the server stops, so that open requests end."""
        self.origin = ""
        """Scheme, host and port, such as `http://127.0.0.1:8800`; empty until the server is ready."""
        self._answered = 0

    @property
    def requests(self) -> list[Entry]:
        """The data requests so far, in the order of their arrival."""
        return self.log.entries

    @property
    def count(self) -> int:
        """The number of data requests so far."""
        return len(self.log.entries)

    @property
    def in_flight(self) -> int:
        """How many data requests are open now."""
        return self.log.in_flight

    @property
    def max_in_flight(self) -> int:
        """How many data requests were open at once, at most."""
        return self.log.max_in_flight

    def clear(self) -> None:
        """Forget requests and the previous pages; the vendor's data stays."""
        self.log.clear()
        self.previous.clear()

    def truth(self, entry: Entry, request: Request) -> Answer:
        """Return the vendor's answer to a request, and let the vendor grow if it is time for that.

        Raises:
            NoAnswerError: the vendor never answers this request.
            InterruptionError: the vendor interrupts the connection.
        """
        try:
            with self.vendor.lock:
                answer = self.vendor.answer(request)
        except TooLargeError as error:
            answer = self.vendor.error(error.status, request.path)
        entry.notes.update(answer.notes)
        if answer.status == 200:
            self.previous[entry.path] = answer
        self._answered += 1
        if self.grow_every and self._answered % self.grow_every == 0:
            with self.vendor.lock:
                self.vendor.grow(self.grow_by)
        return answer
