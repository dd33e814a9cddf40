"""Which window is read next."""

from datetime import UTC, datetime

from session_source.api.answer import Answer
from session_source.api.columns import Moment, Text
from session_source.api.endpoint import Endpoint, PageContext
from session_source.api.pagination import Page, PageNumber
from session_source.api.request import Request
from session_source.api.stream import Stream
from session_source.api.time_filter import DAY, ExactTime
from session_source.api.windows import Window
from session_source.sync.groups import Group
from session_source.sync.tasks import Tasks, WindowTask

START = datetime(2026, 1, 1, tzinfo=UTC)


class Rows(Endpoint):
    name = "rows"
    streams = (Stream("rows", ("id",), "at"),)
    columns = {"id": Text("id"), "at": Moment("at")}
    id = "id"
    pager = PageNumber(10)
    time_filter = ExactTime("at", Moment("at"))

    def request(self, page: PageContext) -> Request:
        return Request("GET", "rows")

    def page(self, answer: Answer, page: PageContext) -> Page:
        return Page([])


def group(site: str, *, finished: int = 0) -> Group:
    """Three days of a site, of which the last ones are finished."""
    rows = Rows()
    span = Window(START, START + 3 * DAY)
    done = (Window(START + (3 - finished) * DAY, span.end),) if finished else ()
    return Group(rows, {"site": site}, rows.streams, span=span, finished=done, longest=DAY)


def order(*groups: Group) -> list[str]:
    """All windows, as they are handed out to one worker."""
    tasks = Tasks(groups)
    found = []
    while isinstance(task := tasks.take(), WindowTask):
        found.append(f"{task.group.partition['site']}{task.window.window.start.day}")
        task.group.close(task.window)
        tasks.done()
    return found


def test_the_newest_window_of_all_groups_comes_first() -> None:
    assert order(group("a"), group("b")) == ["a3", "b3", "a2", "b2", "a1", "b1"]


def test_a_group_waits_while_others_read_newer_windows() -> None:
    assert order(group("a", finished=2), group("b")) == ["b3", "b2", "a1", "b1"]


def test_a_failed_group_has_no_more_windows() -> None:
    failed = group("a")
    failed.has_failed = True
    assert order(failed, group("b")) == ["b3", "b2", "b1"]
