from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.keys import Keys
from session_source.windows import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def days(count: int) -> list[Window]:
    return [Window(START + number * DAY, START + (number + 1) * DAY) for number in range(count)]


def opened(windows: list[Window]) -> Keys:
    keys = Keys((Window(windows[0].start, windows[-1].end),))
    for window in windows:
        keys.open(window)
    return keys


@pytest.mark.promise(n=6)
def test_keys_are_forgotten_when_both_neighbours_are_done() -> None:
    first, second, third = days(3)
    keys = opened([first, second, third])
    for window in (third, first):
        keys.seen(window).add(str(window))
        assert keys.close(window) == []
    assert keys.taken(second, {str(first), str(third), "other"}) == {str(first), str(third)}
    assert keys.close(second) == [first, second, third]
    assert len(keys) == 0


@pytest.mark.promise(n=1)
def test_keys_are_kept_for_a_neighbour_that_has_not_begun() -> None:
    first, second, third = days(3)
    keys = Keys((Window(first.start, third.end),))
    keys.open(first)
    keys.seen(first).add("edge")
    assert keys.close(first) == []
    keys.open(second)
    assert keys.taken(second, {"edge"}) == {"edge"}


def test_other_windows_than_neighbours_do_not_count() -> None:
    first, second, third = days(3)
    keys = opened([first, second, third])
    keys.seen(first).add("a")
    assert keys.taken(third, {"a"}) == set()


def test_what_a_window_left_is_its_neighbours() -> None:
    first, second = days(2)
    keys = opened([first, second])
    keys.seen(first).add("left")
    keys.seen(first).add("claimed")
    keys.leave(first, "left")
    assert keys.taken(second, {"left", "claimed"}) == {"claimed"}


def test_windows_at_the_ends_of_pieces_wait_for_nobody_behind_them() -> None:
    first, _, third, _ = days(4)
    keys = Keys((first, third))
    keys.open(first)
    keys.open(third)
    assert keys.close(first) == [first]
    assert keys.close(third) == [third]


@pytest.mark.promise(n=6)
@given(st.permutations(range(6)), st.integers(1, 6))
def test_memory_is_bounded_whatever_the_order_in_which_windows_end(order: list[int], at_once: int) -> None:
    windows = iter(days(6))
    keys = Keys((Window(START, START + 6 * DAY),))
    open_now: list[Window] = []
    most = 0
    for number in order:
        while len(open_now) < at_once and (window := next(windows, None)):
            keys.open(window)
            open_now.append(window)
        keys.close(open_now.pop(number % len(open_now)))
        most = max(most, len(keys))
    assert len(keys) == 0
    assert most <= 3 * at_once + 2


def test_a_row_that_lasts_is_known_until_no_window_can_list_it() -> None:
    windows = days(9)
    keys = Keys((Window(START, START + 9 * DAY),))
    for number, window in enumerate(windows):
        keys.open(window)
        assert keys.taken(window, {"long"}) == ({"long"} if 0 < number <= 3 else set())
        if number == 0:
            keys.seen(window).add("long")
            keys.keep("long", until=START + 2.5 * DAY)
        keys.close(window)
