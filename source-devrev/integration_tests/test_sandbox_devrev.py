"""DevRev's sandbox: what its page allows, what it refuses, its cursors, and that every filter filters."""

import datetime as dt
import functools
import json
import operator
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_server import RepeatToken, Server, Status, load_vendor, serve

EXAMPLES = Path(__file__).resolve().parents[1] / "sandbox" / "examples.json"
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
ROUTE = "/observability.sessions.list"
ASC, DESC = ["created_at:asc"], ["created_at:desc"]
VALUE, FIELD = "value_not_permitted", "invalid_field"
Record = dict[str, Any]


def vendor_at_noon(**options: Any) -> Any:
    return load_vendor("source-devrev", **{"sessions": 480, "days": 10, "now": lambda: NOON, **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon(requests_per_window=None)) as running:
        yield running


def body(server: Server, platform: str = "android", **more: Any) -> Record:
    app = next(app for app in server.vendor.configs("")["default"]["apps"] if app["platform"] == platform)
    return {"type": "web" if platform == "web" else "mobile", **app, **more}


def post(server: Server, sent: Any, **headers: str) -> requests.Response:
    config = server.vendor.configs(server.origin)["default"]
    headers = {"Authorization": f"Bearer {config['access_token']}", "Content-Type": "application/json", **headers}
    data = sent if isinstance(sent, bytes) else json.dumps(sent)
    return requests.post(config["base_url"] + ROUTE, data=data, headers=headers, timeout=60)


def ask(server: Server, platform: str = "android", **more: Any) -> requests.Response:
    return post(server, body(server, platform, **more))


def rows(server: Server, platform: str = "android", **more: Any) -> list[Record]:
    found: list[Record] = []
    asked: Record = {"limit": 100, **more}
    while asked.get("cursor", "none yet"):
        answer = ask(server, platform, **asked)
        assert answer.status_code == 200, answer.text
        found += answer.json()["sessions"]
        asked["cursor"] = answer.json().get("next_cursor")
    return found


def each(name: str, records: list[Record]) -> list[str]:
    return [record[name] for record in records]


def refused(answer: requests.Response, kind: str, field: str | None = None, status: int = 400) -> None:
    told = answer.json()
    assert (answer.status_code, told["type"], told.get("field_name")) == (status, kind, field), told
    assert {"message", "detail"} < set(told)


def test_the_data_begins_with_the_pages_example(server: Server) -> None:
    example = json.loads(EXAMPLES.read_bytes())["sessions"][0]
    shown = next(record for record in rows(server) if record["session_id"] == "string")
    assert json.dumps(shown) == json.dumps({**example, "created_at": "2026-03-10T12:00:00.000Z"})
    with serve(vendor_at_noon(examples="verbatim")) as verbatim:
        assert rows(verbatim)[-1] == example
        assert verbatim.vendor.configs("")["default"]["start_date"] == "2023-01-01"


def test_the_data_is_what_was_asked_for(server: Server) -> None:
    found = {platform: rows(server, platform) for platform in ("android", "ios", "web")}
    assert sum(map(len, found.values())) == 480
    for platform, records in found.items():
        created = each("created_at", records)
        assert len(set(each("session_id", records))) == len(records) > len(set(created))
        assert created == sorted(created, reverse=True)
        assert created[0] < "2026-03-20T12:00:00.000Z"
        assert {moment[:10] for moment in created} == {f"2026-03-{day}" for day in range(10, 21)}
        assert {f"2026-03-{edge}" for edge in ("10T00:00:00.000Z", "19T23:59:59.999Z")} < {*created}
        assert {record.get("platform") for record in records} == {platform, None}
        parts = "tab_ids" if platform == "web" else "recording_ids"
        assert {len(record[parts]) if parts in record else None for record in records} == {None, 0, 1, 2, 3}
    assert set(each("session_id", found["ios"])) < set(each("session_id", found["web"]))
    optional = ["console_metadata", "network_metadata", "first_page_title", "first_page_url", "page_load_time_ms"]
    for name in (*optional, "session_attributes", "rev_org_id", "rev_user_id"):
        assert {name in record for record in found["web"]} == {True, False}


def test_expected_keys(server: Server) -> None:
    known = {"network_type", "session_duration"}
    mobile = known | {"is_crash", "os_version", "screen_name"}
    web = known | {"has_console_errors", "device_type", "page_url"}
    for name, config in server.vendor.configs("").items():
        end = config.get("end_date", "3").replace("Z", ".000Z")
        found = []
        for app in config["apps"]:
            knows = web if app["platform"] == "web" else mobile
            filters = {field: value for field, value in config.get("filters", {}).items() if field in knows}
            kept = [record for record in rows(server, app["platform"], **filters) if record["created_at"] < end]
            assert kept
            found += [(app["version_key"], app["platform"], key) for key in each("session_id", kept)]
        sessions, recordings = server.vendor.expected(name).values()
        assert sorted(found) == sorted(sessions)
        assert len(set(recordings)) == len(recordings) > len(found)
    first, other = vendor_at_noon(), vendor_at_noon(seed=2)
    assert first.expected("default") == server.vendor.expected("default") != other.expected("default")


@pytest.mark.parametrize("cursors", ["key", "position"])
@pytest.mark.parametrize("more", [{}, {"sort_by": ASC}, {"sort_by": DESC}])
def test_pages_forward_and_backward(cursors: str, more: Record) -> None:
    with serve(vendor_at_noon(cursors=cursors)) as server:
        everything = rows(server, **more)
        first = ask(server, **more).json()
        assert ("prev_cursor" in first, len(first["sessions"])) == (False, 50)
        second = ask(server, cursor=first["next_cursor"], limit=7, mode="after", **more).json()
        assert first["sessions"] + second["sessions"] == everything[:57]
        back = ask(server, cursor=second["prev_cursor"], limit=20, mode="before", **more).json()
        assert back["sessions"] == everything[30:50]
        start = ask(server, cursor=back["prev_cursor"], mode="before", **more).json()
        assert (start["sessions"], "prev_cursor" in start) == (everything[:30], False)
        end = ask(server, limit=3, mode="before", **more).json()
        assert (end["sessions"], "next_cursor" in end) == (everything[-3:], False)


def test_cursors_belong_to_one_list(server: Server) -> None:
    cursor = ask(server).json()["next_cursor"]
    for more in ({"sort_by": ASC}, {"is_crash": True}, {"created_at": {"type": "range"}}, {"platform": "ios"}):
        refused(post(server, {**body(server), "cursor": cursor, **more}), VALUE, "cursor")
    for wrong in ("", "x", cursor[:-4], cursor + "é"):
        refused(ask(server, cursor=wrong), VALUE, "cursor")


def test_the_end_of_the_list() -> None:
    for end, told in (("absent", "absent"), ("empty", ""), ("null", None)):
        with serve(vendor_at_noon(end_of_list=end)) as server:
            assert ask(server, mode="before").json().get("next_cursor", "absent") == told
            assert ask(server).json().get("prev_cursor", "absent") == told
    with serve(vendor_at_noon(cursor_after_full_page=True, largest_page=10)) as server:
        last = ask(server, mode="before", limit=100).json()
        empty = ask(server, cursor=last["next_cursor"]).json()
        assert (len(last["sessions"]), empty["sessions"], "next_cursor" in empty) == (10, [], False)
        assert ask(server, cursor=empty["prev_cursor"], mode="before").json() == last
    with serve(vendor_at_noon(default_limit=3, largest_limit=9)) as server:
        assert len(ask(server).json()["sessions"]) == 3
        refused(ask(server, limit=10), VALUE, "limit")


def test_growth_at_the_head_while_paging() -> None:
    for cursors, repeated in (("key", 0), ("position", 4)):
        with serve(vendor_at_noon(cursors=cursors)) as server:
            before = rows(server)
            cursor = ask(server).json()["next_cursor"]
            server.vendor.grow(10)
            second = ask(server, cursor=cursor).json()
            assert second["sessions"] == before[50 - repeated : 100 - repeated]
            after = rows(server)
            assert (after[4:], set(each("created_at", after[:4]))) == (before, {"2026-03-20T12:00:00.000Z"})


def test_orders() -> None:
    with serve(vendor_at_noon(order="oldest")) as server:
        oldest = rows(server)
        assert each("created_at", oldest) == sorted(each("created_at", oldest))
        assert rows(server, sort_by=DESC) == oldest[::-1]
    with serve(vendor_at_noon(order="shuffled")) as server:
        shuffled = rows(server)
        assert shuffled not in (oldest, oldest[::-1])
        assert shuffled == rows(server)
        assert rows(server, sort_by=ASC) == oldest
    with serve(vendor_at_noon(applies_sort_by=False)) as server:
        assert rows(server, sort_by=ASC) == oldest[::-1]
    for kind in (FIELD, VALUE):
        with serve(vendor_at_noon(takes_sort_by=False, sort_by_refusal=kind)) as server:
            refused(ask(server, sort_by=ASC), kind, "sort_by")


def test_sessions_go_on_and_go_away() -> None:
    vendor = vendor_at_noon()
    with serve(vendor) as server:
        before, expected = rows(server, "web"), vendor.expected("default")
        vendor.touch(20)
        changed = [pair for pair in zip(before, rows(server, "web"), strict=True) if pair[0] != pair[1]]
        assert 0 < len(changed) < 20
        for old, new in changed:
            assert new["session_duration_ms"] == old["session_duration_ms"] + 30_000
            assert (new["tab_ids"][:-1], len(set(new["tab_ids"]))) == (old.get("tab_ids", []), len(new["tab_ids"]))
        after = vendor.expected("default")
        assert after["sessions"] == expected["sessions"]
        assert len(after["session_recordings"]) == len(expected["session_recordings"]) + 20
        vendor.delete(470)
        vendor.grow(3)
        assert len(vendor.expected("default")["sessions"]) == 13


def at(record: Any, path: str) -> Any:
    return functools.reduce(lambda held, name: (held or {}).get(name), path.split("."), record)


def by_plan(kind: str, **more: Any) -> list[Record]:
    return [{"attribute_path": "plan", "filter_type": kind, **more}]


# Filters and the members that they are about: all values are asked for.
DEVICE = {
    "android": "network_type app_version device_model=model manufacturer os_version",
    "web": "network_type browser browser_version device_type=type os",
}
FLAGS = {
    "android": "has_exception_occurred is_anr is_crash rage_tap",
    "web": "has_dead_clicks=dead_click_count has_rage_clicks=rage_click_count",
}
PLAN, STATUS = "session_attributes.attributes.plan", "network_metadata.status_counts"
OTHERS: list[tuple[str, Any, str, Callable[[Any], bool]]] = [
    ("is_anonymous", True, "rev_user_id", operator.not_),
    ("is_anonymous", False, "rev_user_id", bool),
    ("rev_org", ["REV-AbCdEfGh", "x"], "rev_org_id", ["REV-AbCdEfGh"].__contains__),
    ("rev_user", ["REVU-1", "REVU-2"], "rev_user_id", ["REVU-1", "REVU-2"].__contains__),
    ("session_duration", {"min_ms": 60_000}, "session_duration_ms", lambda held: held >= 60_000),
    ("session_duration", {"min_ms": 0, "max_ms": 9_000}, "session_duration_ms", lambda held: held <= 9_000),
    ("events", {"is_dead": True}, "dead_click_count", bool),
    ("events", {"is_rage": False}, "rage_click_count", operator.not_),
    ("has_console_errors", True, "console_metadata.error", bool),
    ("console_logs", {"log_type": ["error"]}, "console_metadata.error", bool),
    ("has_network_errors", True, STATUS, lambda held: bool({*(held or {})} & {"404", "500"})),
    ("network_logs", {"response_status": [500, 599]}, f"{STATUS}.500", bool),
    ("session_attributes", by_plan("string_filter", equals=["free"]), PLAN, ["free"].__contains__),
    ("session_attributes", by_plan("string_filter", contains=["🚀", "4"]), PLAN, ["pro 🚀", "42"].__contains__),
    ("session_attributes", by_plan("bool_filter", equals=True), PLAN, ["true"].__contains__),
    ("session_attributes", by_plan("int64_filter", range={"min": 40}), PLAN, ["42"].__contains__),
    ("session_attributes", [{"attribute_path": "plan"}], PLAN, bool),
]


@pytest.mark.parametrize("platform", ["android", "web"])
def test_filters_filter(server: Server, platform: str) -> None:
    everything = rows(server, platform)

    def check(name: str, asked: Any, path: str, fits: Callable[[Any], bool]) -> None:
        wanted = [record for record in everything if fits(at(record, path))]
        assert 0 < len(wanted) < len(everything), name
        assert rows(server, platform, **{name: asked}) == wanted, name

    for name, _, member in (pair.partition("=") for pair in DEVICE[platform].split()):
        path = f"device_metadata.{member or name}"
        values = sorted({at(record, path) or "" for record in everything} - {"", "string"})
        for some in (values[:1], values[1:]):
            check(name, some, path, some.__contains__)
    for name, _, member in (pair.partition("=") for pair in FLAGS[platform].split()):
        check(name, asked=True, path=member or name, fits=bool)
        check(name, asked=False, path=member or name, fits=operator.not_)
    for other in OTHERS[: None if platform == "web" else 6]:
        check(*other)
    pages = [("page_name", "Käse & Co"), ("normalized_url", "https://shop.example.com/cart")]
    for name, value in pages if platform == "web" else [("screen_name", "設定")]:
        assert 0 < len(rows(server, platform, **{name: [value, "nowhere"]})) < len(everything)


def test_filters_that_match_everything(server: Server) -> None:
    path = [{"attribute_path": "a.b", "filter_type": "int64_filter", "equals": [1]}]
    took = {"equals_ms": [1.5, 10**30], "range": {"min_ms": 0.5, "max_ms": 2}}
    calls = {"api_name": ["x"], "request_properties": path, "response_properties": path, "round_trip_time": took}
    events = {"event_name": ["x"], "exception_class_name": ["E"], "properties_filters": path}
    assert rows(server, response_time_list=calls, custom_events=events, session_attributes=path) == rows(server)
    logs = {"console_logs": {"body": ["x"], "full_url": ["x"]}, "network_logs": {"request_url": ["x"]}}
    events = {"event_name": ["x"], "event_details_filters": path}
    assert rows(server, "web", custom_events=events, events={"value": ["x"]}, **logs) == rows(server, "web")


def test_created_at(server: Server) -> None:
    everything, day = rows(server, "web"), "2026-03-20T"
    for after, before, lowest, highest in (
        ("2026-03-19T23:59:59.999Z", f"{day}00:00:00Z", "2026-03-19T23:59:59.999Z", f"{day}00:00:00.000Z"),
        (f"{day}01:00:00+01:00", "2030-01-01T00:00:00Z", f"{day}00:00:00.000Z", "3"),
        (f"{day}00:00:00.000000001Z", "2030-01-01T00:00:00Z", f"{day}00:00:00.001Z", "3"),
    ):
        wanted = [record for record in everything if lowest <= record["created_at"] <= highest]
        assert rows(server, "web", created_at={"type": "range", "after": after, "before": before}) == wanted != []
    assert rows(server, "web", created_at={"type": "range"}) == everything
    last = {"type": "preset", "preset_type": "last_n_days", "days": 1}
    wanted = [record for record in everything if record["created_at"] >= "2026-03-19T12:00:00.000Z"]
    assert rows(server, "web", created_at=last) == wanted
    assert not rows(server, "web", created_at={**last, "preset_type": "next_n_days"})


# By type of error and place: values of the field that the place begins with.
REFUSED: dict[str, dict[str, list[Any]]] = json.loads(r"""{
  "unexpected_json_type": {
    "type": [null, 1], "platform": [null, []], "version_key": [null, 1], "cursor": [null, 1], "mode": [null, {}],
    "limit": [null, "50", true], "sort_by": [null, "created_at:asc"], "sort_by[0]": [[1]],
    "created_at": [null, "2026-03-12"], "created_at.after": [{"type": "range", "after": null}],
    "is_crash": ["true", 1, null], "app_version": ["1.0", null], "app_version[1]": [["1.0", 1.0]],
    "session_attributes[0].equals": [[{"attribute_path": "a", "filter_type": "bool_filter", "equals": ["x"]}]]},
  "value_not_permitted": {
    "platform": ["web"], "version_key": [""], "limit": [0, -1, 101, 1.0, 2147483648], "app_version": [[]],
    "sort_by": [[], ["created_at"], ["is_crash:asc"], ["created_at:asc", "created_at:desc"]],
    "created_at": [{"type": "range", "after": "2026-03-13T00:00:00Z", "before": "2026-03-12T00:00:00Z"}],
    "created_at.before": [{"type": "range", "before": "2026-03-12"}, {"type": "range", "before": ""},
      {"type": "range", "before": "2026-03-12T00:00:00"}, {"type": "range", "before": "2026-02-30T00:00:00Z"}],
    "created_at.days": [{"type": "preset", "preset_type": "last_n_days", "days": -1}],
    "session_duration": [{"min_ms": 2, "max_ms": 1}], "session_duration.min_ms": [{"min_ms": -1}]},
  "invalid_field": {
    "app_id": ["x"], "created_date": [{}], "rev_user_id": ["x"], "os": [["x"]], "browser": [["x"]], "\ud800": [1],
    "created_at.days": [{"type": "range", "days": 1}], "session_duration.min": [{"min": 2}],
    "custom_events.event_details_filters": [{"event_details_filters": [{"attribute_path": "a"}]}],
    "session_attributes[0].equals": [[{"attribute_path": "a", "filter_type": "none", "equals": true}]]},
  "invalid_enum_value": {
    "type": ["Web", ""], "platform": ["Android"], "mode": ["first"], "created_at.type": [{"type": "between"}],
    "created_at.preset_type": [{"type": "preset", "preset_type": "today", "days": 1}],
    "session_attributes[0].filter_type": [[{"attribute_path": "a", "filter_type": "float"}]]},
  "missing_required_field": {
    "created_at.type": [{"after": "2026-03-12T00:00:00Z"}], "session_attributes[0].attribute_path": [[{}]],
    "created_at.days": [{"type": "preset", "preset_type": "last_n_days"}]}}""")


def test_what_the_page_does_not_allow_is_refused(server: Server) -> None:
    for kind, places in REFUSED.items():
        for place, values in places.items():
            for value in values:
                refused(post(server, {**body(server), re.split(r"[.\[]", place)[0]: value}), kind, place)
    refused(ask(server, "web", is_crash=True), FIELD, "is_crash")
    refused(ask(server, "web", device_type=["tv"]), VALUE, "device_type")
    for name in ("type", "platform", "version_key"):
        given = {key: value for key, value in body(server).items() if key != name}
        refused(post(server, given), "missing_required_field", name)
    for broken in (b"", b"{", b'{"type":"web","type":"web"}', b"\xff", b"NaN", b"[" * 10**5):
        refused(post(server, broken), "parse_error")
    refused(post(server, []), "unexpected_json_type", "body")
    refused(post(server, body(server), **{"Content-Type": "text/plain"}), "invalid_content_type")


def test_credentials_and_permissions(server: Server) -> None:
    token = server.vendor.configs("")["default"]["access_token"]
    for wrong in ("", token, f"bearer {token}", f"Bearer {token}x", "Basic x"):
        refused(post(server, body(server), Authorization=wrong), "unauthenticated", status=401)
    refused(ask(server, version_key="another"), "forbidden", status=403)
    assert ask(server, "web", version_key=body(server)["version_key"]).json() == {"sessions": []}
    for method, path in (("GET", ROUTE), ("POST", "/sessions.list"), ("POST", ROUTE + "/")):
        answer = requests.request(method, server.origin + path, timeout=60)
        assert (answer.status_code, answer.json()) == (404, {"message": "route not found"})
    with serve(vendor_at_noon(foreign_app="empty", max_bytes=200)) as other:
        assert ask(other, version_key="another").json() == {"sessions": []}
        answer = ask(other, version_key="x" * 200)
        refused(answer, "request_entity_too_large", status=413)
        assert answer.json()["max_bytes"] == 200
    with serve(vendor_at_noon(refuses_token="token_expired")) as other:
        refused(ask(other), "token_expired", status=401)


@pytest.mark.parametrize("told", ["all", "header", "body", "reset", "none"])
def test_the_rate_limit(told: str) -> None:
    vendor = vendor_at_noon(requests_per_window=2, retry_hint=told, retry_seconds=7)
    with serve(vendor) as server:
        assert [ask(server).headers["X-Ratelimit-Remaining"] for _ in range(2)] == ["1", "0"]
        vendor.advance(299)
        server.faults.append(Status(429, after=1))
        for seconds in (1, 7):
            answer = ask(server)
            refused(answer, "too_many_requests", status=429)
            assert answer.headers.get("Retry-After") == (str(seconds) if told in {"all", "header"} else None)
            assert answer.json().get("retry_after") == (seconds if told in {"all", "body"} else None)
            reset = float(answer.headers.get("X-Ratelimit-Reset", 0))
            assert (abs(reset - time.time() - seconds) < 60) == (told in {"all", "reset"})
        vendor.advance(1)
        assert ask(server).headers["X-Ratelimit-Remaining"] == "1"


def test_faults_use_the_vendors_errors(server: Server) -> None:
    kinds = {400: "bad_request", 401: "unauthenticated", 403: "forbidden", 500: "internal_error"}
    for status, kind in {**kinds, 503: "service_unavailable"}.items():
        server.faults.append(Status(status))
        refused(ask(server), kind, status=status)
    first = ask(server).json()
    server.faults.append(RepeatToken(after=1))
    assert ask(server).json() == first
    repeated = ask(server, cursor=first["next_cursor"]).json()
    assert repeated["next_cursor"] == first["next_cursor"]
    assert ask(server, cursor=first["next_cursor"]).json()["sessions"] == repeated["sessions"]


def test_a_day_that_has_only_begun() -> None:
    for days in (0, 1, 3):
        vendor = vendor_at_noon(sessions=50, days=days, now=lambda: NOON - 12 * 3600 + 5, examples="none")
        assert not any(session.id == "string" for session in vendor.data.all())
        created = [session.created for session in vendor.data.all()]
        assert (len(created), min(created), max(created) <= vendor.data.now()) == (50, vendor.data.start, True)
        assert ("end_date" in vendor.configs("")["filters"]) == (days > 0)


@pytest.mark.parametrize("kind", [VALUE, FIELD])
def test_a_larger_limit_than_the_largest_is_refused(kind: str) -> None:
    with serve(vendor_at_noon(largest_limit=25, limit_refusal=kind)) as server:
        refused(ask(server, limit=26), kind, "limit")
        assert len(ask(server, limit=25).json()["sessions"]) == len(ask(server).json()["sessions"]) == 25


@pytest.mark.parametrize("cursors", ["key", "position"])
@pytest.mark.parametrize("endless", ["empty", "full"])
def test_cursors_that_never_end(endless: str, cursors: str) -> None:
    with serve(vendor_at_noon(sessions=60, endless=endless, cursors=cursors)) as server:
        pages = [ask(server, limit=20).json()]
        for _ in range(5):
            pages.append(ask(server, limit=20, cursor=pages[-1]["next_cursor"]).json())
        found = [each("session_id", page["sessions"]) for page in pages]
        assert len({page["next_cursor"] for page in pages}) == 6
        if endless == "full":
            assert all(ids == found[0] for ids in found)
        else:
            assert [len(ids) for ids in found] == [20, len(keys_of(server, "android")) - 20, 0, 0, 0, 0]
        nobody = ask(server, limit=20, manufacturer=["nobody"]).json()
        assert (nobody["sessions"], bool(nobody["next_cursor"])) == ([], True)


def keys_of(server: Server, platform: str) -> list[Any]:
    return [key for key in server.vendor.expected("default")["sessions"] if key[1] == platform]


def test_what_is_held_has_any_date(server: Server) -> None:
    expected, held = server.vendor.expected("filters"), server.vendor.held("filters")
    assert set(expected["sessions"]) < set(held["sessions"])
    assert set(expected["session_recordings"]) < set(held["session_recordings"])
    assert server.vendor.held("default") == server.vendor.expected("default")


def test_a_list_that_is_too_large_is_refused_with_the_pages_body() -> None:
    with serve(vendor_at_noon(too_large={"rows": 5, "status": 413})) as limited:
        answer = post(limited, body(limited)).json()
        assert (answer["type"], type(answer["max_bytes"])) == ("request_entity_too_large", int)
