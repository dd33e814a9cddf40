"""The shared part of a config, at its edges."""

from datetime import UTC, datetime
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source.airbyte import config as configs
from session_source.api.times import EPOCH

NOW = datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC)
DEFAULTS = {"window_in_days": 7, "num_workers": 2}


@pytest.mark.parametrize("start", ["0001-01-01", "0999-12-31T00:00:00Z", "1970-01-01"])
def test_a_start_date_before_1970_is_1970(start: str) -> None:
    settings = configs.settings({"start_date": start}, DEFAULTS, NOW)
    assert settings.span == (EPOCH, NOW.replace(microsecond=0))


@pytest.mark.parametrize(
    ("more", "name", "value"),
    [
        ({"window_in_days": 3650.0}, "window_days", 3650),
        ({"window_in_days": None}, "window_days", 7),
        ({"num_workers": 3.0}, "workers", 3),
        ({"max_waiting_time": 2}, "limit_wait", 120),
    ],
)
def test_numbers_become_integers_and_have_defaults(more: dict[str, Any], name: str, value: int) -> None:
    found = getattr(configs.settings({"start_date": "2026-01-01", **more}, DEFAULTS, NOW), name)
    assert found == value
    assert type(found) is int


@pytest.mark.promise(n=8)
@pytest.mark.parametrize(
    "url",
    [
        "https://user:hunter2@vendor.example",
        "https://:hunter2@vendor.example",
        "https://hunter2@vendor.example",
        "https://vendor.example/v1?key=hunter2",
        "https://vendor.example/#hunter2",
    ],
)
def test_a_base_url_is_an_address_only_and_is_not_quoted(url: str) -> None:
    with pytest.raises(AirbyteTracedException, match="base_url must be an address only") as caught:
        configs.base_url({"base_url": url}, "https://api.vendor.example")
    assert "hunter2" not in str(caught.value)
