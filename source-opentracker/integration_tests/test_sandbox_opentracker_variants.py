"""Opentracker's sandbox: the ways in which it may differ from its page, and fail."""

import datetime as dt
import json
import time
from itertools import chain
from typing import Any

import pytest
import requests
from sandbox_server import NewFields, Server, load_vendor, serve
from sandbox_server.client import listings, reader

PATH = "/api/views/c_view_sessions_by_user.jsp"
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
FROM = {"date": "2026-03-08"}


def serving(**options: Any) -> Server:
    defaults = {"sessions": 240, "days": 10, "date_means": "from_that_day_on", "now": lambda: NOON}
    return serve(load_vendor("source-opentracker", **{**defaults, **options}))


def ask(server: Server, site: int = 0, **more: str) -> Any:
    config = server.vendor.configs("")["default"]
    own = {"login": config["login"], "password": config["password"], "site": config["sites"][site]}
    data = {**own, "dataType": "jsondatatable", "limit": "1000", **FROM, **more}
    answer = requests.post(server.origin + PATH, data=data, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(answer: Any) -> list[str]:
    column = answer["field"].index("session_id")
    return [row[column] for row in answer["resultsList"]]


@pytest.mark.parametrize("next_page", ["inclusive", "exclusive"])
def test_a_smaller_page_has_a_token(next_page: str) -> None:
    with serving() as plain, serving(page_cap=37, next_page=next_page) as server:
        answer = ask(server)
        found = [ids(answer)]
        while "nextToken" in answer:
            answer = ask(server, nextToken=answer["nextToken"])
            found.append(ids(answer))
        assert {len(page) for page in found[:-1]} == {37}
        assert [*chain.from_iterable(found)] == ids(ask(plain))
        assert len(ids(ask(server, limit="10"))) == 10


def test_a_smaller_page_without_a_token_is_followed_by_an_offset() -> None:
    with serving() as plain, serving(page_cap=37, has_next_token=False) as server:
        found = [ids(ask(server, offset=str(offset))) for offset in range(0, 148, 37)]
        assert "nextToken" not in ask(server)
        assert [*chain.from_iterable(found)] == ids(ask(plain))


def test_without_tokens_and_offsets_a_larger_limit_reads_on() -> None:
    with serving(sessions=5000, days=2, has_next_token=False, honours_offset=False) as server:
        assert ids(ask(server, offset="1000")) == ids(ask(server))
        assert len(ids(ask(server))) == 1000
        assert len(ids(ask(server, limit="10000"))) > 2400


def test_the_test_client_reads_the_whole_list() -> None:
    options = {"has_next_token": False, "honours_offset": False, "now": lambda: time.time() - 2}
    with serving(sessions=2400, days=1, **options) as server:
        config = server.vendor.configs(server.origin)["default"]
        keys = reader("source-opentracker", "default")(config)["sessions"]
        assert set(server.vendor.expected("default")["sessions"]) <= set(keys)


def test_a_cache_answers_every_request_of_a_site_with_the_first_list() -> None:
    with serving(cache=True, date_means="that_day") as server:
        first = ask(server, date="2026-03-15")
        assert ids(first)
        assert ask(server, date="2026-03-16") == ask(server, uid="nobody") == first
        assert ids(ask(server, site=1, date="2026-03-16")) != ids(first)
    with serving(date_means="that_day") as server:
        assert ids(ask(server, date="2026-03-15")) != ids(ask(server, date="2026-03-16"))


def test_a_broken_site_always_fails_and_the_others_do_not() -> None:
    with serving(broken_sites=1) as server:
        for _ in range(2):
            (row,) = ask(server, site=1)["resultsList"]
            assert row["error"].startswith("javax.servlet.jsp.JspException: Problem accessing")
            assert "Connection refused" in row["error"]
        good, broken = server.vendor.configs("")["default"]["sites"]
        listed = {(good, one) for one in ids(ask(server))}
        assert listed > set(server.vendor.expected("default")["sessions"])
        assert {site for site, _ in server.vendor.held("default")["sessions"]} == {good, broken}


@pytest.mark.parametrize("endless", ["empty", "full"])
def test_tokens_that_never_end(endless: str) -> None:
    with serving(endless=endless) as server:
        answers = [ask(server, limit="100")]
        for _ in range(4):
            answers.append(ask(server, limit="100", nextToken=answers[-1]["nextToken"]))
        assert len({answer["nextToken"] for answer in answers}) == 5
        sizes = [len(ids(answer)) for answer in answers]
        assert sizes == ([100, len(held(server, 0)) - 100, 0, 0, 0] if endless == "empty" else [100] * 5)
        assert (ids(answers[0]) == ids(answers[1])) == (endless == "full")


def held(server: Server, site: int) -> set[Any]:
    name = server.vendor.configs("")["default"]["sites"][site]
    return {key for key in server.vendor.held("default")["sessions"] if key[0] == name}


def test_what_is_held_has_any_date() -> None:
    with serving() as server:
        assert {one for _, one in held(server, 0)} == set(ids(ask(server)))
        assert set(server.vendor.expected("default")["sessions"]) < set(server.vendor.held("default")["sessions"])
        visitors = server.vendor.held("visitors")["sessions"]
        assert (
            set(server.vendor.expected("visitors")["sessions"])
            <= set(visitors)
            < set(server.vendor.held("default")["sessions"])
        )


def test_visits_can_be_named() -> None:
    with serving() as server:
        config: Any = server.vendor.configs("")["visits"]
        expected = {one for _, one in server.vendor.expected("visits")["sessions"]}
        assert set(config["visit_ids"]) < expected
        assert len(config["visit_ids"]) == 4
        found = [
            one
            for site in (0, 1)
            for visit in config["visit_ids"]
            for one in ids(ask(server, site, filterByVisitId=visit))
        ]
        assert sorted(found) == sorted(config["visit_ids"])


@pytest.mark.parametrize("form", ["parenthesised", "objects"])
def test_all_forms_of_answers_can_be_changed(form: str) -> None:
    _, listing = listings()["source-opentracker-default-session_id"]
    with serving(sessions=60, days=2, form=form, blank_lines=2) as server:
        server.faults.append(NewFields(fields={"loyalty": "gold"}))
        text = listing.ask(server).text
        assert text.startswith("\r\n\r\n" + ("(" if form == "parenthesised" else "{"))
        found = listing.rows(json.loads(text.strip().removeprefix("(").removesuffix(")")))
        assert {record["loyalty"] for record in found} == {"gold"}


def test_lists_of_one_visitor_are_never_too_large() -> None:
    with serving(too_large={"rows": -1, "status": 504}) as server:
        assert ask(server, uid="nobody")["rows"] == 0
