from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from session_source.columns import Moment, Row, Text
from session_source.endpoints import Endpoint
from session_source.exchange import Answer, Request
from session_source.groups import Details, Group
from session_source.pagination import Page, PageNumber, Token
from session_source.state import Partition
from session_source.streams import Stream
from session_source.windows import Finished, Window

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Listed(Endpoint):
    name = "things"
    streams = (Stream("things", ("id",), "at"),)
    columns = {"id": Text("id"), "at": Moment("at")}
    id = "id"
    time = "at"
    pager = PageNumber(10)

    def request(self, window: Window, partition: Partition, token: Token) -> Request:
        return Request("GET", "things")

    def page(self, answer: Answer, token: Token) -> Page:
        return Page([], None)


class Lasting(Listed):
    columns = {**Listed.columns, "began": Moment("began")}
    began = "began"


class Leaning(Listed):
    leans_on_neighbours = True


class Filtered(Listed):
    is_filtered_by_time = True


class ByDay(Listed):
    is_filtered_by_day = True


def group(endpoint: Endpoint, days: int = 4, finished: Finished = (), **more: Any) -> Group:
    return Group(
        endpoint, {}, endpoint.streams, span=Window(START, START + days * DAY), finished=finished, days=1, **more
    )


def row(name: object, day: float) -> Row:
    return {"id": name, "at": (START + day * DAY).isoformat()}


def ids(group: Group, window: Window, *rows: Row) -> list[Any]:
    return [claimed.columns["id"] for claimed in group.claim(window, list(rows))[0]]


def opened(group: Group) -> list[Window]:
    return list(group.windows())


@pytest.mark.promise(n=1)
def test_a_row_belongs_to_the_window_of_its_time_where_the_vendor_filters_by_it() -> None:
    things = group(Filtered())
    first, second, *_ = opened(things)
    edge = row("edge", 1)
    assert ids(things, first, row("a", 0), edge) == ["a"]
    assert ids(things, second, edge) == ["edge"]


@pytest.mark.promise(n=1)
def test_elsewhere_the_first_window_that_returns_a_row_emits_it() -> None:
    things = group(Listed())
    first, second, *_ = opened(things)
    edge = row("edge", 1)
    assert ids(things, first, edge) == ["edge"]
    assert ids(things, second, edge, row("late", 0.5)) == ["late"]


@pytest.mark.promise(n=1)
def test_where_days_are_of_an_unknown_zone_the_first_window_that_lists_a_row_has_it() -> None:
    things = group(ByDay())
    first, second, third, *_ = opened(things)
    assert ids(things, second, row("listed a day late", 0.9), row("own", 1.5), row("early", 2.1)) == [
        "listed a day late",
        "own",
        "early",
    ]
    assert ids(things, first, row("listed a day late", 0.9)) == []
    assert ids(things, third, row("early", 2.1), row("of the day after", 3.2)) == ["of the day after"]


@pytest.mark.promise(n=1)
def test_where_days_are_of_an_unknown_zone_a_day_more_is_asked_for_at_the_ends_of_a_sync() -> None:
    things = group(ByDay())
    first, second, *_, last = opened(things)
    assert things.asked(first) == Window(START - DAY, first.end)
    assert things.asked(second) == second
    assert things.asked(last) == Window(last.start, last.end + DAY)
    assert ids(things, first, row("before", -0.1), row("inside", 0)) == ["inside"]


@pytest.mark.promise(n=1)
def test_where_days_are_of_an_unknown_zone_what_another_read_has_finished_is_left_to_it() -> None:
    things = group(ByDay(), finished=(Window(START, START + 2 * DAY),))
    third, last = opened(things)
    assert things.asked(third) == third
    assert ids(things, third, row("finished", 1.9), row("own", 2)) == ["own"]
    assert things.asked(last).end == last.end + DAY


def test_rows_outside_of_the_sync_are_left_out() -> None:
    things = group(Listed())
    first, *_ = opened(things)
    assert ids(things, first, row("before", -0.1), row("at the end", 4), row("inside", 3.9)) == ["inside"]


@pytest.mark.promise(n=10)
def test_a_row_without_a_time_is_emitted_all_the_same() -> None:
    for endpoint in (Listed(), Filtered()):
        things = group(endpoint)
        first, *_ = opened(things)
        assert ids(things, first, {"id": "a"}, {"id": "b", "at": "soon"}) == ["a", "b"]


@pytest.mark.promise(n=10)
def test_a_row_without_an_id_gets_a_hash_of_itself_and_it_is_told() -> None:
    things = group(Listed())
    first, *_ = opened(things)
    (claimed,), _ = things.claim(first, [{"at": START.isoformat(), "b": 1, "a": 2}])
    (again,), _ = group_again().claim(first, [{"a": 2, "b": 1, "at": START.isoformat()}])
    assert claimed.columns["id"].startswith("hash:")
    assert claimed.nulled == ["id"]
    assert again.columns["id"] == claimed.columns["id"]


def group_again() -> Group:
    things = group(Listed())
    opened(things)
    return things


@pytest.mark.promise(n=1)
def test_a_repeated_row_is_emitted_once() -> None:
    things = group(Listed())
    first, *_ = opened(things)
    assert ids(things, first, row("a", 0), row("a", 0)) == ["a"]
    rows, is_right = things.claim(first, [row("a", 0)])
    assert rows == []
    assert not is_right


def test_a_page_of_quite_other_times_cannot_be_right() -> None:
    things = group(Filtered(), days=9)
    window = opened(things)[4]
    assert not things.claim(window, [row("a", 0), row("b", 8)])[1]
    assert things.claim(window, [row("a", 0), row("c", 3.5)])[1], "vendors filter by days of an unknown zone"
    assert things.claim(window, [])[1], "a window may be empty"


@pytest.mark.parametrize("finished", [(), (Window(START + DAY, START + 2 * DAY),)])
def test_windows_tile_what_is_not_finished(finished: Finished) -> None:
    found = opened(group(Listed(), finished=finished))
    assert len(found) == 4 - len(finished)
    assert not set(found) & set(finished)


def test_details_of_a_window_are_done_when_the_last_of_them_is() -> None:
    details = Details(None, {}, ())  # type: ignore[arg-type] # the endpoint plays no part
    window = Window(START, START + DAY)
    details.expect(window, 1)
    details.expect(window, 2)
    assert [details.finish(window) for _ in range(3)] == [False, False, True]


def test_a_row_that_lasts_over_many_windows_is_emitted_once() -> None:
    things = group(Lasting(), days=9)
    windows = opened(things)
    lasting = row("long", 4.5) | {"began": (START + 0.5 * DAY).isoformat()}
    assert [ids(things, window, lasting) for window in (windows[2], windows[4], windows[0])] == [["long"], [], []]


def test_a_page_of_nothing_but_rows_that_last_is_no_repeated_page() -> None:
    things = group(Lasting())
    window = opened(things)[0]
    lasting, short = row("long", 0.9) | {"began": START.isoformat()}, row("short", 0.1)
    assert [things.claim(window, rows)[1] for rows in ([lasting, short], [lasting], [lasting, short])] == [
        True,
        True,
        False,
    ]


def test_a_window_knows_the_piece_it_was_cut_from() -> None:
    finished = (Window(START + DAY, START + 2 * DAY),)
    things = group(Listed(), finished=finished)
    after = Window(START + 2 * DAY, START + 4 * DAY)
    assert [things.piece(window) for window in opened(things)] == [Window(START, START + DAY), after, after]


class Later(Listed):
    is_filtered_by_time_or_later = True


def test_behind_what_is_missing_more_is_asked_for_and_what_began_there_is_left_to_who_read_on() -> None:
    finished = (Window(START + 2 * DAY, START + 4 * DAY),)
    first, second = opened(things := group(Later(), finished=finished))
    assert things.asked(first) == first
    assert things.asked(second) == Window(second.start, second.end + DAY)
    assert ids(things, second, row("before", 0.5), row("inside", 1.9), row("edge", 2), row("behind", 2.5)) == [
        "before",
        "inside",
    ]


def test_nothing_is_asked_for_from_behind_the_moment_the_sync_began() -> None:
    window = opened(things := group(Later(), days=1))[0]
    assert things.asked(window) == window
    earlier = group(Later(), days=1, now=START + 1.5 * DAY)
    assert earlier.asked(opened(earlier)[0]) == Window(START, START + 1.5 * DAY)
    assert group(Listed(), days=1, now=START + 9 * DAY).asked(window) == window


@pytest.mark.parametrize("endpoint", [Leaning(), ByDay()], ids=lambda e: type(e).__name__)
def test_a_window_that_leans_on_its_neighbours_is_finished_when_they_are(endpoint: Endpoint) -> None:
    things = group(endpoint, days=4)
    first, second, third, last = opened(things)
    closed = [things.close(window) for window in (second, first, last, third)]
    assert closed == [[], [first], [], [second, third, last]]


def test_a_window_that_leans_on_nothing_is_finished_when_it_is_done() -> None:
    things = group(Listed(), days=2)
    assert [things.close(window) for window in reversed(opened(things))] == [[w] for w in reversed(windows_of(2))]


def windows_of(days: int) -> list[Window]:
    return [Window(START + n * DAY, START + (n + 1) * DAY) for n in range(days)]
