"""The source: config → endpoints → groups of streams → windows → pages → messages."""

import logging
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    ConnectorSpecification,
    FailureType,
    Status,
    StreamDescriptor,
    SyncMode,
)
from airbyte_cdk.sources import Source
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message as status_message
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests.auth import AuthBase

from session_source import config as configs
from session_source import files, redaction, specification, state, windows
from session_source.budget import Budget
from session_source.client import Client, Patience
from session_source.config import Config, Settings
from session_source.endpoints import Endpoint
from session_source.errors import Fault, as_traced, config_error
from session_source.exchange import Answer
from session_source.groups import Details, Group, described
from session_source.messages import Sync
from session_source.pagination import Page, Token
from session_source.reading import read
from session_source.records import Recorder, RecordPage, Records
from session_source.state import Partition, StreamState
from session_source.windows import Window

CHECKED_PARTITIONS = 10
"""How many sites, apps or segments `check` asks for."""

CHECK_SECONDS = 25.0
"""When `check` asks nothing more; with start-up it ends within 30 seconds."""


class SessionSource(Source):
    """An Airbyte source for one vendor of sessions.

    Class attributes:
        vendor: the vendor's name, as sentences use it.
        credentials_cure: a sentence that says where a user mends credentials.
        window_days: the default of ``window_in_days``.
        workers: the default of ``num_workers``; 1 where the vendor allows one request at a time, and then it
            is no option.
    """

    vendor: ClassVar[str]
    credentials_cure: ClassVar[str]
    window_days: ClassVar[int]
    workers: ClassVar[int]

    @abstractmethod
    def endpoints(self, config: Config) -> list[Endpoint]:
        """Give the endpoints that a config has; the first one is what `check` asks.

        Raises:
            AirbyteTracedException: the config cannot be right, though it fits the spec.
        """

    @abstractmethod
    def auth(self, config: Config) -> AuthBase:
        """Put the config's credentials onto requests."""

    @abstractmethod
    def base_url(self, config: Config) -> str:
        """Give the production address for a config."""

    def patience(self) -> Patience:
        """How long to wait for what."""
        return Patience()

    def budget(self, config: Config) -> Budget | None:
        """Give the hourly budget of requests, where the vendor locks out who sends more."""
        return None

    def generation(self, config: Config) -> str | None:
        """Name the API generation that a config asks for; state of another one is not used."""
        return None

    @property
    def package(self) -> str:
        """The vendor's package, where spec.yaml and schemas/ are."""
        return type(self).__module__.split(".")[0]

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Describe the config: the vendor's own properties, then those that all connectors share."""
        return specification.load(self.package, self.window_days, self.workers)

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """Read the config from its file."""
        with files.readable(config_path, files.CONFIG):
            return Source.read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """Read the configured catalog from its file."""
        with files.readable(catalog_path, files.CATALOG):
            return super().read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """Read the state from its file; without one, there is none."""
        with files.readable(state_path, files.STATE):
            return state.read(state_path) if state_path else []

    def discover(self, logger: logging.Logger, config: Config) -> AirbyteCatalog:
        """List the streams; needs no network."""
        return AirbyteCatalog(
            streams=[
                stream.as_airbyte_stream(self.package)
                for endpoint in self.endpoints(config)
                for stream in endpoint.all_streams
            ]
        )

    def check(self, logger: logging.Logger, config: Config) -> AirbyteConnectionStatus:
        """Ask for one page of each configured part, the first ten, and say in a sentence what is wrong."""
        self._protect(config)
        try:
            self._check(logger, config)
        except Exception as error:  # noqa: BLE001 - told, whatever it is
            told = as_traced(error, f"checking {self.vendor}")
            return AirbyteConnectionStatus(Status.FAILED, redaction.clean(told.message or str(told)))
        return AirbyteConnectionStatus(Status.SUCCEEDED)

    def read(
        self,
        logger: logging.Logger,
        config: Config,
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the configured streams.

        Raises:
            AirbyteTracedException: at the end, when a stream failed; each failure was told before.
        """
        for message in self.read_pages(logger, config, catalog, state):
            if isinstance(message, RecordPage):
                yield from message.messages()
            elif isinstance(message, AirbyteMessage):
                yield message

    def read_pages(
        self,
        logger: logging.Logger,
        config: Config,
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
        form: Callable[[RecordPage], Records] = lambda page: page,
    ) -> Iterator[AirbyteMessage | Records]:
        """Do the same, with a page of records as one piece, in a form that is made where the page was read."""
        self._protect(config)
        settings = self._settings(config)
        budget = self.budget(config)
        endpoints = self.endpoints(config)
        chosen = {configured.stream.name: configured for configured in catalog.streams}
        known = [s for endpoint in endpoints for s in endpoint.all_streams if s.name in chosen]
        states = self._states(config, chosen, state, logger)
        if budget is not None:
            budget.spend(saved.requests for saved in states.values())
        client = self._client(config, settings, self.patience(), budget)
        sync = Sync(states, budget=budget, logger=logger)

        yield from sync.start(known)
        groups: list[Group] = []
        for endpoint in endpoints:
            streams = [chosen[stream.name] for stream in endpoint.all_streams if stream.name in chosen]
            if not streams:
                continue
            own = [stream for stream in known if stream in endpoint.all_streams]
            limits: list[None] = []
            fetch = partial(client.fetch, say=logger.info, limited=partial(limits.append, None))
            try:
                partitions = endpoint.partitions(fetch)
                endpoint.prepare(fetch, partitions, settings.span)
            except Exception as error:  # noqa: BLE001 - told, whatever it is; the other streams go on
                yield from sync.fail(own, error, endpoint.name)
                continue
            if limits:
                yield from sync.limited(own)
            if not partitions:
                logger.info(f"{endpoint.name}: the configuration names nothing to read.")
            for partition in partitions:
                groups += _groups(endpoint, partition, streams, states, settings)
        recorder = Recorder(known, self.package, form)
        yield from sync.messages(read(groups, client, recorder, settings.workers))
        yield from sync.end(known)
        yield from self._missing(set(chosen) - {stream.name for stream in known}, sync)
        if sync.errors:
            raise _summary(sync.errors)

    def _check(self, logger: logging.Logger, config: Config) -> None:
        settings = self._settings(config)
        endpoint = self.endpoints(config)[0]
        window = Window(max(settings.span.start, settings.span.end - timedelta(days=1)), settings.span.end)
        end = time.monotonic() + CHECK_SECONDS
        after_timeout = self.patience().after_timeout
        patience = Patience(
            connect=5, read=10, total=10, outage=15, limit=5, attempts=2, after_timeout=after_timeout
        )
        client = self._client(config, settings, patience, budget=None, deadline=end)
        try:
            partitions = endpoint.partitions(client.fetch)
            for number, partition in enumerate(partitions[:CHECKED_PARTITIONS]):
                left = end - time.monotonic()
                if number and left < 2 * patience.total:
                    logger.warning(f"{self.vendor} answers slowly: only {number} of {len(partitions)} were asked.")
                    return
                token = endpoint.first(window, window, partition)
                try:
                    client.fetch(
                        endpoint.request(window, partition, token),
                        partial(_verified, endpoint, partition, token),
                        explain=endpoint.fault,
                        say=logger.info,
                    )
                except Fault as fault:
                    raise (fault.about(described(endpoint, partition)) if partition else fault) from None
        finally:
            client.close()

    def _protect(self, config: Config) -> None:
        redaction.protect(self.spec(logging.getLogger("airbyte")).connectionSpecification, config)

    def _settings(self, config: Config) -> Settings:
        defaults = {"window_in_days": self.window_days, "num_workers": self.workers}
        if self.workers == 1:  # no option: one that stands in the config all the same would ask too much
            config = {**config, "num_workers": 1}
        return configs.settings(config, defaults, datetime.now(UTC))

    def _client(
        self,
        config: Config,
        settings: Settings,
        patience: Patience,
        budget: Budget | None,
        deadline: float = math.inf,
    ) -> Client:
        return Client(
            vendor=self.vendor,
            base_url=configs.base_url(config, self.base_url(config)),
            auth=self.auth(config),
            cure=self.credentials_cure,
            patience=patience.for_limit(settings.limit_wait),
            budget=budget,
            workers=settings.workers,
            deadline=deadline,
        )

    def _states(
        self,
        config: Config,
        names: Iterable[str],
        saved: list[AirbyteStateMessage] | None,
        logger: logging.Logger,
    ) -> dict[str, StreamState]:
        manager = state.load(saved)
        generation = self.generation(config)
        return {
            name: StreamState(name, manager.get_stream_state(name, None), generation=generation, logger=logger)
            for name in names
        }

    def _missing(self, names: Iterable[str], sync: Sync) -> Iterator[AirbyteMessage]:
        for name in sorted(names):
            error = config_error(
                f"The connector has no stream {name!r} with this configuration. Refresh the schema of the "
                "connection, or leave the stream out."
            )
            yield status_message(StreamDescriptor(name=name), AirbyteStreamStatus.INCOMPLETE)
            yield error.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=name))
            sync.errors[name] = error


def _groups(
    endpoint: Endpoint,
    partition: Partition,
    streams: Iterable[ConfiguredAirbyteStream],
    states: Mapping[str, StreamState],
    settings: Settings,
) -> Iterator[Group]:
    """Put together the streams of an endpoint that have the same windows to read."""
    names_by_finished: dict[windows.Finished, set[str]] = {}
    for configured in streams:
        saved = states[configured.stream.name]
        known = windows.before(saved.finished(partition), settings.now)
        finished = windows.before(known, settings.span.end)
        if finished and configured.sync_mode is SyncMode.incremental:
            finished = windows.before(finished, finished[-1].end - settings.lookback)
        # What was finished behind an end_date stays finished: else it would be read again without it.
        behind = windows.within(known, Window(settings.span.end, settings.now))
        saved.replace(partition, windows.union([*finished, *behind]))
        to_skip = windows.within(finished, settings.span)
        names_by_finished.setdefault(to_skip, set()).add(configured.stream.name)
    for finished, names in names_by_finished.items():
        detailed = (
            [stream for stream in endpoint.detail.streams if stream.name in names] if endpoint.detail else []
        )
        yield Group(
            endpoint,
            partition,
            [stream for stream in endpoint.streams if stream.name in names],
            span=settings.span,
            finished=finished,
            days=endpoint.window_days(settings.window_days),
            details=Details(endpoint.detail, partition, detailed) if endpoint.detail and detailed else None,
            now=settings.now,
        )


def _verified(endpoint: Endpoint, partition: Partition, token: Token, answer: Answer) -> Page:
    page = endpoint.page(answer, token)
    endpoint.verify(page.rows, partition)
    return page


def _summary(errors: Mapping[str, AirbyteTracedException]) -> AirbyteTracedException:
    """Make the sync's last error: the user's to mend only if a stream failed by its config."""
    kinds = {error.failure_type for error in errors.values()}
    order = [FailureType.config_error, FailureType.system_error, FailureType.transient_error]
    sentences = " ".join(dict.fromkeys(str(error) for error in errors.values()))
    return AirbyteTracedException(
        message=f"These streams did not end well: {', '.join(errors)}. {sentences}",
        failure_type=next(kind for kind in order if kind in kinds),
    )
