"""The websites of an account. https://apidocs.inspectlet.com/#listing-your-sites"""

import json
from typing import Any

import pytest
from session_source import Fault, Request, Row
from session_source.testing import answer_of, columns_of, fits, next_of, page_of
from source_inspectlet import SourceInspectlet
from source_inspectlet.sessions import Sessions
from source_inspectlet.websites import Websites

WEBSITES = """{"response": [{"wid": 12345678, "site_name": "My App", "date_added": 1337677548}]}"""
WID = {"wid": 12345678}


def sessions(search: Row | None = None, *website_ids: int) -> Sessions:
    return Sessions(Websites(website_ids), search or {})


class Vendor:
    """Answers the list of websites."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.asked: list[Request] = []

    def __call__(self, request: Request, read: Any) -> Any:
        self.asked.append(request)
        return read(answer_of(self.body))


def test_each_website_of_the_account_is_a_partition() -> None:
    vendor = Vendor('{"response": [{"wid": 12345678}, {"wid": "7"}, {"wid": 7}]}')
    assert sessions().partitions(vendor) == [{"wid": 12345678}, {"wid": 7}]
    assert vendor.asked == [Request("GET", "websites", is_kept=True)]


def test_configured_websites_need_no_list() -> None:
    vendor = Vendor("{}")
    assert sessions({}, 7, 8, 7).partitions(vendor) == [{"wid": 7}, {"wid": 8}]
    assert vendor.asked == []


def test_the_pages_website_comes_whole_and_only_configured_ones_come() -> None:
    website = json.loads(WEBSITES)["response"][0]
    (stream,) = Websites.streams
    assert fits(stream, "source_inspectlet", website)
    columns = WID | {"website_added_at": "2012-05-22T09:05:48Z"}
    assert columns_of(Websites.columns, website) == (columns, [])
    assert page_of(Websites(), WEBSITES).rows == [website]
    assert next_of(Websites(), WEBSITES) is None, "it is the whole list"
    assert page_of(Websites([12345678]), WEBSITES).rows == [website]
    assert page_of(Websites([7]), WEBSITES).rows == []


@pytest.mark.parametrize("website", [{}, {"wid": None}, {"wid": "seven"}, {"wid": True}, {"wid": "9" * 40}])
def test_a_website_without_an_id_is_an_error_if_it_is_to_be_read(website: Row) -> None:
    body = {"response": [website, {"wid": 7}]}
    with pytest.raises(Fault, match="website_ids"):
        page_of(Websites(), body)
    assert page_of(Websites([7]), body).rows == [{"wid": 7}]


def test_check_reads_configured_websites_or_else_the_list() -> None:
    source = SourceInspectlet()
    assert source.checked_endpoint({}) == source.checked_endpoint({"website_ids": []}) == "websites"
    config = {"website_ids": [7.0]}
    (checked,) = [one for one in source.endpoints(config) if one.name == source.checked_endpoint(config)]
    assert checked.name == "sessions"
    (partition,) = checked.partitions(lambda *_: None)
    assert partition == {"wid": 7}
    assert type(partition["wid"]) is int
