"""A client of Opentracker, for tests of the sandbox."""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import requests
from sandbox_server import Config, Keys, Record
from sandbox_server.client import DAY, SECONDS, Listing, start_of

CALL = "/c_view_sessions_by_user.jsp"
LIMIT = 1000
LARGEST_LIMIT = 10_000


def form(config: Config, site: str, date: dt.datetime, **more: str) -> dict[str, str]:
    """Return the parameters of a list of one day."""
    own = {"login": config["login"], "password": config["password"], "site": site}
    return {**own, "dataType": "jsondatatable", "date": f"{date:%Y-%m-%d}", "limit": str(LIMIT), **more}


def first_page(config: Config) -> requests.Request:
    """Request the sessions of the first day of the first site."""
    given = form(config, config["sites"][0], start_of(config))
    return requests.Request("POST", config["base_url"] + CALL, data=given)


def rows(body: Any) -> list[Record]:  # noqa: ANN401
    """Return the rows of an answer, which are objects, or lists below a header."""
    if "field" not in body:
        return list(body["resultsList"])
    return [dict(zip(body["field"], row, strict=True)) for row in body["resultsList"]]


def read(config: Config) -> Keys:
    """Read all sessions of all days since five days before the start date."""
    days = (dt.datetime.now(dt.UTC) - start_of(config)).days
    found = {
        (row["site"], row["session_id"])
        for site in config["sites"]
        for day in range(-5, days + 3)
        for row in list_of(config, site, start_of(config) + day * DAY)
    }
    return {"sessions": list(found)}


def list_of(config: Config, site: str, date: dt.datetime) -> Iterator[Record]:
    """Read a list by tokens, otherwise by offsets, or with a larger limit if offsets have no effect."""

    def ask(**more: str) -> tuple[list[Record], str | None]:
        given = form(config, site, date, **more)
        answer = requests.post(config["base_url"] + CALL, data=given, timeout=SECONDS)
        body = json.loads(answer.text.strip().removeprefix("(").removesuffix(")"))
        return rows(body), body.get("nextToken")

    page, token = ask()
    yield from page
    seen = {row["session_id"] for row in page}
    while page and token:
        page, token = ask(nextToken=token)
        yield from page
        seen |= {row["session_id"] for row in page}
    while page and token is None:
        page = [row for row in ask(offset=str(len(seen)))[0] if row["session_id"] not in seen]
        yield from page
        seen |= {row["session_id"] for row in page}
    if len(seen) == LIMIT:
        yield from ask(limit=str(LARGEST_LIMIT))[0]


LISTINGS = [Listing("default", "session_id", first_page, rows)]
READERS = {"default": read}
