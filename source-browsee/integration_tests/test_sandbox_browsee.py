"""Browsee's sandbox: what the vendor's page allows, what it leaves open, and what it refuses."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from sandbox_server import ErrorInside, Server, Status, load_vendor, serve

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
FIRST_DAY = int(dt.datetime(2026, 3, 10, tzinfo=dt.UTC).timestamp())
DAY = 86_400
FIELDS = {
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
    *("utm_content", "browser", "os", "device", "isMobile", "ip", "city", "country", "domain", "referrer"),
}
IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
SEGMENTS: list[Callable[[Any], bool]] = [
    lambda record: record["isMobile"],
    lambda record: record.get("utm_source") is not None,
]
DROP = object()
Record = dict[str, Any]


def vendor_at_noon(**options: Any) -> Any:
    return load_vendor("source-browsee", **{"sessions": 240, "days": 10, "now": lambda: NOON, **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon()) as running:
        yield running


def keys(server: Server) -> Record:
    config = server.vendor.configs(server.origin)["default"]
    return {"apiKey": config["api_key"], "secretKey": config["secret_key"]}


def post(server: Server, body: object, **more: Any) -> requests.Response:
    base_url = server.vendor.configs(server.origin)["default"]["base_url"]
    return requests.post(base_url + "/export/sessions", json=body, timeout=60, **more)


def ask(server: Server, **parameters: Any) -> requests.Response:
    body = {**keys(server), "start": 0, **parameters}
    return post(server, {name.rstrip("_"): value for name, value in body.items() if value is not DROP})


def exports(server: Server, **parameters: Any) -> Record:
    answer = ask(server, **parameters)
    assert (answer.status_code, answer.json()["status"]) == (200, "success"), answer.text
    return dict(answer.json()["exports"])


def rows(server: Server, **parameters: Any) -> list[Record]:
    """Return all pages as the vendor's page describes it: from 0 to 100, from 100 to 200 and so on."""
    found: list[Record] = []
    total = 1
    while len(found) < total:
        page = exports(server, from_=len(found), **parameters)
        found, total = found + page["data"], page["total"]
    return found


def identity(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in IDENTITY)


def test_pages_follow_each_other(server: Server) -> None:
    answer = ask(server)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json()) == {"status", "exports"}
    pages = [exports(server, from_=start) for start in (0, 100, 200)]
    assert [len(page["data"]) for page in pages] == [100, 100, 40]
    assert exports(server, from_=240) == {"total": 240, "to": 240, "data": []}
    assert exports(server, from_=1000) == {"total": 240, "to": 1000, "data": []}
    assert exports(server, from_=7, limit=1) == {"total": 240, "to": 8, "data": pages[0]["data"][7:8]}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, [(100, 240), (200, 240), (240, 240), (240, 240)]),
        ({"to_is": "last"}, [(99, 240), (199, 240), (239, 240), (240, 240)]),
        ({"to_is": "asked", "totals": "growing"}, [(100, 101), (200, 201), (300, 240), (240, 240)]),
    ],
)
def test_what_a_page_tells(options: Record, told: list[tuple[int, int]]) -> None:
    with serve(vendor_at_noon(**options)) as server:
        pages = [exports(server, from_=start) for start in (0, 100, 200, 240)]
        assert [(page["to"], page["total"]) for page in pages] == told


def test_records_have_the_pages_fields(server: Server) -> None:
    found = rows(server)
    assert {name for record in found for name in record} == FIELDS
    assert all(set(record) == FIELDS or None not in record.values() for record in found)
    for record in found:
        assert record["duration"] == record["inactiveTime"] + record["activeTime"]
        assert record["pageCount"] == len(record["urls"])
        assert record["timestamp"] + record["duration"] <= NOON * 1000
    assert {type(record.get("tags")) for record in found} == {list, dict, type(None)}
    assert {record.get("userId") for record in found} > {None, ""}
    assert {0, 1, 2, 5} <= {len(record["urls"]) for record in found}
    assert all(len({json.dumps(record.get(name)) for record in found}) > 1 for name in FIELDS)
    nulls = {name for name in FIELDS for record in found if record.get(name) is None}
    assert nulls > {"userId", "name", "email", "tags", "ip", "city", "country", "device", "referrer", "utm_term"}
    assert nulls.isdisjoint({"timestamp", "duration", "urls", "isMobile", "landingPage"})
    with serve(vendor_at_noon(country="name", numeric_user_ids=True)) as other:
        assert {record.get("country") for record in rows(other)} > {"Germany", "Brazil"}
        assert {type(record.get("userId")) for record in rows(other)} == {int, str, type(None)}


def test_the_data_ends_today_and_covers_every_day(server: Server) -> None:
    moments = [record["timestamp"] for record in rows(server)]
    assert {moment // 1000 // DAY for moment in moments} == set(range(FIRST_DAY // DAY, FIRST_DAY // DAY + 11))
    assert min(moments) == FIRST_DAY * 1000
    assert len(set(moments)) < len(moments)
    assert {moment % (DAY * 1000) for moment in moments} >= {0, 999, DAY * 1000 - 1}


def test_seed_and_size_decide() -> None:
    first, again, other = (vendor_at_noon(seed=seed).expected("segments") for seed in (1, 1, 2))
    assert first == again != other
    for sessions in (0, 1, 19, 20, 21, 20_000):
        assert len(set(vendor_at_noon(sessions=sessions).expected("default")["sessions"])) == sessions


@pytest.mark.parametrize("id_field", [None, "sessionId", "_id", "id"])
def test_expected_keys_are_those_of_the_records(id_field: str | None) -> None:
    vendor = vendor_at_noon(id_field=id_field)
    with serve(vendor) as server:
        expected = vendor.expected("segments")
        found = rows(server)
        named = [(record[id_field] if id_field else identity(record), record) for record in found]
        assert expected["sessions"] == [(key,) for key, _ in named]
        assert len(set(expected["sessions"])) == 240
        assert expected["session_pages"] == [(key, i) for key, r in named for i in range(len(r["urls"]))]
        ids = vendor.configs("")["segments"]["segment_ids"]
        assert expected["segment_sessions"] == [
            (ids[index], key) for index, fits in enumerate(SEGMENTS) for key, record in named if fits(record)
        ]
        assert vendor.expected("default") == {**expected, "segment_sessions": []}
        assert all(vendor.identity(record) == identity(record) for record in found)


def test_some_sessions_differ_in_one_value_of_their_identity(server: Server) -> None:
    found = {identity(record) for record in rows(server)}
    for index in range(9):
        assert len({one[:index] + one[index + 1 :] for one in found}) < len(found) == 240


def test_twins_agree_in_their_identity() -> None:
    with serve(vendor_at_noon(twins=5)) as server:
        found = rows(server)
        assert len({identity(record) for record in found}) == 240
        assert len({json.dumps(record) for record in found}) == len(found) == 245
        assert server.vendor.expected("default")["sessions"] == [(identity(record),) for record in found]
    assert len(set(vendor_at_noon(twins=5, id_field="id").expected("default")["sessions"])) == 245


def test_a_segment_filters(server: Server) -> None:
    for segment, fits in zip(server.vendor.configs("")["segments"]["segment_ids"], SEGMENTS, strict=True):
        wanted = [record for record in rows(server) if fits(record)]
        assert 0 < len(wanted) < 240
        assert rows(server, segmentId=segment) == wanted
    assert exports(server, segmentId="5f3a1c0e9b7d4e0017a2c4da") == {"total": 0, "to": 0, "data": []}


def test_a_selection_selects(server: Server) -> None:
    everything = rows(server)
    for select in (["userId", "urls", "duration"], ["utm_term"], sorted(FIELDS)):
        cut = [{name: record[name] for name in record if name in select} for record in everything]
        assert rows(server, options={"select": select}) == cut
    assert rows(server, options={}) == everything


def test_a_selection_leaves_the_id_out_unless_it_comes_along() -> None:
    select: Record = {"options": {"select": ["timestamp"]}}
    with serve(vendor_at_noon(id_field="_id")) as server:
        assert set(exports(server, **select)["data"][0]) == {"timestamp"}
        assert len(server.vendor.expected("fields")["sessions"][0][0]) == 9
    with serve(vendor_at_noon(id_field="_id", id_with_select=True)) as server:
        assert set(exports(server, **select)["data"][0]) == {"_id", "timestamp"}
        assert server.vendor.expected("fields")["sessions"] == server.vendor.expected("default")["sessions"]


def test_the_last_24_hours_are_the_default(server: Server) -> None:
    recent = [record for record in rows(server) if record["timestamp"] >= (NOON - DAY) * 1000]
    assert 0 < len(recent) < 100
    assert exports(server, start=DROP)["data"] == recent
    assert exports(server, start=DROP, end=int(NOON) - 3 * DAY) == {"total": 0, "to": 0, "data": []}
    with serve(load_vendor("source-browsee", sessions=20, days=2)) as living:
        living.vendor.grow(1)
        assert exports(living)["total"] == 21
        assert exports(living, end=int(time.time()) - 30)["total"] == 20


BOUNDS: list[tuple[Record, Callable[[int], bool]]] = [
    ({}, lambda at: 0 <= at <= DAY * 1000),
    ({"start_inclusive": False}, lambda at: 0 < at <= DAY * 1000),
    ({"end_inclusive": False}, lambda at: 0 <= at < DAY * 1000),
    ({"whole_seconds": True}, lambda at: 0 <= at < DAY * 1000 + 1000),
    ({"whole_seconds": True, "start_inclusive": False}, lambda at: 1000 <= at < DAY * 1000 + 1000),
]


@pytest.mark.parametrize(("options", "fits"), BOUNDS)
def test_bounds(options: Record, fits: Callable[[int], bool]) -> None:
    with serve(vendor_at_noon(**options, sessions=1000, id_field="id")) as server:
        everything = rows(server)
        start = FIRST_DAY + 4 * DAY
        assert rows(server, start=start, end=start + DAY) == [
            record for record in everything if fits(record["timestamp"] - start * 1000)
        ]
        moments = {record["timestamp"] - start * 1000 for record in everything}
        assert moments >= {0, 999, DAY * 1000, DAY * 1000 + 999}
        both_in = options in ({}, {"whole_seconds": True})
        assert bool(exports(server, start=start, end=start)["total"]) == both_in


def test_times_can_be_about_the_end_of_a_session() -> None:
    with serve(vendor_at_noon(compares="end", id_field="id")) as server:
        spans = [(record["timestamp"], record["timestamp"] + record["duration"]) for record in rows(server)]
        midnights = {end // 1000 // DAY * DAY for start, end in spans if start < end // 1000 // DAY * DAY * 1000}
        assert midnights
        for day in midnights:
            found = exports(server, start=day, end=day + DAY)["data"]
            wanted = [start for start, end in spans if 0 <= end - day * 1000 <= DAY * 1000]
            assert [record["timestamp"] for record in found] == wanted
            assert min(wanted) < day * 1000


@pytest.mark.parametrize("order", ["newest_first", "oldest_first", "shuffled"])
def test_orders(order: str) -> None:
    with serve(vendor_at_noon(order=order)) as server:
        found, again = rows(server), rows(server)
        moments = [record["timestamp"] for record in found]
        assert (found == again, moments == sorted(moments)) == (True, order == "oldest_first")
        assert (moments == sorted(moments, reverse=True)) == (order == "newest_first")
        assert {(identity(record),) for record in found} == set(server.vendor.expected("default")["sessions"])


def test_growth_starts_now_or_comes_late() -> None:
    with serve(vendor_at_noon()) as server:
        vendor: Any = server.vendor
        before = exports(server)["data"]
        vendor.grow(3)
        page = exports(server)
        assert page == {"total": 243, "to": 100, "data": page["data"][:3] + before[:97]}
        assert {record["timestamp"] for record in page["data"][:3]} == {int(NOON * 1000)}
        day = exports(server, start=FIRST_DAY, end=FIRST_DAY + DAY)["total"]
        vendor.grow(2, ago=NOON - FIRST_DAY - 3600)
        assert exports(server, start=FIRST_DAY, end=FIRST_DAY + DAY)["total"] == day + 2
        vendor.grow(300)
        assert len(set(vendor.expected("default")["sessions"])) == 545
        server.grow_every, server.grow_by = 1, 10
        pages = [exports(server, from_=start) for start in (0, 100)]
        assert [page["total"] for page in pages] == [545, 555]
        assert pages[1]["data"][:10] == pages[0]["data"][-10:]


def test_deleted_sessions_are_gone_and_so_are_old_ones() -> None:
    with serve(vendor_at_noon()) as server:
        before = rows(server)
        server.vendor.delete(30)
        assert rows(server) == before[30:]
        assert len(server.vendor.expected("default")["sessions"]) == 210
    with serve(vendor_at_noon(retention_days=3)) as server:
        kept = [record for record in before if record["timestamp"] >= (FIRST_DAY + 7 * DAY) * 1000]
        assert rows(server) == kept
        assert 0 < len(kept) == len(server.vendor.expected("default")["sessions"]) < 240
        assert server.vendor.configs("")["default"]["start_date"] == "2026-03-10"


def test_sessions_go_on_and_are_identified() -> None:
    vendor = vendor_at_noon()
    with serve(vendor) as server:
        before = rows(server)
        touched = vendor.touch(60)
        after = rows(server)
        assert after[60:] == before[60:]
        for old, new in zip(before[:60], after[:60], strict=True):
            assert identity(old) == identity(new)
            assert (new["urls"][:-1], new["pageCount"]) == (old["urls"], old["pageCount"] + 1)
            assert old["duration"] <= new["duration"] <= NOON * 1000 - new["timestamp"]
            assert new["name"].startswith("Zoë")
            assert new["email"] not in {None, old.get("email")}
            assert new["userId"] == (old.get("userId") or new["userId"])
        assert sum(new["duration"] > old["duration"] for old, new in zip(before, after, strict=True)) > 40
        assert vendor.keys(touched)["sessions"] == [(identity(record),) for record in after[:60]]


REFUSED: dict[str, list[Any]] = {
    **{name: [1] for name in ("colour", "page", "to", "segment_id")},
    "start": ["0", 1.0, True, None, -1, int(NOON * 1000), int(NOON) + 1],
    "end": [str(int(NOON)), None, FIRST_DAY - 1, int(NOON * 1000)],
    "from": ["0", -1, 0.0, False, None],
    "limit": ["100", 0, 101, 10.0, None],
    "segmentId": [None, "", 1, ["5f3a1c0e9b7d4e0017a2c4d8"], "5f3a1c0e9b7d4e0017a2c4d7"],
    "options": [None, ["urls"], {"fields": ["urls"]}, {"select": ["urls"], "sort": "timestamp"}],
    "select in options": [None, "urls", [], [1], ["colour"], ["sessionId"], ["_id"], ["urls", "urls"], ["utm_*"]],
}


@pytest.mark.parametrize(("name", "value"), [(key, value) for key in REFUSED for value in REFUSED[key]], ids=repr)
def test_what_the_page_does_not_allow_is_refused(server: Server, name: str, value: object) -> None:
    given = {"options": {"select": value}} if name == "select in options" else {name: value}
    answer = post(server, {**keys(server), "start": FIRST_DAY, "end": int(NOON), **given})
    assert (answer.status_code, answer.json()["status"]) == (400, "failure")
    assert answer.json()["message"]["error"]


@pytest.mark.parametrize(("name", "words"), [("apiKey", "API Key"), ("secretKey", "Secret Key")])
def test_keys(server: Server, name: str, words: str) -> None:
    for value in (DROP, "", None):
        missing = ask(server, **{name: value})
        assert missing.status_code == 400
        assert missing.json() == {"status": "failure", "message": {"error": f"{words} missing."}}
    wrong = ask(server, **{name: "wrong", "colour": "red"})
    assert wrong.status_code == 401
    assert wrong.json() == {"status": "unauthorized", "message": {"error": f"{words} invalid."}}
    assert post(server, {**keys(server), name: 1}).status_code == 400
    assert all(character in keys(server)[name] for character in ":@/+%\"'& ")
    assert not keys(server)[name].isascii()


def test_bodies_that_are_no_json_object(server: Server) -> None:
    whole = json.dumps(keys(server), ensure_ascii=False).encode()
    json_type = {"Content-Type": "application/json"}
    assert post(server, None, data=whole, headers=json_type).status_code == 200
    broken = [b"", b"[]", b"null", b'"x"', whole[:-1], whole.replace("ü".encode(), b"\xfc")]
    broken += [whole[:-1] + more for more in (b',"limit":1,"limit":1}', b',"start":NaN}', b',"apiKey":"x"}')]
    for body in broken:
        assert post(server, None, data=body, headers=json_type).status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert post(server, None, data=whole, headers={"Content-Type": kind}).status_code == 400


def test_other_places_methods_and_queries(server: Server) -> None:
    place = server.origin + "/api/v1/export/sessions"
    for method in ("GET", "PUT", "DELETE"):
        answer = requests.request(method, place, json=keys(server), timeout=60)
        assert (answer.status_code, answer.json()["status"]) == (405, "failure")
    for other in (place + "/", place.replace("v1", "v2"), place.replace("sessions", "users")):
        assert requests.post(other, json=keys(server), timeout=60).status_code == 404
    assert post(server, keys(server), params={"limit": "1"}).status_code == 400


def test_one_request_may_be_open() -> None:
    with serve(vendor_at_noon(), latency=2) as server:
        first = threading.Thread(target=ask, args=(server,))
        first.start()
        while not server.in_flight:
            time.sleep(0.005)
        server.latency = 0
        answer = ask(server)
        first.join()
        assert (answer.status_code, answer.json()["status"]) == (429, "failure")
        assert "Retry-After" not in answer.headers
        assert [entry.status for entry in server.requests] == [200, 429]
        assert ask(server).status_code == 200
    assert vendor_at_noon(max_in_flight=None).max_in_flight is None


@pytest.mark.parametrize("form", ["object", "string"])
def test_failures_that_the_page_does_not_show(form: str) -> None:
    with serve(vendor_at_noon(failure_message=form)) as server:
        server.faults += [ErrorInside(), Status(500), Status(400), Status(401)]
        for status in (200, 500):
            answer = ask(server)
            assert (answer.status_code, answer.json()["status"]) == (status, "failure")
            assert isinstance(answer.json()["message"], {"object": dict, "string": str}[form])
        assert ask(server).json() == {"status": "failure", "message": {"error": "API Key missing."}}
        assert ask(server).json() == {"status": "unauthorized", "message": {"error": "Secret Key invalid."}}


def test_a_day_that_has_only_begun() -> None:
    midnight = dt.datetime(2026, 3, 20, 0, 0, 5, tzinfo=dt.UTC).timestamp()
    for days in (0, 1, 3):
        vendor = load_vendor("source-browsee", sessions=50, days=days, now=lambda: midnight)
        found = {key[0] for (key,) in vendor.expected("default")["sessions"]}
        assert (midnight // DAY - days) * DAY * 1000 == min(found) <= max(found) <= midnight * 1000


@pytest.mark.parametrize("to_is", ["end", "last", "asked"])
def test_a_smaller_page_has_its_own_to(to_is: str) -> None:
    with serve(vendor_at_noon(sessions=100, page_cap=30, to_is=to_is)) as server:
        pages = [exports(server, from_=start) for start in (0, 30, 60, 90)]
        assert [len(page["data"]) for page in pages] == [30, 30, 30, 10]
        last = {"end": 100, "last": 99, "asked": 120}[to_is]
        assert [page["to"] for page in pages] == [*([29, 59, 89] if to_is == "last" else [30, 60, 90]), last]
        assert len({identity(record) for page in pages for record in page["data"]}) == 100
        assert len(exports(server, limit=7)["data"]) == 7


def test_times_can_be_about_any_part_of_a_session() -> None:
    with serve(vendor_at_noon(compares="overlap", earlier=3, id_field="id")) as server:
        first, last = FIRST_DAY, FIRST_DAY + DAY
        wanted = [
            record["id"]
            for record in rows(server)
            if record["timestamp"] <= last * 1000 and record["timestamp"] + record["duration"] >= first * 1000
        ]
        found = rows(server, start=first, end=last)
        assert [record["id"] for record in found] == wanted
        assert sum(record["timestamp"] < first * 1000 for record in found) == 3


def test_sessions_that_begin_before_the_first_day_are_held_but_not_expected() -> None:
    with serve(vendor_at_noon(compares="end", earlier=3)) as server:
        listed = {(identity(record),) for record in rows(server, start=FIRST_DAY)}
        expected, held = server.vendor.expected("segments"), server.vendor.held("segments")
        assert len(listed) == 243
        assert listed == set(held["sessions"])
        assert len(expected["sessions"]) == 240
        assert all(set(keys) <= set(held[stream]) for stream, keys in expected.items())
        assert rows(server, start=FIRST_DAY - 3 * DAY, end=FIRST_DAY - DAY) == []


def test_a_selection_counts_in_its_own_place_only() -> None:
    inside, top = {"options": {"select": ["urls"]}}, {"select": ["urls"]}
    for place, counts in (("options", (True, False)), ("top", (False, True)), ("both", (True, True))):
        with serve(vendor_at_noon(sessions=20, select_at=place)) as server:
            names = [set(exports(server, **given)["data"][0]) for given in (inside, top)]
            assert tuple(found == {"urls"} for found in names) == counts
            assert set(exports(server, **inside, **top)["data"][0]) == {"urls"}
            assert ask(server, select=["colour"]).status_code == 400
