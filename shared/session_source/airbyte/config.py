"""The config properties that all connectors share, read once at the start of a command."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import requests

from session_source.api import times
from session_source.api.errors import config_error
from session_source.api.windows import Window
from session_source.http.addresses import is_loopback
from session_source.sync.settings import Settings

Config = Mapping[str, Any]
"""A user's config, as loaded from JSON."""


NOW = "_now"
"""The key of a config that stops the clock of a read at a moment, so that a recorded read can be repeated."""


def now(config: Config) -> datetime:
    """Return when a sync starts: now, unless the config says otherwise.

    Raises:
        ValueError: the config names no date that exists.
    """
    return times.from_text(config[NOW]) if NOW in config else datetime.now(UTC)


def settings(config: Config, defaults: Mapping[str, Any], now: datetime) -> Settings:
    """Read the shared properties of a valid config.

    Args:
        config: the user's config.
        defaults: of ``window_in_days`` and ``num_workers``, which differ by vendor.
        now: when the sync starts. It is rounded down to a second, because a vendor that writes whole seconds may
            still receive sessions of the current one.

    Raises:
        AirbyteTracedException: a date does not exist, or the dates leave nothing to read.
    """
    start = max(_date(config, "start_date"), times.EPOCH)  # year 1 means everything
    end = began = now.astimezone(UTC).replace(microsecond=0)
    if config.get("end_date"):
        last = _date(config, "end_date")
        if last <= start:
            raise config_error("end_date is not after start_date. Set a later end_date, or remove it.")
        end = min(end, last)
    if start >= end:
        raise config_error("start_date is in the future. Set it to the first day whose sessions you want.")
    return Settings(
        span=Window(start, end),
        now=began,
        lookback=timedelta(days=_number(config, "lookback_window_days", 1)),
        window_days=_number(config, "window_in_days", defaults["window_in_days"]),
        workers=_number(config, "num_workers", defaults["num_workers"]),
        limit_wait=60 * _number(config, "max_waiting_time", 10),
    )


def base_url(config: Config, production: str) -> str:
    """Return the base URL: HTTPS, or a server on this machine.

    Raises:
        AirbyteTracedException: it is neither.
    """
    url = str(config.get("base_url") or production)
    parts = urlsplit("")
    with contextlib.suppress(ValueError):  # not a URL, or an invalid host or port
        requests.Request("GET", url).prepare()
        (urlsplit(url).hostname or "").encode("idna")
        parts = urlsplit(url)
    host = parts.hostname or ""
    if not host or parts.scheme not in {"https", "http"} or (parts.scheme == "http" and not is_loopback(host)):
        raise config_error("base_url must begin with https:// and name a host; http:// is for this machine only.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise config_error(
            "base_url must be an address only: remove the user, password, query or fragment from it."
        )
    return url


def _date(config: Config, name: str) -> datetime:
    try:
        return times.from_config(config[name])
    except ValueError:
        raise config_error(
            f"{name} is not a date that exists. Write it as 2026-01-31 or 2026-01-31T08:00:00Z."
        ) from None


def _number(config: Config, name: str, default: int) -> int:
    value = config.get(name)
    return default if value is None else int(value)
