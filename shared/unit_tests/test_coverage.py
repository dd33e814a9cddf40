"""Coverage: the order of a list is recognized although its rows are a little out of order."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from session_source.api.windows import Window
from session_source.sync.coverage import Coverage

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(START, START + 30 * 24 * HOUR)
BURST = [START + 240 * HOUR + HOUR * n / 100 for n in range(200)]
"""Two hours after ten days."""


def noted(*pages: list[datetime]) -> Coverage:
    coverage = Coverage()
    for page in pages:
        coverage.note(page)
    return coverage


def test_nothing_is_covered_without_a_row() -> None:
    for coverage in (noted(), noted([])):
        assert coverage.within(WINDOW) == coverage.spread == timedelta()
        assert coverage.newest is None
        assert not coverage.is_sorted


@pytest.mark.parametrize("longest", [timedelta(), HOUR / 2])
def test_a_sorted_list_covers_the_time_between_its_rows_and_the_edge_where_it_began(longest: timedelta) -> None:
    chance = random.Random(1)  # noqa: S311 - no secret
    ends = [moment + longest * chance.random() for moment in BURST]
    newest_first = noted(ends[:99:-1], ends[99::-1])
    assert newest_first.is_sorted
    assert newest_first.newest == max(ends)
    assert newest_first.within(WINDOW) == WINDOW.end - min(ends)
    oldest_first = noted(ends[:100], ends[100:])
    assert oldest_first.is_sorted
    assert oldest_first.newest is None
    assert oldest_first.within(WINDOW) == max(ends) - WINDOW.start


def test_one_long_row_does_not_hide_the_order() -> None:
    page = BURST[::-1]
    page[150] += 12 * HOUR
    assert noted(page).is_sorted
    assert noted(page).newest == page[150]


def test_a_list_without_an_order_covers_what_is_between_its_rows() -> None:
    shuffled = BURST.copy()
    random.Random(1).shuffle(shuffled)  # noqa: S311 - no secret
    for coverage in (noted(shuffled), noted(BURST[::-1], BURST[::-1], BURST[100:]), noted(BURST[:1] * 100)):
        assert not coverage.is_sorted
        assert coverage.newest is None
        assert coverage.within(WINDOW) == coverage.spread
