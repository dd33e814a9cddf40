"""Coverage: the order of a list is recognized although its rows are a little out of order."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window
from session_source.sync.coverage import Coverage

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = Window(START, START + 30 * 24 * HOUR)
BURST = [START + 240 * HOUR + HOUR * n / 100 for n in range(200)]
"""Two hours after ten days."""


def noted(*pages: list[datetime], longest: timedelta = timedelta()) -> Coverage:
    """What the pages cover if rows have these starts and last for some time."""
    coverage = Coverage()
    chance = random.Random(1)  # noqa: S311 - no secret
    for page in pages:
        coverage.note([TimeRange(start, start + longest * chance.random()) for start in page])
    return coverage


def test_nothing_is_covered_without_a_row() -> None:
    for coverage in (noted(), noted([])):
        assert coverage.within(WINDOW) == coverage.spread == timedelta()
        assert coverage.newest is None
        assert not coverage.is_sorted


@pytest.mark.parametrize("longest", [timedelta(), 12 * HOUR])
def test_a_sorted_list_covers_the_time_between_its_rows_and_the_edge_where_it_began(longest: timedelta) -> None:
    newest_first = noted(BURST[:99:-1], BURST[99::-1], longest=longest)
    assert newest_first.is_sorted
    assert newest_first.newest is not None
    assert BURST[-1] <= newest_first.newest <= BURST[-1] + longest
    assert newest_first.within(WINDOW) <= WINDOW.end - BURST[0]
    assert newest_first.within(WINDOW) >= WINDOW.end - BURST[0] - HOUR
    oldest_first = noted(BURST[:100], BURST[100:], longest=longest)
    assert oldest_first.is_sorted
    assert oldest_first.newest is None
    assert oldest_first.within(WINDOW) >= BURST[-1] - WINDOW.start


def test_a_list_without_an_order_covers_what_is_between_its_rows() -> None:
    shuffled = BURST.copy()
    random.Random(1).shuffle(shuffled)  # noqa: S311 - no secret
    for coverage in (noted(shuffled), noted(BURST[::-1], BURST[::-1], BURST[100:]), noted(BURST[:1] * 100)):
        assert not coverage.is_sorted
        assert coverage.newest is None
        assert coverage.within(WINDOW) == coverage.spread
