"""A client written from the vendor's page reads everything in every mood of the vendor."""

import time
from typing import Any

import pytest
from sandbox_server import load_vendor, serve
from sandbox_server.client import reader
from sandbox_server.vendor import vendor_class

from integration_tests.conftest import cases

MOODS = [
    (folder, config, mood) for folder, config in cases(every=False) for mood in ({}, *vendor_class(folder).moods)
]


@pytest.mark.parametrize(("folder", "config", "mood"), MOODS, ids=str)
def test_a_careful_client_finds_everything(folder: str, config: str, mood: dict[str, Any]) -> None:
    vendor = load_vendor(folder, sessions=130, days=4, now=lambda: time.time() - 2, **mood)
    with serve(vendor) as server:
        vendor.grow(3)
        vendor.delete(2)
        expected, held = vendor.expected(config), vendor.held(config)
        for stream, keys in reader(folder, config)(vendor.configs(server.origin)[config]).items():
            assert expected[stream]
            assert set(expected[stream]) <= set(keys), stream
            assert set(keys) <= set(held[stream]), stream
        pages_past_the_end = [int(entry.notes.get("beyond_end", 0)) for entry in server.requests]
        assert max(pages_past_the_end) <= 1
