"""Details: when those of a window are complete, and which row they belong to."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from session_source.api.answer import Answer
from session_source.api.columns import Row, Text
from session_source.api.endpoint import Detail
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import TimeRange
from session_source.api.windows import Window
from session_source.sync.claims import Claimed
from session_source.sync.details import Details
from session_source.sync.keys import OpenWindow


class Parts(Detail):
    name = "parts"
    streams = (Stream("parts", ("id",), "at"),)
    columns: ClassVar = {"id": Text("id"), "size": Text("size")}
    id = "id"

    def request(self, columns: Row, partition: Any) -> Request:
        return Request("GET", f"things/{columns['id']}")

    def rows(self, answer: Answer) -> list[Row]:
        return []


def day(number: float) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def details(*, count: int = 3) -> tuple[Details, list[OpenWindow]]:
    """Details of adjacent windows, of which no page was read yet."""
    found = Details(Parts(), {}, Parts.streams)
    windows = [OpenWindow(Window(day(n), day(n + 1)), TimeRange(day(n), day(n + 1))) for n in range(count)]
    for window in windows:
        found.expect(window, 1)
    return found, windows


@pytest.mark.promise(n=4)
def test_details_of_a_window_are_complete_after_those_of_adjacent_windows() -> None:
    found, (first, second, third) = details()
    found.expect(second, 2)
    assert found.finish(first) == []
    assert found.finish(second) == found.finish(second) == []
    assert found.finish(second) == [first.window], "the third window may have listed rows of the second"
    assert found.finish(third) == [second.window, third.window]


@pytest.mark.promise(n=4)
def test_details_of_a_window_that_was_put_back_are_complete_after_its_pieces() -> None:
    found, (whole,) = details(count=1)
    found.expect(whole, 1)
    part = OpenWindow(Window(day(0.5), day(1)), TimeRange(day(0.5), day(1)))
    whole.is_put_back = True
    found.expect(part, 1)
    assert found.finish(whole) == []
    assert found.finish(part) == [], "a row of it waits for its details"
    assert found.finish(whole) == [part.window]


@pytest.mark.promise(n=7)
def test_failures_in_a_row_are_counted() -> None:
    found, _ = details()
    assert [found.note(is_read=is_read) for is_read in (False, False, True, False)] == [1, 2, 0, 1]


def test_details_belong_to_the_row_that_they_were_requested_for() -> None:
    found, _ = details()
    claimed = found.claim([{"size": "2"}, {"id": "other", "size": 3}], Claimed({"id": "a"}, {"id": "a"}, []))
    assert [one.columns for one in claimed] == [{"id": "a", "size": "2"}, {"id": "a", "size": "3"}]
