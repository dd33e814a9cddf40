"""Opentracker's requests, and which of several ids a session is read by. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from session_source import Answer, Fault, Kind, Request, Row
from session_source.testing import answer_of, page_of, request_of
from source_opentracker import SourceOpentracker
from source_opentracker.lists import Meaning, Place, SessionList
from source_opentracker.sessions import Sessions

EXAMPLE = (Path(__file__).parent / "example.json").read_bytes()
SITE = "www.opentracker.net"
CONFIG: dict[str, Any] = {"login": "jane@example.com", "password": "pass", "sites": [SITE]}


def day(number: int) -> datetime:
    return datetime(2011, 11, number, tzinfo=UTC)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def session(name: str, start: datetime, last: datetime | None = None, **more: str) -> Row:
    stamps = {"session_start_unix_timestamp": at(start), "eventUnixTimestamp": at(last or start)}
    return {"session_id": name, "site": SITE, **stamps, **more}


def listing(*rows: Row, **more: str) -> Answer:
    return answer_of({"resultsList": list(rows), **more})


def place(*dates: str, **more: Any) -> Place:
    return Place(SITE, tuple(SessionList.of_day(date) for date in dates), **more)


def endpoint(meaning: Meaning | None = None, **more: Any) -> Sessions:
    made = Sessions([SITE], **more)
    made._use(meaning or Meaning())
    return made


def form_of(request: Request) -> dict[str, str]:
    return dict(request.form or {})


def test_the_request_is_a_form_without_credentials() -> None:
    asked = request_of(endpoint(), token=place("2011-11-16"), partition={"site": SITE})
    assert (asked.method, asked.path, dict(asked.params)) == ("POST", "c_view_sessions_by_user.jsp", {})
    assert form_of(asked) == {
        "dataType": "jsondatatable",
        "ignoreLocale": "true",
        "locale": "en_US",
        "limit": "1000",
        "site": SITE,
        "date": "2011-11-16",
    }


@pytest.mark.parametrize(
    ("more", "fields"),
    [({"next_token": "1.2"}, {"nextToken": "1.2"}), ({"offset": 1000}, {"offset": "1000"})],
)
def test_a_page_is_continued_by_one_field(more: dict[str, Any], fields: dict[str, str]) -> None:
    first, later = (
        form_of(request_of(endpoint(), token=token, partition={"site": SITE}))
        for token in (place("2011-11-16"), place("2011-11-16", **more))
    )
    assert later == first | fields


def test_an_id_is_a_field_of_its_partition() -> None:
    sessions = Sessions(["a", "b", "a"], user_ids=["u", "u"], machine_ids=["1.2"], visit_ids=["3.4", "3.4"])
    parts = sessions.partitions(lambda *_: None)
    assert parts == [
        {"site": site, **one}
        for site in ("a", "b")
        for one in ({"uid": "u"}, {"filterByMachineId": "1.2"}, {"filterByVisitId": "3.4"})
    ]
    assert form_of(request_of(sessions, partition=parts[2]))["filterByVisitId"] == "3.4"
    assert form_of(request_of(sessions, partition=parts[1]))["filterByMachineId"] == "1.2"
    assert Sessions(["a"]).partitions(lambda *_: None) == [{"site": "a"}]


def test_credentials_go_into_the_form_in_utf_8() -> None:
    config = CONFIG | {"login": "zoë@example.com", "password": "p&=+%ü€ "}
    sent = requests.Request("POST", "http://x/y", data={"site": "www.例え.example", "date": "2011-11-16"})
    prepared = SourceOpentracker().auth(config)(sent.prepare())
    fields = parse_qs(str(prepared.body), encoding="utf-8", strict_parsing=True)
    assert fields["login"] == ["zoë@example.com"]
    assert fields["password"] == ["p&=+%ü€ "]
    assert fields["site"] == ["www.例え.example"]
    assert prepared.url == "http://x/y"
    assert prepared.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert prepared.headers["Content-Length"] == str(len(str(prepared.body)))


def test_the_source_is_made_without_arguments_and_speaks_https() -> None:
    source = SourceOpentracker()
    assert source.base_url(CONFIG) == "https://api.opentracker.net/api/views"
    assert (source.vendor, source.window_days, source.workers) == ("Opentracker", 1, 4)
    assert len(source.endpoints(CONFIG | {"user_ids": None, "machine_ids": []})) == 1


def test_an_answer_about_another_site_is_a_config_error() -> None:
    with pytest.raises(Fault, match=r"data of the site www\.opentracker\.net where shop\.example\.com") as told:
        page_of(Sessions(["shop.example.com"]), EXAMPLE, partition={"site": "shop.example.com"})
    assert told.value.kind is Kind.CONFIG


def test_an_answer_about_another_configured_site_is_requested_again() -> None:
    with pytest.raises(ValueError, match="it is about"):
        page_of(Sessions(["a", SITE]), EXAMPLE, partition={"site": "a"})


@pytest.mark.parametrize(
    ("told", "asked"), [("WWW.Example.com", "www.example.com"), ("xn--r8jz45g.jp", "例え.jp")]
)
def test_a_site_may_be_written_in_two_ways(told: str, asked: str) -> None:
    row = session("a", day(16)) | {"site": told}
    assert page_of(Sessions([asked]), listing(row), partition={"site": asked}).rows == [row]


BY_ID = {"user": ("uid", "u"), "machine": ("filterByMachineId", "m"), "visit": ("filterByVisitId", "a")}


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("order", list(permutations(BY_ID)), ids=str)
def test_a_session_that_several_ids_list_is_that_of_the_first_one(order: tuple[str, ...]) -> None:
    sessions = endpoint(user_ids=["u"], machine_ids=["m"], visit_ids=["a", "b"])
    shared = session("a", day(16), machine_idx="m", use_id="someone")
    for number, kind in enumerate(order):
        at_place = place("2011-11-16", visitor=(BY_ID[kind],))
        for _ in range(2):  # the same page may be requested twice
            assert page_of(sessions, listing(shared), token=at_place).rows == ([] if number else [shared])
    elsewhere = place("2011-11-16", visitor=(BY_ID["visit"],))._replace(site="other")
    sessions._sites.append("other")
    of_other = shared | {"site": "other"}
    assert page_of(sessions, listing(of_other), token=elsewhere).rows == [of_other]


@pytest.mark.promise(n=1)
def test_a_session_is_not_left_to_an_id_that_does_not_list_it() -> None:
    sessions = endpoint(user_ids=["u"], machine_ids=["m"], visit_ids=["a"])
    row = session("a", day(16), machine_idx="m")
    assert page_of(sessions, listing(), token=place("2011-11-16", visitor=(BY_ID["machine"],))).rows == []
    assert page_of(sessions, listing(row), token=place("2011-11-16", visitor=(BY_ID["user"],))).rows == [row]


def test_only_sessions_that_several_ids_may_list_are_remembered() -> None:
    sessions = endpoint(user_ids=["u", "v"], machine_ids=["m"])
    rows = [session(str(number), day(16), machine_idx="n") for number in range(50)]
    assert page_of(sessions, listing(*rows), token=place("2011-11-16", visitor=(BY_ID["user"],))).rows == rows
    assert sessions._lister == {}


def dates(found: tuple[SessionList, ...]) -> list[str]:
    return [one.date for one in found]
