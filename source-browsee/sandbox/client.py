"""A client of Browsee, for tests of the sandbox."""

from typing import Any

import requests
from sandbox_server import Config, Keys, Record
from sandbox_server.client import SECONDS, Listing, start_of

from .records import identity


def first_page(config: Config) -> requests.Request:
    """Request the newest sessions."""
    body = {"apiKey": config["api_key"], "secretKey": config["secret_key"], "start": 0}
    return requests.Request("POST", config["base_url"] + "/export/sessions", json=body)


def rows(body: Any) -> list[Record]:  # noqa: ANN401
    """Return the sessions of an answer."""
    return list(body["exports"]["data"])


def read(config: Config) -> Keys:
    """Read all sessions since the start date, page by page until one is empty."""
    own = {"apiKey": config["api_key"], "secretKey": config["secret_key"]}
    start = int(start_of(config).timestamp()) - 1
    found: list[Record] = []
    while True:
        body = {**own, "start": start, "from": len(found)}
        page = rows(requests.post(config["base_url"] + "/export/sessions", json=body, timeout=SECONDS).json())
        if not page:
            break
        found += page
    return {"sessions": [(row.get("sessionId") or identity(row),) for row in found]}


LISTINGS = [Listing("default", "_id", first_page, rows, {"id_field": "_id"})]
READERS = {"default": read}
