"""Opentracker's answers: the vendor's example, their forms, and their errors.

``example.json`` is the answer on the vendor's page, byte by byte.
https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from session_source import Fault, Kind, Row
from session_source.testing import answer_of, columns_of, fits, page_of
from source_opentracker import answers
from source_opentracker.lists import Meaning, Place, SessionList
from source_opentracker.sessions import Sessions

EXAMPLE = (Path(__file__).parent / "example.json").read_bytes()
SITE = "www.opentracker.net"


def day(number: int) -> datetime:
    return datetime(2011, 11, number, tzinfo=UTC)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def session(name: str, start: datetime, last: datetime | None = None, **more: str) -> Row:
    stamps = {"session_start_unix_timestamp": at(start), "eventUnixTimestamp": at(last or start)}
    return {"session_id": name, "site": SITE, **stamps, **more}


def place(*dates: str, **more: Any) -> Place:
    return Place(SITE, tuple(SessionList.of_day(date) for date in dates), **more)


def endpoint(meaning: Meaning | None = None, **more: Any) -> Sessions:
    made = Sessions([SITE], **more)
    made._use(meaning or Meaning())
    return made


def test_the_example_of_the_page_is_read() -> None:
    (row,) = page_of(endpoint(), EXAMPLE, token=place("2011-11-16")).rows
    told = json.loads(EXAMPLE)
    assert list(row) == told["field"]
    assert list(row.values()) == told["resultsList"][0]
    assert all(isinstance(value, str) for value in row.values())
    columns, nulled = columns_of(Sessions.columns, row)
    assert nulled == []
    assert columns == {
        "session_id": "1321397999803.180515048",
        "last_event_at": "2011-11-16T19:46:38.140000Z",
        "user_id": "1319502921449.180515048",
        "started_at": "2011-11-15T22:59:59.803000Z",
        "ended_at": "2011-11-16T19:46:37.944000Z",
        "duration_seconds": 74798.141,
        "country_code": "US",
        "app_platform": "web",
        "page_count": 1171,
        "first_session_at": "2011-10-25T00:35:21.449000Z",
        "session_referrer_at": "2011-11-15T22:59:59.803000Z",
        "visit_count": 12,
        "total_visit_count": 12,
        "total_page_count": 22075,
        "latitude_degrees": 40.633194,
        "longitude_degrees": -73.9967,
    }


def test_the_schema_declares_every_column_of_the_example_and_every_one_of_ours() -> None:
    (stream,) = Sessions.streams
    schema = stream.json_schema("source_opentracker")
    told = json.loads(EXAMPLE)
    named = {*told["field"], *told["hidden"], *told["profileColumns"]}
    named |= {name for group in told["popUpColumns"] for name in group}
    assert named <= set(schema["properties"])
    assert {*Sessions.columns, "site", *(field for field, _ in BY_ID.values())} <= set(schema["properties"])
    lowered = [name.lower() for name in schema["properties"]]
    assert len(set(lowered)) == len(lowered)
    (row,) = answers.read(answer_of(EXAMPLE)).rows
    assert fits(stream, "source_opentracker", row | columns_of(Sessions.columns, row)[0])


def test_no_name_of_a_partition_is_one_of_the_vendors_columns() -> None:
    parts = Sessions([SITE], user_ids=["u"], machine_ids=["m"], visit_ids=["v"]).partitions(lambda *_: None)
    names = {name for part in parts for name in part} - {"site"}
    assert not {name.lower() for name in names} & {name.lower() for name in json.loads(EXAMPLE)["field"]}


def test_a_session_without_an_end_ends_with_its_last_event() -> None:
    row = session("a", day(1), day(1) + timedelta(seconds=90), session_end_unix_timestamp="", country_code="")
    columns, nulled = columns_of(Sessions.columns, row)
    assert (columns["ended_at"], columns["duration_seconds"]) == ("2011-11-01T00:01:30Z", 90)
    assert columns["country_code"] is None
    assert nulled == []


def test_an_impossible_value_is_null_and_reported() -> None:
    row = session("a", day(2), day(1), pages_viewed="many", latitude="n/a")
    columns, nulled = columns_of(Sessions.columns, row)
    assert set(nulled) == {"page_count", "latitude_degrees", "duration_seconds"}
    assert columns["page_count"] is columns["latitude_degrees"] is columns["duration_seconds"] is None


@pytest.mark.parametrize(
    "around",
    [
        b"%b",
        b"(%b)",
        b"(%b);",
        b"callback(%b)",
        b"jQuery17.cb_1 ( %b ) ;",
        b"\r\n\r\n\r\n%b\r\n",
        b"\xef\xbb\xbf%b",
        b"\r\n\xef\xbb\xbf\r\n(%b)\n",
    ],
)
def test_text_around_the_json_does_not_matter(around: bytes) -> None:
    assert answers.read(answer_of(around % EXAMPLE)) == answers.read(answer_of(EXAMPLE))


def test_rows_are_read_by_the_names_in_their_own_answer() -> None:
    body = {"field": ["b", "a"], "resultsList": [["2", "1"]], "label": ["x", "y"]}
    assert answers.read(answer_of(body)).rows == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("body", [{"resultsList": [{"a": "1"}]}, [{"a": "1"}]])
def test_rows_may_be_objects(body: object) -> None:
    assert answers.read(answer_of(body)).rows == [{"a": "1"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        EXAMPLE[: len(EXAMPLE) // 2],
        b"(" + EXAMPLE[:-9],
        {"rows": 0},
        {"resultsList": None},
        {"field": ["a", "b"], "resultsList": [["1"]]},
        {"field": ["a"], "resultsList": [["1", "2"]]},
        {"resultsList": [["1"]]},
        {"resultsList": ["1"]},
    ],
)
def test_an_unreadable_answer_is_requested_again(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        answers.read(answer_of(body))


REFUSED = "java.lang.RuntimeException: Login/ site combination is not valid"


@pytest.mark.parametrize(
    "body", [b"Error: " + REFUSED.encode(), b"\r\n\r\nfalse", {"resultsList": [{"error": REFUSED}]}]
)
def test_a_refused_login_is_a_config_error(body: object) -> None:
    with pytest.raises(Fault, match=r"refused the login.*Check login, password and sites") as told:
        answers.read(answer_of(body))
    assert told.value.kind is Kind.CONFIG


@pytest.mark.parametrize(
    "body",
    [
        b"Error: java.net.ConnectException: Connection refused",
        b"Error: javax.servlet.jsp.JspException: Problem accessing http://login.example.com/site",
        {"resultsList": [{"error": "javax.servlet.jsp.JspException: Connection refused\n\tat x"}]},
        b"\xef\xbb\xbf\r\nError: java.lang.NullPointerException: null",
    ],
)
def test_other_errors_pass(body: object) -> None:
    with pytest.raises(Fault, match="Opentracker could not answer") as told:
        answers.read(answer_of(body))
    assert told.value.kind is Kind.OUTAGE
    assert told.value.kind.is_retried


BY_ID = {"user": ("uid", "u"), "machine": ("filterByMachineId", "m"), "visit": ("filterByVisitId", "a")}


def dates(found: tuple[SessionList, ...]) -> list[str]:
    return [one.date for one in found]
