"""One request per vendor's API that lists sessions, for tests that treat all sandboxes alike."""

import json
from collections.abc import Callable
from typing import Any

import requests

from integration_tests.sandbox import Config, Record, Server

Listing = tuple[Callable[[Config], requests.Request], Callable[[Any], list[Record]]]


def session_api(config: Config) -> requests.Request:
    query = {"apikey": config["api_key"], "appid": config["app_id"]}
    return requests.Request("GET", config["base_url"] + "/session", params=query)


def data_access(endpoint: str) -> Callable[[Config], requests.Request]:
    def ask(config: Config) -> requests.Request:
        keys = {"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}
        query = {"page": "1", "page_size": "100"}
        return requests.Request("GET", f"{config['base_url']}/{endpoint}", params=query, headers=keys)

    return ask


def opentracker(config: Config) -> requests.Request:
    form = {"login": config["login"], "password": config["password"], "site": config["sites"][0]}
    form |= {"dataType": "jsondatatable", "date": config["start_date"], "limit": "100"}
    return requests.Request("POST", config["base_url"] + "/c_view_sessions_by_user.jsp", data=form)


def opentracker_rows(body: Any) -> list[Record]:
    if "field" not in body:
        return list(body["resultsList"])
    return [dict(zip(body["field"], row, strict=True)) for row in body["resultsList"]]


def browsee(config: Config) -> requests.Request:
    body = {"apiKey": config["api_key"], "secretKey": config["secret_key"], "start": 0}
    return requests.Request("POST", config["base_url"] + "/export/sessions", json=body)


def inspectlet(config: Config) -> requests.Request:
    auth = (config["username"].encode(), config["api_token"].encode())
    url = config["base_url"] + "/websites/12345678/sessions"
    return requests.Request("POST", url, data={"limit": "100"}, auth=auth)


def devrev(config: Config) -> requests.Request:
    headers = {"Authorization": f"Bearer {config['access_token']}", "Content-Type": "application/json"}
    body = json.dumps({"type": "mobile", **config["apps"][0]})
    return requests.Request(
        "POST", config["base_url"] + "/observability.sessions.list", data=body, headers=headers
    )


LISTINGS: dict[tuple[str, str, str], Listing] = {
    ("source-uxcam", "session_api", "id"): (session_api, lambda body: list(body["data"])),
    ("source-uxcam", "data_access_v2", "sessionId"): (data_access("session"), lambda body: list(body["data"])),
    ("source-uxcam", "data_access_v2", "eventId"): (data_access("event"), lambda body: list(body["data"])),
    ("source-uxcam", "data_access_v2", "uxcamUserId"): (data_access("user"), lambda body: list(body["data"])),
    ("source-opentracker", "default", "session_id"): (opentracker, opentracker_rows),
    ("source-browsee", "default", "_id"): (browsee, lambda body: list(body["exports"]["data"])),
    ("source-inspectlet", "default", "sid"): (inspectlet, lambda body: list(body["response"])),
    ("source-devrev", "default", "session_id"): (devrev, lambda body: list(body["sessions"])),
}
"""The request and the rows of its answer, by the connector's folder, the config and the name of an id."""

OPTIONS: dict[str, dict[str, Any]] = {"source-browsee": {"id_field": "_id"}, "source-inspectlet": {"websites": 1}}
"""Options of the vendor that these requests need."""


def ask(server: Server, config: str, request: Callable[[Config], requests.Request]) -> requests.Response:
    """Send the request; an answer that takes longer than a second is a `requests.ReadTimeout`."""
    prepared = request(server.vendor.configs(server.origin)[config]).prepare()
    with requests.Session() as session:
        return session.send(prepared, timeout=1)
