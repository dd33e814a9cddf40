"""The command `check`: requests one page of each configured part."""

import logging
import time
from datetime import timedelta
from functools import partial

from session_source.airbyte.config import Config
from session_source.airbyte.connection import client_of, settings_of
from session_source.airbyte.connector import Connector
from session_source.api.endpoint import first_page
from session_source.api.errors import Fault
from session_source.api.windows import Window
from session_source.http.retry import RetryPolicy
from session_source.sync.claims import described

PARTITIONS = 10
"""How many sites, apps or segments are requested."""

SECONDS = 25.0
"""The time after which no request is sent; with start-up, the command ends within 30 seconds."""


def check_connection(connector: Connector, config: Config, logger: logging.Logger) -> None:
    """Request the first page of the latest day, for each of the first partitions.

    Raises:
        Fault: the vendor could not answer, or refused the request.
        AirbyteTracedException: the config contradicts itself.
    """
    settings = settings_of(connector, config)
    name = connector.checked_endpoint(config)
    endpoint = next(one for one in connector.endpoints(config) if one.name == name)
    window = Window(max(settings.span.start, settings.span.end - timedelta(days=1)), settings.span.end)
    policy = RetryPolicy(
        connect=5,
        read=10,
        total=10,
        outage=15,
        limit=5,
        attempts=2,
        after_timeout=connector.retry_policy().after_timeout,
        deadline=time.monotonic() + SECONDS,
    )
    client = client_of(connector, config, settings, policy)
    try:
        partitions = endpoint.partitions(client.fetch)
        for number, partition in enumerate(partitions[:PARTITIONS]):
            if number and policy.left < 2 * policy.total:
                logger.warning(
                    f"{connector.vendor} answers slowly: only {number} of {len(partitions)} were checked."
                )
                return
            page = first_page(endpoint, window, partition)
            try:
                client.fetch(
                    endpoint.request(page),
                    partial(endpoint.page, page=page),
                    explain=endpoint.fault,
                    log=logger.info,
                )
            except Fault as fault:
                raise (fault.about(described(endpoint, partition)) if partition else fault) from None
    finally:
        client.close()
