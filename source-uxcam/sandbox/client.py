"""A client of both UXCam APIs, for tests of the sandbox."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import requests
from sandbox_server import Config, Keys, Record
from sandbox_server.client import DAY, SECONDS, Listing, numbered, start_of


def rows(body: Any) -> list[Record]:  # noqa: ANN401
    """Return the records of an answer of either API."""
    return list(body["data"])


def compact(value: object) -> str:
    """Serialize as JSON without white space."""
    return json.dumps(value, separators=(",", ":"))


def first_page(config: Config) -> requests.Request:
    """Request the newest sessions of the old API."""
    query = {"apikey": config["api_key"], "appid": config["app_id"]}
    return requests.Request("GET", config["base_url"] + "/session", params=query)


def first_page_of(endpoint: str) -> Callable[[Config], requests.Request]:
    """Request the newest rows of an endpoint of the new API."""

    def request(config: Config) -> requests.Request:
        keys = {"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}
        query = {"page": "1", "page_size": "100"}
        return requests.Request("GET", f"{config['base_url']}/{endpoint}", params=query, headers=keys)

    return request


def read_old(config: Config) -> Keys:
    """Read all sessions uploaded, or occurred, since the day before the start date."""
    since = compact({"operator": "from", "value": str(start_of(config).date() - DAY)})
    query = {"apikey": config["api_key"], "appid": config["app_id"], "sessiondate": since}

    def send(page: int) -> requests.Response:
        return requests.get(config["base_url"] + "/session", params={**query, "page": str(page)}, timeout=SECONDS)

    return {"sessions": [(row["id"],) for row in numbered(send, rows)]}


def read_new(config: Config) -> Keys:
    """Read all rows since the day before the start date, with the credentials in the URL."""
    between = {"lower": f"{start_of(config) - DAY:%Y-%m-%dT%H:%M:%SZ}", "upper": "2100-01-01T00:00:00Z"}
    filters = compact([{"attribute": "date_range", "operator": "between_dates", "value": between}])
    keys = {"appid": config["app_id"], "apikey": config["api_key"]}
    query = {**keys, "page_size": "500", "filters": filters}

    def pages(endpoint: str) -> Iterator[Record]:
        page = 1
        while page:
            url = f"{config['base_url']}/{endpoint}"
            body = requests.get(url, params={**query, "page": str(page)}, timeout=SECONDS).json()
            yield from rows(body)
            page = body.get("pagination", {}).get("next")

    return {
        "sessions": [(row["sessionId"],) for row in pages("session")],
        "events": [(row["eventId"],) for row in pages("event")],
        "users": [(row["uxcamUserId"],) for row in pages("user")],
    }


LISTINGS = [
    Listing("session_api", "id", first_page, rows),
    Listing("data_access_v2", "sessionId", first_page_of("session"), rows),
    Listing("data_access_v2", "eventId", first_page_of("event"), rows),
    Listing("data_access_v2", "uxcamUserId", first_page_of("user"), rows),
]
READERS = {"session_api": read_old, "data_access_v2": read_new}
