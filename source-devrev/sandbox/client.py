"""A client of DevRev, for tests of the sandbox."""

from collections.abc import Iterator
from typing import Any

import requests
from sandbox_server import Config, Keys, Record
from sandbox_server.client import SECONDS, Listing, start_of

CALL = "/observability.sessions.list"


def headers(config: Config) -> dict[str, str]:
    """Return the credentials."""
    return {"Authorization": f"Bearer {config['access_token']}"}


def body_of(app: dict[str, str], **more: object) -> Record:
    """Return a request for the sessions of an app."""
    return {"type": "web" if app["platform"] == "web" else "mobile", **app, **more}


def first_page(config: Config) -> requests.Request:
    """Request the newest sessions of the first app."""
    body = body_of(config["apps"][0])
    return requests.Request("POST", config["base_url"] + CALL, json=body, headers=headers(config))


def rows(body: Any) -> list[Record]:  # noqa: ANN401
    """Return the sessions of an answer."""
    return list(body["sessions"])


def read(config: Config) -> Keys:
    """Read all sessions of all apps since the start date."""
    found = [
        (app["version_key"], app["platform"], row["session_id"])
        for app in config["apps"]
        for row in list_of(config, app)
    ]
    return {"sessions": found}


def list_of(config: Config, app: dict[str, str]) -> Iterator[Record]:
    """Read a list, with a smaller limit each time that the limit is refused."""
    since = {"type": "range", "after": f"{start_of(config):%Y-%m-%dT%H:%M:%SZ}"}
    body = body_of(app, created_at=since, limit=100)
    while True:
        answer = requests.post(config["base_url"] + CALL, json=body, headers=headers(config), timeout=SECONDS)
        if answer.status_code == 400 and answer.json().get("field_name") == "limit":
            body["limit"] //= 2
            continue
        answer.raise_for_status()
        yield from rows(answer.json())
        if not answer.json().get("next_cursor"):
            return
        body["cursor"] = answer.json()["next_cursor"]


LISTINGS = [Listing("default", "session_id", first_page, rows)]
READERS = {"default": read}
