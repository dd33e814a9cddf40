"""A client of Inspectlet, for tests of the sandbox."""

import base64
import functools
import json
import time
from typing import Any

import requests
from sandbox_server import Config, Keys, Record
from sandbox_server.client import SECONDS, Listing, numbered, start_of

FIRST_WEBSITE = 12345678


def headers(config: Config) -> dict[str, str]:
    """Return the credentials for Basic authentication in UTF-8."""
    pair = f"{config['username']}:{config['api_token']}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def first_page(config: Config) -> requests.Request:
    """Request the newest sessions of the page's own website."""
    url = f"{config['base_url']}/websites/{FIRST_WEBSITE}/sessions"
    return requests.Request("POST", url, data={"limit": "100"}, headers=headers(config))


def rows(body: Any) -> list[Record]:  # noqa: ANN401
    """Return the records of an answer of any shape."""
    found = body["response"]
    if isinstance(found, list):
        return list(found)
    return [found] if "sid" in found else list(found["sessions"])


def read(config: Config) -> Keys:
    """Read all websites, their sessions since the start date, and each individual session."""
    url = config["base_url"] + "/websites"
    custom = {"start": str(int(start_of(config).timestamp()) - 1), "end": str(int(time.time()) + 86_400)}
    search = json.dumps({"daterange": "custom", "daterangecustom": custom})

    def get(place: str) -> list[Record]:
        return rows(requests.get(place, headers=headers(config), timeout=SECONDS).json())

    def send(place: str, page: int) -> requests.Response:
        form = {"limit": "100", "page": str(page), "search": search}
        return requests.post(place, data=form, headers=headers(config), timeout=SECONDS)

    keys: Keys = {"websites": [(site["wid"],) for site in get(url)], "sessions": [], "session_details": []}
    for (wid,) in keys["websites"]:
        place = f"{url}/{wid}/sessions"
        for row in numbered(functools.partial(send, place), rows):
            keys["sessions"].append((row["wid"], str(row["sid"])))
            keys["session_details"] += [(one["wid"], str(one["sid"])) for one in get(f"{place}/{row['sid']}")]
    return keys


LISTINGS = [Listing("default", "sid", first_page, rows, {"websites": 1})]
READERS = {"default": read}
