"""Progress: how far a sync is, by stream."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from session_source.api.endpoint import Endpoint
from session_source.api.stream import Stream
from session_source.api.windows import Window
from session_source.http.traffic import Traffic
from session_source.sync.details import Details
from session_source.sync.groups import Group


@dataclass
class Reading:
    """How far the reading of one group, or of its details, is.

    Args:
        group: the group that is read.
    """

    group: Group
    done: int = 0
    """How many windows were read."""
    is_done: bool = False
    """Whether all windows were read."""
    sized: timedelta = timedelta()
    """The total length of the windows for which the vendor reported the number of rows."""
    sized_rows: int = 0
    """The total number of these rows."""

    @property
    def rows(self) -> float | None:
        """An estimate of all rows, from the windows with a reported number; None if there is no such window."""
        return self.sized_rows * (self.group.duration / self.sized) if self.sized else None


@dataclass
class StreamProgress:
    """How far one stream is.

    Args:
        name: the stream.
        traffic: the traffic of its endpoint.
        is_derived: whether one row of the endpoint becomes any number of records.
        shares_with: the first stream that comes from the same requests, if it is another one.
    """

    name: str
    traffic: Traffic
    is_derived: bool = False
    shares_with: str | None = None
    rows: int = 0
    """How many records were emitted."""
    is_complete: bool | None = None
    """Whether it was read to its end; None until it has ended."""
    readings: list[Reading] = field(default_factory=list)
    """One for each partition and each set of finished windows."""

    @property
    def windows(self) -> tuple[int, int]:
        """How many windows are done, and how many are planned."""
        done = sum(reading.done for reading in self.readings)
        return done, max(done, sum(reading.group.planned() for reading in self.readings))

    @property
    def expected_rows(self) -> int | None:
        """An estimate of all records, if the vendor reports how many rows windows have."""
        if self.is_derived:
            return None
        rows = [reading.rows for reading in self.readings]
        known = [count for count in rows if count is not None]
        return max(round(sum(known)), self.rows) if known and len(known) == len(rows) else None

    @property
    def share(self) -> float:
        """The fraction that was read: of the records if their number is known, else of the windows."""
        if expected := self.expected_rows:
            return self.rows / expected
        done, planned = self.windows
        return done / planned if planned else 0.0


class Progress:
    """How far a sync is. Only the thread that emits uses it.

    Args:
        endpoints: what is read, in the order in which streams are listed.
        chosen: the names of the selected streams.
        traffic: the requests of the sync.
        clock: seconds since any moment.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        chosen: Iterable[str],
        traffic: Traffic,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.traffic = traffic
        self.streams: dict[str, StreamProgress] = {}
        names = set(chosen)
        for endpoint in endpoints:
            self._add(endpoint.name, (stream for stream in endpoint.streams if stream.name in names))
            if endpoint.detail:
                detail = endpoint.detail
                self._add(detail.name, (stream for stream in detail.streams if stream.name in names))
        self._clock = clock
        self._began = clock()
        self._readings: dict[Group | Details, Reading] = {}

    def _add(self, endpoint: str, streams: Iterable[Stream]) -> None:
        first: str | None = None
        for stream in streams:
            traffic, is_derived = self.traffic.part(endpoint), stream.items is not None
            self.streams[stream.name] = StreamProgress(stream.name, traffic, is_derived, first)
            first = first or stream.name

    @property
    def seconds(self) -> float:
        """How long the sync has been running."""
        return self._clock() - self._began

    def begin(self, groups: Iterable[Group]) -> None:
        """Note what will be read."""
        for group in groups:
            for reader in (group, group.details):
                if reader is not None:
                    reading = self._readings[reader] = Reading(group, is_done=not group.planned())
                    for stream in reader.streams:
                        self.streams[stream.name].readings.append(reading)

    def read_window(self, reader: Group | Details) -> list[StreamProgress]:
        """Count a window as read, and return the streams that were read to their end by that."""
        reading = self._readings[reader]
        reading.done += 1
        reading.is_done = reading.done == reading.group.planned()
        if not reading.is_done:
            return []
        streams = [self.streams[stream.name] for stream in reader.streams]
        return [stream for stream in streams if all(one.is_done for one in stream.readings)]

    def size_window(self, group: Group, window: Window, rows: int) -> list[StreamProgress]:
        """Note how many rows a window has, and return the streams that are made from them."""
        reading = self._readings[group]
        reading.sized += window.end - window.start
        reading.sized_rows += rows
        return [self.streams[stream.name] for stream in group.streams]

    def seconds_left(self, stream: StreamProgress) -> float | None:
        """Estimate how long a stream will still take; None until that is possible."""
        share = self.streams[stream.shares_with or stream.name].share
        if stream.is_complete is not None or not 0 < share < 1:
            return None
        wait = stream.traffic.current_wait()
        return max(self.seconds * (1 / share - 1), wait.seconds if wait else 0.0)

    def as_json(self) -> Mapping[str, object]:
        """Return the progress as JSON.

        ``windows`` has how many windows are done and how many are planned, by stream. ``requests`` and ``retries``
        are counts so far. ``wait`` is why no request is sent now, and for how many seconds; null if requests are
        sent. ``seconds_left`` is null until it can be estimated.
        """
        wait = self.traffic.current_wait()
        left = [seconds for stream in self.streams.values() if (seconds := self.seconds_left(stream)) is not None]
        return {
            "windows": {stream.name: stream.windows for stream in self.streams.values()},
            "requests": self.traffic.requests.total(),
            "retries": self.traffic.retries,
            "wait": {"reason": wait.reason.value, "seconds": round(wait.seconds)} if wait else None,
            "seconds_left": round(max(left)) if left else None,
        }
