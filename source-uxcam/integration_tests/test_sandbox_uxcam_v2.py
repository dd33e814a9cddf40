"""UXCam's sandbox: the rules of the new API, and that every filter filters."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from sandbox_server import Server, load_vendor, serve

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()

Record = dict[str, Any]


def vendor_at_noon(**options: Any) -> Any:
    defaults = {"sessions": 240, "days": 10, "now": lambda: NOON, "requests_per_hour": None}
    return load_vendor("source-uxcam", **{**defaults, **options})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon()) as running:
        yield running


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def headers(server: Server) -> dict[str, str]:
    config = server.vendor.configs(server.origin)["data_access_v2"]
    return {"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}


def ask(server: Server, endpoint: str = "session", **query: str) -> requests.Response:
    config = server.vendor.configs(server.origin)["data_access_v2"]
    return requests.get(f"{config['base_url']}/{endpoint}", params=query, headers=headers(server), timeout=60)


def one(attribute: str, operator: str, value: object, **more: str) -> Record:
    return {"attribute": attribute, "operator": operator, "value": value, **more}


def between(lower: str, upper: str) -> Record:
    return one("date_range", "between_dates", {"lower": lower, "upper": upper})


def rows(server: Server, endpoint: str = "session", *filters: Record) -> list[Record]:
    found: list[Record] = []
    page: int | None = 1
    while page is not None:
        answer = ask(server, endpoint, page=str(page), page_size="100", filters=compact(list(filters)))
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["data"]
        assert body["success"] is True
        if not body["data"]:
            assert "pagination" not in body
            break
        assert body["pagination"]["current"] == page
        assert body["pagination"]["total"] == len(body["data"])
        page = body["pagination"]["next"]
    return found


def user_of(session: Record) -> Record:
    """Return the custom properties from either of the two shapes."""
    found: Record = session["user"].get("userProperty", session["user"])
    return found


def test_pagination_is_included_only_on_request(server: Server) -> None:
    assert "pagination" not in ask(server).json()
    assert len(ask(server).json()["data"]) == 50
    assert ask(server, page="1").json()["pagination"] == {"current": 1, "next": 2, "total": 50}
    assert ask(server, page_size="500").json()["pagination"] == {"current": 1, "next": None, "total": 264}
    assert ask(server, page="3", page_size="132").json() == {"success": True, "data": []}
    assert ask(server, page="2", page_size="132").json()["pagination"]["next"] is None


def test_newest_first(server: Server) -> None:
    uploads = [row["property"]["uploadedServerTime"] for row in rows(server)]
    assert uploads == sorted(uploads, reverse=True)
    dates = [row["eventDate"] for row in rows(server, "event")]
    assert dates == sorted(dates, reverse=True)
    seen = [row["usage"]["lastseenOn"] for row in rows(server, "user")]
    assert seen == sorted(seen, reverse=True)
    assert all(len(times) > 100 for times in (uploads, dates, seen))


def test_expected_keys_are_those_of_the_records(server: Server) -> None:
    everything = between("2026-03-10", "2026-03-21")
    expected = server.vendor.expected("data_access_v2")
    for endpoint, stream, name in (
        ("session", "sessions", "sessionId"),
        ("event", "events", "eventId"),
        ("user", "users", "uxcamUserId"),
    ):
        found = [row[name] for row in rows(server, endpoint, everything)]
        assert len(found) == len(set(found))
        assert {(key,) for key in found} == set(expected[stream])


def test_both_shapes_of_a_sessions_user(server: Server) -> None:
    found = rows(server)
    flat = [row for row in found if "uxcamuserid" in row["user"]]
    nested = [row for row in found if "userProperty" in row["user"]]
    assert abs(len(flat) - len(nested)) <= 1
    assert len(flat) + len(nested) == len(found)
    assert all("sessionNumber" in row for row in flat)
    assert all("sessionNumber" in row["user"] and "uxcamuserid" in row["user"]["userProperty"] for row in nested)
    assert len(found[0]["device"]) == 22


def test_platforms(server: Server) -> None:
    assert {row["device"]["platform"] for row in rows(server)} == {"android", "ios", "web"}
    assert {row["device"]["platform"] for row in rows(server, "event")} == {1, 2, 3}
    assert {row["device"]["platform"] for row in rows(server, "user")} == {"android", "ios", "web"}


def test_times_in_both_forms(server: Server) -> None:
    assert rows(server)[0]["property"]["uploadedServerTime"].startswith("2026-03-20T")
    with serve(vendor_at_noon(time_form="space")) as spaced:
        assert rows(spaced)[0]["property"]["uploadedServerTime"].startswith("2026-03-20 ")


FILTERS: list[tuple[str, Record, Callable[[Record], bool]]] = [
    ("session", one("app_version", "equal", "10.2.3"), lambda r: r["device"]["appVersion"] == "10.2.3"),
    ("session", one("app_version", "not_equal", "10.2.3"), lambda r: r["device"]["appVersion"] != "10.2.3"),
    (
        "session",
        one("app_version", "in", ["1.0", "10.2.3"]),
        lambda r: r["device"]["appVersion"] in {"1.0", "10.2.3"},
    ),
    ("session", one("app_version", "not_in", ["1.0"]), lambda r: r["device"]["appVersion"] != "1.0"),
    ("session", one("app_version", "contains", "10."), lambda r: "10." in r["device"]["appVersion"]),
    ("session", one("app_version", "not_contains", "10."), lambda r: "10." not in r["device"]["appVersion"]),
    ("session", one("device_platform", "equal", "2"), lambda r: r["device"]["platform"] == "ios"),
    ("session", one("device_class", "equal", "Desktop"), lambda r: r["device"]["platform"] == "web"),
    ("session", one("device_manufacturer", "equal", "Apple"), lambda r: r["device"]["producer"] == "Apple"),
    ("session", one("device_model", "equal", "S6"), lambda r: r["device"]["model"] == "S6"),
    ("session", one("device_os_version", "equal", "9"), lambda r: r["device"]["osVersion"] == "9"),
    ("session", one("device_os_name", "equal", "iOS"), lambda r: r["device"]["osName"] == "iOS"),
    ("session", one("device_city", "equal", "München"), lambda r: r["location"]["city"] == "München"),
    ("session", one("device_country", "equal", "Nepal"), lambda r: r["location"]["countryCode"] == "NP"),
    ("session", one("sdk_version", "equal", "3.0.5"), lambda r: r["device"]["sdkVersion"] == "3.0.5"),
    ("session", one("user_name", "equal", "Zoë Müller"), lambda r: user_of(r)["alias"] == "Zoë Müller"),
    ("session", one("session_id", "equal", "3902r2hhoif290"), lambda r: r["sessionId"] == "3902r2hhoif290"),
    (
        "session",
        one("uxcamuserid", "equal", "3149ry02ryh2"),
        lambda r: user_of(r)["uxcamuserid"] == "3149ry02ryh2",
    ),
    ("session", one("session_crashed", "equal", "true"), lambda r: r["property"]["isCrashed"]),
    ("session", one("session_crashed", "equal", value=True), lambda r: r["property"]["isCrashed"]),
    ("session", one("session_has_video", "equal", "false"), lambda r: not r["property"]["hasVideo"]),
    ("session", one("session_has_video", "equal", value=False), lambda r: not r["property"]["hasVideo"]),
    ("session", one("session_duration", "greater", 30.5), lambda r: r["property"]["durationSec"] > 30.5),
    ("session", one("session_duration", "greater_than", 30.5), lambda r: r["property"]["durationSec"] > 30.5),
    ("session", one("session_gesture_count", "less", 3), lambda r: r["property"]["totalGesture"] < 3),
    ("session", one("session_gesture_count", "less_than", 3), lambda r: r["property"]["totalGesture"] < 3),
    ("session", one("session_screen_count", "greater_or_equal", 2), lambda r: r["property"]["totalScreen"] >= 2),
    (
        "session",
        one("session_rage_gesture_count", "less_or_equal", 0),
        lambda r: r["property"]["rageGestureCount"] == 0,
    ),
    (
        "session",
        one("user_custom_property", "equal", "no", property_name="loyalty_card"),
        lambda r: user_of(r).get("loyalty_card") == "no",
    ),
    (
        "session",
        one("user_custom_property", "not_in", ["male", "female"], property_name="gender"),
        lambda r: user_of(r).get("gender") is None,
    ),
    (
        "session",
        one("browser_name", "in", ["Chrome", "Firefox", "Safari"]),
        lambda r: r["device"]["platform"] == "web",
    ),
    ("event", one("event_name", "equal", "purchase"), lambda r: r["eventName"] == "purchase"),
    ("event", one("event_name", "not_contains", "cart"), lambda r: "cart" not in r["eventName"]),
    ("event", one("event_screen_name", "equal", "設定"), lambda r: r["eventScreen"] == "設定"),
    ("event", one("session_crashed", "equal", "true"), lambda r: r["sessionProperty"]["isCrashed"]),
    ("event", one("session_number_of_user", "less", 2), lambda r: r["sessionProperty"]["sessionNumber"] < 2),
    ("event", one("session_number_of_user", "equal", 2), lambda r: r["sessionProperty"]["sessionNumber"] == 2),
    (
        "event",
        one("event_name", "in", ["purchase", "login"], property_name="reason"),
        lambda r: r["eventName"] in {"purchase", "login"} and "reason" in r["eventProperty"],
    ),
    (
        "event",
        one("event_custom_property", "equal", "unclear", property_name="reason"),
        lambda r: r["eventProperty"].get("reason") == "unclear",
    ),
    ("user", one("device_platform", "equal", "1"), lambda r: r["device"]["platform"] == "android"),
    ("user", one("device_country", "equal", "Nepal"), lambda r: r["location"]["country"] == "Nepal"),
    ("user", one("user_gesture_count", "greater", 5), lambda r: r["usage"]["totalGesture"] > 5),
    ("user", one("user_session_count", "greater", 1), lambda r: r["usage"]["totaluser"] > 1),
    ("user", one("user_session_count", "equal", 1), lambda r: r["usage"]["totaluser"] == 1),
    ("user", one("user_session_duration", "less", 60), lambda r: r["usage"]["totaluserTime"] < 60),
    (
        "user",
        one("user_first_seen_on", "after", "2026-03-15T06:00:00Z"),
        lambda r: r["usage"]["registeredOn"] > "2026-03-15T06:00:00Z",
    ),
]


@pytest.mark.parametrize(("endpoint", "given", "fits"), FILTERS)
def test_a_filter_filters(server: Server, endpoint: str, given: Record, fits: Callable[[Record], bool]) -> None:
    everything = rows(server, endpoint)
    wanted = [row for row in everything if fits(row)]
    assert 0 < len(wanted) < len(everything)
    assert rows(server, endpoint, given) == wanted


def test_events_and_screens_of_a_session(server: Server) -> None:
    bought = {
        row["sessionProperty"]["sessionId"]
        for row in rows(server, "event", one("event_name", "equal", "purchase"))
    }
    found = {row["sessionId"] for row in rows(server, "session", one("event_name", "equal", "purchase"))}
    assert bought <= found
    home = rows(server, "session", one("session_screen_list", "has_any", ["Home", "設定"]))
    away = rows(server, "session", one("session_screen_list", "not_has_any", ["Home", "設定"]))
    assert home
    assert away
    assert len(home) + len(away) == len(rows(server))
    on_home = rows(server, "event", one("event_screen_name", "equal", "Home"))
    assert {row["sessionProperty"]["sessionId"] for row in on_home} <= {row["sessionId"] for row in home}


def test_filters_are_all_applied(server: Server) -> None:
    found = rows(
        server,
        "session",
        between("2026-03-12", "2026-03-15"),
        one("session_crashed", "equal", "true"),
        one("device_platform", "equal", "1"),
    )
    assert found
    for row in found:
        assert row["property"]["isCrashed"]
        assert row["device"]["platform"] == "android"
        assert "2026-03-12" <= row["property"]["uploadedServerTime"] <= "2026-03-15T00:00:00Z"


@pytest.mark.parametrize(
    ("operator", "value", "fits"),
    [
        ("on", "2026-03-12", lambda at: at[:10] == "2026-03-12"),
        ("not_on", "2026-03-12", lambda at: at[:10] != "2026-03-12"),
        ("after", "2026-03-12", lambda at: at > "2026-03-12T00:00:00Z"),
        ("before", "2026-03-12", lambda at: at < "2026-03-12T00:00:00Z"),
        ("after", "2026-03-12T07:08:09Z", lambda at: at > "2026-03-12T07:08:09Z"),
        ("before", "2026-03-12T07:08:09Z", lambda at: at < "2026-03-12T07:08:09Z"),
        ("on", "2026-03-10T12:01:34Z", lambda at: at == "2026-03-10T12:01:34Z"),
    ],
)
def test_dates(server: Server, operator: str, value: str, fits: Callable[[str], bool]) -> None:
    always = rows(server, "session", one("date_range", "after", "2020-01-01"))
    wanted = [row for row in always if fits(row["property"]["uploadedServerTime"])]
    assert 0 < len(wanted) < len(always)
    assert rows(server, "session", one("date_range", operator, value)) == wanted
    uploaded = {row["sessionId"] for row in wanted}
    always = rows(server, "event", one("date_range", "after", "2020-01-01"))
    wanted = [row for row in always if row["sessionProperty"]["sessionId"] in uploaded]
    assert len(wanted) < len(always)
    assert rows(server, "event", one("date_range", operator, value)) == wanted


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("upper", [True, False])
def test_bounds(*, lower: bool, upper: bool) -> None:
    with serve(vendor_at_noon(lower_inclusive=lower, upper_inclusive=upper)) as server:
        uploads = [row["property"]["uploadedServerTime"] for row in rows(server)]
        first, last = uploads[150], uploads[50]
        times = {row["property"]["uploadedServerTime"] for row in rows(server, "session", between(first, last))}
        assert (first in times) == lower
        assert (last in times) == upper
        assert all(first <= time <= last for time in times)
        assert len(times) > 20


def test_no_date_means_thirty_days() -> None:
    with serve(vendor_at_noon(sessions=200, days=60, web=0)) as server:
        found = rows(server)
        assert 50 < len(found) < 150
        assert min(row["property"]["uploadedServerTime"] for row in found) >= "2026-02-18T12:00:00Z"
        assert len(rows(server, "session", one("date_range", "after", "2020-01-01"))) == 200


def test_users_are_active_in_the_range_and_seen_last_whenever(server: Server) -> None:
    found = rows(server, "user", between("2026-03-12", "2026-03-13"))
    assert found
    assert any(row["usage"]["lastseenOn"] > "2026-03-14" for row in found)
    assert all(row["usage"]["registeredOn"] < "2026-03-13T00:00:01Z" for row in found)
    active = {user_of(row)["uxcamuserid"] for row in rows(server, "session", between("2026-03-12", "2026-03-13"))}
    assert active <= {row["uxcamUserId"] for row in found}


def test_credentials_in_headers_or_in_the_query_are_told_apart(server: Server) -> None:
    server.clear()
    right = headers(server)
    url = server.origin + "/v2/user"
    both = {"appid": right["X-App-Id"], "apikey": right["X-Api-Key"]}
    answers = [
        requests.get(url, headers=right, timeout=60),
        requests.get(url, params=both, timeout=60),
        requests.get(url, params=both, headers=right, timeout=60),
        requests.get(url, timeout=60),
        requests.get(url, headers={**right, "X-Api-Key": "wrong"}, timeout=60),
        requests.get(url, headers={**right, "X-App-Id": "wrong"}, timeout=60),
        requests.get(url, headers={"X-Api-Key": right["X-Api-Key"]}, timeout=60),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 401, 401, 403, 401]
    assert answers[3].json()["error"]["status"] == 401
    notes = [entry.notes["credentials"] for entry in server.requests]
    assert notes == ["header", "query", "both", "none", "header", "header", "header"]


def test_other_routes_and_methods(server: Server) -> None:
    for endpoint in ("sessions", "session/analytics", "session/"):
        answer = ask(server, endpoint)
        assert (answer.status_code, answer.json()["error"]["status"]) == (404, 404)
    assert requests.post(server.origin + "/v2/session", headers=headers(server), timeout=60).status_code == 405


def test_the_hourly_budget_and_the_lock_of_a_day() -> None:
    vendor = vendor_at_noon(sessions=20, requests_per_hour=3)
    with serve(vendor) as server:
        assert [ask(server).status_code for _ in range(3)] == [200] * 3
        vendor.advance(3599)
        refused = ask(server)
        assert (refused.status_code, refused.json()["error"]["status"]) == (429, 429)
        assert "Retry-After" not in refused.headers
        vendor.advance(23 * 3600)
        assert ask(server, "event").status_code == 429
        vendor.advance(3600)
        assert [ask(server).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_a_budget_that_is_kept() -> None:
    vendor = vendor_at_noon(sessions=20, requests_per_hour=3)
    with serve(vendor) as server:
        for _ in range(9):
            assert ask(server).status_code == 200
            vendor.advance(1200)


def test_growth_and_deletion() -> None:
    with serve(vendor_at_noon(sessions=30)) as server:
        before = rows(server)
        server.vendor.grow(4)
        after = rows(server)
        assert after[4:] == before
        users = {row["uxcamUserId"]: row["usage"]["lastseenOn"] for row in rows(server, "user")}
        assert {users[user_of(row)["uxcamuserid"]] for row in after[:4]} == {"2026-03-20T12:00:00Z"}
        server.vendor.delete(4)
        assert rows(server) == before
        assert {(row["uxcamUserId"],) for row in rows(server, "user")} == set(
            server.vendor.expected("data_access_v2")["users"]
        )
