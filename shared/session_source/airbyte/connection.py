"""The connection: the settings and the client of one command."""

from dataclasses import replace

from session_source.airbyte import config as configs
from session_source.airbyte.config import Config
from session_source.airbyte.connector import Connector
from session_source.http.budget import Budget
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy
from session_source.http.transport import Observer
from session_source.sync.settings import Settings


def settings_of(connector: Connector, config: Config) -> Settings:
    """Return the settings that a config selects.

    Raises:
        AirbyteTracedException: a date does not exist, or the dates leave nothing to read.
    """
    defaults = {"window_in_days": connector.window_days, "num_workers": connector.workers}
    if connector.workers == 1:  # the spec does not offer num_workers; ignore it if the config has it all the same
        config = {**config, "num_workers": 1}
    settings = configs.settings(config, defaults, configs.now(config))
    rate = connector.rate(config)
    return replace(settings, workers=min(settings.workers, rate.limit)) if rate else settings


def client_of(  # noqa: PLR0913 - what differs between the commands
    connector: Connector,
    config: Config,
    settings: Settings,
    retry_policy: RetryPolicy,
    *,
    budget: Budget | None = None,
    observer: Observer | None = None,
) -> Client:
    """Return a client for the vendor, with the credentials of a config."""
    return Client(
        vendor=connector.vendor,
        base_url=configs.base_url(config, connector.base_url(config)),
        auth=connector.auth(config),
        hint=connector.credentials_hint,
        retry_policy=replace(retry_policy, limit=min(retry_policy.limit, settings.limit_wait)),
        budget=budget,
        rate=connector.rate(config),
        workers=settings.workers,
        observer=observer,
    )
