"""Progress and what is reported of it, on a clock that the tests move."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
import pytest
from session_source.api.answer import Answer
from session_source.api.columns import Moment, Text
from session_source.api.endpoint import Detail, Endpoint, PageContext, Partition
from session_source.api.pagination import Page, PageNumber
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import DAY, ExactTime
from session_source.api.windows import Window
from session_source.http.traffic import TIMEOUT, Reason, Traffic
from session_source.sync.details import Details
from session_source.sync.groups import Group
from session_source.sync.progress import Progress
from session_source.sync.reports import JsonReport, LogReport, Timer

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Notes(Detail):
    name = "notes"
    streams = (Stream("notes", ("id",), "at"),)
    columns: ClassVar = {"id": Text("id")}
    id = "id"

    def request(self, columns: Any, partition: Partition) -> Request:
        return Request("GET", "notes")

    def rows(self, answer: Answer) -> list[Any]:
        return []


class Sessions(Endpoint):
    name = "sessions"
    streams = (Stream("sessions", ("id",), "at"), Stream("screens", ("id", "index"), "at", items=lambda _: ()))
    columns = {"id": Text("id"), "at": Moment("at")}
    id = "id"
    pager = PageNumber(10)
    time_filter = ExactTime("at", Moment("at"))
    detail = Notes()

    def request(self, page: PageContext) -> Request:
        return Request("GET", "sessions")

    def page(self, answer: Answer, page: PageContext) -> Page:
        return Page([])


class Lines(logging.Handler):
    """Keeps log lines."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


class Bench:
    """A sync of ten days, read in windows of one, and its log."""

    def __init__(self, *names: str, partitions: int = 1) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.logger = logging.getLogger(f"bench {id(self)}")
        self.logger.setLevel(logging.INFO)
        self.logger.addHandler(Lines(self.lines))
        endpoint = Sessions()
        streams = [stream for stream in endpoint.streams if stream.name in names]
        details = Details(endpoint.detail, {}, endpoint.detail.streams) if "notes" in names else None
        span = Window(START, START + 10 * DAY)
        self.groups = [
            Group(endpoint, {}, streams, span=span, finished=(), longest=DAY, details=details)
            for _ in range(partitions)
        ]
        self.traffic = Traffic(clock=self.clock)
        self.progress = Progress([endpoint], names, self.traffic, clock=self.clock)
        self.progress.begin(self.groups)

    def read(self, windows: int, *, group: int = 0) -> list[str]:
        """Read windows, and return the streams that end with them."""
        ended: list[str] = []
        for _ in range(windows):
            window = self.groups[group].next_window()
            assert window is not None
            for _ in self.groups[group].close(window):
                ended += [stream.name for stream in self.progress.read_window(self.groups[group])]
        return ended


def test_each_stream_has_a_line_every_thirty_seconds() -> None:
    bench = Bench("sessions", "screens")
    report = LogReport(bench.progress, bench.logger, Timer(30, bench.clock))
    bench.read(3)
    bench.progress.streams["sessions"].rows = 12_300
    bench.progress.streams["screens"].rows = 1
    sessions = bench.traffic.part("sessions")
    for status in (200, 200, 429, TIMEOUT):
        sessions.count(status, is_retry=status != 200)
    with sessions.waiting(Reason.RATE_LIMIT, 25):
        bench.clock.now += 25
        report.tick()
        assert bench.lines == []
    bench.clock.now += 5
    report.tick()
    report.tick()
    figures = "sessions: 3 of 10 windows, 12,300 rows, 4 requests, 2 retries"
    left = "About 1 minute left."
    assert bench.lines == [
        f"{figures}, waited 25 seconds for the vendor's rate limit. {left}",
        f"screens: 3 of 10 windows, 1 row, from the requests of sessions. {left}",
    ]
    bench.clock.now += 29
    report.tick()
    assert len(bench.lines) == 2
    bench.clock.now += 1
    report.tick()
    assert len(bench.lines) == 4


def test_a_line_gives_the_reason_of_a_wait_and_no_estimate_before_the_first_window() -> None:
    bench = Bench("sessions")
    report = LogReport(bench.progress, bench.logger, Timer(30, bench.clock))
    bench.clock.now += 30
    with bench.traffic.part("sessions").waiting(Reason.BUDGET, 600):
        report.tick()
    assert bench.lines == [
        "sessions: 0 of 10 windows, 0 rows, 0 requests. Waiting 10 minutes for the hourly request budget."
    ]


def test_a_finished_stream_has_exactly_one_last_line() -> None:
    bench = Bench("sessions")
    report = LogReport(bench.progress, bench.logger, Timer(30, bench.clock))
    assert bench.read(9) == []
    bench.clock.now += 90
    assert bench.read(1) == ["sessions"]
    stream = bench.progress.streams["sessions"]
    report.end_stream(stream)
    report.tick()
    stream.is_complete = True
    report.end_stream(stream)
    assert bench.lines == [
        "sessions: finished after 1 minute 30 seconds. 10 of 10 windows, 0 rows, 0 requests.",
    ]


def test_a_stream_that_fails_has_a_last_line_too() -> None:
    bench = Bench("sessions")
    report = LogReport(bench.progress, bench.logger, Timer(30, bench.clock))
    bench.clock.now += 2
    stream = bench.progress.streams["sessions"]
    stream.is_complete = False
    report.end_stream(stream)
    assert bench.lines == ["sessions: failed after 2 seconds. 0 of 10 windows, 0 rows, 0 requests."]


def test_the_table_counts_each_request_once() -> None:
    bench = Bench("sessions", "screens", "notes")
    report = LogReport(bench.progress, bench.logger, Timer(30, bench.clock))
    bench.read(10)
    for name, rows in {"sessions": 1200, "screens": 5400, "notes": 70}.items():
        bench.progress.streams[name].rows = rows
        bench.progress.streams[name].is_complete = name != "notes"
    with bench.traffic.part("sessions").waiting(Reason.FAILURE, 4):
        bench.clock.now += 4
    for _ in range(12):
        bench.traffic.part("sessions").count(200)
    bench.traffic.part("notes").count(500)
    bench.traffic.part("notes").count(200, is_retry=True)
    bench.clock.now += 76
    report.end()
    assert bench.lines == [
        "stream    result                windows   rows  requests  retries  waited",
        "sessions  complete             10 of 10  1,200        12        0     4 s",
        "screens   complete             10 of 10  5,400",
        "notes     incomplete            0 of 10     70         2        1     0 s",
        "total     1 minute 20 seconds            6,670        14        1     4 s",
    ]


def test_programs_get_a_json_object() -> None:
    bench = Bench("sessions", "screens")
    report = JsonReport(bench.progress, bench.logger, Timer(1, bench.clock))
    report.tick()
    assert bench.lines == []
    bench.read(4)
    bench.traffic.part("sessions").count(200)
    bench.clock.now += 2
    with bench.traffic.part("sessions").waiting(Reason.RATE_LIMIT, 30):
        report.tick()
    with bench.traffic.part("sessions").waiting(Reason.RATE, 0.1):
        report.end()
    parsed = [orjson.loads(line.removeprefix("progress ")) for line in bench.lines]
    assert parsed[0] == {
        "windows": {"sessions": [4, 10], "screens": [4, 10]},
        "requests": 1,
        "retries": 0,
        "wait": {"reason": "the vendor's rate limit", "seconds": 30},
        "seconds_left": 30,
    }
    assert parsed[1]["wait"] is None
    assert parsed[1]["seconds_left"] == 3


def test_a_window_that_is_cut_counts_as_its_pieces() -> None:
    bench = Bench("sessions")
    window = bench.groups[0].next_window()
    assert window is not None
    assert bench.progress.streams["sessions"].windows == (0, 10)
    bench.groups[0].put_back(window, timedelta(hours=6))
    assert bench.progress.streams["sessions"].windows == (0, 40)


def test_a_stream_ends_with_its_last_partition() -> None:
    bench = Bench("sessions", partitions=2)
    assert bench.read(10) == []
    assert bench.progress.streams["sessions"].windows == (10, 20)
    assert bench.read(10, group=1) == ["sessions"]


def test_rows_are_estimated_from_the_totals_of_every_partition() -> None:
    bench = Bench("sessions", "screens", partitions=2)
    first, second = bench.groups
    stream = bench.progress.streams["sessions"]
    newest, older = (Window(START + n * DAY, START + (n + 1) * DAY) for n in (9, 8))
    bench.progress.size_window(first, newest, 300)
    assert stream.expected_rows is None
    bench.progress.size_window(second, newest, 50)
    assert stream.expected_rows == 3000 + 500
    bench.progress.size_window(first, older, 100)
    assert stream.expected_rows == 2000 + 500
    stream.rows = 2700
    assert stream.expected_rows == 2700
    assert bench.progress.streams["screens"].expected_rows is None


def test_the_time_left_is_estimated_from_rows_if_their_number_is_known() -> None:
    bench = Bench("sessions", "screens")
    sessions, screens = bench.progress.streams.values()
    bench.progress.size_window(bench.groups[0], Window(START + 9 * DAY, START + 10 * DAY), 300)
    sessions.rows, screens.rows = 1000, 7
    bench.clock.now += 60
    assert bench.progress.seconds_left(sessions) == pytest.approx(120)
    assert bench.progress.seconds_left(screens) == pytest.approx(120)


@pytest.mark.parametrize(("chosen", "shared"), [(("sessions", "screens"), "sessions"), (("screens",), None)])
def test_requests_count_for_the_first_selected_stream(chosen: tuple[str, ...], shared: str | None) -> None:
    assert Bench(*chosen).progress.streams["screens"].shares_with == shared
