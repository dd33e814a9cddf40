import logging
from datetime import UTC, datetime, timedelta

import pytest
from session_source.api.windows import Window
from session_source.sync.state import PARTITIONS_A_WINDOW, StreamState

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.promise(n=4)
@pytest.mark.parametrize(("partitions", "windows_a_message"), [(1, 1), (20, 1), (200, 10)])
def test_messages_name_a_bounded_number_of_partitions_for_each_window(
    partitions: int, windows_a_message: int
) -> None:
    state = StreamState("sessions", {}, api_version=None, logger=logging.getLogger())
    for number in range(partitions):
        state.replace({"site": number}, ())
    told = 0
    for number in range(100):
        state.add({"site": number % partitions}, Window(START + number * DAY, START + (number + 1) * DAY))
        if state.is_due:
            state.message(None)
            told += 1
    assert told == 100 // windows_a_message
    assert told * partitions <= 100 * PARTITIONS_A_WINDOW
