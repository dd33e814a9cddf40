"""Reading: windows are read in parallel, page by page, and one thread is handed what they held.

The unit that crosses the queue is a page, not a record, in the form in which it is printed: that halves the CPU
of a read. The queue is short, so memory stays flat however many windows there are. Closing it wakes and ends every
worker.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

from session_source.client import Client, Closed
from session_source.errors import Fault, Kind
from session_source.exchange import Answer, Request
from session_source.groups import Claimed, Details, Group
from session_source.pagination import Page, Token
from session_source.records import Recorder, Records
from session_source.windows import Window

Read = TypeVar("Read")

QUEUE_LENGTH = 2
"""Events between the workers and the thread that emits; more only cost memory."""

REPEATS = 3
"""How often a page that cannot be right is asked for, and how many such pages in a row end a window."""

DETAILS_AHEAD = 50
"""Detail calls that may wait before the worker that brings them makes some itself, so that memory stays flat."""


class PageRead(NamedTuple):
    """The records of one page that belong to its window, or of one detail call."""

    group: Group | Details
    records: list[Records]


class WindowRead(NamedTuple):
    """A window was read to its end; all its pages came before."""

    group: Group | Details
    window: Window


class GroupFailed(NamedTuple):
    """A group will not be read further."""

    group: Group | Details
    error: Exception


class Limited(NamedTuple):
    """The vendor asked to slow down."""

    group: Group | Details


class Said(NamedTuple):
    """A line for the log."""

    line: str


Event: TypeAlias = PageRead | WindowRead | GroupFailed | Limited | Said


def read(groups: Iterable[Group], client: Client, recorder: Recorder, workers: int) -> Iterator[Event]:
    """Read the groups' windows with a number of threads and give what happens, in an order that is plain.

    Pages of a window come before its end. After a group's first failure none of its windows is begun. Leaving
    the iteration, by its end or by an error, ends the threads.
    """
    queue = _Queue(workers)
    tasks = _Tasks(groups)
    # One page at a time is read, from its answer to its records: what it takes stays in the processor's caches,
    # and no two fight for the interpreter. It saves a sixth of the CPU of ten workers. And endpoints may note what
    # they learn from a page.
    turn = threading.Lock()
    for number in range(workers):
        worker = _Worker(tasks, queue, client, recorder, turn)
        threading.Thread(target=worker.run, name=f"worker-{number}", daemon=True).start()
    try:
        while (event := queue.get()) is not None:
            yield event
    finally:
        client.close()
        tasks.close()
        queue.close()


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


class _WindowTask(NamedTuple):
    """Read a window."""

    group: Group
    window: Window


class _DetailTask(NamedTuple):
    """Ask for the details of one row of a window."""

    group: Details
    window: Window
    row: Claimed


_Task: TypeAlias = _WindowTask | _DetailTask


class _Tasks:
    """Hands out what there is to do: details that are waiting first, then the next window."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self._changed = threading.Condition()
        self._groups = [(group, group.windows()) for group in groups]
        self._details: deque[_DetailTask] = deque()
        self._busy = 0
        self._is_closed = False

    def take(self) -> _Task | None:
        """Give the next task, or None when there is none and no other worker can bring any more."""
        with self._changed:
            while not self._is_closed:
                task = self._details.popleft() if self._details else self._next_window()
                if task is not None:
                    self._busy += 1
                    return task
                if not self._busy:
                    break
                self._changed.wait()
            self._changed.notify_all()
            return None

    def _next_window(self) -> _WindowTask | None:
        """Give the next window of the first group that has one to give now."""
        for group, windows in list(self._groups):
            if group.is_probing and not group.has_failed:
                continue
            window = None if group.has_failed else next(windows, None)
            if window is not None:
                return _WindowTask(group, window)
            self._groups.remove((group, windows))
        return None

    def wake(self) -> None:
        """Let those that wait look again for what there is to do."""
        with self._changed:
            self._changed.notify_all()

    def take_detail(self, *, beyond: int) -> _DetailTask | None:
        """Give a waiting detail where more than ``beyond`` wait: who brings them helps before bringing more."""
        with self._changed:
            return self._details.popleft() if len(self._details) > beyond else None

    def add(self, details: Iterable[_DetailTask]) -> None:
        with self._changed:
            self._details.extend(details)
            self._changed.notify_all()

    def done(self) -> None:
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()


class _Worker:
    """Does what there is to do until there is nothing left."""

    def __init__(
        self, tasks: _Tasks, queue: _Queue, client: Client, recorder: Recorder, turn: threading.Lock
    ) -> None:
        self._tasks = tasks
        self._queue = queue
        self._client = client
        self._recorder = recorder
        self._turn = turn

    def run(self) -> None:
        try:
            while (task := self._tasks.take()) is not None:
                self._do(task)
                self._tasks.done()
        except Closed:
            pass
        finally:
            self._queue.leave()

    def _do(self, task: _Task) -> None:
        try:
            if isinstance(task, _WindowTask):
                self._read(*task)
            elif not task.group.has_failed:
                self._read_detail(*task)
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001 - told to the thread that emits, whatever it is
            task.group.has_failed = True
            self._queue.put(GroupFailed(task.group, error))

    def _read(self, group: Group, window: Window) -> None:
        token = group.endpoint.first(window, group.piece(window), group.partition)
        asked = {token}
        odd = 0
        while True:
            following, is_right = self._read_page(group, window, token)
            odd = 0 if is_right else odd + 1
            if odd == REPEATS:
                raise _stuck(self._client.vendor, group, window, token, "holds nothing but what came before")
            if following is None:
                break
            if group.is_probing:  # there is more than a page of a day: enough to begin the others
                group.is_probing = False
                self._tasks.wake()
            token = following
            if token in asked:
                raise _stuck(self._client.vendor, group, window, token, "was named as the next one twice")
            asked.add(token)
        for finished in group.close(window):
            self._queue.put(WindowRead(group, finished))
        if group.details is not None:
            self._end_details(group.details, window)

    def _read_page(self, group: Group, window: Window, token: Token) -> tuple[Token, bool]:
        """Read a page and hand it on; one that cannot be right (a cache's, of another request) is asked for again.

        Returns:
            The token of the next page, and whether the page can be right. Nothing else of it outlives this
            call, so that it takes no memory while the next one is waited for.
        """
        request = group.endpoint.request(group.asked(window), group.partition, token)
        claimed: list[Claimed] = []
        records: list[Records] = []
        for attempt in range(1, REPEATS + 1):
            with ExitStack() as turn:
                read = partial(self._page, turn, group, token)
                page = self._fetch(group, request, read, about=f"{group}, {window}")
                rows, is_right = group.claim(window, page.rows)
                claimed += rows
                if is_right or attempt == REPEATS:
                    records = self._recorder.records(group.streams, claimed)
                    if group.details is None:
                        claimed.clear()
                following = page.following
                del page, rows  # freed while they are in the processor's caches
            if is_right:
                break
        self._queue.put(PageRead(group, records))
        self._bring_details(group, window, claimed)
        return following, is_right

    def _page(self, turn: ExitStack, group: Group, token: Token, answer: Answer) -> Page:
        """Read a page, and keep the turn for what is made of it; after an error, others have theirs."""
        with ExitStack() as taken:
            taken.enter_context(self._turn)
            page = group.endpoint.page(answer, token)
            group.endpoint.verify(page.rows, group.partition)
            turn.enter_context(taken.pop_all())
            return page

    def _bring_details(self, group: Group, window: Window, rows: list[Claimed]) -> None:
        """Put the detail calls of a page's rows where every worker takes them; help where many wait."""
        details = group.details
        if details is None or details.has_failed:
            return
        details.expect(window, len(rows))
        self._tasks.add(_DetailTask(details, window, row) for row in rows)
        while (task := self._tasks.take_detail(beyond=DETAILS_AHEAD)) is not None:
            self._do(task)

    def _read_detail(self, details: Details, window: Window, row: Claimed) -> None:
        request = details.endpoint.request(row.columns, details.partition)
        about = f"{details}, {row.columns[details.endpoint.id]}"
        try:
            rows = self._fetch(details, request, details.endpoint.rows, about=about)
        except Fault as fault:
            if fault.kind is not Kind.GONE:
                raise
            self._say(about, fault.sentence)
            rows = []
        records = self._recorder.records(details.streams, details.claim(rows, row))
        self._queue.put(PageRead(details, records))
        self._end_details(details, window)

    def _fetch(
        self, group: Group | Details, request: Request, read: Callable[[Answer], Read], *, about: str
    ) -> Read:
        """Ask for one answer; a fault tells which part of the vendor's data it met, where there are several."""
        try:
            return self._client.fetch(
                request,
                read,
                explain=group.endpoint.fault,
                say=partial(self._say, about),
                limited=lambda: self._queue.put(Limited(group)),
            )
        except Fault as fault:
            if fault.kind is Kind.GONE or not group.partition:
                raise
            raise fault.about(str(group)) from None

    def _end_details(self, details: Details, window: Window) -> None:
        if details.finish(window) and not details.has_failed:
            self._queue.put(WindowRead(details, window))

    def _say(self, about: str, line: str) -> None:
        self._queue.put(Said(f"{about}: {line}"))


def _stuck(vendor: str, group: Group, window: Window, token: Token, what: str) -> Fault:
    return Fault(
        Kind.STUCK,
        f"{vendor} does not go on with its list of {group}, {window}: page {token!r} {what}. Nothing was lost: "
        "the window counts as not read. Run the sync again later; if it happens again, report it to the vendor.",
    )
