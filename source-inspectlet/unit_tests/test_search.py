"""The search. https://apidocs.inspectlet.com/#searching-for-sessions"""

import json
import logging

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import Row
from session_source.testing import request_of
from source_inspectlet import SourceInspectlet
from source_inspectlet.search import PROPERTIES, of_config
from source_inspectlet.sessions import Sessions
from source_inspectlet.websites import Websites

WID = {"wid": 12345678}


def sessions(search: Row | None = None, *website_ids: int) -> Sessions:
    return Sessions(Websites(website_ids), search or {})


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"new": False}, {"new": False, "old": True}),
        ({"old": False}, {"new": True, "old": False}),
        ({"new": True}, {"new": True, "old": True}),
        ({}, {"new": True, "old": True}),
    ],
)
def test_one_half_of_newold_is_enough(given: dict[str, bool], sent: dict[str, bool]) -> None:
    assert of_config({"search": {"newold": given}}) == {"newold": sent}


ALL: Row = {
    "displayname": "Johnny Appleseed",
    "country": "US",
    "newold": {"new": True, "old": False},
    "tags": {"tagslist": [{"tag": "converted", "value": True}, {"tag": "email"}], "operator": "or"},
    "ipaddress": "67.128.22.4",
    "showstarredonly": True,
    "browser": "chrome mobile (ios)",
    "devices": "desktop",
    "seslength_start": 1,
    "seslength_end": 1,
    "sestime_start": 0,
    "sestime_end": 60,
    "startpage": {"operator": "is", "url": "www.example.com/page"},
    "visitedpage": {"operator": "beginswith", "url": "www.example.com/profile/"},
    "exitpage": {"url": "Zürich"},
    "trafficsource": "google",
}


def test_every_property_of_the_pages_search_reaches_the_vendor_as_it_is_written() -> None:
    assert set(ALL) == set(PROPERTIES)
    form = request_of(sessions(of_config({"search": ALL})), partition=WID).form or {}
    sent = json.loads(form["search"])
    assert {name: value for name, value in sent.items() if not name.startswith("daterange")} == ALL


def test_empty_groups_of_a_form_are_not_sent() -> None:
    search = {"tags": {"tagslist": [], "operator": "or"}, "newold": {"new": True, "old": True}, "country": "US"}
    assert of_config({"search": search}) == {"country": "US"}


def test_the_spec_offers_every_property_of_the_search_with_title_and_description() -> None:
    properties = SourceInspectlet().spec(logging.getLogger()).connectionSpecification["properties"]["search"]
    assert tuple(properties["properties"]) == PROPERTIES
    todo = [properties]
    while todo:
        part = todo.pop()
        if "title" in part or "properties" not in part:
            assert part["title"]
            assert part["description"]
        inside = list(part.get("properties", {}).values())
        assert [one["order"] for one in inside] == list(range(len(inside)))
        todo += inside + [
            part["items"]["properties"][name] for name in part.get("items", {}).get("properties", {})
        ]


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"daterange": "week"}, "Use start_date"),
        ({"daterangecustom": {"start": "1"}}, "Use start_date"),
        ({"shoesize": 42}, "does not have: 'shoesize'"),
        ({"ipaddress": "67.128.22"}, "not an IP address"),
        ({"seslength_start": 3, "seslength_end": 2}, "search.seslength_end"),
        ({"sestime_start": 3, "sestime_end": 2}, "search.sestime_end"),
        ({"newold": {"new": False, "old": False}}, "search.newold"),
    ],
)
def test_an_impossible_search_is_reported(search: Row, words: str) -> None:
    with pytest.raises(AirbyteTracedException, match=words) as raised:
        SourceInspectlet().endpoints({"search": search})
    assert str(raised.value).endswith(".")


@pytest.mark.promise(n=8)
def test_values_of_a_search_are_not_quoted() -> None:
    with pytest.raises(AirbyteTracedException) as raised:
        SourceInspectlet().endpoints({"search": {"sestime_start": 471_147, "sestime_end": 471_146}})
    assert "47114" not in str(raised.value)
