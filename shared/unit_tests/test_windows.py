from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.api import windows
from session_source.api.windows import Window

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2400, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001
PIECES = st.tuples(MOMENTS, MOMENTS).map(lambda pair: Window(min(pair), max(pair)))


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


@pytest.mark.promise(n=1)
@given(st.lists(PIECES, max_size=6), PIECES)
def test_gaps_and_finished_intervals_tile_the_span(pieces: list[Window], span: Window) -> None:
    finished = windows.within(windows.union(pieces), span)
    missing = windows.gaps(windows.union(pieces), span)
    both = sorted([*finished, *missing])
    edges = [span.start, *[edge for piece in both for edge in piece], span.end]
    if span.start < span.end:
        assert edges[::2] == edges[1::2]
        assert windows.union(both) == (span,)
    else:
        assert both == []


@pytest.mark.parametrize(
    ("first", "last", "is_in_one"),
    [(0, 0.9, False), (0, 1, True), (1, 1, True), (1.5, 1.5, True), (0, 9, True), (2, 2, False), (2, 2.9, False)],
)
def test_a_range_includes_both_ends_and_a_window_only_its_start(
    first: float,
    last: float,
    is_in_one: bool,  # noqa: FBT001
) -> None:
    finished = (Window(day(1), day(2)), Window(day(3), day(4)))
    assert windows.overlaps(finished, day(first), day(last)) is is_in_one


def test_intervals_are_cut_at_a_moment() -> None:
    finished = (Window(day(1), day(2)), Window(day(3), day(5)), Window(day(6), day(7)))
    assert windows.before(finished, day(4)) == (Window(day(1), day(2)), Window(day(3), day(4)))


@given(st.lists(PIECES, max_size=6))
def test_union_is_sorted_disjoint_and_keeps_every_moment(pieces: list[Window]) -> None:
    merged = windows.union(pieces)
    assert all(earlier.end < later.start for earlier, later in pairwise(merged))
    for piece in pieces:
        for moment in (piece.start, piece.start + (piece.end - piece.start) / 2):
            if piece.start < piece.end:
                assert any(moment in window for window in merged)


@given(st.lists(PIECES, max_size=6))
def test_intervals_survive_a_state(pieces: list[Window]) -> None:
    finished = windows.union(pieces)
    assert windows.from_json(windows.to_json(finished)) == finished


def test_state_is_the_cdks_date_range() -> None:
    assert windows.to_json((Window(day(0), day(1)),)) == {
        "state_type": "date-range",
        "slices": [{"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}],
    }


def test_unknown_keys_of_the_cdks_state_are_ignored() -> None:
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
def test_an_invalid_state_is_an_error(cursor: object) -> None:
    with pytest.raises(ValueError, match="slice"):
        windows.from_json(cursor)


def test_a_window_is_half_open() -> None:
    window = Window(day(0), day(1))
    assert day(0) in window
    assert day(1) not in window


def test_a_window_has_the_days_that_it_overlaps() -> None:
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
