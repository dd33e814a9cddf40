"""The table of errors in shared/README.md: the client handles each error as its row states."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sandbox_server as sandbox
from sandbox_server import Server, serve
from sandbox_server.shelf import Shelf
from session_source.api.answer import Answer
from session_source.api.columns import Text
from session_source.api.endpoint import Endpoint, PageContext
from session_source.api.errors import Fault, StatusInBody
from session_source.api.pagination import NextInAnswer, Page
from session_source.api.request import Request
from session_source.api.windows import Window
from session_source.http.auth import HeaderAuth
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy
from session_source.sync.events import GroupFailed
from session_source.sync.groups import Group
from session_source.sync.reading import read
from session_source.sync.records import Recorder

pytestmark = pytest.mark.promise(n=7)

TABLE = Path(__file__).resolve().parents[1] / "shared" / "README.md"
ROWS = {
    situation: (failure_type, tried)
    for situation, failure_type, tried in re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| [^|]+ \|$",
        TABLE.read_text().partition("## Errors")[2],
        re.MULTILINE,
    )
    if failure_type not in {"failure type", "---"}
}
STATUSES = {
    **dict.fromkeys((401, 403), "401, 403"),
    402: "402",
    404: "404",
    **dict.fromkeys((302, 307), "3xx"),
    429: "429",
    **dict.fromkeys((408, 425, 503), "408, 425, 5xx"),
    **dict.fromkeys((400, 409, 422), "another 4xx"),
}
UNREADABLE = "timeout, cut connection, unreadable body"
TOO_LARGE = "an answer of more than 256 MB"
TOLD = "an error told in a 200"
STUCK = "a page or a token that repeats, ten pages in a row without a row"
ONCE_MORE = RetryPolicy(connect=2, read=1, total=3, outage=20, limit=2, attempts=2)

CURES = ("Ask for a key", "Set a smaller", "Check ", "Run the sync again", "Try again later")


def test_every_row_of_the_table_is_tested() -> None:
    assert set(ROWS) == {*STATUSES.values(), UNREADABLE, TOO_LARGE, TOLD, STUCK}


def failed(server: Server, read_answer: Any = Answer.object, retry_policy: RetryPolicy = ONCE_MORE) -> Fault:
    """Return the fault with which the client ends a request."""
    client = Client(
        vendor="Shelf",
        base_url=server.origin,
        auth=HeaderAuth({}),
        hint="Ask for a key.",
        retry_policy=retry_policy,
    )
    with pytest.raises(Fault) as caught:
        client.fetch(Request("GET", "words"), read_answer)
    return caught.value


def check(row: str, fault: Fault, server: Server) -> None:
    failure_type, tried = ROWS[row]
    assert fault.kind.failure_type.value == failure_type
    assert (server.count > 1) is (tried != "no")
    assert fault.message.endswith(".")
    assert any(hint in fault.message for hint in CURES)


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_is_handled_as_its_row_states(status: int) -> None:
    with serve(Shelf()) as server:
        server.faults.append(sandbox.Status(status, times=None))
        check(STATUSES[status], failed(server), server)


@pytest.mark.parametrize("status", [401, 429])
def test_an_error_in_a_200_is_handled_as_the_row_of_its_status_states(status: int) -> None:
    def told(_: Answer) -> None:
        raise StatusInBody(status)

    assert ROWS[TOLD] == ("that of the status it stands for", "as that one")
    with serve(Shelf()) as server:
        check(STATUSES[status], failed(server, told), server)


@pytest.mark.parametrize(
    "fault",
    [
        sandbox.NeverAnswers(times=None),
        sandbox.ResetBeforeBody(times=None),
        sandbox.ResetInBody(times=None),
        sandbox.TruncatedBody(times=None),
        sandbox.TruncatedJson(times=None),
        sandbox.Html(times=None),
        sandbox.EmptyBody(times=None),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_an_answer_that_does_not_arrive_is_handled_as_its_row_states(fault: sandbox.Fault) -> None:
    with serve(Shelf()) as server:
        server.faults.append(fault)
        check(UNREADABLE, failed(server), server)


def test_an_answer_that_is_too_large_is_handled_as_its_row_states() -> None:
    with serve(Shelf()) as server:
        server.faults.append(sandbox.HugeBody(megabytes=600, times=None))
        check(TOO_LARGE, failed(server, retry_policy=RetryPolicy()), server)


class Words(Endpoint):
    """A list that never ends: it repeats its token, or its pages."""

    name = "words"
    streams = ()
    columns = {"word": Text("word")}
    id = "word"
    pager = NextInAnswer("token")

    def __init__(self, *, repeats: str) -> None:
        self._repeats = repeats
        self._asked = 0

    def request(self, page: PageContext) -> Request:
        return Request("GET", "words")

    def page(self, answer: Answer, page: PageContext) -> Page:
        self._asked += 1
        if self._repeats == "page":
            return Page([{"word": "a"}], {"token": self._asked})
        return Page([{"word": str(self._asked)}], answer.object())


@pytest.mark.parametrize("repeats", ["page", "token"])
def test_a_list_without_progress_is_handled_as_its_row_states(repeats: str) -> None:
    span = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    with serve(Shelf()) as server:
        endpoint = Words(repeats=repeats)
        group = Group(endpoint, {}, (), span=span, finished=(), longest=timedelta(days=1))
        client = Client(
            vendor="Shelf",
            base_url=server.origin,
            auth=HeaderAuth({}),
            hint="Ask for a key.",
            retry_policy=ONCE_MORE,
        )
        (error,) = [
            event.error for event in read([group], client, Recorder([], ""), 1) if isinstance(event, GroupFailed)
        ]
        assert isinstance(error, Fault)
        check(STUCK, error, server)
        assert "words" in error.message, "it names where"
