"""Clients of the vendors, for tests of the sandboxes.

Each vendor has one in `source-*/sandbox/client.py`, written from the vendor's page and independent of the
connector. It defines `LISTINGS`, one request per kind of record, and `READERS`, which maps the name of a config to
a function that reads everything with a wide range of dates, in every mood of the vendor.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import requests

from sandbox_server.server import Server
from sandbox_server.vendor import Config, Keys, Record, sandbox_module, vendor_names

DAY = dt.timedelta(days=1)
SECONDS = 5


class Listing(NamedTuple):
    """A request for up to a hundred records of one kind."""

    config: str
    id_name: str
    """The field that holds a record's id."""
    request: Callable[[Config], requests.Request]
    rows: Callable[[Any], list[Record]]
    """The records in the decoded answer."""
    options: Mapping[str, Any] = {}
    """Options of the vendor that the request needs."""

    def ask(self, server: Server, timeout: float = SECONDS) -> requests.Response:
        """Send the request to a sandbox server."""
        prepared = self.request(server.vendor.configs(server.origin)[self.config]).prepare()
        with requests.Session() as session:
            return session.send(prepared, timeout=timeout)


Reader = Callable[[Config], Keys]


def listings() -> dict[str, tuple[str, Listing]]:
    """Return the folder and the listing of each kind of record of each vendor, by a readable name."""
    found = [(folder, each) for folder in vendor_names() for each in sandbox_module(folder, "client").LISTINGS]
    return {f"{folder}-{listing.config}-{listing.id_name}": (folder, listing) for folder, listing in found}


def reader(folder: str, config: str) -> Reader:
    """Return the function that reads everything of a vendor with a config."""
    found: Reader = sandbox_module(folder, "client").READERS[config]
    return found


def start_of(config: Config) -> dt.datetime:
    """Return the start date of a config."""
    return dt.datetime.fromisoformat(config["start_date"]).replace(tzinfo=dt.UTC)


def numbered(send: Callable[[int], requests.Response], rows: Callable[[Any], list[Record]]) -> list[Record]:
    """Read all rows of numbered pages, which end with an empty page, a repeated page or a refusal."""
    found: list[Record] = []
    last: list[Record] = []
    for page in itertools.count(1):
        answer = send(page)
        if page > 1 and answer.status_code in {400, 404}:
            break
        answer.raise_for_status()
        new = rows(answer.json())
        if not new or new == last:
            break
        found, last = found + new, new
    return found
