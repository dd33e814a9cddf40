from datetime import UTC, datetime, timedelta

import pytest
from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window
from session_source.sync.keys import Keys, OpenWindow

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def piece(first: float, last: float) -> Window:
    return Window(START + first * DAY, START + last * DAY)


def opened(keys: Keys, first: float, last: float, *seen: str) -> OpenWindow:
    """A window that has begun and has seen some keys."""
    window = OpenWindow(piece(first, last), TimeRange(*piece(first, last)))
    keys.open(window)
    for key in seen:
        window.seen.add(key)
    return window


@pytest.mark.promise(n=1)
def test_keys_of_a_window_are_taken_for_windows_that_touch_it() -> None:
    keys = Keys()
    opened(keys, 0, 1, "far")
    middle = opened(keys, 2, 3, "own")
    opened(keys, 3, 4, "edge", "edge, left").skipped.add("edge, left")
    assert keys.taken(middle, {"far", "own", "edge", "edge, left", "new"}) == {"edge"}


@pytest.mark.promise(n=1)
def test_keys_are_remembered_for_windows_that_are_not_open_yet() -> None:
    keys = Keys()
    newer = opened(keys, 1, 2, "edge")
    keys.close(newer, [TimeRange(*piece(0, 1))])
    assert keys.taken(opened(keys, 0, 1), {"edge"}) == {"edge"}


@pytest.mark.promise(n=6)
def test_keys_are_dropped_when_no_window_can_list_them() -> None:
    keys = Keys()
    windows = [opened(keys, day, day + 1, str(day)) for day in range(3)]
    keys.close(windows[2], [])
    keys.close(windows[0], [])
    assert len(keys.windows) == 3, "both lie beside one that is open"
    keys.close(windows[1], [TimeRange(*piece(2.9, 9))])
    assert len(keys.windows) == 1, "one lies beside what remains"
    keys.close(opened(keys, 3, 9), [])
    assert len(keys.windows) == 0


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=6)
def test_keys_of_a_window_that_was_put_back_are_remembered_until_its_pieces_are_read() -> None:
    keys = Keys()
    whole = opened(keys, 0, 4, "emitted", "left")
    whole.skipped.add("left")
    keys.close(whole, [TimeRange(*piece(0, 4))])
    for day in (3, 2, 1, 0):
        part = opened(keys, day, day + 1)
        assert keys.taken(part, {"emitted", "left"}) == {"emitted"}
        keys.close(part, [TimeRange(*piece(0, day))] if day else [])
    assert len(keys.windows) == 0


@pytest.mark.promise(n=1)
@pytest.mark.promise(n=6)
def test_the_key_of_a_long_row_is_remembered_until_no_window_can_list_it() -> None:
    keys = Keys()
    for day in range(9, -1, -1):
        window = opened(keys, day, day + 1)
        assert keys.taken(window, {"long"}) == ({"long"} if 6 <= day < 9 else set())
        if day == 9:
            keys.keep("long", TimeRange(*piece(6.5, 9.5)))
        keys.close(window, [TimeRange(*piece(0, day))])
