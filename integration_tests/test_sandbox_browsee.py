"""Browsee's sandbox: what the vendor's page allows, what it leaves open, and what it refuses."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from integration_tests.sandbox import ErrorInside, RepeatToken, Server, Status, load_vendor, serve

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
FIRST_DAY = int(dt.datetime(2026, 3, 10, tzinfo=dt.UTC).timestamp())
DAY = 86_400
FIELDS = {
    *("userId", "duration", "inactiveTime", "activeTime", "urls", "timestamp", "pageCount", "eventCount"),
    *("name", "email", "tags", "landingPage", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
    *("utm_content", "browser", "os", "device", "isMobile", "ip", "city", "country", "domain", "referrer"),
}
IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
SEGMENTS: list[tuple[int, Callable[[Any], bool]]] = [
    (0, lambda record: record["isMobile"]),
    (1, lambda record: record.get("utm_source") is not None),
]

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
    return requests.post(base_url + "/export/sessions", json=body, timeout=5, **more)


def ask(server: Server, drop: str = "", **parameters: Any) -> requests.Response:
    named = {"from" if name == "from_" else name: value for name, value in parameters.items()}
    body = {**keys(server), "start": 0, **named}
    return post(server, {name: value for name, value in body.items() if name != drop})


def exports(server: Server, drop: str = "", **parameters: Any) -> Record:
    answer = ask(server, drop, **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "success"
    found: Record = answer.json()["exports"]
    return found


def rows(server: Server, **parameters: Any) -> list[Record]:
    """All pages, as the page tells to read them: from 0 to 100, from 100 to 200 and so on."""
    found: list[Record] = []
    while True:
        page = exports(server, from_=len(found), **parameters)
        found += page["data"]
        if len(found) >= page["total"]:
            return found


def identity(record: Record) -> tuple[Any, ...]:
    return tuple(record.get(name) for name in IDENTITY)


def test_the_answers_shape(server: Server) -> None:
    answer = ask(server)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json()) == {"status", "exports"}
    assert set(answer.json()["exports"]) == {"total", "to", "data"}
    assert answer.json()["exports"]["total"] == 240


def test_pages_follow_each_other(server: Server) -> None:
    pages = [exports(server, from_=start) for start in (0, 100, 200)]
    assert [(page["total"], page["to"], len(page["data"])) for page in pages] == [
        (240, 100, 100),
        (240, 200, 100),
        (240, 240, 40),
    ]
    assert exports(server, from_=240) == {"total": 240, "to": 240, "data": []}
    assert exports(server, from_=1000) == {"total": 240, "to": 1000, "data": []}
    one = exports(server, from_=7, limit=1)
    assert (one["to"], one["data"]) == (8, pages[0]["data"][7:8])


def test_records_have_the_pages_fields(server: Server) -> None:
    found = rows(server)
    assert {name for record in found for name in record} == FIELDS
    assert all(set(record) == FIELDS or None not in record.values() for record in found)
    for record in found:
        assert record["duration"] == record["inactiveTime"] + record["activeTime"]
        assert record["pageCount"] == len(record["urls"])
        assert FIRST_DAY * 1000 <= record["timestamp"] <= record["timestamp"] + record["duration"] <= NOON * 1000
    tags = {type(record.get("tags")) for record in found}
    assert tags == {list, dict, type(None)}
    assert {record.get("userId") for record in found} > {None, ""}
    assert max(len(record["urls"]) for record in found) > 10
    assert min(len(record["urls"]) for record in found) == 0
    assert all(len({json.dumps(record.get(name)) for record in found}) > 1 for name in FIELDS)
    never_null = {name for name in FIELDS if all(record.get(name) is not None for record in found)}
    assert never_null >= {"timestamp", "duration", "urls", "isMobile", "landingPage"}
    assert never_null.isdisjoint(
        {"userId", "name", "email", "tags", "ip", "city", "country", "device", "referrer"}
    )


def test_the_data_ends_today_and_covers_every_day(server: Server) -> None:
    days = {record["timestamp"] // 1000 // DAY for record in rows(server)}
    assert days == set(range(FIRST_DAY // DAY, FIRST_DAY // DAY + 11))
    moments = [record["timestamp"] for record in rows(server)]
    assert FIRST_DAY * 1000 in moments
    assert len(set(moments)) < len(moments)
    assert {moment % (DAY * 1000) for moment in moments} >= {0, 999, DAY * 1000 - 1}


def test_the_seed_decides() -> None:
    first, again, other = vendor_at_noon(), vendor_at_noon(), vendor_at_noon(seed=2)
    assert first.expected("segments") == again.expected("segments")
    assert first.expected("segments") != other.expected("segments")


@pytest.mark.parametrize("id_field", [None, "sessionId", "_id", "id"])
def test_expected_keys_are_those_of_the_records(id_field: str | None) -> None:
    vendor = vendor_at_noon(id_field=id_field)
    with serve(vendor) as server:
        expected = vendor.expected("segments")
        found = rows(server)
        named = [(record[id_field] if id_field else identity(record), record) for record in found]
        assert expected["sessions"] == [(key,) for key, _ in named]
        assert len(set(expected["sessions"])) == 240
        pages = [(key, index) for key, record in named for index in range(len(record["urls"]))]
        assert expected["session_pages"] == pages
        ids = server.vendor.configs("")["segments"]["segment_ids"]
        assert expected["segment_sessions"] == [
            (ids[index], key) for index, fits in SEGMENTS for key, record in named if fits(record)
        ]
        assert server.vendor.expected("default") == {**expected, "segment_sessions": []}
        assert all(vendor.identity(record) == identity(record) for record in found)


def test_some_sessions_differ_in_one_value_of_their_identity(server: Server) -> None:
    found = [identity(record) for record in rows(server)]
    apart = {
        index
        for one in found
        for other in found
        for index in range(9)
        if one[:index] + one[index + 1 :] == other[:index] + other[index + 1 :] and one != other
    }
    assert apart == set(range(9))


def test_twins_agree_in_their_identity() -> None:
    with serve(vendor_at_noon(twins=5)) as server:
        found = rows(server)
        assert len(found) == 245
        assert len({identity(record) for record in found}) == 240
        assert len({json.dumps(record) for record in found}) == 245
        assert server.vendor.expected("default")["sessions"] == [(identity(record),) for record in found]
    keys_of = vendor_at_noon(twins=5, id_field="id").expected("default")["sessions"]
    assert len(set(keys_of)) == 245


@pytest.mark.parametrize(("index", "fits"), SEGMENTS)
def test_a_segment_filters(server: Server, index: int, fits: Callable[[Record], bool]) -> None:
    segment = server.vendor.configs("")["segments"]["segment_ids"][index]
    wanted = [record for record in rows(server) if fits(record)]
    assert 0 < len(wanted) < 240
    assert rows(server, segmentId=segment) == wanted


def test_a_segment_may_be_empty(server: Server) -> None:
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
        assert ask(server, options={"select": ["_id"]}).status_code == 400
        (key,) = server.vendor.expected("fields")["sessions"][0]
        assert len(key) == 9
    with serve(vendor_at_noon(id_field="_id", id_with_select=True)) as server:
        assert set(exports(server, **select)["data"][0]) == {"_id", "timestamp"}
        assert server.vendor.expected("fields")["sessions"] == server.vendor.expected("default")["sessions"]


def test_the_last_24_hours_are_the_default(server: Server) -> None:
    recent = [record for record in rows(server) if record["timestamp"] >= (NOON - DAY) * 1000]
    assert 0 < len(recent) < 100
    assert exports(server, drop="start")["data"] == recent
    assert exports(server, drop="start", end=int(NOON) - 3 * DAY) == {"total": 0, "to": 0, "data": []}


def test_now_is_the_default_end() -> None:
    with serve(load_vendor("source-browsee", sessions=20, days=2)) as server:
        server.vendor.grow(1)
        assert exports(server)["total"] == 21
        assert exports(server, end=int(time.time()) - 30)["total"] == 20


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
        found = rows(server, start=start, end=start + DAY)
        assert found == [record for record in everything if fits(record["timestamp"] - start * 1000)]
        moments = {record["timestamp"] - start * 1000 for record in everything}
        assert moments >= {0, 999, DAY * 1000, DAY * 1000 + 999}


def test_times_can_be_about_the_end_of_a_session() -> None:
    with serve(vendor_at_noon(compares="end", id_field="id")) as server:
        everything = rows(server)
        longest = max(everything, key=lambda record: int(record["duration"]))
        start = (longest["timestamp"] // 1000 // DAY + 1) * DAY
        found = rows(server, start=start, end=start + DAY)
        ends = [record["timestamp"] + record["duration"] - start * 1000 for record in everything]
        assert found == [record for record, end in zip(everything, ends, strict=True) if 0 <= end <= DAY * 1000]
        assert any(record["timestamp"] < start * 1000 for record in found)
        assert len(everything) == 240


@pytest.mark.parametrize("order", ["newest_first", "oldest_first", "shuffled"])
def test_orders(order: str) -> None:
    with serve(vendor_at_noon(order=order)) as server:
        found, again = rows(server), rows(server)
        assert found == again
        moments = [record["timestamp"] for record in found]
        assert (moments == sorted(moments)) == (order == "oldest_first")
        assert (moments == sorted(moments, reverse=True)) == (order == "newest_first")
        assert {(identity(record),) for record in found} == set(server.vendor.expected("default")["sessions"])


@pytest.mark.parametrize(
    ("to_is", "told"), [("end", [100, 200, 240]), ("last", [99, 199, 239]), ("asked", [100, 200, 300])]
)
def test_what_to_is(to_is: str, told: list[int]) -> None:
    with serve(vendor_at_noon(to_is=to_is)) as server:
        assert [exports(server, from_=start)["to"] for start in (0, 100, 200)] == told
        assert exports(server, from_=240)["to"] == 240


def test_totals_may_grow_from_page_to_page() -> None:
    with serve(vendor_at_noon(totals="growing")) as server:
        assert [exports(server, from_=start)["total"] for start in (0, 100, 200, 240)] == [101, 201, 240, 240]
        assert len(rows(server)) == 240


def test_growth_starts_now_or_comes_late() -> None:
    with serve(vendor_at_noon()) as server:
        before = exports(server)["data"]
        server.vendor.grow(3)
        page = exports(server)
        assert (page["total"], page["data"][3:]) == (243, before[:97])
        assert {record["timestamp"] for record in page["data"][:3]} == {int(NOON * 1000)}
        start, end = FIRST_DAY + DAY, FIRST_DAY + 2 * DAY
        day = exports(server, start=start, end=end)
        server.vendor.grow(2, ago=NOON - start - 3600)  # type: ignore[call-arg]
        later = exports(server, start=start, end=end)
        assert later["total"] == day["total"] + 2
        assert len(set(server.vendor.expected("default")["sessions"])) == 245
        server.vendor.grow(300)
        assert len(set(server.vendor.expected("default")["sessions"])) == 545


def test_grown_sessions_come_between_pages() -> None:
    with serve(vendor_at_noon(), grow_every=1, grow_by=10) as server:
        pages = [exports(server, from_=start) for start in (0, 100)]
        assert [page["total"] for page in pages] == [240, 250]
        assert pages[1]["data"][:10] == pages[0]["data"][-10:]


def test_deleted_sessions_are_gone() -> None:
    with serve(vendor_at_noon()) as server:
        before = rows(server)
        server.vendor.delete(30)
        assert rows(server) == before[30:]
        assert len(server.vendor.expected("default")["sessions"]) == 210


def test_sessions_go_on_and_are_identified() -> None:
    with serve(vendor_at_noon()) as server:
        before = rows(server)
        vendor: Any = server.vendor
        touched = vendor.touch(60)
        after = rows(server)
        assert after[60:] == before[60:]
        for old, new in zip(before[:60], after[:60], strict=True):
            assert identity(old) == identity(new)
            assert new["urls"][:-1] == old["urls"]
            assert new["pageCount"] == old["pageCount"] + 1
            assert new["duration"] >= old["duration"]
            assert new["timestamp"] + new["duration"] <= NOON * 1000
            assert new["name"].startswith("Zoë")
            assert new["email"] not in {None, old.get("email")}
            assert new["userId"] == (old.get("userId") or new["userId"])
        assert sum(new["duration"] > old["duration"] for old, new in zip(before, after, strict=True)) > 40
        assert vendor.keys(touched)["sessions"] == vendor.expected("default")["sessions"][:60]


def test_retention() -> None:
    with serve(vendor_at_noon(retention_days=3)) as server:
        found = rows(server)
        assert min(record["timestamp"] for record in found) >= (FIRST_DAY + 7 * DAY) * 1000
        assert 0 < len(found) == len(server.vendor.expected("default")["sessions"]) < 240
        assert server.vendor.configs("")["default"]["start_date"] == "2026-03-10"


def test_countries_and_numbers() -> None:
    with serve(vendor_at_noon(country="name", numeric_user_ids=True)) as server:
        found = rows(server)
        assert {record.get("country") for record in found} > {"Germany", "Brazil"}
        assert {type(record.get("userId")) for record in found} == {int, str, type(None)}


REFUSED: dict[str, list[Any]] = {
    **dict.fromkeys(("colour", "page", "to", "select", "segment_id"), [1]),
    "start": ["0", 1.0, True, None, -1, int(NOON * 1000), int(NOON) + 1],
    "end": [str(int(NOON)), None, FIRST_DAY - 1, int(NOON * 1000)],
    "from": ["0", -1, 0.0, False, None],
    "limit": ["100", 0, 101, 10.0, None],
    "segmentId": [None, "", 1, ["5f3a1c0e9b7d4e0017a2c4d8"], "5f3a1c0e9b7d4e0017a2c4d7"],
    "options": [None, ["urls"], {"fields": ["urls"]}, {"select": ["urls"], "sort": "timestamp"}],
    "select in options": [None, "urls", [], [1], ["colour"], ["sessionId"], ["urls", "urls"], ["urls", "utm_*"]],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in REFUSED for value in REFUSED[name]], ids=repr
)
def test_what_the_page_does_not_allow_is_refused(server: Server, name: str, value: object) -> None:
    given = {"options": {"select": value}} if name == "select in options" else {name: value}
    answer = post(server, {**keys(server), "start": FIRST_DAY, "end": int(NOON), **given})
    assert answer.status_code == 400
    assert answer.json()["status"] == "failure"
    assert answer.json()["message"]["error"]


def test_a_start_may_be_its_end(server: Server) -> None:
    assert exports(server, start=FIRST_DAY, end=FIRST_DAY)["total"] >= 1


@pytest.mark.parametrize("value", [None, "", "drop"])
def test_missing_keys(server: Server, value: str | None) -> None:
    for name, words in (("apiKey", "API Key missing."), ("secretKey", "Secret Key missing.")):
        body = {**keys(server), name: value}
        if value == "drop":
            del body[name]
        answer = post(server, body)
        assert answer.status_code == 400
        assert answer.json() == {"status": "failure", "message": {"error": words}}


def test_wrong_keys(server: Server) -> None:
    for name, words in (("apiKey", "API Key invalid."), ("secretKey", "Secret Key invalid.")):
        answer = ask(server, **{name: "wrong", "colour": "red"})
        assert answer.status_code == 401
        assert answer.json() == {"status": "unauthorized", "message": {"error": words}}
        assert post(server, {**keys(server), name: 1}).status_code == 400


def test_keys_are_awkward(server: Server) -> None:
    for config in server.vendor.configs(server.origin).values():
        for character in ":@/+%\"'& ü"[:-1]:
            assert character in config["secret_key"]
            assert character in config["api_key"]
        assert not config["secret_key"].isascii()
        assert not config["api_key"].isascii()


def test_bodies_that_are_no_json_object(server: Server) -> None:
    whole = json.dumps(keys(server))
    json_type = {"Content-Type": "application/json"}
    utf8 = json.dumps(keys(server), ensure_ascii=False).encode()
    assert post(server, None, data=utf8, headers=json_type).status_code == 200
    for body in (b"", b"[]", b"null", b'"x"', whole.encode()[:-1], utf8.replace("ü".encode(), b"\xfc")):
        assert post(server, None, data=body, headers=json_type).status_code == 400
    for member in ('"limit":1,"limit":1', '"start":NaN', '"apiKey":"x"'):
        body = f"{whole[:-1]},{member}}}".encode()
        assert post(server, None, data=body, headers=json_type).status_code == 400
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert post(server, None, data=whole, headers={"Content-Type": kind}).status_code == 400
    assert post(server, None, data=keys(server)).status_code == 400


def test_other_places_methods_and_queries(server: Server) -> None:
    place = server.origin + "/api/v1/export/sessions"
    for method in ("GET", "PUT", "DELETE"):
        answer = requests.request(method, place, json=keys(server), timeout=5)
        assert (answer.status_code, answer.json()["status"]) == (405, "failure")
    for other in (
        "/export/sessions",
        "/api/v1/export/sessions/",
        "/api/v1/export/users",
        "/api/v2/export/sessions",
    ):
        assert requests.post(server.origin + other, json=keys(server), timeout=5).status_code == 404
    assert post(server, keys(server), params={"limit": "1"}).status_code == 400
    assert post(server, {}, params=keys(server)).status_code == 400


def test_one_request_may_be_open() -> None:
    with serve(vendor_at_noon(), latency=0.3) as server:
        first = threading.Thread(target=ask, args=(server,))
        first.start()
        while not server.in_flight:
            time.sleep(0.005)
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
        kind = {"object": dict, "string": str}[form]
        for status in (200, 500):
            answer = ask(server)
            assert (answer.status_code, answer.json()["status"]) == (status, "failure")
            assert isinstance(answer.json()["message"], kind)
        assert ask(server).json() == {"status": "failure", "message": {"error": "API Key missing."}}
        assert ask(server).json() == {"status": "unauthorized", "message": {"error": "Secret Key invalid."}}


def test_a_to_that_does_not_lead_on(server: Server) -> None:
    page = exports(server, from_=100)
    server.faults.append(RepeatToken())
    assert exports(server, from_=100) == {**page, "to": 100}
    server.faults.append(RepeatToken())
    assert ask(server, limit=0).status_code == 400


def test_twenty_thousand_sessions_are_made_at_once() -> None:
    with serve(load_vendor("source-browsee", sessions=20_000, days=90)) as server:
        assert exports(server, from_=19_950)["to"] == 20_000
        assert len(set(server.vendor.expected("default")["sessions"])) == 20_000


@pytest.mark.parametrize("days", [0, 1, 3])
def test_a_day_that_has_only_begun(days: int) -> None:
    midnight = dt.datetime(2026, 3, 20, 0, 0, 5, tzinfo=dt.UTC).timestamp()
    vendor = load_vendor("source-browsee", sessions=50, days=days, now=lambda: midnight)
    with serve(vendor) as server:
        found = rows(server)
        assert len({identity(record) for record in found}) == 50
        assert max(record["timestamp"] for record in found) <= midnight * 1000


@pytest.mark.parametrize("sessions", [0, 1, 19, 20, 21])
def test_few_sessions(sessions: int) -> None:
    assert len(set(vendor_at_noon(sessions=sessions).expected("default")["sessions"])) == sessions
