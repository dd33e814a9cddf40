"""Random vendors: the positions of a time filter include every date for which the vendor lists a row."""

from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from session_source.api.columns import Moment, Row, evaluate
from session_source.api.time_filter import (
    EVER,
    CalendarDay,
    ExactTime,
    StartOrEnd,
    TimeFilter,
    TimeRange,
    Unrelated,
)
from session_source.api.windows import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

COLUMNS = {"started": Moment("started"), "ended": Moment("ended")}
MOMENTS = st.integers(0, 30 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
OFFSETS = st.integers(-3 * 86_400, 86_400).map(lambda seconds: timedelta(seconds=seconds))
LENGTHS = st.sampled_from([timedelta(), SECOND, timedelta(hours=1), DAY, 9 * DAY])
ZONES = (st.sampled_from([-48, 0, 56]) | st.integers(-48, 56)).map(
    lambda quarters: timedelta(minutes=15 * quarters)
)


class Written(NamedTuple):
    """A row with its true times."""

    start: datetime
    end: datetime
    row: Row

    @property
    def columns(self) -> Row:
        return evaluate(COLUMNS, self.row)[0]


@st.composite
def rows(draw: st.DrawFn, *, has_zone: bool = False) -> Written:
    """A row with times in UTC, or in local time with or without an offset."""
    start = draw(MOMENTS)
    end = start + draw(LENGTHS)
    clock = timezone(draw(ZONES))
    is_told = has_zone or draw(st.booleans())

    def text(moment: datetime) -> str:
        local = moment.astimezone(clock)
        return local.isoformat() if is_told else local.strftime("%Y/%m/%d, %H:%M:%S")

    return Written(start, end, {"started": text(start), "ended": text(end)})


def reach(time_filter: TimeFilter, written: Written) -> TimeRange:
    """Where the vendor may list a row."""
    times = time_filter.times(written.columns)
    assert times is not None
    return time_filter.positions(time_filter.moments(times, written.row))


def asked_for(time_filter: TimeFilter, gap: Window) -> TimeRange:
    """The range to request for a gap."""
    return TimeRange(*gap).widened(time_filter.before, time_filter.after)


@pytest.mark.promise(n=1)
@given(rows())
def test_a_moment_without_a_zone_is_within_its_positions_in_every_zone(written: Written) -> None:
    first, last = reach(ExactTime("started", COLUMNS["started"]), written)
    assert first <= written.start <= last


@given(rows(has_zone=True))
def test_a_moment_with_its_zone_is_exact(written: Written) -> None:
    exact = TimeRange(written.start, written.start)
    assert reach(ExactTime("started", COLUMNS["started"]), written) == exact
    count = Moment("started", per_second=1)
    assert count.has_zone({"started": written.start.timestamp()})


@pytest.mark.promise(n=1)
@given(rows(has_zone=True), OFFSETS, st.integers(1, 9))
def test_start_end_and_all_moments_between_are_within_the_positions(
    written: Written, offset: timedelta, days: int
) -> None:
    time_filter = StartOrEnd("started", "ended")
    assert reach(time_filter, written) == TimeRange(written.start, written.end)
    without_end = written._replace(row={"started": written.row["started"]})
    assert reach(time_filter, without_end) == TimeRange(written.start, written.start)
    gap = Window(written.start + offset, written.start + offset + days * DAY)
    first, last = asked_for(time_filter, gap)
    if written.start in gap and written.end - written.start <= DAY:
        assert first <= written.start <= written.end <= last, "a vendor that compares ends lists it all the same"
    assert time_filter.may_repeat, "a vendor that compares both lists it again and again"


def label(moment: datetime, ahead: timedelta) -> str:
    """The day on which a vendor with this clock lists a moment."""
    return (moment + ahead).strftime("%Y-%m-%d")


@pytest.mark.promise(n=1)
@given(rows(), ZONES, st.sampled_from(["start", "end"]), OFFSETS, st.integers(1, 4 * 86_400))
def test_a_day_is_within_its_positions_in_every_time_zone(
    written: Written, ahead: timedelta, column: str, offset: timedelta, seconds: int
) -> None:
    moment: datetime = getattr(written, column)
    time_filter = CalendarDay("ended", "started")
    first, last = reach(time_filter, written)
    assert first <= moment + ahead <= last
    gap = Window(moment + offset, moment + offset + timedelta(seconds=seconds))
    if moment in gap:
        assert label(moment, ahead) in Window(*asked_for(time_filter, gap)).days()
        assert moment + ahead <= gap.end + time_filter.ahead, "its present may be tomorrow"


@pytest.mark.promise(n=1)
@given(rows(), ZONES, OFFSETS, st.integers(1, 4 * 86_400))
@example(  # a vendor in California lists late in its day what was requested early in that day
    Written(
        datetime(2026, 1, 1, 22, 30, tzinfo=UTC),
        datetime(2026, 1, 2, 7, 30, tzinfo=UTC),
        {"started": "2026/01/01, 22:30:00", "ended": "2026/01/02, 07:30:00"},
    ),
    timedelta(hours=-8),
    timedelta(hours=-23.5),
    600,
)
def test_a_vendor_that_filters_by_the_first_column_is_no_contradiction(
    written: Written, ahead: timedelta, offset: timedelta, seconds: int
) -> None:
    for relied_on, other, moment in (("ended", "started", written.end), ("started", "ended", written.start)):
        since = moment + ahead + offset
        requested = Window(since, since + timedelta(seconds=seconds))
        if label(moment, ahead) in requested.days():
            time_filter = CalendarDay(relied_on, other)
            assert time_filter.contradiction(written.columns, time_filter.requested(TimeRange(*requested))) is None


@pytest.mark.promise(n=1)
@given(rows(), ZONES, st.integers(4, 40))
def test_a_vendor_that_filters_by_another_column_is_a_contradiction(
    written: Written, ahead: timedelta, later: int
) -> None:
    row = {**written.row, "ended": (written.end + later * DAY).isoformat()}
    midnight = datetime.fromisoformat(label(written.start, ahead)).replace(tzinfo=UTC)
    columns = evaluate(COLUMNS, row)[0]
    requested = TimeRange(midnight, midnight + DAY - SECOND)
    assert CalendarDay("ended", "started").contradiction(columns, requested) == "started"
    assert CalendarDay("ended").contradiction(columns, requested) is None
    assert CalendarDay("ended", "started").contradiction(columns | {"ended": None}, requested) is None


@given(MOMENTS, st.integers(1, 4 * 86_400))
def test_a_request_for_a_part_of_a_day_is_for_the_whole_day(since: datetime, seconds: int) -> None:
    part = TimeRange(since, since + timedelta(seconds=seconds))
    whole = CalendarDay("started").requested(part)
    assert Window(*whole).days() == Window(*part).days()
    assert whole.joined(part) == whole
    assert whole.first.time() == whole.last.time() == datetime.min.time()
    assert ExactTime("started", COLUMNS["started"]).requested(part) == part


@pytest.mark.promise(n=10)
@pytest.mark.parametrize(
    "time_filter",
    [
        ExactTime("started", COLUMNS["started"]),
        StartOrEnd("started", "ended"),
        CalendarDay("started", "ended"),
        Unrelated(),
    ],
    ids=lambda time_filter: type(time_filter).__name__,
)
def test_a_row_without_times_may_be_anywhere(time_filter: TimeFilter) -> None:
    assert time_filter.times({"started": None, "ended": None}) is None


def test_an_unrelated_filter_gives_a_row_no_times() -> None:
    time_filter: TimeFilter = Unrelated()
    assert time_filter.times({"started": "2026-01-01T00:00:00Z"}) is None


@given(st.lists(MOMENTS, min_size=4, max_size=4))
def test_ranges_touch_if_they_have_a_moment_in_common(moments: list[datetime]) -> None:
    one, other = (TimeRange(min(pair), max(pair)) for pair in (moments[:2], moments[2:]))
    common = max(one.first, other.first) <= min(one.last, other.last)
    assert one.touches(other) is other.touches(one) is common
    joined = one.joined(other)
    assert joined == TimeRange(min(moments), max(moments))
    assert joined.joined(one) is joined


def test_a_range_ends_with_the_calendar() -> None:
    assert EVER.widened(DAY, DAY) == EVER
    assert TimeRange(START, START).widened(3000 * 365 * DAY, 9000 * 365 * DAY) == EVER
