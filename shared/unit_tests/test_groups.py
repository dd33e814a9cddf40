import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_source.api import windows
from session_source.api.answer import Answer
from session_source.api.columns import Moment, Row, Text
from session_source.api.endpoint import Endpoint, PageContext
from session_source.api.errors import Fault, Kind
from session_source.api.pagination import Page, PageNumber
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import CalendarDay, ExactTime, StartOrEnd, TimeFilter, TimeRange, Unrelated
from session_source.api.windows import Intervals, Window
from session_source.sync.claims import Doubt
from session_source.sync.groups import Group
from session_source.sync.keys import OpenWindow

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

AT = Moment("at")
EXACT, RANGE, BY_DAY = ExactTime("at", AT), StartOrEnd("at", "until"), CalendarDay("until", "at")


class Things(Endpoint):
    name = "things"
    streams = (Stream("things", ("id",), "at"),)
    columns = {"id": Text("id"), "at": AT, "until": Moment("until")}
    id = "id"
    pager = PageNumber(10)

    def __init__(self, time_filter: TimeFilter | None) -> None:
        self.time_filter = time_filter

    def request(self, page: PageContext) -> Request:
        return Request("GET", "things")

    def page(self, answer: Answer, page: PageContext) -> Page:
        return Page([])


def day(number: float) -> datetime:
    return START + number * DAY


def group(
    time_filter: TimeFilter | None = EXACT, *, days: float = 4, finished: Intervals = (), **more: Any
) -> Group:
    endpoint = Things(time_filter)
    options = {"longest": DAY, **more}
    return Group(endpoint, {}, endpoint.streams, span=Window(START, day(days)), finished=finished, **options)


def opened(group: Group) -> list[OpenWindow]:
    """All windows, oldest first."""
    found = []
    while (window := group.next_window()) is not None:
        group.better_length(window, 0, None)
        found.append(window)
    return found[::-1]


def row(name: object, at: float, *, until: float | None = None, zone: str = "+00:00") -> Row:
    times = {"at": at, "until": at if until is None else until}
    return {"id": name, **{key: day(value).strftime("%Y-%m-%dT%H:%M:%S") + zone for key, value in times.items()}}


def ids(group: Group, window: OpenWindow, *rows: Row) -> list[Any]:
    return [claimed.columns["id"] for claimed in group.claim(window, list(rows)).rows]


# Which rows are emitted


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("time_filter", [EXACT, RANGE, BY_DAY, Unrelated()], ids=lambda one: type(one).__name__)
def test_the_first_window_that_lists_a_row_emits_it(time_filter: TimeFilter) -> None:
    things = group(time_filter)
    first, second, *_ = opened(things)
    edge, late = row("edge", 1), row("late", 0.9)
    assert ids(things, second, edge, late) == ["edge", "late"]
    assert ids(things, first, edge, late, row("own", 0.1)) == ["own"]


@pytest.mark.promise(n=1)
def test_rows_outside_of_the_sync_or_of_an_earlier_one_are_skipped_only_if_that_is_certain() -> None:
    things = group(EXACT, days=4, finished=(Window(day(1), day(2)),))
    _, third, last = opened(things)
    assert ids(things, third, row("finished", 1.9), row("own", 2)) == ["own"]
    assert ids(things, last, row("after", 4), row("own too", 3.9)) == ["own too"]


@pytest.mark.promise(n=1)
def test_rows_that_may_be_in_the_sync_are_emitted() -> None:
    things = group(EXACT)
    assert ids(things, opened(things)[-1], row("of no zone", 4.3, zone="")) == ["of no zone"]
    things = group(BY_DAY, finished=(Window(day(0), day(2)),))
    third, last = opened(things)
    assert ids(things, third, row("maybe", 1.9), row("yesterday", 0.8)) == ["maybe"]
    assert ids(things, last, row("tomorrow, there today", 4.4), row("tomorrow", 4.9)) == ["tomorrow, there today"]


@pytest.mark.promise(n=1)
def test_a_day_that_two_gaps_request_is_emitted_once() -> None:
    things = group(BY_DAY, finished=(Window(day(1), day(2.45)),), longest=4 * DAY)
    before, after = opened(things)
    shared = row("between the gaps", 1.6)
    assert [ids(things, window, shared) for window in (after, before)] == [["between the gaps"], []]


@pytest.mark.promise(n=1)
def test_a_row_that_is_listed_for_other_dates_than_its_own_is_emitted_once_and_counted() -> None:
    things = group(EXACT, days=9)
    windows = opened(things)
    strange = [row("strange", 1.5), row("stranger", -50)]
    assert ids(things, windows[7], *strange, row("own", 7)) == ["strange", "stranger", "own"]
    assert ids(things, windows[1], *strange, row("own too", 1)) == ["own too"]
    (line,) = things.notices()
    assert line.startswith("2 rows were listed for other dates than their own.")
    assert things.notices() == []


def test_rows_of_other_dates_are_reported_when_all_windows_were_started() -> None:
    things = group(EXACT, days=9)
    window = things.next_window()
    assert window is not None
    ids(things, window, row("strange", 1))
    assert things.notices() == []
    opened(things)
    assert len(things.notices()) == 1


@pytest.mark.promise(n=1)
def test_a_skipped_row_is_emitted_once_it_has_grown_into_the_sync() -> None:
    things = group(RANGE, finished=(Window(day(0), day(2)),))
    third, last = opened(things)
    assert ids(things, third, row("open", 1.2, until=1.5)) == []
    assert ids(things, last, row("open", 1.2, until=3.5)) == ["open"]


@pytest.mark.promise(n=1)
def test_a_row_that_overlaps_many_windows_is_emitted_once() -> None:
    things = group(RANGE, days=9)
    windows = opened(things)
    lasting = row("long", 0.5, until=4.5)
    assert [ids(things, windows[number], lasting) for number in (2, 4, 0)] == [["long"], [], []]


@pytest.mark.promise(n=10)
def test_a_row_without_a_time_is_emitted() -> None:
    for time_filter in (EXACT, RANGE, BY_DAY):
        things = group(time_filter)
        assert ids(things, opened(things)[0], {"id": "a"}, {"id": "b", "at": "soon"}) == ["a", "b"]


@pytest.mark.promise(n=10)
def test_a_row_without_an_id_gets_a_hash_and_reports_it() -> None:
    rows = [{"at": START.isoformat(), "b": 1, "a": 2}, {"a": 2, "b": 1, "at": START.isoformat()}]
    found = []
    for same in rows:
        things = group()
        found += things.claim(opened(things)[0], [same]).rows
    assert found[0].columns["id"].startswith("hash:")
    assert found[0].nulled == ["id"]
    assert found[0].columns["id"] == found[1].columns["id"]


@pytest.mark.promise(n=1)
def test_a_list_without_dates_is_read_in_full() -> None:
    things = group(None, finished=(Window(START, day(4)),))
    (window,) = opened(things)
    assert window.window == Window(START, day(4))
    assert ids(things, window, row("old", -999), row("new", 999)) == ["old", "new"]


class Vendor:
    """Lists things by one of their times, in its own clock; some things are long."""

    def __init__(self, dice: random.Random, kind: str, by: str, hours: int, days: int, count: int) -> None:
        self._kind = kind
        self._by = by
        self._ahead = hours * HOUR if kind == "day" else timedelta()
        self.things: dict[str, TimeRange] = {}
        for number in range(count):
            at = day(dice.choice([0.0, 0.5, dice.random()]) + dice.randrange(-1, days + 1))
            self.things[str(number)] = TimeRange(at, at + dice.choice([timedelta(), HOUR, 3 * DAY]))
        self.clock = dice.choice(["local", "UTC"])

    def position(self, name: str) -> TimeRange:
        """Where the vendor lists a thing."""
        at, until = self.things[name]
        bounds = {"at": (at, at), "until": (until, until), "touches": (at, until)}[self._by]
        return TimeRange(*bounds)

    def listed(self, requested: TimeRange) -> list[Row]:
        """The things of a request; its bounds are inclusive."""
        if self._kind == "day":
            days = Window(*requested).days()
            return [self._row(name) for name in self.things if self._day(name) in days]
        return [self._row(name) for name in self.things if self.position(name).touches(requested)]

    def _day(self, name: str) -> str:
        return (self.position(name).first + self._ahead).strftime("%Y-%m-%d")

    def _row(self, name: str) -> Row:
        local = self._ahead if self.clock == "local" else timedelta()
        zone = "" if self._kind == "day" else "Z"
        return {"id": name} | {
            key: (moment + local).strftime("%Y-%m-%dT%H:%M:%S") + zone
            for key, moment in zip(("at", "until"), self.things[name], strict=True)
        }


KINDS = {"exact": (EXACT, ["at"]), "range": (RANGE, ["at", "until", "touches"]), "day": (BY_DAY, ["at", "until"])}


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=6)
@settings(deadline=None)
@given(
    seed=st.integers(0, 10**9),
    kind=st.sampled_from(list(KINDS)),
    hours=st.integers(-12, 14),
    days=st.integers(1, 12),
    count=st.integers(0, 60),
    finished=st.lists(st.tuples(st.integers(0, 48), st.integers(1, 20)), max_size=2),
    workers=st.integers(1, 4),
)
def test_every_row_is_emitted_once_and_its_key_dropped_in_whatever_order_windows_are_read(
    seed: int,
    kind: str,
    hours: int,
    days: int,
    count: int,
    finished: list[tuple[int, int]],
    workers: int,
) -> None:
    dice = random.Random(seed)  # noqa: S311
    time_filter, meanings = KINDS[kind]
    vendor = Vendor(dice, kind, dice.choice(meanings), hours, days, count)
    before = windows.union(Window(day(start / 4), day((start + length) / 4)) for start, length in finished)
    things = group(time_filter, days=days, finished=before, longest=dice.randrange(1, 5) * DAY)
    emitted: Counter[str] = Counter()
    reading: list[tuple[OpenWindow, list[Row]]] = []
    put_back = 0
    while True:
        while len(reading) < workers and (window := things.next_window()) is not None:
            reading.append((window, vendor.listed(window.requested)))
        if not reading:
            break
        window, rows = dice.choice(reading)
        length = dice.randrange(4)
        emitted.update(ids(things, window, *rows[:length]))
        if dice.random() < 0.8:
            del rows[: max(0, length - 1)]  # otherwise a row moves to the next page, or a page repeats
        if len(rows) <= 1:
            emitted.update(ids(things, window, *rows))
            things.close(window)
            reading.remove((window, rows))
        elif things.can_cut(window) and dice.random() < 0.05:
            things.put_back(window, (window.window.end - window.window.start) / 3)
            reading.remove((window, rows))
            put_back += 1
        assert len(things.remembered) <= 3 * workers + 2 + put_back
    wanted = {
        name
        for name in vendor.things
        for gap in windows.gaps(before, Window(START, day(days)))
        if vendor.position(name).first < gap.end and vendor.position(name).last >= gap.start
    }
    assert wanted <= emitted.keys()
    assert set(emitted.values()) <= {1}
    assert len(things.remembered) == 0
    assert not things._claims._keys._lasting


# Pages that are doubted


@pytest.mark.promise(n=1)
def test_a_repeated_row_is_emitted_once_and_a_page_of_repeated_rows_is_doubted() -> None:
    things = group()
    first = opened(things)[0]
    assert ids(things, first, row("a", 0), row("a", 0)) == ["a"]
    assert things.claim(first, [row("a", 0), row("b", 0)]).doubt is None
    claim = things.claim(first, [row("a", 0), row("b", 0)])
    assert (claim.rows, claim.doubt) == ([], Doubt.REPEATED)


def test_a_page_of_long_rows_is_not_a_repeated_page() -> None:
    things = group(RANGE)
    window = opened(things)[0]
    lasting, short = row("long", 0, until=0.9), row("short", 0.1)
    assert [things.claim(window, rows).doubt for rows in ([lasting, short], [lasting], [lasting, short])] == [
        None,
        None,
        Doubt.REPEATED,
    ]


def test_a_page_with_rows_of_other_times_only_is_doubted() -> None:
    things = group(days=9)
    window = opened(things)[4]
    for _ in range(2):
        assert things.claim(window, [row("a", 0), row("b", 8)]).doubt is Doubt.MISPLACED
    assert things.claim(window, [row("a", 0), row("c", 3.5)]).doubt is None, "c is less than a day away"
    assert things.claim(window, [row("d", 0), {"id": "e"}]).doubt is None, "e may be anywhere"
    assert things.claim(window, []).doubt is None, "a window may be empty"


def test_pages_with_the_same_rows_have_the_same_fingerprint() -> None:
    things = group()
    first, second, *_ = opened(things)
    pages = [[row("a", 0), row("b", 1)], [row("b", 1), row("a", 0)], [row("a", 0)], []]
    found = [things.claim(window, page).fingerprint for window in (first, second) for page in pages]
    assert found[:4] == found[4:]
    assert len(set(found)) == 3


# Which range is requested


@pytest.mark.promise(n=1)
def test_more_is_requested_at_the_edges_of_each_gap() -> None:
    things = group(BY_DAY, days=5, finished=(Window(day(2), day(3)),), now=day(9))
    # Half a day before a gap and a little more after it, widened to whole days.
    requested = [window.requested for window in opened(things)]
    assert requested == [
        TimeRange(day(-1), day(1)),
        TimeRange(day(1), day(3)),
        TimeRange(day(2), day(4)),
        TimeRange(day(4), day(6)),
    ]
    assert things.gap(Window(day(1), day(2))) == Window(day(-1), day(3))


def test_the_future_is_requested_only_if_the_vendors_clock_may_be_ahead() -> None:
    assert opened(group(RANGE, days=1))[0].requested == TimeRange(START, day(1))
    assert opened(group(RANGE, days=1, now=day(1.5)))[0].requested == TimeRange(START, day(1.5))
    assert opened(group(RANGE, days=1, now=day(9)))[0].requested == TimeRange(START, day(2))
    assert opened(group(BY_DAY, days=1))[0].requested.last == day(2)


@pytest.mark.promise(n=5)
def test_the_first_window_shows_how_long_the_others_should_be() -> None:
    things = group(days=9)
    first = things.next_window()
    assert first is not None
    assert things.is_probing
    assert things.better_length(first, 0, None) is None
    assert not things.is_probing
    things.next_window()
    assert not things.is_probing
    things = group(days=1)
    things.next_window()
    assert not things.is_probing, "there are no others"


# Windows that the vendor cannot answer


@pytest.mark.promise(n=5)
def test_a_window_that_the_vendor_cannot_answer_is_halved_and_shrinks_faster_after_timeouts() -> None:
    too_large, timeout = Fault(Kind.TOO_LARGE, "Too large."), Fault(Kind.OUTAGE, "Late.", is_timeout=True)
    month = OpenWindow(Window(day(0), day(32)), TimeRange(day(0), day(32)))
    things = group(days=32, longest=32 * DAY)
    assert [things.shrunk(month, too_large, 60) for _ in range(3)] == [16 * DAY] * 3
    things = group(days=32, longest=32 * DAY)
    assert [things.shrunk(month, timeout, 60) for _ in range(3)] == [16 * DAY, 8 * DAY, 2 * DAY]


@pytest.mark.promise(n=5)
def test_a_window_is_halved_only_if_that_may_help_and_for_a_limited_time() -> None:
    fault = Fault(Kind.OUTAGE, "Late.", status=504)
    things = group()
    first, second, *_ = opened(things)
    assert things.shrunk(first, Fault(Kind.OUTAGE, "Broken.", status=500), 60) is None
    assert things.shrunk(first, fault, 60) == DAY / 2
    assert things.shrunk(first, fault, 0) is None, "it has continued for longer than allowed"
    things.close(second)
    assert things.shrunk(first, fault, 60) == DAY / 2, "another window was answered"
    assert things.shrunk(first, fault, 0) is None
    smallest = OpenWindow(Window(day(0), day(1)), TimeRange(day(0), day(1)))
    assert group(BY_DAY).shrunk(smallest, fault, 60) is None


def test_no_window_is_longer_than_the_longest_that_the_vendor_answers() -> None:
    things = group(days=8, longest=8 * DAY)
    window = things.next_window()
    assert window is not None
    things.put_back(window, 2 * DAY, is_limit=True)
    assert window.is_put_back
    while (window := things.next_window()) is not None:
        assert window.window.end - window.window.start <= 2 * DAY
        things.close(window)


@pytest.mark.promise(n=1)
def test_a_vendor_that_filters_by_another_column_is_named_once() -> None:
    things = group(BY_DAY, days=9)
    window = opened(things)[1]
    ids(things, window, row("uploaded late", 1.5, until=7.5))
    (line,) = things.notices()
    assert "filters rows by at" in line
    assert "lookback_window_days" in line
    ids(things, window, row("uploaded later", 1.5, until=8.5))
    assert things.notices() == []
