"""Clients of the vendors, for the tests of the sandboxes.

Each vendor has one in `source-*/sandbox/client.py`: a careful reader of the vendor's page that knows nothing of
the connector. It defines `LISTINGS`, one request per kind of record, and `READERS`, by the name of a config: a
function that reads everything with a wide range of dates, whatever the vendor's mood.
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
        """Send the request to a vendor that is served."""
        prepared = self.request(server.vendor.configs(server.origin)[self.config]).prepare()
        with requests.Session() as session:
            return session.send(prepared, timeout=timeout)


Reader = Callable[[Config], Keys]


def listings() -> dict[str, tuple[str, Listing]]:
    """The folder and the listing of every vendor's kinds of records, by a name for both."""
    found = [(folder, each) for folder in vendor_names() for each in sandbox_module(folder, "client").LISTINGS]
    return {f"{folder}-{listing.config}-{listing.id_name}": (folder, listing) for folder, listing in found}


def reader(folder: str, config: str) -> Reader:
    """The function that reads everything of a vendor with a config."""
    found: Reader = sandbox_module(folder, "client").READERS[config]
    return found


def start_of(config: Config) -> dt.datetime:
    """The start date of a config."""
    return dt.datetime.fromisoformat(config["start_date"]).replace(tzinfo=dt.UTC)


def numbered(send: Callable[[int], requests.Response], rows: Callable[[Any], list[Record]]) -> list[Record]:
    """All rows of numbered pages: they end with an empty page, a repeated one or a refusal."""
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
