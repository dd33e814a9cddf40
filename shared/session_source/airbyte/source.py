"""The source: from a config through endpoints, groups, windows and pages to messages."""

import logging
import math
import time
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from airbyte_cdk.models import (
    AirbyteCatalog,
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStreamStatus,
    ConfiguredAirbyteCatalog,
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

from session_source import redaction
from session_source.airbyte import config as configs
from session_source.airbyte import files, specification
from session_source.airbyte.config import Config
from session_source.airbyte.verify import survey
from session_source.airbyte.verify.assumption import Assumptions
from session_source.airbyte.verify.result import Result, probe
from session_source.airbyte.verify.survey import Exchanges, Survey
from session_source.api.endpoint import Endpoint, PageContext, Partition
from session_source.api.errors import Fault, as_traced, config_error
from session_source.api.windows import Window
from session_source.http.budget import Budget, RequestRate
from session_source.http.client import Client
from session_source.http.retry import RetryPolicy
from session_source.http.transport import Observer
from session_source.sync import state
from session_source.sync.claims import described
from session_source.sync.grouping import grouped
from session_source.sync.messages import Sync
from session_source.sync.progress import Progress
from session_source.sync.reading import read
from session_source.sync.records import Recorder, RecordPage, Records
from session_source.sync.reports import LogReport, Report
from session_source.sync.settings import Settings
from session_source.sync.state import StreamState

CHECKED_PARTITIONS = 10
"""How many sites, apps or segments `check` requests."""

CHECK_SECONDS = 25.0
"""After this `check` sends no request; with start-up it ends within 30 seconds."""


class SessionSource(Source):
    """An Airbyte source for one session-analytics vendor.

    Class attributes:
        vendor: the vendor's name, as messages show it.
        credentials_hint: tells the user where to fix credentials; messages end with it.
        window_days: the default of ``window_in_days``.
        workers: the default of ``num_workers``. If the vendor allows one request at a time, it is 1, and the spec
            does not offer the property.
        assumptions: what the connector assumes about the vendor, by ``api_version``; see ``verify``.
    """

    vendor: ClassVar[str]
    credentials_hint: ClassVar[str]
    window_days: ClassVar[int]
    workers: ClassVar[int]
    assumptions: ClassVar[Assumptions] = {}

    observer: Observer | None = None
    """What is called with each request and its answer or failure."""

    @abstractmethod
    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the endpoints for a config.

        Raises:
            AirbyteTracedException: the config matches the spec, but contradicts itself.
        """

    @abstractmethod
    def auth(self, config: Config) -> AuthBase:
        """Return what adds the config's credentials to requests."""

    @abstractmethod
    def base_url(self, config: Config) -> str:
        """Return the production base URL for a config."""

    def checked_endpoint(self, config: Config) -> str:
        """Return the name of the endpoint that `check` requests."""
        return self.endpoints(config)[0].name

    def retry_policy(self) -> RetryPolicy:
        """Return the timeouts and the limits on retries."""
        return RetryPolicy()

    def budget(self, config: Config) -> Budget | None:
        """Return the hourly request budget, for a vendor that locks out clients that exceed it."""
        return None

    def rate(self, config: Config) -> RequestRate | None:
        """Return the limit on requests per second, if the vendor documents one."""
        return None

    def api_version(self, config: Config) -> str | None:
        """Return the API version that a config selects. State of another version is ignored."""
        return None

    @property
    def package(self) -> str:
        """The vendor's package, with spec.yaml and schemas/."""
        return type(self).__module__.split(".")[0]

    def spec(self, logger: logging.Logger) -> ConnectorSpecification:
        """Return the spec: the vendor's own properties, then those that all connectors share."""
        return specification.load(self.package, self.window_days, self.workers)

    @staticmethod
    def read_config(config_path: str) -> MutableMapping[str, Any]:
        """Read the config file."""
        with files.readable(config_path, files.CONFIG):
            return files.read_config(config_path)

    @classmethod
    def read_catalog(cls, catalog_path: str) -> ConfiguredAirbyteCatalog:
        """Read the file with the configured catalog."""
        with files.readable(catalog_path, files.CATALOG):
            return files.read_catalog(catalog_path)

    @classmethod
    def read_state(cls, state_path: str) -> list[AirbyteStateMessage]:
        """Read the state file. Without a path there is no state."""
        with files.readable(state_path, files.STATE):
            return files.read_state(state_path) if state_path else []

    def discover(self, logger: logging.Logger, config: Config) -> AirbyteCatalog:
        """List the streams. Needs no network."""
        return AirbyteCatalog(
            streams=[
                stream.as_airbyte_stream(self.package)
                for endpoint in self.endpoints(config)
                for stream in endpoint.all_streams
            ]
        )

    def check(self, logger: logging.Logger, config: Config) -> AirbyteConnectionStatus:
        """Request one page of each configured part (the first ten), and report what is wrong in one message."""
        self._protect(config)
        try:
            self._check(logger, config)
        except Exception as error:  # noqa: BLE001 - every error is reported
            traced = as_traced(error, f"checking {self.vendor}")
            return AirbyteConnectionStatus(Status.FAILED, redaction.clean(traced.message or str(traced)))
        return AirbyteConnectionStatus(Status.SUCCEEDED)

    def verify(self, config: Config) -> Result:
        """Check the connector's assumptions about the vendor with an account; at most 30 requests, in a minute."""
        self._protect(config)
        settings = self._settings(config)
        deadline = time.monotonic() + survey.SECONDS
        policy = replace(survey.POLICY, after_timeout=self.retry_policy().after_timeout)
        exchanges = Exchanges()
        budget = self.budget(config)
        client = self._client(config, settings, policy, budget, deadline=deadline, observer=exchanges.note)
        try:
            endpoints = self.endpoints(config)
            found = Survey(
                endpoints, client, exchanges, settings.span, settings.now, settings.window_days, self.package
            )
            version = self.api_version(config)
            return probe(self.package.replace("_", "-"), version, self.assumptions.get(version or "", ()), found)
        finally:
            client.close()

    def read(
        self,
        logger: logging.Logger,
        config: Config,
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
    ) -> Iterator[AirbyteMessage]:
        """Read the configured streams.

        Raises:
            AirbyteTracedException: at the end, if a stream failed. Each failure was reported before.
        """
        for message in self.read_pages(logger, config, catalog, state):
            if isinstance(message, RecordPage):
                yield from message.messages()
            elif isinstance(message, AirbyteMessage):
                yield message

    def read_pages(  # noqa: PLR0913 - the CDK's four, and the two that differ for the command line
        self,
        logger: logging.Logger,
        config: Config,
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
        *,
        form: Callable[[RecordPage], Records] = lambda page: page,
        reports: Callable[[Progress], Sequence[Report]] | None = None,
    ) -> Iterator[AirbyteMessage | Records]:
        """Read the configured streams, and yield the records of a page as one object.

        Args:
            logger: receives the log lines.
            config: the user's config.
            catalog: the streams.
            state: the state to resume from.
            form: converts a page of records, in the thread that read it.
            reports: makes the reports of the sync's progress; by default, log lines for people.
        """
        self._protect(config)
        settings = self._settings(config)
        budget = self.budget(config)
        endpoints = self.endpoints(config)
        chosen = {configured.stream.name: configured for configured in catalog.streams}
        known = [s for endpoint in endpoints for s in endpoint.all_streams if s.name in chosen]
        states = self._states(config, chosen, state, logger)
        if budget is not None:
            budget.spend(saved.requests for saved in states.values())
        client = self._client(config, settings, self.retry_policy(), budget)
        progress = Progress(endpoints, chosen, client.traffic)
        sync = Sync(
            states,
            progress=progress,
            budget=budget,
            logger=logger,
            reports=reports(progress) if reports else [LogReport(progress, logger)],
        )
        try:
            yield from sync.start(known)
            parts: list[tuple[Endpoint, Partition]] = []
            for endpoint in endpoints:
                own = [stream for stream in known if stream in endpoint.all_streams]
                if not own:
                    continue
                limits: list[float] = []
                traffic = client.traffic.part(endpoint.name)
                fetch = partial(client.fetch, log=logger.info, limited=limits.append, traffic=traffic)
                try:
                    partitions = endpoint.partitions(fetch)
                    endpoint.prepare(fetch, partitions, settings.span)
                except Exception as error:  # noqa: BLE001 - every error is reported; the other streams go on
                    yield from sync.fail(own, error, endpoint.name)
                    continue
                if limits:
                    yield from sync.limited(own, 0)
                if not partitions:
                    logger.info(f"{endpoint.name}: the configuration selects nothing to read.")
                parts += [(endpoint, partition) for partition in partitions]
                for configured in (chosen[stream.name] for stream in own):
                    for partition in partitions:
                        states[configured.stream.name].begin(
                            partition, settings, is_incremental=configured.sync_mode is SyncMode.incremental
                        )
            groups = grouped(parts, set(chosen), states, settings, budget)
            progress.begin(groups)
            recorder = Recorder(known, self.package, form)
            yield from sync.messages(read(groups, client, recorder, settings.workers))
            yield from sync.end(known)
            yield from self._missing(set(chosen) - {stream.name for stream in known}, sync)
        finally:
            sync.close()
        if sync.errors:
            raise _summary(sync.errors)

    def _check(self, logger: logging.Logger, config: Config) -> None:
        settings = self._settings(config)
        name = self.checked_endpoint(config)
        endpoint = next(one for one in self.endpoints(config) if one.name == name)
        window = Window(max(settings.span.start, settings.span.end - timedelta(days=1)), settings.span.end)
        end = time.monotonic() + CHECK_SECONDS
        after_timeout = self.retry_policy().after_timeout
        retry_policy = RetryPolicy(
            connect=5, read=10, total=10, outage=15, limit=5, attempts=2, after_timeout=after_timeout
        )
        client = self._client(config, settings, retry_policy, budget=None, deadline=end)
        try:
            partitions = endpoint.partitions(client.fetch)
            for number, partition in enumerate(partitions[:CHECKED_PARTITIONS]):
                left = end - time.monotonic()
                if number and left < 2 * retry_policy.total:
                    logger.warning(
                        f"{self.vendor} answers slowly: only {number} of {len(partitions)} were checked."
                    )
                    return
                page = PageContext(window, window, partition)
                page = page._replace(token=endpoint.first(page))
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

    def _protect(self, config: Config) -> None:
        redaction.protect(self.spec(logging.getLogger("airbyte")).connectionSpecification, config)

    def _settings(self, config: Config) -> Settings:
        defaults = {"window_in_days": self.window_days, "num_workers": self.workers}
        if self.workers == 1:  # the spec does not offer num_workers; ignore it if the config has it all the same
            config = {**config, "num_workers": 1}
        settings = configs.settings(config, defaults, configs.now(config))
        rate = self.rate(config)
        return replace(settings, workers=min(settings.workers, rate.limit)) if rate else settings

    def _client(  # noqa: PLR0913 - what differs between the commands
        self,
        config: Config,
        settings: Settings,
        retry_policy: RetryPolicy,
        budget: Budget | None,
        *,
        deadline: float = math.inf,
        observer: Observer | None = None,
    ) -> Client:
        return Client(
            vendor=self.vendor,
            base_url=configs.base_url(config, self.base_url(config)),
            auth=self.auth(config),
            hint=self.credentials_hint,
            retry_policy=retry_policy.for_limit(settings.limit_wait),
            budget=budget,
            rate=self.rate(config),
            workers=settings.workers,
            deadline=deadline,
            observer=observer or self.observer,
        )

    def _states(
        self,
        config: Config,
        names: Iterable[str],
        saved: list[AirbyteStateMessage] | None,
        logger: logging.Logger,
    ) -> dict[str, StreamState]:
        manager = state.load(saved)
        api_version = self.api_version(config)
        return {
            name: StreamState(name, manager.get_stream_state(name, None), api_version=api_version, logger=logger)
            for name in names
        }

    def _missing(self, names: Iterable[str], sync: Sync) -> Iterator[AirbyteMessage]:
        for name in sorted(names):
            error = config_error(
                f"The connector has no stream {name!r} with this configuration. Refresh the schema of the "
                "connection, or deselect the stream."
            )
            yield status_message(StreamDescriptor(name=name), AirbyteStreamStatus.INCOMPLETE)
            yield error.as_sanitized_airbyte_message(stream_descriptor=StreamDescriptor(name=name))
            sync.errors[name] = error


def _summary(errors: Mapping[str, AirbyteTracedException]) -> AirbyteTracedException:
    """Return the error that ends the sync: a config error only if a stream failed with one."""
    kinds = {error.failure_type for error in errors.values()}
    order = [FailureType.config_error, FailureType.system_error, FailureType.transient_error]
    messages = " ".join(dict.fromkeys(str(error) for error in errors.values()))
    return AirbyteTracedException(
        message=f"These streams failed: {', '.join(errors)}. {messages}",
        failure_type=next(kind for kind in order if kind in kinds),
    )
