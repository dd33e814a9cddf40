"""Details: streams that need one more call per row."""

import threading
from collections import Counter
from collections.abc import Sequence

from session_source.api.columns import Row
from session_source.api.endpoint import Detail, Partition
from session_source.api.stream import Stream
from session_source.api.windows import Window
from session_source.sync.claims import Claimed, described, row_reader
from session_source.sync.keys import OpenWindow


class Details:
    """Streams that need one more call per row of a group. If they fail, the group continues. Thread-safe.

    Args:
        endpoint: the call.
        partition: the group's partition.
        streams: the streams that are made from the answers.
    """

    def __init__(self, endpoint: Detail, partition: Partition, streams: Sequence[Stream]) -> None:
        self.endpoint = endpoint
        self.partition = partition
        self.streams = streams
        self.has_failed = False
        self._read_row = row_reader(endpoint, partition)
        self._expected: Counter[OpenWindow] = Counter()
        self._read: list[OpenWindow] = []
        self._failures = 0
        self._lock = threading.Lock()

    def __str__(self) -> str:
        return described(self.endpoint, self.partition)

    @property
    def all_streams(self) -> list[Stream]:
        """The streams made from the answers."""
        return list(self.streams)

    def expect(self, window: OpenWindow, count: int) -> None:
        """Add to the number of calls that a window waits for. Reading its pages counts as one."""
        with self._lock:
            self._expected[window] += count

    def finish(self, window: OpenWindow) -> list[Window]:
        """Subtract one call from those that a window waits for.

        Returns:
            The windows with complete details. A window waits for adjacent windows too, which may have listed some
            of its rows.
        """
        with self._lock:
            self._expected[window] -= 1
            if self._expected[window]:
                return []
            del self._expected[window]
            if not window.is_put_back:
                self._read.append(window)
            complete = [one for one in self._read if not any(map(one.touches, self._expected))]
            self._read = [one for one in self._read if one not in complete]
            return [one.window for one in complete]

    def note(self, *, is_read: bool) -> int:
        """Record whether a call was answered, and return how many in a row were not."""
        with self._lock:
            self._failures = 0 if is_read else self._failures + 1
            return self._failures

    def claim(self, rows: list[Row], of: Claimed) -> list[Claimed]:
        """Read the columns of the rows of one call. Their id is that of the row for which it was made."""
        claimed = [self._read_row(row) for row in rows]
        for one in claimed:
            one.columns[self.endpoint.id] = of.columns[self.endpoint.id]
        return claimed
