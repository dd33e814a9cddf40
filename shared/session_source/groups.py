"""Groups: the streams that one read feeds, and which of the rows it gets belong to which window."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

import orjson

from session_source import windows
from session_source.columns import Row, evaluate
from session_source.endpoints import Detail, Endpoint
from session_source.keys import Keys
from session_source.schemas import shallow
from session_source.state import Partition
from session_source.streams import Stream
from session_source.windows import SLACK, Finished, Pace, Window


class Claimed(NamedTuple):
    """A vendor's record that belongs to a window, with the columns read from it."""

    row: Row
    columns: Row
    nulled: list[str]
    """The columns whose value could not be what they declare."""


class Group:
    """Streams that stand on the same pages of one partition and have finished the same windows.

    Args:
        endpoint: what is read.
        partition: which part of the vendor's data.
        streams: who is fed.
        span: the sync's ``[start, end)``.
        finished: what is not read again.
        days: how long a window is at most.
        details: who is fed by one more call for each row.
        now: when the sync began, if that is not the span's end.
    """

    def __init__(  # noqa: PLR0913 - a group is what these say
        self,
        endpoint: Endpoint,
        partition: Partition,
        streams: Sequence[Stream],
        *,
        span: Window,
        finished: Finished,
        days: int,
        details: "Details | None" = None,
        now: datetime | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.partition = partition
        self.streams = streams
        self.details = details
        self.has_failed = False
        self.is_probing = False
        """Whether its first window is to tell how long the others should be, and has not told yet."""
        self._span = span
        self._now = now or span.end
        self._missing = windows.gaps(finished, span) if endpoint.is_windowed else (span,)
        self._pace = Pace(days, self._missing)
        self._keys = Keys(self._missing)
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return described(self.endpoint, self.partition)

    @property
    def fed(self) -> list[Stream]:
        """The streams that end with it: its own, and those on the details of its rows."""
        return [*self.streams, *(self.details.streams if self.details else ())]

    def piece(self, window: Window) -> Window:
        """Give the whole of what is missing around a window."""
        return next(piece for piece in self._missing if window.start in piece)

    def asked(self, window: Window) -> Window:
        """Give what to ask for to get a window: more where rows of it can be listed outside of what is read."""
        if self.endpoint.is_filtered_by_day:
            early = SLACK if window.start == self._span.start else timedelta()
            late = SLACK if window.end == self._span.end else timedelta()
            return Window(window.start - early, window.end + late)
        if not self.endpoint.is_filtered_by_time_or_later or window.end != self.piece(window).end:
            return window
        return Window(window.start, max(window.end, min(window.end + SLACK, self._now)))

    def windows(self) -> Iterator[Window]:
        """Cut what is to be read into windows, oldest first. Each is open from here until ``close``."""
        is_cut = self.endpoint.is_windowed and not self.endpoint.is_read_whole
        for window in windows.tiles(self._missing, self._pace) if is_cut else self._missing:
            with self._lock:
                self._keys.open(window)
                self.is_probing = self._pace.is_guess and window.start == self._missing[0].start
            if self.details is not None:
                self.details.expect(window, 1)  # the pages themselves
            yield window

    def claim(self, window: Window, rows: list[Row]) -> tuple[list[Claimed], bool]:
        """Take a page's rows for a window: those that belong to it and that it or its neighbours had not yet.

        Returns:
            The rows to emit, and whether the page can be right: it holds something that the window had not
            seen, or nothing but what may be listed again, and not only rows of quite other times.
        """
        id_, endpoint, partition = self.endpoint.id, self.endpoint, self.partition
        page = [Claimed(row, *_columns(endpoint, partition, row)) for row in rows]
        own, near = self._bounds(window)
        claimed: list[Claimed] = []
        is_new = is_near = not rows
        is_repeated = False
        with self._lock:
            seen = self._keys.seen(window)
            taken = self._keys.taken(window, {one.columns[id_] for one in page})
            for one in page:
                key, moment = one.columns[id_], _moment(one.columns, endpoint.time)
                is_near = is_near or near is None or moment is None or moment in near
                if not seen.add(key):
                    is_repeated = is_repeated or self._lasts_until(one.columns) is None
                    continue
                is_new = True
                belongs = moment is None or moment in own  # a record that lacks its time is emitted all the same
                if not belongs or key in taken:
                    self._keys.leave(window, key)
                    continue
                claimed.append(one)
                if until := self._lasts_until(one.columns):
                    self._keys.keep(key, until=until)
        return claimed, (is_new or not is_repeated) and is_near

    def close(self, window: Window) -> list[Window]:
        """Note that a window is done.

        Returns:
            The windows that count as finished now: this one, or those whose neighbours are done too, where a
            window leans on them.
        """
        with self._lock:
            self.is_probing = False
            self._pace.note(window, len(self._keys.seen(window)))
            settled = self._keys.close(window)
        leans = self.endpoint.leans_on_neighbours or self.endpoint.is_filtered_by_day
        return settled if leans else [window]

    def _lasts_until(self, columns: Row) -> datetime | None:
        """Tell when a row ends that may be listed by windows, or days of a window, which are no neighbours."""
        if self.endpoint.began is None:
            return None
        start, end = _moment(columns, self.endpoint.began), _moment(columns, self.endpoint.time)
        return end if start and end and end - start >= SLACK / 2 else None

    def _bounds(self, window: Window) -> tuple[Window, Window | None]:
        """Tell when the rows of a window are, and when a row is that can at least stand on its pages, if known."""
        near = Window(window.start - SLACK, window.end + SLACK)
        if self.endpoint.is_filtered_by_time:
            return window, near
        if self.endpoint.is_filtered_by_day:
            piece = self.piece(window)
            return Window(max(near.start, piece.start), min(near.end, piece.end)), near
        if self.endpoint.is_filtered_by_time_or_later:
            return Window(self._span.start, min(self._span.end, self.piece(window).end)), None
        return self._span, None


class Details:
    """Streams that are fed by one more call for each row of a group. Their failure is their own.

    Args:
        endpoint: the call.
        partition: the group's.
        streams: who is fed.
    """

    def __init__(self, endpoint: Detail, partition: Partition, streams: Sequence[Stream]) -> None:
        self.endpoint = endpoint
        self.partition = partition
        self.streams = streams
        self.has_failed = False
        self._expected: Counter[Window] = Counter()
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return described(self.endpoint, self.partition)

    @property
    def fed(self) -> list[Stream]:
        """The streams that end with it."""
        return list(self.streams)

    def expect(self, window: Window, count: int) -> None:
        """Note that this many things of a window are still to come."""
        with self._lock:
            self._expected[window] += count

    def finish(self, window: Window) -> bool:
        """Note that one thing has come, and tell whether it was the window's last."""
        with self._lock:
            self._expected[window] -= 1
            is_last = not self._expected[window]
            if is_last:
                del self._expected[window]
            return is_last

    def claim(self, rows: list[Row], of: Claimed) -> list[Claimed]:
        """Read the columns of what one call gave; its id is that of the row it was asked for."""
        claimed = [Claimed(row, *_columns(self.endpoint, self.partition, row)) for row in rows]
        for one in claimed:
            one.columns[self.endpoint.id] = of.columns[self.endpoint.id]
        return claimed


def described(endpoint: Endpoint | Detail, partition: Partition) -> str:
    """Name a part of the vendor's data: ``sessions of 12345678``."""
    names = ", ".join(str(value) for value in partition.values())
    return f"{endpoint.name} of {names}" if names else endpoint.name


def _moment(columns: Row, name: str | None) -> datetime | None:
    """Read a column that was written as RFC 3339."""
    text = None if name is None else columns[name]
    return None if text is None else datetime.fromisoformat(text)


def _columns(endpoint: Endpoint | Detail, partition: Partition, row: Row) -> tuple[Row, list[str]]:
    columns, nulled = evaluate(endpoint.columns, row)
    columns.update(partition)
    if columns[endpoint.id] is None:
        canonical = orjson.dumps(shallow(row)[0], option=orjson.OPT_SORT_KEYS)
        columns[endpoint.id] = f"hash:{sha256(canonical).hexdigest()}"
        nulled.append(endpoint.id)
    return columns, nulled
