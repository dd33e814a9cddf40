from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source import windows
from session_source.windows import Pace, Window

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2400, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
PIECES = st.tuples(MOMENTS, MOMENTS).map(lambda pair: Window(min(pair), max(pair)))
EDGES = [
    datetime(2024, 2, 28, 23, 59, 59, 999999, UTC),
    datetime(2024, 2, 29, tzinfo=UTC),
    datetime(2024, 12, 31, 23, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
]


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.mark.promise(n=1)
@given(st.lists(PIECES, max_size=6), PIECES)
def test_gaps_and_finished_tile_the_span(pieces: list[Window], span: Window) -> None:
    finished = windows.within(windows.union(pieces), span)
    missing = windows.gaps(windows.union(pieces), span)
    both = sorted([*finished, *missing])
    edges = [span.start, *[edge for piece in both for edge in piece], span.end]
    if span.start < span.end:
        assert edges[::2] == edges[1::2]
        assert windows.union(both) == (span,)
    else:
        assert both == []


@pytest.mark.promise(n=1)
@given(PIECES, st.integers(1, 400))
def test_tiles_touch_and_are_never_longer_than_allowed(span: Window, days: int) -> None:
    if span.end - span.start > timedelta(days=2000):
        span = Window(span.start, span.start + timedelta(days=2000))
    tiles = list(windows.tiles(windows.union([span]), Pace(days, ())))
    assert windows.union(tiles) == windows.union([span])
    assert all(earlier.end == later.start for earlier, later in pairwise(tiles))
    assert all(timedelta(0) < tile.end - tile.start <= timedelta(days=days) for tile in tiles)


@pytest.mark.parametrize("start", EDGES)
@pytest.mark.parametrize("end", EDGES)
def test_every_tile_but_the_last_ends_at_midnight(start: datetime, end: datetime) -> None:
    tiles = list(windows.tiles(windows.union([Window(start, end)]), Pace(1, ())))
    assert all(tile.end.time() == datetime.min.time() for tile in tiles[:-1])


def paced(days: int, most: int, rows_a_day: float) -> list[Window]:
    """The windows of a span in which the vendor lists as much each day."""
    span = (Window(day(0), day(days)),)
    pace = Pace(most, span)
    tiles = []
    for tile in windows.tiles(span, pace):
        tiles.append(tile)
        pace.note(tile, round((tile.end - tile.start) / timedelta(days=1) * rows_a_day))
    return tiles


def test_a_busy_month_is_many_windows_and_a_quiet_year_few() -> None:
    assert len(paced(30, most=30, rows_a_day=10_000)) == 30
    assert len(paced(365, most=30, rows_a_day=0.01)) == 1 + 13
    assert all(tile.end - tile.start <= timedelta(days=30) for tile in paced(365, most=30, rows_a_day=0.01))


def test_windows_hold_about_as_many_rows_as_they_should() -> None:
    tiles = paced(365, most=365, rows_a_day=400)[1:-1]
    assert {tile.end - tile.start for tile in tiles} == {timedelta(days=Pace.ROWS // 400)}


def test_windows_become_short_again_where_the_vendor_lists_more() -> None:
    pace = Pace(30, (Window(day(0), day(365)),))
    assert (pace.days, pace.is_guess) == (1, True)
    pace.note(Window(day(0), day(1)), rows=3)
    assert (pace.days, pace.is_guess) == (30, False)
    pace.note(Window(day(1), day(31)), rows=60_000)
    assert pace.days == 1


def test_what_a_daily_sync_has_to_read_is_one_window() -> None:
    missing = (Window(day(0) + timedelta(hours=5), day(2) + timedelta(hours=6)),)
    assert list(windows.tiles(missing, Pace(30, missing))) == list(missing)


@given(st.lists(PIECES, max_size=6))
def test_union_is_sorted_disjoint_and_keeps_every_moment(pieces: list[Window]) -> None:
    merged = windows.union(pieces)
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))
    for piece in pieces:
        for moment in (piece.start, piece.start + (piece.end - piece.start) / 2):
            if piece.start < piece.end:
                assert any(moment in window for window in merged)


@given(st.lists(PIECES, max_size=6))
def test_state_comes_back_as_it_was(pieces: list[Window]) -> None:
    finished = windows.union(pieces)
    assert windows.from_json(windows.to_json(finished)) == finished


def test_state_is_the_cdks_date_range() -> None:
    assert windows.to_json((Window(day(0), day(1)),)) == {
        "state_type": "date-range",
        "slices": [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}],
    }


def test_state_of_the_cdk_with_more_keys_is_understood() -> None:
    cursor = {
        "state_type": "date-range",
        "legacy": {},
        "slices": [
            {
                "start": "2026-01-01T00:00:00.000Z",
                "end": "2026-01-02T00:00:00.000+00:00",
                "most_recent_cursor_value": "2026-01-01T08:00:00.000Z",
            }
        ],
    }
    assert windows.from_json(cursor) == (Window(day(0), day(1)),)


@pytest.mark.parametrize(
    "cursor",
    [None, {}, [], {"slices": None}, {"slices": [{}]}, {"slices": ["x"]}, {"slices": [{"start": 1, "end": 2}]}],
)
def test_what_is_no_state_is_refused(cursor: object) -> None:
    with pytest.raises(ValueError, match="slice"):
        windows.from_json(cursor)


def test_a_window_is_half_open() -> None:
    window = Window(day(0), day(1))
    assert day(0) in window
    assert day(1) not in window


def test_days_are_those_that_the_window_touches() -> None:
    assert Window(day(0), day(2)).days() == ["2026-01-01", "2026-01-02"]
    assert Window(day(0) + timedelta(hours=23), day(1) + timedelta(microseconds=1)).days() == [
        "2026-01-01",
        "2026-01-02",
    ]


def test_whole_seconds_widen_the_window_and_never_narrow_it() -> None:
    half = timedelta(milliseconds=500)
    wide = Window(day(0) + half, day(1) + half).whole_seconds(early=1)
    assert wide == Window(day(0) - timedelta(seconds=1), day(1) + timedelta(seconds=1))
    assert Window(day(0), day(1)).whole_seconds() == Window(day(0), day(1))
