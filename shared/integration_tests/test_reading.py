"""Reading over real sockets: a small vendor that misbehaves in one respect at a time, and the core alone."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, NamedTuple

import pytest
import sandbox_server as sandbox
from sandbox_server import NoAnswerError, Server, TooLargeError, serve
from session_source.api.answer import Answer, rows_of
from session_source.api.columns import Moment, Row, Text
from session_source.api.endpoint import Detail, Endpoint, PageContext, Partition
from session_source.api.errors import Fault, Kind
from session_source.api.pagination import NextInAnswer, Page, PageNumber, Pager
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import DAY, MINUTE, ExactTime, TimeRange
from session_source.api.times import rfc3339
from session_source.api.windows import Window, union
from session_source.http.auth import HeaderAuth
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy
from session_source.sync.details import Details
from session_source.sync.events import Event, GroupFailed, LogLine, PageRead, Queue, Tick, WindowRead
from session_source.sync.groups import Group
from session_source.sync.reading import read
from session_source.sync.records import Recorder, RecordPage
from session_source.sync.trail import REPEATS, ROWLESS

START = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = 10
BRIEF = RetryPolicy(connect=2, read=0.5, total=3, outage=20, limit=2, attempts=2)
ONCE = RetryPolicy(attempts=1)


class Rows(Endpoint):
    """``GET rows``, with the parts of a row below it."""

    name = "rows"
    streams = (Stream("rows", ("id",), "at"),)
    columns = {"id": Text("id"), "at": Moment("at")}
    id = "id"

    def __init__(self, pager: Pager, detail: Detail | None = None, *, step: timedelta = MINUTE) -> None:
        self.pager = pager  # type: ignore[misc]  # one class for all of them
        self.detail = detail  # type: ignore[misc]
        self.time_filter = ExactTime("at", Moment("at"))
        self.time_filter.step = step

    def request(self, page: PageContext) -> Request:
        start, end = page.window.whole_seconds()
        params = {"start": rfc3339(start), "end": rfc3339(end), "page": str(page.token or "")}
        return Request("GET", "rows", params=params)

    def page(self, answer: Answer, page: PageContext) -> Page:
        body = answer.object()
        return Page(rows_of(body["rows"]), body)


class Parts(Detail):
    """``GET rows/<id>``."""

    name = "parts"
    streams = (Stream("parts", ("id",), "at", schema="rows"),)
    columns: ClassVar = {"id": Text("id"), "at": Moment("at")}
    id = "id"

    def request(self, columns: Row, partition: Partition) -> Request:
        return Request("GET", f"rows/{columns['id']}")

    def rows(self, answer: Answer) -> list[Row]:
        return [answer.object()]


NUMBERS = PageNumber(SIZE)
TOKENS = NextInAnswer("next")


class Board(sandbox.Vendor):
    """Rows at moments, newest first, bounds included. It misbehaves as its attributes say."""

    name = "board"

    def __init__(self, moments: list[datetime], **misbehaviour: Any) -> None:
        super().__init__()
        self.moments = sorted(moments, reverse=True)
        self.size = SIZE
        self.beyond_end = "empty"
        self.longest = timedelta.max
        """The longest range that it answers."""
        self.deepest = 1000
        """The last page of a list that it returns."""
        self.refused_once: set[int] = set()
        """Pages that it refuses the first time."""
        self.refusal: int | None = 413
        """The status for a longer range; None if it does not answer."""
        self.odd_tokens: Iterator[Any] = iter(())
        """The next tokens of its first answers."""
        self.is_endless: str | None = None
        """Its lists do not end: further pages are "empty", always the "same", or empty and the same in "turns"."""
        self.broken: set[str] = set()
        """The ids of rows without details."""
        self.is_cached = False
        """It answers each request for rows as it answered the first one."""
        vars(self).update(misbehaviour)

    def answer(self, request: sandbox.Request) -> sandbox.Answer:
        name = request.path.removeprefix("/rows").removeprefix("/")
        if name:
            return self.error(500) if name in self.broken else sandbox.Answer.json(self._row(int(name)))
        query = dict(request.query)
        start, end = datetime.fromisoformat(query["start"]), datetime.fromisoformat(query["end"])
        if end - start > self.longest:
            if self.refusal is None:
                raise NoAnswerError
            raise TooLargeError(self.refusal)
        if self.is_cached:
            start, end = self._first = getattr(self, "_first", (start, end))
        found = [number for number, moment in enumerate(self.moments) if start <= moment <= end]
        number = int(query["page"] or 1)
        if self.is_endless:
            if self.is_endless == "same":
                found = found[: self.size]
            elif number > 1 and (self.is_endless == "empty" or number % 2 == 0):
                found = []
            rows = [self._row(row) for row in found[: self.size]]
            return sandbox.Answer.json({"rows": rows, "next": number + 1})
        if number > self.deepest or number in self.refused_once:
            self.refused_once.discard(number)
            return self.error(400)
        last = max(1, -(-len(found) // self.size))
        if number > last and self.beyond_end == "repeated":
            number = last
        if number > last and self.beyond_end == "refused":
            return self.error(404)
        rows = [self._row(row) for row in found[(number - 1) * self.size : number * self.size]]
        following = next(self.odd_tokens, number + 1 if number < last else None)
        return sandbox.Answer.json({"rows": rows, "next": following})

    def _row(self, number: int) -> Row:
        return {"id": str(number), "at": rfc3339(self.moments[number])}

    def error(self, status: int, path: str = "") -> sandbox.Answer:
        return sandbox.Answer.json({"error": status}, status)

    def configs(self, origin: str) -> dict[str, sandbox.Config]:
        return {}

    def expected(self, config_name: str) -> sandbox.Keys:
        return {}

    def grow(self, count: int) -> None:
        raise NotImplementedError

    def delete(self, count: int) -> None:
        raise NotImplementedError


class Outcome(NamedTuple):
    """The events of a read."""

    events: list[Event]

    def ids(self, stream: str = "rows") -> list[str]:
        return [name for event in self.events for name in ids_of(event, stream)]

    @property
    def windows(self) -> list[Window]:
        return [event.window for event in self.events if isinstance(event, WindowRead)]

    @property
    def errors(self) -> list[Fault]:
        errors = [event.error for event in self.events if isinstance(event, GroupFailed)]
        return [error for error in errors if isinstance(error, Fault)]

    @property
    def log(self) -> list[str]:
        return [event.line for event in self.events if isinstance(event, LogLine)]


def ids_of(event: Event, stream: str = "rows") -> list[str]:
    if not isinstance(event, PageRead):
        return []
    pages = [page for page in event.records if isinstance(page, RecordPage) and page.stream == stream]
    return [record["id"] for page in pages for record in page.records]


@contextmanager
def reading(
    board: Board,
    endpoint: Endpoint,
    *,
    days: float,
    longest: float = 30,
    workers: int = 1,
    retry_policy: RetryPolicy = BRIEF,
    **server: Any,
) -> Iterator[tuple[Iterator[Event], Server]]:
    """Serve a board and begin to read it."""
    with serve(board, **server) as running:
        detail = endpoint.detail
        details = Details(detail, {}, detail.streams) if detail else None
        group = Group(
            endpoint,
            {},
            endpoint.streams,
            span=Window(START, START + days * DAY),
            finished=(),
            longest=longest * DAY,
            details=details,
            parallel=workers,
        )
        client = Client(
            vendor="Board",
            base_url=running.origin,
            auth=HeaderAuth({}),
            hint="Ask for a key.",
            retry_policy=retry_policy,
            workers=workers,
        )
        recorder = Recorder(endpoint.all_streams, "integration_tests.any_vendor")
        yield read([group], client, recorder, workers), running


def outcome(board: Board, endpoint: Endpoint, **options: Any) -> tuple[Outcome, Server]:
    """Read a board to the end."""
    with reading(board, endpoint, **options) as (events, server):
        return Outcome(list(events)), server


def evenly(days: float, count: int) -> list[datetime]:
    return [START + days * DAY * (index / count) for index in range(count)]


# The order of events


@pytest.mark.promise(n=4)
def test_events_leave_the_queue_in_the_order_of_their_tickets() -> None:
    queue = Queue(writers=2)
    page, end = PageRead(None, []), WindowRead(None, Window(START, START))  # type: ignore[arg-type]
    tickets = [queue.ticket(), queue.ticket()]
    late = threading.Thread(target=queue.put, args=(end, tickets[1]))
    late.start()
    late.join(0.2)
    assert late.is_alive(), "the event with the earlier ticket is missing"
    queue.put(LogLine("without a ticket"))
    queue.put(page, tickets[0])
    assert [queue.get() for _ in range(3)] == [LogLine("without a ticket"), page, end]
    late.join()


def test_a_queue_without_events_ticks_until_its_last_writer_leaves() -> None:
    queue = Queue(writers=1)
    assert queue.get(idle=0.001) == Tick()
    queue.put(LogLine("an event"))
    assert queue.get(idle=0.001) == LogLine("an event")
    queue.leave()
    assert queue.get(idle=0.001) is None


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=4)
def test_the_end_of_a_window_comes_after_all_its_rows_whichever_window_listed_them() -> None:
    midnights = [START + n * DAY for n in range(12) for _ in range(3)]
    board = Board(midnights + evenly(12, 60))
    with reading(board, Rows(NUMBERS), days=12, longest=1, workers=6, latency=0.01) as (events, _):
        emitted: Counter[str] = Counter()
        finished: list[Window] = []
        for event in events:
            emitted.update(ids_of(event))
            if isinstance(event, WindowRead):
                finished.append(event.window)
                lacking = [n for n, at in enumerate(board.moments) if at in event.window and not emitted[str(n)]]
                assert not lacking
            time.sleep(0.002)
    assert len(finished) == 12
    assert set(emitted.values()) == {1}
    assert len(emitted) == len(board.moments)


def test_a_reader_that_leaves_ends_the_workers() -> None:
    before = set(threading.enumerate())
    with reading(Board(evenly(9, 900)), Rows(NUMBERS), days=9, longest=1, workers=3) as (events, _):
        for _ in itertools.islice(events, 2):
            pass
        events.close()  # type: ignore[attr-defined]
        for thread in set(threading.enumerate()) - before:
            if thread.name.startswith("worker-"):
                thread.join(60)
                assert not thread.is_alive()


@pytest.mark.promise(n=5)
def test_busy_days_are_read_in_parallel_after_their_first_page() -> None:
    board = Board(evenly(4, 400))
    found, server = outcome(board, Rows(TOKENS), days=4, workers=4, latency=0.05)
    assert sorted(map(int, found.ids())) == list(range(400)), (
        "rows that were listed before windows were cut are emitted once"
    )
    assert len(found.windows) >= 4
    assert server.max_in_flight == 4
    first, second, *_ = server.requests
    assert (first.end or 0) <= second.start, "one request shows how long windows should be"
    assert server.count <= 1.25 * 400 / SIZE


@pytest.mark.promise(n=1)
def test_an_error_after_rows_were_claimed_fails_the_window() -> None:
    fails = iter([True])

    def items(row: Row) -> Iterator[Row]:
        if next(fails, False):
            raise ValueError("an item that the stream cannot read")
        yield row

    endpoint = Rows(NUMBERS)
    endpoint.streams = (Stream("rows", ("id",), "at", items=items),)  # type: ignore[misc]
    found, server = outcome(Board(evenly(1, 5)), endpoint, days=1)
    (failure,) = [event for event in found.events if isinstance(event, GroupFailed)]
    assert isinstance(failure.error, ValueError)
    assert found.windows == [], "the next sync reads it again"
    assert server.count == 1, "a second attempt would find the rows claimed"


# Windows that the vendor cannot answer


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("refusal", [413, 504, None], ids=["413", "504", "timeout"])
@pytest.mark.parametrize(("longest", "step"), [(2 * DAY, DAY), (DAY / 5, MINUTE)], ids=["days", "hours"])
def test_a_window_that_is_too_large_for_the_vendor_is_cut_until_it_is_answered(
    refusal: int | None, longest: timedelta, step: timedelta
) -> None:
    board = Board(evenly(8, 40), longest=longest, refusal=refusal)
    found, server = outcome(board, Rows(TOKENS, step=step), days=8)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(40))
    assert sum("Trying again with a shorter window" in line for line in found.log) <= 6, (
        "what is too large is learned"
    )
    assert server.count <= 4 * 8 * DAY / longest + 12


@pytest.mark.promise(n=5)
@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    ("refusal", "kind"), [(413, Kind.TOO_LARGE), (504, Kind.OUTAGE), (None, Kind.OUTAGE)], ids=str
)
def test_a_vendor_that_answers_no_window_ends_with_an_error(refusal: int | None, kind: Kind) -> None:
    board = Board([], longest=timedelta(), refusal=refusal)
    found, server = outcome(board, Rows(NUMBERS, step=DAY), days=8)
    (error,) = found.errors
    assert error.kind is kind
    assert found.windows == []
    assert server.count <= 12


@pytest.mark.promise(n=3)
@pytest.mark.promise(n=5)
@pytest.mark.parametrize("pager", [NUMBERS, TOKENS], ids=["numbers", "tokens"])
@pytest.mark.parametrize(("deepest", "cap"), [(12, SIZE), (2, SIZE), (3, 7)])
def test_a_list_of_which_the_vendor_returns_the_first_pages_only_is_read_in_shorter_windows(
    pager: Pager, deepest: int, cap: int
) -> None:
    found, _ = outcome(Board(evenly(4, 400), size=cap, deepest=deepest), Rows(pager), days=4)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(400))
    assert union(found.windows) == (Window(START, START + 4 * DAY),)


@pytest.mark.promise(n=3)
def test_a_list_that_cannot_be_shorter_and_may_go_on_is_logged() -> None:
    found, _ = outcome(Board(evenly(1, 200), deepest=12), Rows(NUMBERS, step=DAY), days=1)
    assert found.errors == []
    assert len(found.ids()) == 120
    assert any("The page before is full." in line for line in found.log)


# Lists that do not end


@pytest.mark.promise(n=7)
def test_an_endless_list_of_empty_pages_is_an_error_that_names_the_page() -> None:
    found, server = outcome(Board(evenly(1, 5), is_endless="empty"), Rows(TOKENS), days=1)
    (error,) = found.errors
    assert error.kind is Kind.STUCK
    for words in ("rows, 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z", "page 11", "holds no row", "again later"):
        assert words in error.message
    assert server.count == 1 + ROWLESS
    assert len(found.ids()) == 5
    assert found.windows == []


@pytest.mark.promise(n=7)
def test_a_page_that_repeats_endlessly_is_an_error_that_names_the_page() -> None:
    found, server = outcome(Board(evenly(1, 5), is_endless="same"), Rows(TOKENS), days=1)
    (error,) = found.errors
    assert error.kind is Kind.STUCK
    assert "page 4 holds only rows that came before" in error.message
    assert server.count == 1 + REPEATS * REPEATS
    assert sorted(found.ids()) == list("01234")


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=7)
def test_empty_pages_and_the_same_one_in_turns_without_end_are_an_error() -> None:
    found, server = outcome(Board(evenly(1, 5), is_endless="turns"), Rows(TOKENS), days=1)
    (error,) = found.errors
    assert error.kind is Kind.STUCK
    assert "page 7 holds only rows that came before" in error.message
    assert server.count == 4 + REPEATS * REPEATS
    assert sorted(found.ids()) == list("01234")


@pytest.mark.promise(n=7)
def test_the_answer_to_another_request_is_an_error() -> None:
    board = Board(evenly(9, 45), is_cached=True)
    found, server = outcome(board, Rows(NUMBERS), days=9, longest=1)
    (error,) = found.errors
    assert "holds only rows of other times than were requested" in error.message
    assert len(found.windows) <= 3, "only rows of the day beside a window are not doubted"
    assert sorted(found.ids()) == list("01234")
    assert server.count <= 4 * REPEATS + 1, "a page of another window's rows is requested again, too"


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("beyond_end", ["empty", "repeated", "refused"])
@pytest.mark.parametrize(("held", "cap"), [(13, 10), (3, 10), (9, 7), (10, 3)])
def test_a_page_beyond_the_end_ends_a_list(beyond_end: str, held: int, cap: int) -> None:
    board = Board(evenly(1, held), size=cap, beyond_end=beyond_end)
    found, server = outcome(board, Rows(NUMBERS), days=1)
    assert found.errors == []
    assert len(found.windows) == 1
    assert sorted(map(int, found.ids())) == list(range(held))
    # The same page again may come from a cache, and a refusal may be a passing error.
    beyond = {"empty": 1, "repeated": REPEATS, "refused": 2}[beyond_end]
    assert server.count <= -(-held // cap) + beyond


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("cap", [SIZE, 7])
def test_an_empty_page_ends_a_list_of_full_pages(cap: int) -> None:
    found, server = outcome(Board(evenly(1, 2 * cap), size=cap), Rows(NUMBERS), days=1)
    assert found.errors == []
    assert server.count == 3


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("cap", [SIZE, 7])
def test_after_full_pages_shorter_lists_show_whether_a_refusal_was_the_end(cap: int) -> None:
    found, server = outcome(Board(evenly(1, 2 * cap), size=cap, beyond_end="refused"), Rows(NUMBERS), days=1)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(2 * cap))
    assert server.count <= 12


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("page", [2, 3])
@pytest.mark.parametrize("cap", [SIZE, 7])
def test_a_page_that_is_refused_once_does_not_end_a_list(page: int, cap: int) -> None:
    board = Board(evenly(1, 4 * SIZE), size=cap, refused_once={page})
    found, _ = outcome(board, Rows(NUMBERS), days=1)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(4 * SIZE))


@pytest.mark.promise(n=3)
def test_a_vendor_that_refuses_every_second_page_is_read_in_shorter_windows() -> None:
    found, _ = outcome(Board(evenly(4, 3 * SIZE), deepest=1), Rows(NUMBERS), days=4)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(3 * SIZE))


@pytest.mark.promise(n=7)
@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_full_last_page_that_is_served_again_ends_a_list(pages: int) -> None:
    found, server = outcome(Board(evenly(1, pages * SIZE), beyond_end="repeated"), Rows(NUMBERS), days=1)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(pages * SIZE))
    assert server.count <= pages + 2 * REPEATS + 4


class Lasting(ExactTime):
    """Each row is a day long."""

    def times(self, columns: Row) -> TimeRange | None:
        start = super().times(columns)
        return start and TimeRange(start.first, start.last + DAY)


@pytest.mark.promise(n=7)
@pytest.mark.parametrize("held", [5, 30])
def test_a_last_page_of_long_rows_that_comes_again_ends_a_list(held: int) -> None:
    endpoint = Rows(NUMBERS)
    endpoint.time_filter = Lasting("at", Moment("at"))
    found, server = outcome(Board(evenly(1, held), beyond_end="repeated"), endpoint, days=1)
    assert found.errors == []
    assert len(found.ids()) == held
    assert server.count < 20


@pytest.mark.promise(n=7)
def test_the_same_page_of_long_rows_without_end_is_an_error() -> None:
    endpoint = Rows(TOKENS)
    endpoint.time_filter = Lasting("at", Moment("at"))
    found, _ = outcome(Board(evenly(1, 5), is_endless="same"), endpoint, days=1)
    (error,) = found.errors
    assert "page 4 holds only rows that came before" in error.message


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=7)
def test_a_page_with_a_garbled_token_is_requested_again() -> None:
    board = Board(evenly(1, 25), odd_tokens=iter([{"odd": 1}]))
    found, server = outcome(board, Rows(TOKENS), days=1)
    assert found.errors == []
    assert sorted(map(int, found.ids())) == list(range(25))
    assert server.count == 3 + 1


# Details


@pytest.mark.promise(n=7)
def test_rows_without_readable_details_are_skipped() -> None:
    board = Board(evenly(1, 8), broken=set("1245"))
    found, _ = outcome(board, Rows(NUMBERS, Parts()), days=1, retry_policy=ONCE)
    assert found.errors == []
    assert sorted(found.ids("parts")) == list("0367")
    assert len(found.windows) == 2, "one of the rows, one of their parts"
    first, *_ = lines = [line for line in found.log if "row is skipped" in line]
    assert len(lines) == 4
    assert first.startswith("parts, 1: Board could not answer (500)")


@pytest.mark.promise(n=7)
def test_three_failed_details_in_a_row_end_their_stream_only() -> None:
    board = Board(evenly(1, 40), broken=set(map(str, range(40))))
    found, server = outcome(board, Rows(NUMBERS, Parts()), days=1, retry_policy=ONCE)
    (failed,) = [event for event in found.events if isinstance(event, GroupFailed)]
    assert failed.group.streams == Parts.streams
    assert found.errors[0].kind.failure_type.value == "transient_error"
    assert len(found.ids()) == 40
    assert len(found.windows) == 1
    assert sum("row is skipped" in line for line in found.log) == 2
    assert sum(entry.path.startswith("/rows/") for entry in server.requests) == 3


@pytest.mark.promise(n=7)
def test_the_details_of_a_row_are_requested_three_times_at_most() -> None:
    board = Board(evenly(1, 2), broken={"1"})
    patient = RetryPolicy(outage=60)
    found, server = outcome(board, Rows(NUMBERS, Parts()), days=1, retry_policy=patient)
    assert found.ids("parts") == ["0"]
    assert sum(entry.path == "/rows/1" for entry in server.requests) == 3
