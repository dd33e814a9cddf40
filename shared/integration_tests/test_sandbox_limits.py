"""Limits that work with every vendor: rows of a request, pages, sizes."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from sandbox_server import BeyondEndError, HugeBody, NumberedPages, Server, load_vendor, serve
from sandbox_server.client import Listing, listings
from sandbox_server.shelf import Shelf

KINDS = listings()


def serving(folder: str, listing: Listing, **options: Any) -> Server:
    return serve(load_vendor(folder, sessions=60, days=2, **listing.options, **options))


@pytest.mark.parametrize(("folder", "listing"), KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("status", [413, 504])
def test_a_request_that_matches_too_many_rows_is_refused(folder: str, listing: Listing, status: int) -> None:
    with serving(folder, listing, too_large={"rows": 5, "status": status}) as server:
        refused = listing.ask(server)
        assert refused.status_code == server.requests[0].status == status
        assert refused.content == server.vendor.error(status, server.requests[0].path).body
    with serving(folder, listing, too_large={"rows": 10_000, "status": status}) as server:
        assert len(listing.rows(listing.ask(server).json())) > 5


@pytest.mark.parametrize(("folder", "listing"), KINDS.values(), ids=KINDS)
def test_a_request_that_matches_too_many_rows_may_never_be_answered(folder: str, listing: Listing) -> None:
    with serving(folder, listing, too_large={"rows": 5, "status": "timeout"}) as server:
        with pytest.raises(requests.ReadTimeout):
            listing.ask(server, timeout=0.3)
        while server.in_flight:
            time.sleep(0.01)
        assert server.requests[0].status is None


def refusal(page: Callable[[], object]) -> BaseException:
    with pytest.raises(BeyondEndError) as caught:
        page()
    return caught.value


def test_pages_beyond_the_end_of_a_numbered_list() -> None:
    pages = NumberedPages("empty", 400)
    assert [pages.serve(page, size=10, rows=25, of="a") for page in (1, 3, 4)] == [(1, 0), (3, 0), (4, 1)]
    error: Any = refusal(lambda: pages.serve(5, size=10, rows=25, of="a"))
    assert (error.status, error.beyond) == (400, 2)
    assert pages.serve(1, size=10, rows=0, of="b") == (1, 0)
    assert pages.serve(2, size=10, rows=0, of="b") == (2, 1)
    assert pages.serve(4, size=10, rows=5, of="a") == (4, 1), "page 3 existed before"
    assert NumberedPages("repeats_last", 400).serve(4, size=10, rows=25, of="a") == (3, 1)
    error = refusal(lambda: NumberedPages("refused", 404).serve(4, size=10, rows=25, of="a"))
    assert (error.status, error.beyond) == (404, 1)


def test_a_huge_body_is_small_on_the_wire_and_valid_json() -> None:
    with serve(Shelf()) as server:
        truth = requests.get(server.origin + "/page", timeout=60).json()
        server.faults += [HugeBody(megabytes=30), HugeBody(megabytes=3)]
        answer = requests.get(server.origin + "/page", timeout=30, stream=True)
        packed = answer.raw.read(decode_content=False)
        assert answer.headers["Content-Encoding"] == "gzip"
        assert len(packed) < 300_000
        unpacked = gzip.decompress(packed)
        assert len(unpacked) > 30_000_000
        assert json.loads(unpacked) == truth
        plain = requests.get(server.origin + "/page", headers={"Accept-Encoding": "identity"}, timeout=30)
        assert "Content-Encoding" not in plain.headers
        assert len(plain.content) > 3_000_000
        assert plain.json() == truth
        assert [entry.fault for entry in server.requests] == [None, "HugeBody", "HugeBody"]


def test_a_client_may_disconnect_in_a_huge_body() -> None:
    with serve(Shelf()) as server:
        server.faults.append(HugeBody(megabytes=500))
        with requests.get(
            server.origin, headers={"Accept-Encoding": "identity"}, timeout=60, stream=True
        ) as answer:
            assert len(answer.raw.read(1000)) == 1000
        assert requests.get(server.origin, timeout=60).ok
