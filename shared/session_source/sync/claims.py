"""Claims: which rows of a page are emitted, and whether the page answers the request."""

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

import orjson

from session_source.api import windows
from session_source.api.columns import Row, reader
from session_source.api.endpoint import Detail, Endpoint, Partition
from session_source.api.schema import shallow
from session_source.api.time_filter import DAY, EVER, TimeRange, Unrelated
from session_source.api.windows import Intervals, Window
from session_source.sync.keys import Keys, OpenWindow

SLACK = DAY
"""How far outside of the requested range a row may be before its page is doubted."""


class Claimed(NamedTuple):
    """A vendor's record that is emitted, with its columns."""

    row: Row
    columns: Row
    nulled: list[str]
    """The columns that are null because their value could not be converted."""


class Doubt(Enum):
    """Why a page may not be the answer to its request."""

    REPEATED = "holds only rows that came before"
    MISPLACED = "holds only rows of other times than were requested"
    TAKEN = "holds only rows of another window"
    """A cache may have returned that window's page. Or the page is right: a window that was split had listed these
    rows before."""


class Claim(NamedTuple):
    """The result of claiming a page for a window."""

    rows: list[Claimed]
    """The rows to emit."""
    doubt: Doubt | None
    fingerprint: int
    """Equal for pages with the same rows."""


class _Position(NamedTuple):
    """What is known about a row's position in time."""

    times: TimeRange
    """The earliest and the latest of its times."""
    moments: TimeRange
    """The same, widened to every time zone that is possible."""
    positions: TimeRange
    """Where the vendor may list the row."""


class Claims:
    """Decides which rows of a partition are emitted. Thread-safe.

    A listed row is emitted once, by the first window that lists it. A row is skipped only if every position at
    which the vendor may list it is finished or outside of the sync.

    Args:
        endpoint: the endpoint that is read.
        partition: the part of the vendor's data.
        span: the sync's ``[start, end)``.
        missing: the part of the span that is read.
    """

    def __init__(self, endpoint: Endpoint, partition: Partition, *, span: Window, missing: Intervals) -> None:
        self._endpoint = endpoint
        self._read = row_reader(endpoint, partition)
        self._filter = endpoint.time_filter or Unrelated()
        self._span = span
        self._missing = missing
        self._keys = Keys()
        self._misplaced = 0
        self._contradicted: str | None = None
        self._is_contradiction_reported = False
        self._lock = threading.Lock()

    @property
    def remembered(self) -> list[OpenWindow]:
        """The windows of which keys are remembered."""
        with self._lock:
            return self._keys.windows

    def open(self, window: OpenWindow) -> None:
        """Start a window."""
        with self._lock:
            self._keys.open(window)

    def close(self, window: OpenWindow, remaining: Iterable[TimeRange]) -> list[OpenWindow]:
        """End a window; see ``Keys.close``."""
        with self._lock:
            return self._keys.close(window, remaining)

    def claim(
        self, window: OpenWindow, rows: list[Row], *, is_final: bool = True, is_later_list: bool = False
    ) -> Claim:
        """Return the rows of a page that are to be emitted.

        Args:
            window: the window that listed the page.
            rows: the rows of the page.
            is_final: whether the page is accepted whatever it holds. Otherwise nothing is claimed from a page on
                which all rows are of other times, and it is to be requested again.
            is_later_list: whether earlier lists of the window may have listed long rows of this one.
        """
        id_ = self._endpoint.id
        page = [self._read(row) for row in rows]
        # Positions of a filter that may shift are widened already.
        slack = timedelta() if self._filter.may_shift else SLACK
        near = window.requested.widened(slack, slack)
        claimed: list[Claimed] = []
        is_new = is_near = not rows
        is_repeated = False
        start, end = window.window
        all_times: list[TimeRange] = []
        ids = [one.columns[id_] for one in page]
        found: list[tuple[TimeRange | None, _Position | None, bool]] = []
        for one in page:
            times, position = self._filter.times(one.columns), None
            if times is not None:
                all_times.append(times)
                if times.first < start or times.last >= end:
                    position = self._position(one.row, times)
            is_own = position is None or position.positions.touches(near)
            is_near = is_near or is_own
            found.append((times, position, is_own))
        fingerprint = hash(frozenset(ids))
        if not is_near and not is_final:
            return Claim([], Doubt.MISPLACED, fingerprint)
        with self._lock:
            taken = self._keys.taken(window, set(ids))
            for one, (times, position, is_own) in zip(page, found, strict=True):
                key = one.columns[id_]
                if not window.seen.add(key):
                    is_repeated = is_repeated or not (is_later_list and _is_long(times))
                    continue
                is_new = True
                if key in taken:
                    continue
                if position is not None and is_own and self._is_elsewhere(position):
                    window.skipped.add(key)
                    continue
                claimed.append(one)
                if position is not None:
                    self._note_distant(window, one, position, is_own=is_own)
        window.cover(all_times)
        if not is_near:  # the page was requested again because of that, and is the same
            return Claim(claimed, Doubt.MISPLACED, fingerprint)
        if is_repeated and not is_new:
            return Claim(claimed, Doubt.REPEATED, fingerprint)
        # A window that was cut has emitted the rows of its pieces, and a vendor may list a row for several days:
        # rows with a part of their time in the window are no surprise.
        is_taken = len(taken) == len(set(ids)) and any(
            times.last < start or times.first >= end for times in all_times
        )
        return Claim(claimed, Doubt.TAKEN if is_taken else None, fingerprint)

    def notices(self, *, is_end: bool) -> list[str]:
        """Return log lines about the vendor's dates, each one once.

        Args:
            is_end: whether all windows were started. Misplaced rows are counted until then.
        """
        with self._lock:
            lines = []
            if self._contradicted and not self._is_contradiction_reported:
                self._is_contradiction_reported = True
                lines.append(
                    f"The vendor filters rows by {self._contradicted}. Rows that reach the vendor more than "
                    "lookback_window_days later are not read. Set lookback_window_days to their longest delay."
                )
            if is_end and self._misplaced:
                lines.append(
                    f"{self._misplaced} rows were listed for other dates than their own. They were emitted."
                )
                self._misplaced = 0
            return lines

    def _position(self, row: Row, times: TimeRange) -> _Position:
        moments = self._filter.moments(times, row)
        return _Position(times, moments, self._filter.positions(moments))

    def _is_elsewhere(self, position: _Position) -> bool:
        """Return whether a row is certainly outside of the sync, or certainly emitted by an earlier one."""
        in_sync = windows.overlaps((self._span,), *position.moments)
        return not (in_sync and windows.overlaps(self._missing, *position.positions))

    def _note_distant(self, window: OpenWindow, row: Claimed, position: _Position, *, is_own: bool) -> None:
        """Remember an emitted row that was listed for other dates than those of its times."""
        requested, key = window.requested, row.columns[self._endpoint.id]
        if not is_own:
            self._misplaced += 1
            self._keys.keep(key, EVER)
        elif self._filter.may_repeat and requested.joined(position.times) != requested:
            self._keys.keep(key, position.positions.joined(requested))
        if self._contradicted is None:
            self._contradicted = self._filter.contradiction(row.columns, requested)


def described(endpoint: Endpoint | Detail, partition: Partition) -> str:
    """Return the name of a part of the vendor's data: ``sessions of 12345678``."""
    names = ", ".join(str(value) for value in partition.values())
    return f"{endpoint.name} of {names}" if names else endpoint.name


def row_reader(endpoint: Endpoint | Detail, partition: Partition) -> Callable[[Row], Claimed]:
    """Return a function that reads the columns of a row, including those of its partition.

    A row without an id gets a hash of its content.
    """
    read_columns, id_ = reader(endpoint.columns, dict(partition)), endpoint.id

    def read(row: Row) -> Claimed:
        columns, nulled = read_columns(row)
        if columns[id_] is None:
            canonical = orjson.dumps(shallow(row)[0], option=orjson.OPT_SORT_KEYS)
            columns[id_] = f"hash:{sha256(canonical).hexdigest()}"
            nulled.append(id_)
        return Claimed(row, columns, nulled)

    return read


def _is_long(times: TimeRange | None) -> bool:
    """Return whether a row is so long that a vendor may list it for several days of a window."""
    return times is not None and times.last - times.first >= DAY / 2
