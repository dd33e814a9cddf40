import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from session_source.api.windows import Window, gaps
from session_source.sync.settings import Settings
from session_source.sync.state import PARTITIONS_A_WINDOW, StreamState

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.promise(n=4)
@pytest.mark.parametrize(("partitions", "windows_a_message"), [(1, 1), (20, 1), (200, 10)])
def test_messages_list_a_bounded_number_of_partitions_for_each_window(
    partitions: int, windows_a_message: int
) -> None:
    state = StreamState("sessions", {}, api_version=None, logger=logging.getLogger())
    for number in range(partitions):
        state.replace({"site": number}, ())
    messages = 0
    for number in range(100):
        state.add({"site": number % partitions}, Window(START + number * DAY, START + (number + 1) * DAY))
        if state.is_due:
            state.message(None)
            messages += 1
    assert messages == 100 // windows_a_message
    assert messages * partitions <= 100 * PARTITIONS_A_WINDOW


LOOKBACK = 2 * DAY


def sync(
    saved: Mapping[str, Any], days: int, *reads: Window, first: int = 0, lookback: timedelta = LOOKBACK
) -> Mapping[str, Any]:
    """Return the state after a sync of the first days that finishes some windows."""
    state = StreamState("sessions", saved, api_version=None, logger=logging.getLogger())
    end = START + days * DAY
    settings = Settings(Window(START + first * DAY, end), end, lookback, window_days=1, workers=1, limit_wait=1.0)
    state.begin({}, settings, is_incremental=True)
    for window in reads:
        state.add({}, window)
    message = state.message(None).state
    assert message is not None
    assert message.stream is not None
    return vars(message.stream.stream_state)


def missing(saved: Mapping[str, Any], days: int, lookback: timedelta = LOOKBACK) -> list[tuple[float, float]]:
    """Return what the next sync of so many days reads, in days since the start."""
    state = StreamState("sessions", saved, api_version=None, logger=logging.getLogger())
    end = START + days * DAY
    settings = Settings(Window(START, end), end, lookback, window_days=1, workers=1, limit_wait=1.0)
    state.begin({}, settings, is_incremental=True)
    return [((w.start - START) / DAY, (w.end - START) / DAY) for w in gaps(state.finished({}), settings.span)]


def window(first: int, last: int) -> Window:
    return Window(START + first * DAY, START + last * DAY)


@pytest.mark.promise(n=5)
def test_a_sync_after_an_incomplete_one_has_no_new_lookback() -> None:
    whole = sync({}, 10, window(0, 10))
    assert "read_since" not in whole
    assert missing(whole, 11) == [(8, 11)]
    begun = sync(whole, 11, window(10, 11))
    assert missing(begun, 12) == [(8, 10), (11, 12)]
    nothing = sync(whole, 11)
    assert missing(nothing, 12) == [(8, 12)], "a lookback before the lookback"


@pytest.mark.promise(n=1)
def test_the_next_lookback_begins_before_the_first_sync_that_was_not_complete() -> None:
    begun = sync(sync({}, 10, window(0, 10)), 11, window(10, 11))
    still = sync(begun, 14, window(11, 14), window(9, 10))
    done = sync(still, 15, window(8, 9), window(14, 15))
    # The days 8 to 11 were read on day 11 or later, and rows may arrive two days late.
    assert missing(done, 16) == [(9, 16)]
    again = sync(done, 16, window(9, 16))
    assert missing(again, 17) == [(14, 17)]


def test_an_incomplete_backfill_continues_with_its_history() -> None:
    assert missing(sync({}, 10, window(9, 10)), 11) == [(0, 9), (10, 11)]


def test_an_earlier_start_is_read_together_with_the_lookback() -> None:
    later = sync({}, 10, window(5, 10), first=5)
    assert missing(later, 11) == [(0, 5), (8, 11)]


def test_without_a_lookback_nothing_is_read_again() -> None:
    begun = sync(sync({}, 10, window(0, 10)), 11, lookback=timedelta())
    done = sync(begun, 12, window(10, 12), lookback=timedelta())
    assert missing(done, 13, timedelta()) == [(12, 13)]


@pytest.mark.parametrize("odd", ["yesterday", None, 7, {}])
def test_a_read_since_that_is_no_date_is_ignored(odd: Any) -> None:
    whole = sync({}, 10, window(0, 10))
    assert missing({**whole, "read_since": odd}, 11) == [(8, 11)]
