"""Inspectlet's sandbox: what https://apidocs.inspectlet.com/ allows and refuses, and what each search finds."""

import datetime as dt
import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from sandbox_server import Server, load_vendor, serve

EXAMPLES = json.loads((Path(__file__).parents[1] / "sandbox/examples.json").read_bytes())
NOON = int(dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp())
DAY = 86_400
FIRST = NOON - NOON % DAY - 10 * DAY
WID = 12345678

Record = dict[str, Any]


def vendor_at_noon(**options: Any) -> Any:
    return load_vendor("source-inspectlet", **{"sessions": 600, "days": 10, "now": lambda: NOON, **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon()) as running:
        yield running


def ask(server: Server, method: str, path: str, **more: Any) -> requests.Response:
    config = server.vendor.configs(server.origin)["default"]
    auth = (config["username"].encode(), config["api_token"].encode())
    return requests.request(method, f"{config['base_url']}/{path}", timeout=60, **{"auth": auth, **more})


def post(server: Server, form: object = None, *, wid: int = WID) -> requests.Response:
    return ask(server, "POST", f"websites/{wid}/sessions", data=form)


def page(server: Server, number: int = 1, *, search: object = None, wid: int = WID, limit: int = 100) -> Any:
    form = {"limit": limit, "page": number} | ({} if search is None else {"search": json.dumps(search)})
    answer = post(server, form, wid=wid)
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def rows(server: Server, search: object = None, *, wid: int = WID) -> list[Record]:
    pages = (page(server, number, search=search, wid=wid) for number in itertools.count(1))
    return [record for records in itertools.takewhile(bool, pages) for record in records]


def get(server: Server, path: str = "") -> Any:
    answer = ask(server, "GET", f"websites{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()["response"]


def wids(server: Server) -> list[int]:
    return [site["wid"] for site in get(server)]


def sids(records: list[Record]) -> list[int]:
    return [record["sid"] for record in records]


def custom(start: object, end: object, **more: object) -> Record:
    return {"daterange": "custom", "daterangecustom": {"start": str(start), "end": str(end)}, **more}


def test_the_answers_shape(server: Server) -> None:
    answer = ask(server, "GET", "websites")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["response"][0] == EXAMPLES["websites"]["response"][0]
    answer = post(server)
    assert set(answer.json()) == {"response"}
    assert len(answer.json()["response"]) == 10
    assert post(server, {"page": "1", "limit": "10", "search": "{}"}).json() == answer.json()
    assert page(server, 3, limit=7) == page(server)[14:21]
    inside = server.vendor.error_inside()
    assert (inside.status, [*json.loads(inside.body)]) == (200, ["error"])
    assert all([*record] == [*EXAMPLES["sessions"]["response"][0]] for record in rows(server))
    assert 100 < len(rows(server)) < 300
    assert page(server, search={"displayname": "nobody"}) == []


def test_the_data_begins_with_the_pages_session(server: Server) -> None:
    (shown,) = EXAMPLES["sessions"]["response"]
    shift = FIRST - shown["date_start_session"] // DAY * DAY
    moved = re.sub(r": (144677\d{4})", lambda found: f": {int(found[1]) + shift}", json.dumps(shown))
    assert json.loads(moved) in rows(server)
    with serve(vendor_at_noon(examples="verbatim", earlier=0)) as verbatim:
        assert rows(verbatim)[-1] == shown
        assert verbatim.vendor.configs("")["default"]["start_date"] == "2015-11-06"
    with serve(vendor_at_noon(examples="none")) as none:
        assert shown["sid"] not in sids(rows(none))


def test_the_data_is_what_was_asked_for(server: Server) -> None:
    found = [record for wid in wids(server) for record in rows(server, wid=wid)]
    assert len(found) == len(set(sids(found))) == 602
    starts = [record["date_start_session"] for record in found]
    assert {(start - FIRST) // DAY for start in starts if start >= FIRST} == set(range(11))
    assert sum(r["date_start_session"] < FIRST <= r["date_end_session"] for r in found) == 2
    assert len(set(starts)) < len(starts)
    assert {0, DAY - 1} <= {start % DAY for start in starts}
    for record in found:
        seconds = record["date_end_session"] - record["date_start_session"]
        assert 0 <= seconds - 3 <= record["session_duration"] / 1000 <= seconds or seconds < 3
        assert record["date_end_session"] < NOON
        assert record["num_pages"] == len(record["pages"])
        moments = [tag["timestamp"] for tag in record["tags"]]
        assert moments == sorted(moments, reverse=True)
    mine = [record["date_start_session"] for record in rows(server)]
    assert mine == sorted(mine, reverse=True)
    both = [(record["tags"], record["pages"]) for record in found]
    for part in (lambda tag: tag["tag"], lambda tag: tag["timestamp"], json.dumps):
        assert any(len({part(tag) for tag in tags}) < len(tags) for tags, _ in both)
    assert {"1", "", "johnny.appleseed@gmail.com"} <= {tag["value"] for tags, _ in both for tag in tags}
    assert {(bool(tags), bool(pages)) for tags, pages in both} == {(True, True), (False, True), (False, False)}
    rids = [opened["rid"] for _, pages in both for opened in pages]
    assert len(set(rids)) == len(rids)
    assert vendor_at_noon().expected("default") == server.vendor.expected("default")
    assert vendor_at_noon(seed=2).expected("default") != server.vendor.expected("default")


@pytest.mark.parametrize(("name", "most"), [("default", 600), ("one_website", 250), ("search", 300)])
def test_expected_keys_are_those_of_the_records(server: Server, name: str, most: int) -> None:
    config = server.vendor.configs(server.origin)[name]
    assert config["start_date"] == "2026-03-10"
    expected = server.vendor.expected(name)
    sites = config.get("website_ids", wids(server))
    search = custom(FIRST, NOON, **config.get("search", {}))
    found = {(wid, str(r["sid"])): r for wid in sites for r in rows(server, search, wid=wid)}
    assert most / 3 <= len(found) <= most
    assert expected["websites"] == [(wid,) for wid in sites]
    assert expected["sessions"] == expected["session_details"] == [*found]
    for part in ("pages", "tags"):
        keys = [(*key, index) for key, record in found.items() for index in range(len(record[part]))]
        assert expected[f"session_{part}"] == keys


def tagged(record: Record, tag: str, *values: str) -> bool:
    return any(held["tag"] == tag and (not values or held["value"] in values) for held in record["tags"])


def tagslist(*tags: Record, **more: str) -> Record:
    return {"tags": {"tagslist": [*tags], **more}}


def visited(operator: str, url: str, fits: Callable[[str], bool]) -> tuple[Record, Callable[[Record], bool]]:
    def met(record: Record) -> bool:
        found = any(fits(opened["url"].partition("://")[2]) for opened in record["pages"])
        return found is not operator.startswith("not")

    return {"visitedpage": {"operator": operator, "url": url}}, met


PAGE, PROFILE = "www.example.com/page", "www.example.com/profile/"
ONE, TWO = {"tag": "converted"}, {"tag": "email"}
SEARCHES: list[tuple[Record, Callable[[Record], bool]]] = [
    ({"displayname": 'O\'Brien "Bob"'}, lambda r: r["display_name"] == 'O\'Brien "Bob"'),
    ({"displayname": "李雷"}, lambda r: r["display_name"] == "李雷"),
    ({"country": "US"}, lambda r: r["country"] == "US"),
    ({"newold": {"new": True, "old": False}}, lambda r: r["new_visitor"]),
    ({"newold": {"new": False, "old": True}}, lambda r: not r["new_visitor"]),
    (tagslist(ONE), lambda r: tagged(r, "converted")),
    *[(tagslist({**ONE, "value": value}), lambda r: tagged(r, "converted", "1")) for value in ("1", True)],
    (tagslist({**ONE, "value": False}), lambda r: tagged(r, "converted", "")),
    (tagslist({"tag": "plan", "value": "Pro & más + 100%"}), lambda r: tagged(r, "plan")),
    (tagslist(ONE, TWO), lambda r: tagged(r, "converted") and tagged(r, "email")),
    (tagslist(ONE, TWO, operator="and"), lambda r: tagged(r, "converted") and tagged(r, "email")),
    (tagslist(ONE, TWO, operator="or"), lambda r: tagged(r, "converted") or tagged(r, "email")),
    ({"ipaddress": "67.128.22.4"}, lambda r: r["ip"] == "67.128.22.4"),
    ({"ipaddress": "2001:db8::8a2e:370:7334"}, lambda r: ":" in r["ip"]),
    ({"showstarredonly": True}, lambda r: r["starred"]),
    ({"browser": "chrome mobile (ios)"}, lambda r: r["browser"] == "chrome mobile (ios)"),
    ({"browser": "other"}, lambda r: r["browser"] == "edge"),
    ({"devices": "phone"}, lambda r: r["device_type"] == "phone"),
    ({"seslength_start": 3}, lambda r: r["num_pages"] >= 3),
    ({"seslength_end": 2}, lambda r: r["num_pages"] <= 2),
    ({"sestime_start": 286}, lambda r: r["session_duration"] >= 286_000),
    ({"sestime_end": 286}, lambda r: r["session_duration"] <= 286_000),
    ({"trafficsource": "newsletter é & co"}, lambda r: r["referrer"]["source"] == "newsletter é & co"),
    ({"startpage": {"url": PAGE}}, lambda r: r["landing_page"] == "http://" + PAGE),
    ({"startpage": {"url": "http://" + PAGE}}, lambda r: r["landing_page"] == "http://" + PAGE),
    ({"exitpage": {"url": "product", "operator": "contains"}}, lambda r: "product" in r["exit_page"]),
    ({"exitpage": {"url": "product", "operator": "notcontains"}}, lambda r: "product" not in r["exit_page"]),
    *[visited(operator, PAGE, lambda url: url == PAGE) for operator in ("is", "notis")],
    *[visited(op, PROFILE, lambda url: url.startswith(PROFILE)) for op in ("beginswith", "notbeginswith")],
    *[visited(operator, "/dash/", lambda url: "/dash/" in url) for operator in ("contains", "notcontains")],
    visited("patternmatch", "dash", lambda url: "dash" in url),
    visited("patternmatch", "*te*.html?", lambda url: "html?" in url),
    ({"country": "US", "devices": "desktop"}, lambda r: (r["country"], r["device_type"]) == ("US", "desktop")),
]


@pytest.mark.parametrize(("search", "fits"), SEARCHES)
def test_a_search_filters(server: Server, search: Record, fits: Any) -> None:
    everything = rows(server)
    wanted = [record for record in everything if fits(record)]
    assert 0 < len(wanted) < len(everything)
    assert rows(server, search) == wanted
    end = FIRST + 5 * DAY
    in_time = [record for record in wanted if FIRST <= record["date_start_session"] <= end]
    assert rows(server, custom(FIRST, end, **search)) == in_time


def test_searches_of_the_page_for_all_and_for_the_last_days(server: Server) -> None:
    for everybody in ({"devices": "all"}, {"showstarredonly": False}, {"newold": {"new": True, "old": True}}):
        assert rows(server, everybody) == rows(server)
    for search in EXAMPLES["searches"]:
        assert 0 < len(rows(server, search)) < len(rows(server))
    vendor = vendor_at_noon(days=40)
    with serve(vendor) as longer:
        for name, days, now in (("week", 7, NOON), ("30days", 30, NOON), ("30days", 30, NOON + 5 * DAY)):
            vendor.advance(now - vendor.clock())
            found = rows(longer, {"daterange": name})
            assert 0 < len(found) < len(rows(longer))
            assert found == [r for r in rows(longer) if r["date_start_session"] >= now - days * DAY]


@pytest.mark.parametrize("compared", ["start", "end"])
@pytest.mark.parametrize(("lower", "upper"), [*itertools.product([True, False], repeat=2)])
def test_the_bounds_of_a_custom_range(compared: str, *, lower: bool, upper: bool) -> None:
    options = {"compared": compared, "lower_inclusive": lower, "upper_inclusive": upper}
    with serve(vendor_at_noon(websites=1, **options)) as server:
        found = {record["sid"]: record[f"date_{compared}_session"] for record in rows(server)}
        first, last = sorted(found.values())[50], sorted(found.values())[120]
        within = {first: lower, last: upper}
        wanted = {sid for sid, at in found.items() if first <= at <= last and within.get(at, True)}
        assert set(sids(rows(server, custom(first, last)))) == wanted
        assert bool(rows(server, custom(first, first))) == (lower and upper)
        assert len(server.vendor.expected("default")["sessions"]) == 600
        # It began before the first day and is not expected.
        assert len(rows(server, custom(FIRST - 1, NOON))) - 600 == (2 if compared == "end" else 0)


WRONG = json.loads("""{
    "displayname": [1, null, ["a"]], "country": ["us", "USA", "", "United States", 1, null, ["US"]],
    "newold": [true, {}, {"new": 1}, {"old": null}, {"new": 1, "old": 0}, {"new": true, "old": true, "x": 1}],
    "ipaddress": ["", "67.128", "localhost", 1, null], "showstarredonly": [1, "true", null],
    "browser": ["Chrome", "edge", "", null, ["chrome"]], "devices": ["tablet", "Phone", "", null],
    "trafficsource": [1, null, {"source": "d"}], "limit": [100], "colour": ["red"],
    "daterange": ["month", "custom", "", 7, null], "daterangecustom": [{"start": "1", "end": "2"}]
}""")
WRONG["tags"] = [[], {}, {"operator": "or"}, {"tagslist": []}, {"tagslist": ONE}, {"tagslist": ["converted"]}]
WRONG["tags"] += [{"tagslist": [ONE], **more} for more in ({"operator": "AND"}, {"operator": None}, {"more": 1})]
MORE: list[Record] = [{"tag": 1}, {"value": 1}, {"value": None}, {"more": 1}]
WRONG["tags"] += [{"tagslist": [tag]} for tag in ({}, {"value": "1"}, *({**ONE, **more} for more in MORE))]
for which in ("startpage", "visitedpage", "exitpage"):
    WRONG[which] = ["www.example.com", {}, {"operator": "is"}, {"url": ""}, {"url": 1}, {"url": "a", "more": 1}]
    WRONG[which] += [{"url": "a", "operator": operator} for operator in ("IS", "equals", "notpatternmatch", None)]
for which in ("seslength_start", "seslength_end", "sestime_start", "sestime_end"):
    WRONG[which] = ["3", 3.0, -1, True, None]
RANGES: list[Any] = [["1", "2"], None, {"start": "1"}, {"end": "2"}, {"from": "1", "to": "2"}]
RANGES += [{"start": 1, "end": 2}, {"start": "1", "end": None}, {"start": "1", "end": "2", "more": "3"}]
REFUSED: list[Record] = [{name: value} for name, values in WRONG.items() for value in values]
REFUSED += [{"daterange": "custom", "daterangecustom": given} for given in RANGES]
REFUSED += [custom(1, end) for end in ("0", "2.5", "02", "-2", "", " 2", "2026-03-02", "1772409600000")]
REFUSED += [{**custom(1, 2), "daterange": "week"}]
FORMS_REFUSED = """limit=0 limit=101 limit=-1 limit=x limit= limit=1.0 limit=1&limit=1 page=0 page= page=01 page=x
    page=1&page=1 wid=12345678 country=US sort=asc search=%7B%7D&x %FF=1 search= search=[] search=null search=NaN
    search="US" search={ search={'country':'US'} search={"country":"US","country":"US"}"""
SEARCHES_REFUSED = [urlencode({"search": json.dumps(search)}) for search in REFUSED]


def refusal(answer: requests.Response) -> int:
    assert [*answer.json()] == ["error"]
    return answer.status_code if answer.json()["error"] else 0


@pytest.mark.parametrize("form", [*FORMS_REFUSED.split(), *SEARCHES_REFUSED])
def test_a_form_that_the_page_does_not_allow_is_refused(server: Server, form: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert refusal(ask(server, "POST", f"websites/{WID}/sessions", data=form, headers=headers)) == 400


def test_other_requests_and_credentials_are_refused(server: Server) -> None:
    sessions, sid = f"websites/{WID}/sessions", rows(server)[0]["sid"]
    one = f"{sessions}/{sid}"
    for path in ("", "sites", "websites/", f"websites/{WID}", "websites/x/sessions", f"{one}/x"):
        assert refusal(ask(server, "GET", path)) == 400
    for path in (f"{sessions}/1", f"websites/{wids(server)[1]}/sessions/{sid}"):
        assert refusal(ask(server, "GET", path)) == 404
    for method, path in (("POST", "websites"), ("GET", sessions), ("POST", one), ("DELETE", one)):
        assert refusal(ask(server, method, path)) == 400
    for method, path in (("GET", "websites"), ("POST", sessions), ("GET", one)):
        assert refusal(ask(server, method, path, params={"limit": "10"})) == 400
        assert refusal(ask(server, method, path, json={"limit": 10})) == 400
        assert refusal(ask(server, method, path, auth=None)) == 401
    config = server.vendor.configs("")["default"]
    user, token = config["username"], config["api_token"]
    assert set("@/+%\"' &") <= set(user) & set(token)
    assert [":" in user, ":" in token, user.isascii(), token.isascii()] == [False, True, False, False]
    for pair in ((user, "wrong"), ("wrong", token), (user, ""), (token, user), (user, token + " ")):
        assert refusal(ask(server, "GET", "websites", auth=tuple(part.encode() for part in pair))) == 401
    assert refusal(ask(server, "GET", "websites", auth=None, headers={"Authorization": "Bearer x"})) == 401


def test_websites_without_access_and_new_ones() -> None:
    vendor = vendor_at_noon(refused_websites=1)
    with serve(vendor) as server:
        first, second, last = wids(server)
        assert refusal(post(server, wid=last)) == refusal(post(server, wid=1)) == 401
        assert refusal(ask(server, "GET", f"websites/{last}/sessions/1")) == 401
        assert vendor.expected("default")["websites"] == [(first,), (second,), (last,)]
        assert {wid for wid, _ in vendor.expected("default")["sessions"]} == {first, second}
        vendor.refuse_website(last, refused=False)
        assert rows(server, wid=last)
        added = vendor.add_website(25)
        assert wids(server) == [first, second, last, added]
        assert {(r["date_start_session"] - FIRST) // DAY for r in rows(server, wid=added)} == set(range(11))
        assert len(vendor.expected("default")["sessions"]) == 625


@pytest.mark.parametrize("status", [200, 404])
def test_an_individual_session_and_one_that_is_gone(status: int) -> None:
    with serve(vendor_at_noon(websites=1, missing_status=status)) as server:
        newest, second = page(server)[:2]
        path = f"/{WID}/sessions/{newest['sid']}"
        (told,) = get(server, path)
        assert [type(told.pop(name)) for name in ("page_width", "page_height")] == [int, int]
        assert told == newest
        server.vendor.delete(1)
        assert page(server)[0] == second
        assert len(server.vendor.expected("default")["sessions"]) == 599
        answer = ask(server, "GET", f"websites{path}")
        assert (answer.status_code, answer.json().get("response")) == (status, [] if status == 200 else None)


def test_shapes() -> None:
    vendor = vendor_at_noon(websites=1, shape="object", detail_shape="object")
    with serve(vendor) as server:
        empty = next(record for record in page(server)["sessions"] if not record["pages"])
        path = f"/{WID}/sessions/{empty['sid']}"
        assert get(server, path)["sessions"][0]["pages"] == []
        vendor.detail_shape, vendor.absent = "record", "null"
        assert [get(server, path)[name] for name in ("sid", "pages", "tags")] == [empty["sid"], None, None]
        vendor.absent = "missing"
        assert {"pages", "tags"}.isdisjoint(get(server, path))


@pytest.mark.parametrize(("order", "same"), [("shuffled", True), ("reshuffled", False)])
def test_orders(server: Server, order: str, *, same: bool) -> None:
    newest_first = sids(rows(server))
    with serve(vendor_at_noon(order=order)) as other:
        first, again = sids(rows(other)), sids(rows(other))
        assert first != newest_first
        assert (first == again) == (sorted(first) == sorted(newest_first)) == same


def test_growth_comes_first_and_live_sessions_go_on() -> None:
    vendor = vendor_at_noon()
    with serve(vendor) as server:
        before = page(server)
        vendor.grow(6)
        after = page(server)
        assert after[2:] == before[:98]
        counts = {name: len(keys) for name, keys in vendor.expected("default").items()}
        assert counts["sessions"] == 606
        vendor.advance(30)
        vendor.touch(6)
        for old, new in zip(after[:2], page(server)[:2], strict=True):
            assert old["date_start_session"] == old["date_end_session"] == new["date_start_session"] == NOON
            assert (new["date_end_session"], new["session_duration"]) == (NOON + 30, 30_000)
            assert (new["pages"][:-1], new["tags"][2:]) == (old["pages"], old["tags"])
            assert (new["num_pages"], new["exit_page"]) == (len(new["pages"]), new["pages"][-1]["url"])
            assert get(server, f"/{WID}/sessions/{new['sid']}")[0]["tags"] == new["tags"]
        assert len(vendor.expected("default")["session_pages"]) == counts["session_pages"] + 6
        assert len(vendor.expected("default")["session_tags"]) == counts["session_tags"] + 12


@pytest.mark.parametrize("told", [True, False])
def test_the_rate_limit(*, told: bool) -> None:
    vendor = vendor_at_noon(rate_limit=[2, 20], retry_after=told)
    with serve(vendor) as server:
        assert ask(server, "GET", "websites", auth=None).status_code == 401  # not counted
        assert post(server).status_code == post(server).status_code == 200
        vendor.advance(8.5)
        refused = post(server)
        assert refusal(refused) == refusal(ask(server, "GET", "websites")) == 429
        assert refused.headers.get("Retry-After") == ("12" if told else None)
        vendor.advance(12)
        assert post(server).status_code == 200


def test_many_sessions_and_a_day_that_has_only_begun() -> None:
    with serve(load_vendor("source-inspectlet", sessions=20_000, days=90, websites=1, earlier=0)) as server:
        assert [len(page(server, number)) for number in (1, 200, 201)] == [100, 100, 0]
    midnight = NOON - NOON % DAY + 5
    for days in (0, 1, 3):
        vendor = vendor_at_noon(sessions=50, days=days, now=lambda: midnight)
        assert len(vendor.expected("default")["sessions"]) == 50
        assert all(session.started <= session.ended <= midnight for session in vendor.data.sessions())
