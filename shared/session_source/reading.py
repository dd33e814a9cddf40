"""Reading: windows are read in parallel, page by page, and one thread is handed what they held.

The unit that crosses the queue is a page, not a record: that halves the CPU of a read. The queue is short, so
memory stays flat however many windows there are. Closing it wakes and ends every worker.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from session_source.client import Client, Closed
from session_source.errors import Fault, Kind
from session_source.exchange import Answer
from session_source.groups import Claimed, Group
from session_source.pagination import Page, Token
from session_source.windows import Window

QUEUE_LENGTH = 2
"""Events between the workers and the thread that emits. Longer queues were measured slower: by the time a page is
written it has left the processor's caches (16 events: a tenth more CPU, 13 MB more memory)."""

REPEATS = 3
"""How often a page that cannot be right is asked for, and how many such pages in a row end a window."""


class PageRead(NamedTuple):
    """Rows of one page that belong to its window."""

    group: Group
    rows: list[Claimed]


class WindowRead(NamedTuple):
    """A window was read to its end; all its pages came before."""

    group: Group
    window: Window


class GroupFailed(NamedTuple):
    """A group will not be read further."""

    group: Group
    error: Exception


class Limited(NamedTuple):
    """The vendor asked to slow down."""

    group: Group


class Said(NamedTuple):
    """A line for the log."""

    line: str


Event: TypeAlias = PageRead | WindowRead | GroupFailed | Limited | Said


def read(groups: Iterable[Group], client: Client, workers: int) -> Iterator[Event]:
    """Read the groups' windows with a number of threads and give what happens, in an order that is plain.

    Pages of a window come before its end. After a group's first failure none of its windows is begun. Leaving
    the iteration, by its end or by an error, ends the threads.
    """
    queue = _Queue(workers)
    tasks = _Tasks(groups)
    for number in range(workers):
        worker = _Worker(tasks, queue, client)
        threading.Thread(target=worker.run, name=f"worker-{number}", daemon=True).start()
    try:
        while (event := queue.get()) is not None:
            yield event
    finally:
        client.close()
        queue.close()


class _Tasks:
    """Hands out the groups' windows, one at a time, to whoever asks next."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._lock = threading.Lock()
        self._windows = ((group, window) for group in groups for window in _until_failed(group))

    def next(self) -> tuple[Group, Window] | None:
        with self._lock:
            return next(self._windows, None)


def _until_failed(group: Group) -> Iterator[Window]:
    for window in group.windows():
        if group.has_failed:
            return
        yield window


class _Queue:
    """A short queue that ends when its last writer has left, and can be closed by its reader."""

    def __init__(self, writers: int) -> None:
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._writers = writers
        self._is_closed = False

    def put(self, event: Event) -> None:
        with self._changed:
            self._changed.wait_for(lambda: len(self._events) < QUEUE_LENGTH or self._is_closed)
            if self._is_closed:
                raise Closed
            self._events.append(event)
            self._changed.notify_all()

    def get(self) -> Event | None:
        with self._changed:
            self._changed.wait_for(lambda: self._events or not self._writers)
            event = self._events.popleft() if self._events else None
            self._changed.notify_all()
            return event

    def leave(self) -> None:
        with self._changed:
            self._writers -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class _Worker:
    """Reads windows until there are none left."""

    def __init__(self, tasks: _Tasks, queue: _Queue, client: Client) -> None:
        self._tasks = tasks
        self._queue = queue
        self._client = client

    def run(self) -> None:
        try:
            while (task := self._tasks.next()) is not None:
                self._read_or_fail(*task)
        except Closed:
            pass
        finally:
            self._queue.leave()

    def _read_or_fail(self, group: Group, window: Window) -> None:
        try:
            self._read(group, window)
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001 - told to the thread that emits, whatever it is
            group.has_failed = True
            self._queue.put(GroupFailed(group, error))

    def _read(self, group: Group, window: Window) -> None:
        token = group.endpoint.pager.first
        asked = {token}
        odd = 0
        while True:
            page, rows, is_right = self._page(group, window, token)
            self._queue.put(PageRead(group, rows))
            odd = 0 if is_right else odd + 1
            if odd == REPEATS:
                raise _stuck(self._client.vendor, group, window, token, "holds nothing but what came before")
            if page.following is None:
                break
            token = page.following
            if token in asked:
                raise _stuck(self._client.vendor, group, window, token, "was named as the next one twice")
            asked.add(token)
        group.close(window)
        self._queue.put(WindowRead(group, window))

    def _page(self, group: Group, window: Window, token: Token) -> tuple[Page, list[Claimed], bool]:
        """Get a page; one that cannot be right (a cache's, of another request) is asked for again."""
        endpoint = group.endpoint
        request = endpoint.request(window, group.partition, token)
        claimed: list[Claimed] = []

        def read_page(answer: Answer) -> Page:
            return endpoint.page(answer, token)

        for attempt in range(1, REPEATS + 1):
            page = self._client.fetch(
                request,
                read_page,
                explain=endpoint.fault,
                say=lambda line: self._queue.put(Said(f"{group}, {window}: {line}")),
                limited=lambda: self._queue.put(Limited(group)),
            )
            rows, is_right = group.claim(window, page.rows)
            claimed += rows
            if is_right or attempt == REPEATS:
                break
        return page, claimed, is_right


def _stuck(vendor: str, group: Group, window: Window, token: Token, what: str) -> Fault:
    return Fault(
        Kind.STUCK,
        f"{vendor} does not go on with its list of {group}, {window}: page {token!r} {what}. Nothing was lost: "
        "the window counts as not read. If it happens again, report it to the vendor.",
    )
