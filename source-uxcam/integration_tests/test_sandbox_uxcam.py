"""UXCam's sandbox: what its old API's page allows, what it refuses, and that every filter filters."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_server import Server, load_vendor, serve

EXAMPLES = Path(__file__).resolve().parents[1] / "sandbox" / "examples.json"
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()

Record = dict[str, Any]


def vendor_at_noon(**options: Any) -> Any:
    return load_vendor("source-uxcam", **{"sessions": 240, "days": 10, "now": lambda: NOON, **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon()) as running:
        yield running


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def ask(server: Server, *more: tuple[str, str], drop: str = "") -> requests.Response:
    config = server.vendor.configs(server.origin)["session_api"]
    query = [("apikey", config["api_key"]), ("appid", config["app_id"])]
    query = [pair for pair in query if pair[0] != drop] + list(more)
    return requests.get(config["base_url"] + "/session", params=query, timeout=60)


def rows(server: Server, **filters: object) -> list[Record]:
    """Return all pages as the vendor's page describes it: up to a page that is not full."""
    found: list[Record] = []
    for page in range(1, 100):
        fields = [(name, compact(value)) for name, value in filters.items()]
        answer = ask(server, ("page", str(page)), *fields)
        assert answer.status_code == 200, answer.text
        found += answer.json()["data"]
        if len(answer.json()["data"]) < 100:
            break
    return found


def on(operator: str, value: object) -> dict[str, object]:
    return {"operator": operator, "value": value}


def test_the_answers_shape(server: Server) -> None:
    answer = ask(server)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert set(answer.json()) == {"success", "data"}
    assert answer.json()["success"] == "true"
    assert len(answer.json()["data"]) == 100


def test_the_data_begins_with_the_pages_examples(server: Server) -> None:
    examples = json.loads(EXAMPLES.read_bytes())["data"]
    assert [record["id"] for record in examples] == ["3902r2hhoif290", "3902r2h0oif290"]
    found = {record["id"]: record for record in rows(server)}
    for record in examples:
        shown = found[record["id"]]
        assert shown["session"].pop("uploaded_server_time") == "2026/03/10, 12:01:34"
        del record["session"]["uploaded_server_time"]
        assert json.dumps(shown) == json.dumps(record)


def test_examples_verbatim_or_none() -> None:
    with serve(vendor_at_noon(examples="verbatim")) as verbatim:
        examples = json.loads(EXAMPLES.read_bytes())["data"]
        assert rows(verbatim)[-2:] == examples
        assert verbatim.vendor.configs("")["session_api"]["start_date"] == "2019-01-31"
    with serve(vendor_at_noon(examples="none")) as none:
        assert "3902r2hhoif290" not in {record["id"] for record in rows(none)}


def test_the_data_is_what_was_asked_for(server: Server) -> None:
    found = rows(server)
    assert len(found) == len({record["id"] for record in found}) == 240
    uploads = [record["session"]["uploaded_server_time"] for record in found]
    assert uploads == sorted(uploads, reverse=True)
    assert {upload[:10] for upload in uploads} == {f"2026/03/{day}" for day in range(10, 21)}
    assert uploads[0] < "2026/03/20, 12:00:00"
    assert len(set(uploads)) < len(uploads)
    assert any(upload.endswith(" 00:00:00") for upload in uploads)
    assert any(upload.endswith(" 23:59:59") for upload in uploads)
    assert 1200 < sum(len(compact(record).encode()) for record in found) / len(found) < 2600
    screens = [len(record["flow"]) for record in found]
    assert (min(screens), max(screens)) == (1, 4)
    events = [event for record in found for screen in record["flow"] for event in screen["events"]]
    assert {"acheté ✓", "rage_tap"} <= {event["name"] for event in events}
    assert any(
        screen["events"][index] == screen["events"][index - 1]
        for record in found
        for screen in record["flow"]
        for index in range(1, len(screen["events"]))
    )


def test_the_seed_decides() -> None:
    first, again, other = vendor_at_noon(), vendor_at_noon(), vendor_at_noon(seed=2)
    assert first.expected("session_api") == again.expected("session_api")
    assert first.expected("session_api") != other.expected("session_api")


def test_expected_keys_are_those_of_the_records(server: Server) -> None:
    expected = server.vendor.expected("session_api")
    found = rows(server)
    assert {stream: len(keys) for stream, keys in expected.items()} == {
        stream: len(set(keys)) for stream, keys in expected.items()
    }
    assert set(expected["sessions"]) == {(record["id"],) for record in found}
    screens = [(record["id"], i, screen) for record in found for i, screen in enumerate(record["flow"])]
    assert set(expected["screens"]) == {(key, i) for key, i, _ in screens}
    assert set(expected["gestures"]) == {(key, i, j) for key, i, s in screens for j in range(len(s["gestures"]))}
    assert set(expected["events"]) == {(key, i, j) for key, i, s in screens for j in range(len(s["events"]))}


FILTERS: list[tuple[str, str, object, Callable[[Record], bool]]] = [
    ("countrycode", "is", "NP", lambda r: r["location"]["country_code"] == "NP"),
    ("countrycode", "isnot", "NP", lambda r: r["location"]["country_code"] != "NP"),
    ("countrycode", "in", ["NP", "DE"], lambda r: r["location"]["country_code"] in {"NP", "DE"}),
    ("countrycode", "notin", ["NP", "DE"], lambda r: r["location"]["country_code"] not in {"NP", "DE"}),
    ("country", "is", "Nepal", lambda r: r["location"]["country_code"] == "NP"),
    ("country", "contains", "epa", lambda r: r["location"]["country_code"] == "NP"),
    ("appversion", "contains", "10", lambda r: "10" in r["device"]["app_version"]),
    ("appversion", "containsnot", "10", lambda r: "10" not in r["device"]["app_version"]),
    ("video", "is", True, lambda r: r["session"]["has_video"] == 1),
    ("video", "is", False, lambda r: r["session"]["has_video"] == 0),
    ("uxcamuserid", "isnot", "3149ry02ryh2", lambda r: r["user"]["uxcam_id"] != "3149ry02ryh2"),
    ("uxcamuserid", "is", "3149ry02ryh2", lambda r: r["user"]["uxcam_id"] == "3149ry02ryh2"),
    ("platform", "isandroid", "", lambda r: r["device"]["os_version"].startswith("Android")),
    ("platform", "isios", "", lambda r: r["device"]["os_version"].startswith("iOS")),
    ("sessionhashofuser", "is", 1, lambda r: r["user"]["session_number"] == 1),
    ("osversion", "is", "Android 9", lambda r: r["device"]["os_version"] == "Android 9"),
    ("crashed", "is", True, lambda r: r["session"]["is_crashed"] == 1),
    ("sdkversion", "is", "3.0.5", lambda r: r["device"]["sdk_version"] == "3.0.5"),
    ("sessionlength", "gt", 30, lambda r: r["session"]["duration_sec"] > 30),
    ("sessionlength", "lt", 30.5, lambda r: r["session"]["duration_sec"] < 30.5),
    ("totalgesture", "is", 3, lambda r: r["session"]["gesture_count"] == 3),
    ("totalgesture", "isnot", 3, lambda r: r["session"]["gesture_count"] != 3),
    ("totalgesture", "gt", 3, lambda r: r["session"]["gesture_count"] > 3),
    ("totalgesture", "gteq", 3, lambda r: r["session"]["gesture_count"] >= 3),
    ("totalgesture", "lt", 3, lambda r: r["session"]["gesture_count"] < 3),
    ("totalgesture", "lteq", 3, lambda r: r["session"]["gesture_count"] <= 3),
    ("totalgesture", "in", [2, 3], lambda r: r["session"]["gesture_count"] in {2, 3}),
    ("totalgesture", "notin", [2, 3], lambda r: r["session"]["gesture_count"] not in {2, 3}),
    ("screencount", "gteq", 2, lambda r: r["session"]["screen_count"] >= 2),
    ("alias", "is", "Zoë Müller", lambda r: r["user"]["random_alias"] == "Zoë Müller"),
    ("username", "isnot", "priya", lambda r: r["user"]["name"] != "priya"),
    ("username", "in", ['O\'Brien "Bob"', "李雷"], lambda r: r["user"]["name"] in {'O\'Brien "Bob"', "李雷"}),
    ("useridentity", "is", "steve@gmail.com", lambda r: r["user"]["name"] == "steve@gmail.com"),
]


@pytest.mark.parametrize(("name", "operator", "value", "fits"), FILTERS)
def test_a_filter_filters(
    server: Server, name: str, operator: str, value: object, fits: Callable[[Record], bool]
) -> None:
    everything = rows(server)
    wanted = [record["id"] for record in everything if fits(record)]
    assert 0 < len(wanted) < len(everything)
    assert [record["id"] for record in rows(server, **{name: on(operator, value)})] == wanted


@pytest.mark.parametrize(
    ("operator", "fits"),
    [
        ("hasany", lambda held, asked: bool(held & asked)),
        ("nothasany", lambda held, asked: not held & asked),
        ("hasall", lambda held, asked: held >= asked),
        ("nothasall", lambda held, asked: not held >= asked),
    ],
)
def test_lists(server: Server, operator: str, fits: Callable[[set[str], set[str]], bool]) -> None:
    everything = rows(server)
    asked = ["purchase", "rage_tap"]
    wanted = [
        record["id"]
        for record in everything
        if fits({event["name"] for screen in record["flow"] for event in screen["events"]}, set(asked))
    ]
    assert 0 < len(wanted) < len(everything)
    assert [record["id"] for record in rows(server, eventname=on(operator, asked))] == wanted
    screens = [{screen["activity_name"] for screen in record["flow"]} for record in everything]
    found = rows(server, screenname=on(operator, ["Home", "設定"]))
    assert len(found) == sum(fits(names, {"Home", "設定"}) for names in screens) > 0


@pytest.mark.parametrize(
    ("operator", "value", "days"),
    [
        ("on", "2026-03-12", {12}),
        ("noton", "2026-03-12", set(range(10, 21)) - {12}),
        ("after", "2026-03-12", set(range(13, 21))),
        ("from", "2026-03-12", set(range(12, 21))),
        ("before", "2026-03-12", {10, 11}),
        ("to", "2026-03-12", {10, 11, 12}),
        ("in", ["2026-03-12", "2026-03-15"], {12, 15}),
        ("notin", ["2026-03-12", "2026-03-15"], set(range(10, 21)) - {12, 15}),
        ("between", ["2026-03-12", "2026-03-15"], {12, 13, 14, 15}),
        ("between", ["2026-03-12", "2026-03-12"], {12}),
    ],
)
def test_sessiondate(server: Server, operator: str, value: object, days: set[int]) -> None:
    found = rows(server, sessiondate=on(operator, value))
    assert {int(record["session"]["uploaded_server_time"][8:10]) for record in found} == days
    everything = rows(server)
    assert len(found) == sum(int(r["session"]["uploaded_server_time"][8:10]) in days for r in everything)


def test_filters_are_all_applied(server: Server) -> None:
    found = rows(server, sessiondate=on("from", "2026-03-15"), crashed=on("is", value=True))
    assert found
    assert all(r["session"]["is_crashed"] and r["session"]["uploaded_server_time"] > "2026/03/15" for r in found)


def test_between_can_exclude_its_second_day() -> None:
    with serve(vendor_at_noon(between_inclusive=False)) as server:
        found = rows(server, sessiondate=on("between", ["2026-03-12", "2026-03-15"]))
        assert {r["session"]["uploaded_server_time"][8:10] for r in found} == {"12", "13", "14"}


REFUSED = [
    ("page", "0"),
    ("page", "x"),
    ("page", "-1"),
    ("page", "1.0"),
    ("page", ""),
    ("colour", "red"),
    ("page_size", "100"),
    ("sort", '{"operator":"is","value":1}'),
    ("crashed", "true"),
    ("crashed", '{"operator": "is","value":true}'),
    ("crashed", ' {"operator":"is","value":true}'),
    ("crashed", '{"operator":"is","value":true'),
    ("crashed", '{"operator":"is"","value":true}'),
    ("crashed", "{'operator':'is','value':true}"),
    ("crashed", "{‘operator’:‘is’,‘value’:true}"),  # noqa: RUF001
    ("crashed", '{"operator":"is","value":true,"more":1}'),
    ("crashed", '{"operator":"is"}'),
    ("crashed", '{"operator":"is","value":true,"value":true}'),
    ("crashed", '["is",true]'),
    ("crashed", compact(on("is", "true"))),
    ("crashed", compact(on("is", 1))),
    ("crashed", compact(on("isnot", value=True))),
    ("video", compact(on("in", [True]))),
    ("platform", compact(on("isandroid", value=None))),
    ("platform", compact(on("is", "android"))),
    ("platform", '{"operator":"isios"}'),
    ("sessionlength", compact(on("gteq", 3))),
    ("sessionlength", compact(on("is", 3))),
    ("sessionlength", compact(on("gt", "3"))),
    ("totalgesture", compact(on("gt", "3"))),
    ("totalgesture", compact(on("gt", -3))),
    ("totalgesture", compact(on("gt", value=True))),
    ("totalgesture", '{"operator":"gt","value":NaN}'),
    ("totalgesture", compact(on("in", 3))),
    ("totalgesture", compact(on("in", []))),
    ("totalgesture", compact(on("in", ["3"]))),
    ("totalgesture", compact(on("contains", 3))),
    ("totalgesture", compact(on("greater", 3))),
    ("appversion", compact(on("is", 1.0))),
    ("appversion", compact(on("is", ["1.0"]))),
    ("appversion", compact(on("in", "1.0"))),
    ("appversion", compact(on("gt", "1.0"))),
    ("appversion", compact(on("hasany", ["1.0"]))),
    ("eventname", compact(on("hasany", "purchase"))),
    ("eventname", compact(on("in", ["purchase"]))),
    ("eventname", compact(on("hasany", [1]))),
    ("sessiondate", compact(on("on", "2026-3-1"))),
    ("sessiondate", compact(on("on", "2026/03/01"))),
    ("sessiondate", compact(on("on", "20260301"))),
    ("sessiondate", compact(on("on", "2026-02-30"))),
    ("sessiondate", compact(on("on", "2026-03-01T00:00:00Z"))),
    ("sessiondate", compact(on("on", 20260301))),
    ("sessiondate", compact(on("is", "2026-03-01"))),
    ("sessiondate", compact(on("in", "2026-03-01"))),
    ("sessiondate", compact(on("between", "2026-03-01"))),
    ("sessiondate", compact(on("between", ["2026-03-01"]))),
    ("sessiondate", compact(on("between", ["2026-03-02", "2026-03-01"]))),
    ("sessiondate", compact(on("between", ["2026-03-01", "2026-03-02", "2026-03-03"]))),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_what_the_page_does_not_allow_is_refused(server: Server, name: str, value: str) -> None:
    answer = ask(server, (name, value))
    assert answer.status_code == 400
    assert answer.json()["success"] == "false"
    assert answer.json()["message"]


def test_a_parameter_given_twice_is_refused(server: Server) -> None:
    assert ask(server, ("page", "1"), ("page", "1")).status_code == 400
    crashed = ("crashed", compact(on("is", value=True)))
    assert ask(server, crashed, crashed).status_code == 400


def test_values_may_hold_white_space_and_quotes(server: Server) -> None:
    found = rows(server, username=on("is", "José Ñandú"))
    assert found
    assert {record["user"]["name"] for record in found} == {"José Ñandú"}
    assert ask(server, ("alias", compact(on("is", '\\" : {"')))).json()["data"] == []


def test_credentials(server: Server) -> None:
    assert ask(server, drop="apikey").status_code == 401
    wrong = ask(server, ("apikey", "wrong"), drop="apikey")
    assert (wrong.status_code, wrong.json()["success"]) == (401, "false")
    assert ask(server, ("appid", "wrong"), drop="appid").status_code == 403
    assert ask(server, drop="appid").status_code == 403


def test_other_routes_and_methods(server: Server) -> None:
    assert requests.get(server.origin + "/public/sessions", timeout=60).status_code == 404
    assert requests.get(server.origin + "/session", timeout=60).status_code == 404
    assert requests.post(server.origin + "/public/session", timeout=60).status_code == 405


def test_growth_comes_first_and_shifts_pages() -> None:
    with serve(vendor_at_noon(sessions=150)) as server:
        before = ask(server).json()["data"]
        server.vendor.grow(3)
        after = ask(server).json()["data"]
        assert after[3:] == before[:97]
        assert {record["session"]["uploaded_server_time"] for record in after[:3]} == {"2026/03/20, 12:00:00"}
        assert len(server.vendor.expected("session_api")["sessions"]) == 153


def test_shuffle() -> None:
    with serve(vendor_at_noon(shuffle="page")) as server:
        first, again = (ask(server).json()["data"] for _ in range(2))
        assert first != again
        assert sorted(first, key=lambda r: r["id"]) == sorted(again, key=lambda r: r["id"])
        server.vendor.shuffle = "list"  # type: ignore[attr-defined]
        first, again = (ask(server).json()["data"] for _ in range(2))
        assert {record["id"] for record in first} != {record["id"] for record in again}


def test_an_error_inside_a_200(server: Server) -> None:
    inside = server.vendor.error_inside("/public/session")
    assert (inside.status, json.loads(inside.body)["success"]) == (200, "false")
    inside = server.vendor.error_inside("/v2/session")
    assert (inside.status, json.loads(inside.body)["success"]) == (200, False)


def test_twenty_thousand_sessions_are_made_at_once() -> None:
    with serve(load_vendor("source-uxcam", sessions=20_000, days=90)) as server:
        assert len(ask(server, ("page", "200")).json()["data"]) == 100
        assert ask(server, ("page", "201")).json()["data"] == []


def test_a_day_that_has_only_begun() -> None:
    midnight = dt.datetime(2026, 3, 20, 0, 0, 5, tzinfo=dt.UTC).timestamp()
    for days in (0, 1, 3):
        vendor: Any = load_vendor("source-uxcam", sessions=50, days=days, now=lambda: midnight)
        assert len(vendor.expected("session_api")["sessions"]) == 50
        uploads = [session.uploaded for session in vendor.data.sessions if not session.original]
        assert min(uploads) >= vendor.data.first_day
        assert max(uploads) <= midnight
