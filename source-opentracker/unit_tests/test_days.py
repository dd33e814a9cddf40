"""The lists of days that are requested for a window. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from session_source import Row, TimeRange, Window
from session_source.testing import columns_of
from source_opentracker import lists
from source_opentracker.lists import EVER, Meaning, SessionList, SiteDays
from source_opentracker.sessions import Sessions

SITE = "www.opentracker.net"
DAY = timedelta(days=1)


def day(number: int) -> datetime:
    return datetime(2011, 11, number, tzinfo=UTC)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def session(name: str, start: datetime, last: datetime | None = None, **more: str) -> Row:
    stamps = {"session_start_unix_timestamp": at(start), "eventUnixTimestamp": at(last or start)}
    return {"session_id": name, "site": SITE, **stamps, **more}


def dates(found: tuple[SessionList, ...]) -> list[str]:
    return [one.date for one in found]


def lists_of(meaning: Meaning, first: int, last: int) -> list[tuple[SessionList, ...]]:
    """The lists that are requested for some days, read day by day; no adjacent day is read."""
    days = SiteDays(meaning)
    gap = Window(day(first) - days.before, day(last) + days.after)
    edges = [gap.start, *map(day, range(first + 1, last)), gap.end]
    return [meaning.lists(Window(*window), gap) for window in pairwise(edges)]


@pytest.mark.promise(n=1)
def test_each_day_of_a_gap_is_requested_once_and_a_day_more_at_its_edges() -> None:
    asked = [dates(found) for found in lists_of(Meaning(per_second=1000), 10, 13)]
    assert asked == [["2011-11-09", "2011-11-10"], ["2011-11-11"], ["2011-11-12", "2011-11-13"]]


@pytest.mark.promise(n=1)
def test_days_before_a_gap_are_requested_if_dates_may_be_about_starts() -> None:
    (first, second) = [dates(found) for found in lists_of(Meaning(), 10, 12)]
    assert first == [f"2011-11-{number:02}" for number in range(6, 11)]
    assert second == ["2011-11-11", "2011-11-12"]


def test_bounds_cut_the_edges_of_a_gap_where_the_vendor_takes_them() -> None:
    """Only lists that may reach beyond it are bounded, whatever the site's time zone is."""
    gap = Window(day(9) + timedelta(hours=12), day(15) + timedelta(hours=15))
    edges = (("from", str(int(at(gap.start)) - 1)), ("to", at(gap.end)))
    bounds = {one.date[-2:]: one.bounds for one in Meaning(per_second=1000).lists(gap, gap)}
    assert bounds == {"09": edges, "10": edges, "11": (), "12": (), "13": (), "14": (), "15": edges}
    assert not any(one.bounds for one in Meaning().lists(gap, gap))


def test_bounds_are_a_unit_early_and_never_too_short() -> None:
    window = Window(day(10) + timedelta(milliseconds=1), day(11) + timedelta(milliseconds=1))
    second = int(day(10).timestamp())
    assert dict(lists.from_and_to(window, 1)) == {"from": str(second - 1), "to": str(second + 86_401)}
    assert dict(lists.from_and_to(window, 1000)) == {"from": f"{second * 1000 - 1}", "to": f"{second + 86_401}000"}


def test_one_window_reads_everything_if_a_date_has_no_end() -> None:
    meaning = Meaning(is_one_day=False)
    gap = Window(day(10) - SiteDays(meaning).before, day(12))
    (only,) = meaning.lists(gap, gap)
    assert (only.date, only.period.end) == ("2011-11-06", EVER.end)
    assert SiteDays(meaning).step is None, "a part of it would be the same list"
    assert SiteDays(Meaning(is_one_day=False, per_second=1)).step == SiteDays(Meaning()).step == DAY


@pytest.mark.promise(n=1)
@pytest.mark.parametrize(
    ("row", "first", "last"),
    [
        (session("short", day(16)), day(16), day(16)),
        (session("long", day(12), day(16)), day(12), day(16)),
        (session("backwards", day(16), day(12)), day(12), day(16)),
    ],
)
def test_a_session_may_be_listed_for_each_day_of_any_zone_that_it_touches(
    row: Row, first: datetime, last: datetime
) -> None:
    days = SiteDays(Meaning())
    columns, _ = columns_of(Sessions.columns, row)
    times = days.times(columns)
    assert times == TimeRange(first, last)
    reach = days.positions(days.moments(times, row))
    assert reach.first <= first - timedelta(hours=12)
    assert reach.last >= last + timedelta(hours=14)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize("count", ["", "0", "x", "253402300799999", "-62135596800000", "1e400"])
def test_a_session_with_odd_moments_is_always_emitted(count: str) -> None:
    odd = {"session_id": "odd", "eventUnixTimestamp": count, "session_start_unix_timestamp": count}
    columns, _ = columns_of(Sessions.columns, odd)
    assert SiteDays(Meaning()).times(columns) is None


def test_windows_are_bounded_where_a_date_has_no_end_but_to_is_taken() -> None:
    window = Window(day(11), day(12))
    (only,) = Meaning(is_one_day=False, per_second=1000).lists(window, Window(day(10), day(13)))
    assert only.date == "2011-11-07", (
        "the date may be about starts: three days for long sessions, one for the zone"
    )
    assert dict(only.bounds) == {"from": str(int(at(day(11))) - 1), "to": at(day(12))}
