"""Reading: workers read windows in parallel, page by page, and pass the records to the thread that emits.

Pages, not records, cross the queue, already serialized: that halves the CPU of a read. The queue is short, so
memory does not grow with the number of windows. Closing it wakes and ends every worker.
"""

import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial
from typing import Unpack

from session_source.api.endpoint import PageContext
from session_source.api.errors import REFUSED_PAGE, Fault, Kind
from session_source.api.pagination import Token
from session_source.api.request import Request
from session_source.api.windows import Window
from session_source.http.attempts import Attempt, Options
from session_source.http.client import Client
from session_source.http.gate import Closed
from session_source.sync.claims import Claimed, Doubt
from session_source.sync.details import Details
from session_source.sync.events import (
    Event,
    GroupFailed,
    Limited,
    LogLine,
    PageRead,
    Queue,
    WindowRead,
    WindowSized,
)
from session_source.sync.groups import Group
from session_source.sync.keys import OpenWindow
from session_source.sync.records import Recorder, Records
from session_source.sync.tasks import DetailTask, Task, Tasks, WindowTask
from session_source.sync.trail import CUT, NO_PAGE, REPEATS, Outcome, Trail

DETAIL_FAILURES = 3
"""How often the details of one row are requested, and after how many failed rows in a row the stream fails."""

DETAILS_AHEAD = 50
"""How many detail calls may wait. Beyond that, the worker that adds calls does some first."""


def read(groups: Iterable[Group], client: Client, recorder: Recorder, workers: int) -> Iterator[Event]:
    """Read the windows of groups in parallel, and yield what happens.

    The pages of a window come before its end. After the first failure of a group, no further window of it is
    started. Leaving the iteration ends the threads.

    Args:
        groups: what to read.
        client: sends the requests.
        recorder: turns rows into records.
        workers: the number of threads.
    """
    queue = Queue(workers)
    tasks = Tasks(groups)
    # Only one thread at a time turns an answer into records: its data stays in the processor's caches, and threads
    # do not compete for the interpreter. That saves a sixth of the CPU of ten workers. It also lets endpoints keep
    # what they learn from a page.
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


class _Worker:
    """Does tasks until none is left."""

    def __init__(
        self, tasks: Tasks, queue: Queue, client: Client, recorder: Recorder, turn: threading.Lock
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

    def _do(self, task: Task) -> None:
        try:
            if isinstance(task, WindowTask):
                self._read(*task)
            elif not task.group.has_failed:
                self._read_detail(*task)
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001 - every error is reported to the thread that emits
            task.group.has_failed = True
            name = str(task.group)
            if isinstance(error, Fault) and task.group.partition and name not in error.message:
                error = error.about(name)
            self._queue.put(GroupFailed(task.group, error))

    def _read(self, group: Group, window: OpenWindow) -> None:
        """Read a window page by page. If it is too large, put it back, to be read in smaller windows."""
        try:
            length = self._read_pages(group, window)
        except Fault as fault:
            length = group.shrunk(window, fault, 2 * self._client.retry_policy.outage)
            if length is None:
                raise
            self._log(f"{group}, {window}", f"{fault.message} Trying again with a shorter window.")
            group.put_back(window, length, is_limit=True)
        else:
            if length is None:
                for finished in group.close(window):
                    self._queue.put(WindowRead(group, finished), self._queue.ticket())
            else:
                group.put_back(window, length)
        self._tasks.wake()
        for line in group.notices():
            self._log(str(group), line)
        if group.details is not None:
            self._end_details(group.details, window)

    def _read_pages(self, group: Group, window: OpenWindow) -> timedelta | None:
        """Read the pages of a window.

        Returns:
            None if all were read; else the length of the windows to read instead.
        """
        context = PageContext(Window(*window.requested), group.gap(window.window), group.partition)
        trail = Trail(group.endpoint.first(context))
        before = NO_PAGE
        half = (window.window.end - window.window.start) / 2
        while True:
            outcome = self._read_page(group, window, context._replace(token=trail.page.token), trail)
            if not trail.page.is_certain:
                # Some vendors serve the last page again. If it is full, the page after it shows whether it is.
                is_full = group.lengths.is_full(outcome.rows)
                is_same = outcome.doubt is Doubt.REPEATED and (
                    group.lengths.is_short(outcome.rows) or outcome.fingerprint == before.fingerprint
                )
                trail.same = trail.same + 1 if is_same else 0
                if not outcome.rows or (is_same and not is_full):
                    return half if outcome is CUT else None
                if trail.same == 2:
                    if trail.length > 2:  # other pages came before: the vendor does count pages
                        return None
                    if group.can_cut(window):  # the first page: shorter lists will show it
                        return half
                if not is_same:
                    group.lengths.note_continued(before.rows)
            if wrong := trail.error(outcome):
                raise _stuck(self._client.vendor, group, window, trail.page.token, wrong)
            following = outcome.following
            self._note_size(group, window, trail, outcome)
            if following is None or (not following.is_certain and group.lengths.ends(outcome.rows)):
                return None
            if following.is_certain or trail.length > 1 or group.lengths.is_full(outcome.rows):
                length = group.better_length(window, outcome.rows, following.total)
                if length is not None:
                    return length
                self._tasks.wake()  # the first page of the first window decides the length of the others
            before = outcome
            if not trail.go_on(following):
                raise _stuck(
                    self._client.vendor, group, window, following.token, "was named as the next one twice"
                )

    def _note_size(self, group: Group, window: OpenWindow, trail: Trail, outcome: Outcome) -> None:
        """Report how many rows a window has after its first page, if the vendor reports that."""
        following = outcome.following
        total = following.total if following else outcome.rows
        group.is_sized = group.is_sized or (following is not None and total is not None)
        if trail.length == 1 and group.is_sized and total is not None:
            self._queue.put(WindowSized(group, window.window, total))

    def _read_page(self, group: Group, window: OpenWindow, context: PageContext, trail: Trail) -> Outcome:
        """Read a page and pass it on. A page that may answer another request (from a cache) is requested again.

        Nothing keeps the page after this call, so it takes no memory while the next one is requested.
        """
        request = group.endpoint.request(context)
        about = f"{group}, {window}"
        outcome = NO_PAGE
        emitted = requested = 0
        try:
            for attempt in self._attempts(group, request, about, can_ask_less=group.can_cut(window)):
                claimed: list[Claimed] = []
                ticket = None
                with attempt as answer, self._turn:
                    read = group.endpoint.page(answer, context)
                    requested += 1
                    following = None
                    if not read.is_doubtful or requested == REPEATS:
                        # If this raises, the page is requested again, so no row may be claimed before.
                        following = group.endpoint.pager.following(context.token, read)
                    attempt.accept()  # another attempt would skip the rows that are claimed now
                    claimed, doubt, fingerprint = group.claim(
                        window, read.rows, is_final=requested == REPEATS, is_later_list=trail.is_later_list
                    )
                    emitted += len(claimed)
                    if doubt is Doubt.REPEATED and outcome.doubt is Doubt.TAKEN:
                        doubt = Doubt.TAKEN  # it was requested again because of that, and is the same
                    if (doubt or read.is_doubtful) and requested < (2 if doubt is Doubt.TAKEN else REPEATS):
                        attempt.again()
                    outcome = Outcome(len(read.rows), emitted, doubt, following, fingerprint)
                    group.lengths.note(outcome.rows)
                    records = self._recorder.records(group.streams, claimed)
                    if group.details is None:
                        claimed.clear()
                    del read  # free it while it is in the processor's caches
                    ticket = self._queue.ticket()
                if ticket is not None:
                    self._queue.put(PageRead(group, records), ticket)
                    self._bring_details(group, window, claimed)
        except Fault as fault:
            fault.is_about_later_page = trail.length > 0
            if trail.page.is_certain or fault.status not in REFUSED_PAGE:
                raise
            may_continue = group.lengths.may_continue(trail.rows)
            if trail.page.token != trail.refused and (may_continue or not group.lengths.is_end_refused):
                trail.refused = trail.page.token  # once more: it may be a passing error
                return self._read_page(group, window, context, trail)
            group.lengths.is_end_refused = True
            if may_continue and group.can_cut(window):
                return CUT
            if may_continue:
                self._log(
                    about,
                    f"{fault.message} The page before is full. If the list is longer, its rest is not read.",
                )
            return NO_PAGE
        return outcome

    def _bring_details(self, group: Group, window: OpenWindow, rows: list[Claimed]) -> None:
        """Queue the detail calls of a page's rows for all workers. If many wait, do some."""
        details = group.details
        if details is None or details.has_failed:
            return
        details.expect(window, len(rows))
        self._tasks.add(DetailTask(details, window, row) for row in rows)
        while (task := self._tasks.take_detail(beyond=DETAILS_AHEAD)) is not None:
            self._do(task)

    def _read_detail(self, details: Details, window: OpenWindow, row: Claimed) -> None:
        """Read the details of one row. Skip the row if the vendor cannot answer for it but does for others."""
        request = details.endpoint.request(row.columns, details.partition)
        about = f"{details}, {row.columns[details.endpoint.id]}"
        records: list[Records] = []
        try:
            for attempt in self._attempts(details, request, about, failures=DETAIL_FAILURES):
                with attempt as answer:
                    rows = details.endpoint.rows(answer)
                    records = self._recorder.records(details.streams, details.claim(rows, row))
            details.note(is_read=True)
        except Fault as fault:
            is_one = fault.kind is Kind.OUTAGE and details.note(is_read=False) < DETAIL_FAILURES
            if fault.kind is not Kind.GONE and not is_one:
                raise
            self._log(about, f"{fault.message} The row is skipped." if is_one else fault.message)
        self._queue.put(PageRead(details, records))
        self._end_details(details, window)

    def _attempts(
        self, group: Group | Details, request: Request, about: str, **more: Unpack[Options]
    ) -> Iterator[Attempt]:
        options: Options = {
            "explain": group.endpoint.fault,
            "log": partial(self._log, about),
            "limited": lambda seconds: self._queue.put(Limited(group, seconds)),
            "traffic": self._client.traffic.part(group.endpoint.name),
            **more,
        }
        return self._client.attempts(request, **options)

    def _end_details(self, details: Details, window: OpenWindow) -> None:
        for finished in details.finish(window):
            if not details.has_failed:
                self._queue.put(WindowRead(details, finished))

    def _log(self, about: str, line: str) -> None:
        self._queue.put(LogLine(f"{about}: {line}"))


def _stuck(vendor: str, group: Group, window: OpenWindow, token: Token, what: str) -> Fault:
    return Fault(
        Kind.STUCK,
        f"{vendor} does not continue its list of {group}, {window}: page {token!r} {what}. Nothing is lost: the "
        "window counts as unread. Run the sync again later. If it happens again, report it to the vendor.",
    )
