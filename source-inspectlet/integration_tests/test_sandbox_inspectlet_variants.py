"""Inspectlet's sandbox: the ways in which it may differ from its page, and failures of single sessions."""

import datetime as dt
import json
from typing import Any

import pytest
import requests
from sandbox_server import LargeIds, Server, load_vendor, serve

NOON = int(dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp())
DAY = 86_400
FIRST = NOON - NOON % DAY - 10 * DAY
WID = 12345678

Record = dict[str, Any]


def serving(**options: Any) -> Server:
    defaults = {"sessions": 230, "days": 10, "websites": 1, "now": lambda: NOON}
    return serve(load_vendor("source-inspectlet", **{**defaults, **options}))


def ask(server: Server, method: str, path: str, **more: Any) -> requests.Response:
    config = server.vendor.configs(server.origin)["default"]
    auth = (config["username"].encode(), config["api_token"].encode())
    return requests.request(method, f"{config['base_url']}/websites/{path}", timeout=60, auth=auth, **more)


def page(server: Server, number: int = 1, search: object = None, limit: int = 100) -> requests.Response:
    form = {"limit": limit, "page": number} | ({} if search is None else {"search": json.dumps(search)})
    return ask(server, "POST", f"{WID}/sessions", data=form)


def sids(answer: requests.Response) -> list[int]:
    return [record["sid"] for record in answer.json()["response"]]


def rows(server: Server, search: object = None) -> list[Record]:
    """Return all rows: read pages until one is empty."""
    found: list[Record] = []
    for number in range(1, 100):
        records = page(server, number, search).json()["response"]
        if not records:
            return found
        found += records
    raise AssertionError("the list has no end")


def custom(start: int, end: int) -> Record:
    return {"daterange": "custom", "daterangecustom": {"start": str(start), "end": str(end)}}


@pytest.mark.parametrize("cap", [50, 37])
def test_a_smaller_page_is_followed_by_the_rest(cap: int) -> None:
    with serving(page_cap=cap) as server:
        assert len(sids(page(server))) == len(sids(page(server, 2))) == cap
        assert len(sids(page(server, limit=10))) == 10
        found = [record["sid"] for record in rows(server, custom(FIRST, NOON))]
        assert len(found) == len(set(found)) == 230


def test_one_page_beyond_the_end_is_empty_and_the_next_one_refused() -> None:
    with serving(earlier=0) as server:
        assert [len(sids(page(server, number))) for number in (1, 2, 3, 4)] == [100, 100, 30, 0]
        assert page(server, 5).status_code == 400
        assert [entry.notes.get("beyond_end") for entry in server.requests] == [None, None, None, "1", "2"]
        assert page(server, 1, {"displayname": "nobody"}).json()["response"] == []


def test_the_page_beyond_the_end_may_repeat_the_last_one_or_be_refused() -> None:
    with serving(beyond_end="repeats_last") as server:
        assert sids(page(server, 4)) == sids(page(server, 3)) != []
        assert page(server, 5).status_code == 400
    for status in (400, 404):
        with serving(beyond_end="refused", beyond_status=status) as server:
            refused = page(server, 4)
            assert (refused.status_code, [*refused.json()]) == (status, ["error"])


def test_a_range_may_list_every_session_that_it_touches() -> None:
    with serving(compared="overlap", earlier=3) as server:
        everything = rows(server)
        first, last = FIRST, FIRST + DAY
        wanted = [
            record["sid"]
            for record in everything
            if record["date_start_session"] <= last and record["date_end_session"] >= first
        ]
        assert [record["sid"] for record in rows(server, custom(first, last))] == wanted
        assert sum(record["date_start_session"] < first for record in rows(server, custom(first, last))) == 3


def test_sessions_that_begin_before_the_start_date_are_held_but_not_expected() -> None:
    with serving(compared="end", earlier=3) as server:
        listed = {(WID, str(record["sid"])) for record in rows(server, custom(FIRST, NOON))}
        expected, held = server.vendor.expected("default"), server.vendor.held("default")
        assert len(listed) == 233
        assert listed == set(held["sessions"]) > set(expected["sessions"])
        assert len(expected["sessions"]) == len(expected["session_details"]) == 230
        assert len(held["session_pages"]) > len(expected["session_pages"])


def detail(server: Server, sid: object) -> int:
    return ask(server, "GET", f"{WID}/sessions/{sid}").status_code


def test_details_may_fail_for_all_sessions_some_of_them_or_one() -> None:
    with serving(detail_failures={"all": 400}) as server:
        answer = ask(server, "GET", f"{WID}/sessions/{sids(page(server))[0]}")
        assert (answer.status_code, [*answer.json()]) == (400, ["error"])
        assert server.vendor.expected("default")["session_details"] == []
        assert len(server.vendor.held("default")["session_details"]) == 232
    with serving(detail_failures={"2": 500, "all": 404}, sessions=20) as server:
        oldest = [record["sid"] for record in rows(server, custom(FIRST, NOON))][::-1]
        assert [detail(server, sid) for sid in oldest[:3]] == [500, 500, 404]
        chosen = oldest[5]
    with serving(detail_failures={chosen: 500, 1: 503}, sessions=20) as server:
        assert [detail(server, sid) for sid in (chosen, oldest[0], oldest[1])] == [500, 503, 200]
        failing = {(WID, str(sid)) for sid in (chosen, oldest[0])}
        expected = server.vendor.expected("default")
        assert set(expected["sessions"]) - set(expected["session_details"]) == failing
        server.vendor.delete(3)
        assert [detail(server, sid) for sid in (chosen, oldest[0], oldest[1])] == [500, 503, 200]


@pytest.mark.parametrize("missing", [True, False])
def test_a_half_of_newold_that_is_not_sent_has_a_value_of_its_own(*, missing: bool) -> None:
    with serving(newold_missing=missing) as server:
        both = len(rows(server))
        new = [record["new_visitor"] for record in rows(server, {"newold": {"new": True}})]
        assert new
        assert (len(new) == both) == missing
        assert all(new) != missing
        old = rows(server, {"newold": {"old": False}})
        assert [record["new_visitor"] for record in old] == [True] * len(old)
        assert bool(old) == missing


def test_details_are_found_by_a_changed_id() -> None:
    with serving(sessions=20, days=2) as server:
        server.faults.append(LargeIds())
        sid = sids(page(server))[4]
        (detail,) = ask(server, "GET", f"{WID}/sessions/{sid}").json()["response"]
        assert detail["sid"] == sid
        assert "page_width" in detail


def test_other_shapes_of_answers_can_be_changed() -> None:
    vendor: Any = load_vendor("source-inspectlet", sessions=5, days=2, websites=1, detail_shape="record")
    for shape in ({"sessions": [{"sid": 1}]}, {"sid": 1}, [{"sid": 1}]):
        assert vendor.records({"response": shape}) == [{"sid": 1}]
    assert vendor.records({"response": [{"wid": 1}]}) == []
