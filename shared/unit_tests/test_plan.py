"""Plans against simulated vendors: how a gap is cut where it is busy, and what that costs in requests."""

import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from session_source.api import windows
from session_source.api.time_filter import TimeRange
from session_source.api.windows import Intervals, Window
from session_source.sync.coverage import Coverage
from session_source.sync.plan import Plan

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
PAGE = 100

MOMENTS = st.integers(0, 400 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
PIECES = st.lists(st.tuples(MOMENTS, MOMENTS).map(lambda pair: Window(min(pair), max(pair))), max_size=4)
BURSTS = st.lists(st.tuples(st.floats(0, 1), st.sampled_from([0.0001, 0.01, 1]), st.integers(0, 900)), max_size=4)
NO_RUSHES = st.lists(st.tuples(st.floats(0, 0.9), st.sampled_from([0.1, 1]), st.integers(0, 300)), max_size=4)
"""No minute of them has more than a page."""
ORDERS = st.sampled_from(["newest", "oldest", "mixed"])


def span(days: float) -> Intervals:
    return (Window(START, START + days * DAY),)


def plan(
    missing: Intervals, *, step: timedelta | None = MINUTE, longest: timedelta = 30 * DAY, **more: Any
) -> Plan:
    return Plan(missing, step=step, longest=longest, **more)


def taken(plan: Plan) -> Iterator[Window]:
    while (window := plan.take()) is not None:
        yield window


def evenly(days: float, count: int) -> list[datetime]:
    return [START + days * DAY * (index / count) for index in range(count)]


def bursts(days: float, drawn: list[tuple[float, float, int]]) -> list[datetime]:
    """The moments of rows: each burst starts at any time and lasts for a part of the remaining time."""
    return [
        START + days * DAY * (start + (1 - start) * share * index / count)
        for start, share, count in drawn
        for index in range(count)
    ]


def of(window: Window, covered: timedelta) -> Coverage:
    """The coverage of a page with the newest rows of a window."""
    coverage = Coverage()
    coverage.note([TimeRange(moment, moment) for moment in (window.end, window.end - covered)])
    return coverage


class Vendor:
    """Lists moments in pages, in some order; it may say how many there are."""

    def __init__(self, moments: list[datetime], order: str, *, has_total: bool = False) -> None:
        self._moments = sorted(moments)
        self._order = order
        self._has_total = has_total
        self.requests = 0
        self.allowed: int | None = None

    def affordable(self) -> float | None:
        """What four workers may still send each."""
        return None if self.allowed is None else (self.allowed - self.requests) / 4

    def read(self, plan: Plan) -> Iterator[Window]:
        """Read a plan as the core does, and yield the windows that were read to their end."""
        for window in taken(plan):
            if self._is_read(plan, window):
                yield window

    def _is_read(self, plan: Plan, window: Window) -> bool:
        rows = self._moments[bisect_left(self._moments, window.start) : bisect_left(self._moments, window.end)]
        if self._order == "newest":
            rows.reverse()
        elif self._order == "mixed":
            stride = max(len(rows) // PAGE, 1)  # a page has rows of all times
            rows = [row for first in range(stride) for row in rows[first::stride]]
        total = len(rows) if self._has_total else None
        coverage = Coverage()
        for count in range(PAGE, len(rows) + 2 * PAGE, PAGE):
            if self.requests == self.allowed:
                return False
            self.requests += 1
            listed = rows[:count]
            if count > len(rows) or (count == total):
                plan.note(window, len(rows))
                return True
            coverage.note([TimeRange(row, row) for row in rows[count - PAGE : count]])
            length = plan.better_length(window, len(listed), PAGE, coverage=coverage, total=total)
            if length is not None:
                plan.put_back(window, length, newest=coverage.newest)
                return False
        raise AssertionError("a list ends with a page that is not full")


@pytest.mark.promise(n=1)
@settings(deadline=None)
@given(PIECES, st.sampled_from([None, MINUTE, DAY]), st.integers(1, 60))
def test_windows_tile_the_missing_time_from_the_newest(
    pieces: list[Window], step: timedelta | None, days: int
) -> None:
    missing = windows.union(pieces)
    found = list(taken(plan(missing, step=step, longest=days * DAY)))
    assert windows.union(found) == missing
    assert sum((window.end - window.start for window in found), timedelta()) == sum(
        (piece.end - piece.start for piece in missing), timedelta()
    )
    assert all(older.end <= newer.start for newer, older in pairwise(found))
    starts = {piece.start for piece in missing}
    if step is None:
        assert set(found) == set(missing)
    else:
        assert all(window.end - window.start <= days * DAY for window in found)
        assert all(window.start in starts or window.start.time() == datetime.min.time() for window in found)


@pytest.mark.promise(n=5)
@settings(deadline=None)
@given(
    pieces=PIECES,
    step=st.sampled_from([MINUTE, DAY]),
    longest=st.sampled_from([1, 30]),
    share=st.floats(0.02, 0.5),
    is_limit=st.booleans(),
)
def test_a_window_that_is_put_back_is_cut(
    pieces: list[Window],
    step: timedelta,
    longest: int,
    share: float,
    is_limit: bool,  # noqa: FBT001
) -> None:
    missing = windows.union(pieces)[:1]
    cut = plan(missing, step=step, longest=longest * DAY)
    window = cut.take()
    if window is None or not cut.can_cut(window):
        return
    length = (window.end - window.start) * share
    if is_limit:
        cut.limit(length)
    cut.put_back(window, length)
    assert cut.remaining == missing
    first, *more = taken(cut)
    assert windows.union([first, *more]) == missing
    assert first.end == window.end
    assert first.start > window.start
    assert all(piece.end - piece.start <= max(length, step) for piece in (first, *more))


def test_the_smallest_window_is_never_cut() -> None:
    for step, smallest in (
        (None, Window(START, START + 300 * DAY)),
        (DAY, Window(START + 5 * HOUR, START + DAY)),
        (MINUTE, Window(START, START + MINUTE)),
    ):
        whole = plan((smallest,), step=step, parallel=8, affordable=lambda: 1)
        assert not whole.can_cut(smallest)
        assert whole.better_length(smallest, 10**6, PAGE, coverage=Coverage(), total=10**9) is None
    midnight = Window(START + 23 * HOUR, START + 25 * HOUR)
    assert plan((midnight,), step=DAY).can_cut(midnight), "it touches two days"


@pytest.mark.promise(n=4)
@pytest.mark.parametrize("order", ["newest", "oldest", "mixed"])
def test_a_busy_month_is_many_windows_and_a_quiet_year_is_few(order: str) -> None:
    busy = Vendor(evenly(30, 30 * 2000), order)
    assert 15 <= len(list(busy.read(plan(span(30))))) <= 40
    quiet = Vendor(evenly(365, 99), order)
    assert len(list(quiet.read(plan(span(365))))) == quiet.requests == 1 + 365 // 30


@pytest.mark.promise(n=4)
def test_windows_have_about_the_intended_number_of_rows() -> None:
    lengths = [
        window.end - window.start for window in Vendor(evenly(365, 365 * 400), "newest").read(plan(span(365)))
    ]
    assert set(lengths[1:-1]) == {timedelta(days=Plan.ROWS // 400)}


@pytest.mark.promise(n=4)
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_day_of_very_many_rows_is_several_windows_where_the_vendor_filters_by_moments(order: str) -> None:
    vendor = Vendor(evenly(2, 2 * 5 * Plan.DENSE_ROWS), order)
    lengths = [window.end - window.start for window in vendor.read(plan(span(2)))]
    assert 10 <= len(lengths) <= 14
    assert max(lengths) <= DAY / 4
    assert vendor.requests <= 1.02 * 2 * 5 * Plan.DENSE_ROWS / PAGE + 10
    by_day = Vendor(evenly(2, 2 * 5 * Plan.DENSE_ROWS), order)
    assert len(list(by_day.read(plan(span(2), step=DAY)))) == 2


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_burst_in_each_quiet_day_does_not_make_windows_shorter_than_a_day(order: str) -> None:
    bursts_at_noon = [START + DAY * day + HOUR * 12 + MINUTE * n / 60 for day in range(20) for n in range(PAGE)]
    windows_read = list(Vendor(bursts_at_noon, order).read(plan(span(20))))
    assert len(windows_read) <= 20


@pytest.mark.promise(n=5)
def test_idle_workers_share_the_remaining_time_but_not_a_window_of_a_few_pages() -> None:
    def better_length(parallel: int, days: int, pages: int) -> timedelta | None:
        """The length of windows that is better than a month, after one of these pages was read."""
        shared = plan(span(days), parallel=parallel)
        month = shared.take()
        assert month is not None
        return shared.better_length(month, PAGE, PAGE, coverage=Coverage(), total=pages * PAGE)

    assert better_length(parallel=4, days=30, pages=19) == 30 * DAY * 4 / 19, "four pages"
    assert better_length(parallel=4, days=30, pages=100) == DAY * 30 / 8, (
        "two windows for each, so that one ends early"
    )
    assert better_length(parallel=4, days=30, pages=8) is None
    assert better_length(parallel=1, days=30, pages=19) is None
    assert better_length(parallel=4, days=240, pages=19) is None, "there are two months for each of them"


@pytest.mark.promise(n=5)
@settings(deadline=None)
@given(st.floats(-5, 1000), st.sampled_from([HOUR, DAY]))
def test_windows_are_small_enough_for_the_budget(affordable: float, covered: timedelta) -> None:
    (month,) = span(30)
    budgeted = plan(span(0), affordable=lambda: affordable)
    rows = 30 * DAY / covered * PAGE
    length = budgeted.better_length(month, PAGE, PAGE, coverage=of(month, covered)) or 30 * DAY
    assert rows * (length / (30 * DAY)) <= max(affordable, 1) * PAGE


@pytest.mark.promise(n=5)
def test_an_empty_page_with_a_next_one_does_not_cut_the_window() -> None:
    (month,) = span(30)
    budgeted = plan(span(0), parallel=4, affordable=lambda: 100)
    assert budgeted.better_length(month, 0, 0, coverage=Coverage()) is None
    assert budgeted.better_length(month, 5 * PAGE, PAGE, coverage=Coverage()) is None
    assert budgeted.better_length(month, 5 * PAGE, 0, coverage=Coverage()) is None


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("a_day", [20, 200, 2000])
def test_cutting_evenly_spread_rows_costs_few_requests(order: str, a_day: int) -> None:
    vendor = Vendor(evenly(30, 30 * a_day), order)
    assert windows.union(vendor.read(plan(span(30), parallel=4))) == span(30)
    assert vendor.requests <= 1.2 * 30 * a_day / PAGE + 8


def least_requests(moments: list[datetime], days: int, longest: int) -> int:
    """The full pages of the longest windows, and for each window the page that is not full."""
    ends = [START + DAY * max(day, 0) for day in range(days, -longest, -longest)]
    counts = [bisect_left(moments, end) - bisect_left(moments, start) for end, start in pairwise(ends)]
    return sum(count // PAGE + 1 for count in counts)


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("parallel", [1, 2])
@pytest.mark.parametrize(
    ("share", "rows", "factor"), [(0.01, (100, 1000), 1.1), (0.1, (100, 3000), 1.15), (0.03, (1000, 10_000), 1.3)]
)
def test_a_few_busy_days_among_many_quiet_ones_cost_few_requests(
    share: float, rows: tuple[int, int], factor: float, parallel: int, order: str
) -> None:
    least = requests = 0
    for seed in range(6):
        chance = random.Random(seed)  # noqa: S311 - no secret
        busy = [day for day in range(365) if chance.random() < share]
        moments = sorted(
            START + DAY * (day + chance.random()) for day in busy for _ in range(chance.randint(*rows))
        )
        vendor = Vendor(moments, order)
        assert windows.union(vendor.read(plan(span(365), parallel=parallel))) == span(365)
        least += least_requests(moments, 365, 30)
        requests += vendor.requests
    assert requests <= factor * least


@pytest.mark.promise(n=3)
@pytest.mark.promise(n=4)
@settings(deadline=None)
@given(
    drawn=BURSTS,
    order=ORDERS,
    has_total=st.booleans(),
    days=st.sampled_from([1, 5, 30, 200]),
    step=st.sampled_from([MINUTE, DAY]),
    longest=st.sampled_from([1, 30, 365]),
    parallel=st.sampled_from([1, 4, 8]),
)
@example(  # a busy hour long ago
    drawn=[(0.1, 0.0001, 101)], order="oldest", has_total=False, days=200, step=DAY, longest=365, parallel=4
)
def test_any_sequence_of_busy_and_quiet_times_is_read_with_few_requests(
    drawn: list[tuple[float, float, int]],
    order: str,
    has_total: bool,  # noqa: FBT001
    days: int,
    step: timedelta,
    longest: int,
    parallel: int,
) -> None:
    moments = bursts(days, drawn)
    vendor = Vendor(moments, order, has_total=has_total)
    cut = plan(span(days), step=step, longest=longest * DAY, parallel=parallel)
    assert windows.union(vendor.read(cut)) == span(days)
    least = len(moments) / PAGE + days / longest
    assert vendor.requests <= 4 * least + 60


@pytest.mark.promise(n=5)
@settings(deadline=None)
@given(NO_RUSHES, ORDERS, st.sampled_from([1, 3, 30]))
@example([(0.0, 1, 60_000)], "mixed", 30)
def test_with_five_requests_an_hour_every_sync_finishes_something(
    drawn: list[tuple[float, float, int]], order: str, days: int
) -> None:
    moments = bursts(days, drawn)
    finished: Intervals = ()
    for _ in range(30):
        missing = windows.gaps(finished, *span(days))
        if not missing:
            break
        vendor = Vendor(moments, order)
        vendor.allowed = 5
        more = list(vendor.read(plan(missing, parallel=4, affordable=vendor.affordable)))
        assert more
        finished = windows.union([*finished, *more])


@settings(deadline=None)
@given(
    rows=st.sampled_from([0, 1, 10**12]),
    page=st.sampled_from([0, 1, 10**12]),
    total=st.sampled_from([None, 0, 2**63 - 1]),
    affordable=st.sampled_from([None, -7.0, 0.0, 0.25, 1e9]),
    covered=st.sampled_from([timedelta(), timedelta(microseconds=1), DAY]),
    step=st.sampled_from([None, MINUTE, DAY]),
    longest=st.sampled_from([1, 3650]),
    length=st.sampled_from([timedelta(microseconds=1), DAY, 130 * 365 * DAY]),
)
def test_extreme_numbers_are_no_error(
    rows: int,
    page: int,
    total: int | None,
    affordable: float | None,
    covered: timedelta,
    step: timedelta | None,
    longest: int,
    length: timedelta,
) -> None:
    whole = (Window(START, START + length),)
    cut = plan(whole, step=step, longest=longest * DAY, affordable=lambda: affordable)
    window = cut.take()
    assert window is not None
    better = cut.better_length(window, rows, page, coverage=of(window, covered), total=total)
    if better is not None:
        cut.put_back(window, better, newest=window.start)
        window = cut.take()
        assert window is not None
    cut.note(window, rows)
    following = cut.take()
    assert following is None or following.start < following.end <= window.start
