"""Every mood of every vendor can be read: careful readers of the vendors' pages find all that is expected.

The readers know nothing of windows: they ask for a wide range and page on until a list has ended for certain.
"""

import datetime as dt
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests

from integration_tests.conftest import cases
from integration_tests.sandbox import Config, Keys, Server, load_vendor, serve
from integration_tests.sandbox.vendor import vendor_class

DAY = dt.timedelta(days=1)
IDENTITY = ("timestamp", "ip", "landingPage", "browser", "os", "device", "isMobile", "domain", "referrer")
MOODS = [(folder, config, mood) for folder, config in cases(every=False) for mood in vendor_class(folder).moods]

Row = dict[str, Any]
Send = Callable[[int], requests.Response]


def start_of(config: Config) -> dt.datetime:
    return dt.datetime.fromisoformat(config["start_date"]).replace(tzinfo=dt.UTC)


def numbered(send: Send, rows: Callable[[Any], list[Row]]) -> list[Row]:
    """All rows of numbered pages: they end with an empty page, a repeated one or a refusal."""
    found: list[Row] = []
    last: list[Row] = []
    for page in itertools.count(1):
        answer = send(page)
        if page > 1 and answer.status_code in {400, 404}:
            return found
        assert answer.status_code == 200, answer.text
        new = rows(answer.json())
        if not new or new == last:
            return found
        found, last = found + new, new
    raise AssertionError


def session_api(config: Config) -> Keys:
    since = json.dumps({"operator": "from", "value": str(start_of(config).date() - DAY)}, separators=(",", ":"))
    query = {"apikey": config["api_key"], "appid": config["app_id"], "sessiondate": since}

    def send(page: int) -> requests.Response:
        return requests.get(config["base_url"] + "/session", params={**query, "page": str(page)}, timeout=5)

    return {"sessions": [(row["id"],) for row in numbered(send, lambda body: list(body["data"]))]}


def data_access(config: Config) -> Keys:
    keys = {"appid": config["app_id"], "apikey": config["api_key"]}
    between = {"lower": f"{start_of(config) - DAY:%Y-%m-%dT%H:%M:%SZ}", "upper": "2100-01-01T00:00:00Z"}
    filters = [{"attribute": "date_range", "operator": "between_dates", "value": between}]
    query = {**keys, "page_size": "500", "filters": json.dumps(filters, separators=(",", ":"))}

    def pages(endpoint: str) -> Iterator[Row]:
        page = 1
        while page:
            url = f"{config['base_url']}/{endpoint}"
            body = requests.get(url, params={**query, "page": str(page)}, timeout=5).json()
            yield from body["data"]
            page = body.get("pagination", {}).get("next")

    return {
        "sessions": [(row["sessionId"],) for row in pages("session")],
        "events": [(row["eventId"],) for row in pages("event")],
        "users": [(row["uxcamUserId"],) for row in pages("user")],
    }


def opentracker(config: Config) -> Keys:
    today = dt.datetime.now(dt.UTC)
    days = [start_of(config) + n * DAY for n in range(-5, (today - start_of(config)).days + 3)]
    url = config["base_url"] + "/c_view_sessions_by_user.jsp"

    def ask(**more: str) -> tuple[list[Row], str | None]:
        own = {"login": config["login"], "password": config["password"], "dataType": "jsondatatable"}
        answer = requests.post(url, data={**own, "limit": "1000", **more}, timeout=5)
        body = json.loads(answer.text.strip().removeprefix("(").removesuffix(")"))
        rows = [dict(zip(body["field"], row, strict=True)) for row in body["resultsList"] if "field" in body]
        return rows or body["resultsList"], body.get("nextToken")

    def list_of(site: str, date: str) -> Iterator[Row]:
        rows, token = ask(site=site, date=date)
        yield from rows
        count = len(rows)
        while rows and token:
            rows, token = ask(site=site, date=date, nextToken=token)
            yield from rows
            count += len(rows)
        seen = {row["session_id"] for row in rows}
        while rows and token is None:
            rows, _ = ask(site=site, date=date, offset=str(count))
            rows = [row for row in rows if row["session_id"] not in seen]
            seen |= {row["session_id"] for row in rows}
            yield from rows
            count += len(rows)

    found = {
        (row["site"], row["session_id"])
        for site in config["sites"]
        for day in days
        for row in list_of(site, f"{day:%Y-%m-%d}")
    }
    return {"sessions": list(found)}


def browsee(config: Config) -> Keys:
    body = {"apiKey": config["api_key"], "secretKey": config["secret_key"]}
    body |= {"start": int(start_of(config).timestamp()) - 1}
    found: list[Row] = []
    while True:
        answer = requests.post(
            config["base_url"] + "/export/sessions", json={**body, "from": len(found)}, timeout=5
        )
        new = answer.json()["exports"]["data"]
        found += new
        if not new:
            break
    ids = [row.get("sessionId") or tuple(row.get(name) for name in IDENTITY) for row in found]
    return {"sessions": [(each,) for each in ids]}


def inspectlet(config: Config) -> Keys:
    auth = (config["username"].encode(), config["api_token"].encode())
    url = config["base_url"] + "/websites"
    custom = {"start": str(int(start_of(config).timestamp()) - 1), "end": str(int(time.time()) + 86_400)}
    search = json.dumps({"daterange": "custom", "daterangecustom": custom})

    def rows(body: Any) -> list[Row]:
        found = body["response"]
        return list(found if isinstance(found, list) else found["sessions"])

    keys: Keys = {"websites": [], "sessions": [], "session_details": []}
    for site in rows(requests.get(url, auth=auth, timeout=5).json()):
        place = f"{url}/{site['wid']}/sessions"

        def send(page: int, place: str = place) -> requests.Response:
            form = {"limit": "100", "page": str(page), "search": search}
            return requests.post(place, data=form, auth=auth, timeout=5)

        keys["websites"].append((site["wid"],))
        for row in numbered(send, rows):
            keys["sessions"].append((row["wid"], str(row["sid"])))
            detail = requests.get(f"{place}/{row['sid']}", auth=auth, timeout=5).json()["response"]
            detail = detail if "sid" in detail else rows({"response": detail})[0]
            keys["session_details"].append((detail["wid"], str(detail["sid"])))
    return keys


def devrev(config: Config) -> Keys:
    headers = {"Authorization": f"Bearer {config['access_token']}"}
    url = config["base_url"] + "/observability.sessions.list"
    keys: list[tuple[Any, ...]] = []
    for app in config["apps"]:
        kind = "web" if app["platform"] == "web" else "mobile"
        since = {"type": "range", "after": f"{start_of(config):%Y-%m-%dT%H:%M:%SZ}"}
        body: Row = {"type": kind, **app, "created_at": since, "limit": 100}
        while True:
            answer = requests.post(url, json=body, headers=headers, timeout=5)
            if answer.status_code == 400:
                assert answer.json()["field_name"] == "limit"
                body["limit"] //= 2
                continue
            found = answer.json()
            keys += [(app["version_key"], app["platform"], row["session_id"]) for row in found["sessions"]]
            if not found.get("next_cursor"):
                break
            body["cursor"] = found["next_cursor"]
    return {"sessions": keys}


READERS: Mapping[tuple[str, str], Callable[[Config], Keys]] = {
    ("source-uxcam", "session_api"): session_api,
    ("source-uxcam", "data_access_v2"): data_access,
    ("source-opentracker", "default"): opentracker,
    ("source-browsee", "default"): browsee,
    ("source-inspectlet", "default"): inspectlet,
    ("source-devrev", "default"): devrev,
}


def read(server: Server, folder: str, config: str) -> Keys:
    return READERS[folder, config](server.vendor.configs(server.origin)[config])


@pytest.mark.parametrize(("folder", "config", "mood"), MOODS, ids=str)
def test_a_careful_reader_finds_everything(folder: str, config: str, mood: dict[str, Any]) -> None:
    options = {"requests_per_window": None} if folder == "source-devrev" else {}
    vendor = load_vendor(folder, sessions=130, days=4, now=lambda: time.time() - 2, **options, **mood)
    with serve(vendor) as server:
        vendor.grow(3)
        vendor.delete(2)
        expected, held = vendor.expected(config), vendor.held(config)
        for stream, keys in read(server, folder, config).items():
            assert set(expected[stream]) <= set(keys), stream
            assert set(keys) <= set(held[stream]), stream
            assert len(expected[stream]) > 0
        assert all(entry.notes.get("beyond_end", "1") == "1" for entry in server.requests)
