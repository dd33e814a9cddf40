"""UXCam's sandbox: the ways in which both APIs may differ from their pages."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_server import Server, load_vendor, serve

NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
START = "2026-03-10"
EXAMPLES = Path(__file__).resolve().parents[1] / "sandbox" / "examples.json"

Record = dict[str, Any]


def serving(**options: Any) -> Server:
    defaults = {"sessions": 240, "days": 10, "now": lambda: NOON, "requests_per_hour": None}
    return serve(load_vendor("source-uxcam", **{**defaults, **options}))


def old(server: Server, page: int = 1, **filters: object) -> requests.Response:
    config = server.vendor.configs(server.origin)["session_api"]
    query: dict[str, Any] = {"apikey": config["api_key"], "appid": config["app_id"], "page": page}
    query |= {name: json.dumps(value, separators=(",", ":")) for name, value in filters.items()}
    return requests.get(config["base_url"] + "/session", params=query, timeout=60)


def old_rows(server: Server, **filters: object) -> list[Record]:
    """Return all rows: read pages until one is empty."""
    found: list[Record] = []
    for page in range(1, 100):
        rows = old(server, page, **filters).json()["data"]
        if not rows:
            return found
        found += rows
    raise AssertionError("the list has no end")


def new(server: Server, endpoint: str, page: int = 1, *filters: Record, size: int = 500) -> requests.Response:
    config = server.vendor.configs(server.origin)["data_access_v2"]
    query = {"page": str(page), "page_size": str(size), "filters": json.dumps(filters, separators=(",", ":"))}
    keys = {"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}
    return requests.get(f"{config['base_url']}/{endpoint}", params=query, headers=keys, timeout=60)


def new_rows(server: Server, endpoint: str, *filters: Record) -> list[Record]:
    found: list[Record] = []
    page: int | None = 1
    while page is not None:
        body = new(server, endpoint, page, *filters).json()
        found += body["data"]
        page = body.get("pagination", {}).get("next")
    return found


def uploaded(lower: str, upper: str) -> Record:
    return {"attribute": "date_range", "operator": "between_dates", "value": {"lower": lower, "upper": upper}}


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(TypeError, match="no option page_size"):
        load_vendor("source-uxcam", page_size=20)


def test_a_smaller_page_of_the_old_api_is_followed_by_the_rest() -> None:
    with serving(sessions=130, page_cap=20) as server:
        sizes = [len(old(server, page).json()["data"]) for page in range(1, 8)]
        assert sizes == [20, 20, 20, 20, 20, 20, 10]
        ids = {(row["id"],) for row in old_rows(server)}
        assert ids == set(server.vendor.expected("session_api")["sessions"])


def test_a_smaller_page_of_the_new_api_names_the_next_one() -> None:
    with serving(page_cap=100) as server:
        first = new(server, "session").json()
        assert (len(first["data"]), first["pagination"]["next"]) == (100, 2)
        assert len({row["sessionId"] for row in new_rows(server, "session")}) == 264
        assert len(new(server, "session", size=30).json()["data"]) == 30


@pytest.mark.parametrize(("sessions", "last"), [(250, 3), (200, 2), (99, 1), (0, 1)])
def test_one_page_beyond_the_end_is_empty_and_the_next_one_refused(sessions: int, last: int) -> None:
    with serving(sessions=sessions, web=0, examples="none") as server:
        assert sum(len(old(server, page).json()["data"]) for page in range(1, last + 1)) == sessions
        assert old(server, last + 1).json() == {"success": "true", "data": []}
        assert old(server, last + 2).status_code == 400
        assert [entry.notes.get("beyond_end") for entry in server.requests[-2:]] == ["1", "2"]
        assert not any("beyond_end" in entry.notes for entry in server.requests[:-2])


def test_the_page_beyond_the_end_may_repeat_the_last_one_or_be_refused() -> None:
    with serving(sessions=130, beyond_end="repeats_last") as server:
        assert old(server, 3).json() == old(server, 2).json()
        assert old(server, 4).status_code == 400
    for status in (400, 404):
        with serving(sessions=130, beyond_end="refused", beyond_status=status) as server:
            assert [old(server, page).status_code for page in (1, 2, 3)] == [200, 200, status]


def test_the_page_after_one_that_has_vanished_is_allowed() -> None:
    with serving(sessions=200, web=0) as server:
        assert len(old(server, 2).json()["data"]) == 100
        server.vendor.delete(150)
        assert old(server, 3).json()["data"] == []
        assert old(server, 4).status_code == 400
        assert len(server.vendor.expected("session_api")["sessions"]) == 50


@pytest.mark.parametrize("hours", [9, -8])
def test_the_old_api_may_filter_and_write_in_another_time_zone(hours: int) -> None:
    with (
        serving() as plain,
        serving(hours_ahead=hours) as ahead,
        serving(hours_ahead=hours, writes_local=True) as local,
    ):
        day = {"operator": "on", "value": "2026-03-12"}
        utc = {row["id"]: row["session"] for row in old_rows(plain)}
        filtered, written = old_rows(ahead, sessiondate=day), old_rows(local, sessiondate=day)
        assert [row["id"] for row in filtered] == [row["id"] for row in written] != []
        assert {row["session"]["uploaded_server_time"][:10] for row in written} == {"2026/03/12"}
        assert len({row["session"]["uploaded_server_time"][:10] for row in filtered}) == 2
        for row in old_rows(local):
            for name in ("uploaded_server_time", "verified_server_time"):
                if not row["id"].startswith("3902r2h"):  # the page's examples have a verified time of 2019
                    assert moment(row["session"][name]) == moment(utc[row["id"]][name]) + dt.timedelta(hours=hours)
            assert row["session"]["recorded_device_time"] == utc[row["id"]]["recorded_device_time"]


def moment(text: str) -> dt.datetime:
    return dt.datetime.strptime(text, "%Y/%m/%d, %H:%M:%S").replace(tzinfo=dt.UTC)


def test_late_sessions_occurred_days_before_their_upload() -> None:
    with serving(late_every=10, late_days=5) as server:
        found = [row["session"] for row in old_rows(server) if not row["id"].startswith("3902r2h")]
        waits = [
            moment(session["uploaded_server_time"]) - moment(session["verified_server_time"]) for session in found
        ]
        late = [wait for wait in waits if dt.timedelta(days=5) <= wait < dt.timedelta(days=6)]
        assert 18 <= len(late) <= 26
        server.vendor.grow(3, late=True)  # type: ignore[call-arg]
        newest = old(server).json()["data"][:3]
        assert {row["session"]["uploaded_server_time"] for row in newest} == {"2026/03/20, 12:00:00"}
        assert all(row["session"]["verified_server_time"] < "2026/03/15, 12" for row in newest)
    with serving() as server:
        seeds = [row["id"] for row in old_rows(server)]
    with serving(late_every=10) as server:
        assert [row["id"] for row in old_rows(server)] == seeds


def test_sessiondate_may_be_about_the_occurrence() -> None:
    with serving(late_every=10, late_days=5, date_by="occurrence") as server:
        found = old_rows(server, sessiondate={"operator": "between", "value": ["2026-03-12", "2026-03-13"]})
        assert {row["session"]["verified_server_time"][:10] for row in found} == {"2026/03/12", "2026/03/13"}
        assert any(row["session"]["uploaded_server_time"] > "2026/03/17" for row in found)
        everything = {row["id"]: row["session"]["verified_server_time"] for row in old_rows(server)}
        expected = {key for (key,) in server.vendor.expected("session_api")["sessions"]}
        assert expected == {key for key, verified in everything.items() if verified >= "2026/03/10"}
        held = server.vendor.held("session_api")
        assert {key for (key,) in held["sessions"]} == set(everything) > expected
        assert {key[0] for key in held["gestures"]} > {
            key[0] for key in server.vendor.expected("session_api")["gestures"]
        }


def test_the_pages_examples_are_filtered_by_the_times_that_they_show() -> None:
    names = {record["id"] for record in json.loads(EXAMPLES.read_bytes())["data"]}
    with serving(date_by="occurrence") as server:
        found = old_rows(server, sessiondate={"operator": "on", "value": START})
        assert names <= {row["id"] for row in found}
        assert {row["session"]["verified_server_time"][:10] for row in found} == {"2026/03/10"}


@pytest.mark.parametrize("hours", [9, -8])
def test_times_without_a_zone_may_be_written_in_any(hours: int) -> None:
    with serving() as plain, serving(time_form="space", time_zone_hours=hours) as local:
        day = uploaded("2026-03-12T00:00:00Z", "2026-03-12T23:59:59Z")
        pairs = list(zip(new_rows(plain, "session", day), new_rows(local, "session", day), strict=True))
        assert pairs
        for utc, shown in pairs:
            at = dt.datetime.fromisoformat(utc["property"]["uploadedServerTime"])
            assert shown["sessionId"] == utc["sessionId"]
            assert shown["property"]["uploadedServerTime"] == f"{at + dt.timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
        event = new(local, "event").json()["data"][0]
        (same,) = (row for row in new_rows(plain, "event") if row["eventId"] == event["eventId"])
        at = dt.datetime.fromisoformat(same["eventDate"]) + dt.timedelta(hours=hours)
        assert event["eventDate"] == f"{at:%Y-%m-%d %H:%M:%S}"
    with serving(time_zone_hours=hours) as server:
        assert new(server, "session").json()["data"][0]["property"]["uploadedServerTime"] <= "2026-03-20T12:00:00Z"


def test_events_are_listed_by_their_upload_or_by_their_date() -> None:
    window = uploaded("2026-03-12T00:00:00Z", "2026-03-12T23:59:59Z")
    with serving(late_every=3) as server:
        sessions = {row["sessionId"] for row in new_rows(server, "session", window)}
        found = new_rows(server, "event", window)
        assert {row["sessionProperty"]["sessionId"] for row in found} <= sessions
        assert any(row["eventDate"] < "2026-03-04" for row in found)
        assert any(row["eventDate"] < START for row in found)
        keys = {(row["eventId"],) for row in new_rows(server, "event")}
        assert set(server.vendor.expected("data_access_v2")["events"]) == keys
    with serving(late_every=3, events_by_upload=False) as server:
        found = new_rows(server, "event", window)
        assert {row["eventDate"][:10] for row in found} == {"2026-03-12"}
        expected = set(server.vendor.expected("data_access_v2")["events"])
        everything = new_rows(server, "event", uploaded("2020-01-01", "2026-03-21"))
        assert expected == {(row["eventId"],) for row in everything if row["eventDate"] >= START}
        assert set(server.vendor.held("data_access_v2")["events"]) == {(row["eventId"],) for row in everything}
        assert len(everything) > len(expected)


@pytest.mark.parametrize(("refusal", "status"), [(401, 401), (403, 403), ("success_false", 200)])
def test_credentials_in_headers_may_be_refused(refusal: str | int, status: int) -> None:
    with serving(refuses_headers=True, refusal=refusal) as server:
        refused = new(server, "session")
        assert (refused.status_code, refused.json()["success"]) == (status, False)
        config = server.vendor.configs(server.origin)["data_access_v2"]
        keys = {"appid": config["app_id"], "apikey": config["api_key"]}
        assert requests.get(config["base_url"] + "/session", params=keys, timeout=60).json()["success"] is True


@pytest.mark.parametrize("endless", ["empty", "full"])
def test_pages_that_never_end(endless: str) -> None:
    with serving(endless=endless) as server:
        pages = [new(server, "session", page, size=150).json() for page in (1, 2, 3, 50)]
        assert [page["pagination"]["next"] for page in pages] == [2, 3, 4, 51]
        sizes = [len(page["data"]) for page in pages]
        assert sizes == ([150, 114, 0, 0] if endless == "empty" else [150] * 4)
        assert (pages[0]["data"] == pages[3]["data"]) == (endless == "full")


def test_five_requests_per_second() -> None:
    vendor: Any = load_vendor("source-uxcam", sessions=20, now=lambda: NOON, requests_per_second=5)
    with serve(vendor) as server:
        assert [new(server, "user").status_code for _ in range(6)] == [200] * 5 + [429]
        vendor.advance(1)
        assert new(server, "user").status_code == 200
