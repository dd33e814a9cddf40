"""The source: the commands of the Airbyte protocol, from a config, a catalog and a state to messages."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

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

from session_source import redaction
from session_source.airbyte import files, specification
from session_source.airbyte.check import check_connection
from session_source.airbyte.config import Config
from session_source.airbyte.connection import client_of, settings_of
from session_source.airbyte.connector import Connector
from session_source.airbyte.verify import survey
from session_source.airbyte.verify.result import Result, probe
from session_source.airbyte.verify.survey import Exchanges, Survey
from session_source.api.errors import as_traced, config_error
from session_source.http.transport import Observer
from session_source.sync.grouping import grouped
from session_source.sync.messages import Sync
from session_source.sync.progress import Progress
from session_source.sync.reading import read
from session_source.sync.records import Recorder, RecordPage, Records
from session_source.sync.reports import LogReport, Report
from session_source.sync.state import StreamState, saved_states

if TYPE_CHECKING:
    from session_source.api.endpoint import Endpoint, Partition


class SessionSource(Connector, Source):
    """The commands of an Airbyte source; a vendor's source adds what ``Connector`` lacks."""

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
            check_connection(self, config, logger)
        except Exception as error:  # noqa: BLE001 - every error is reported
            traced = as_traced(error, f"checking {self.vendor}")
            return AirbyteConnectionStatus(Status.FAILED, redaction.clean(traced.message or str(traced)))
        return AirbyteConnectionStatus(Status.SUCCEEDED)

    def verify(self, config: Config) -> Result:
        """Check the connector's assumptions about the vendor with an account; at most 30 requests, in a minute."""
        self._protect(config)
        settings = settings_of(self, config)
        policy = replace(
            survey.POLICY,
            after_timeout=self.retry_policy().after_timeout,
            deadline=time.monotonic() + survey.SECONDS,
        )
        exchanges = Exchanges()
        client = client_of(self, config, settings, policy, budget=self.budget(config), observer=exchanges.note)
        try:
            found = Survey(self.endpoints(config), client, exchanges, settings, self.package)
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

    def read_pages(  # noqa: PLR0913 - the CDK's four, and those that the command line sets
        self,
        logger: logging.Logger,
        config: Config,
        catalog: ConfiguredAirbyteCatalog,
        state: list[AirbyteStateMessage] | None = None,
        *,
        form: Callable[[RecordPage], Records] = lambda page: page,
        reports: Callable[[Progress], Sequence[Report]] | None = None,
        observer: Observer | None = None,
    ) -> Iterator[AirbyteMessage | Records]:
        """Read the configured streams, and yield the records of a page as one object.

        Args:
            logger: receives the log lines.
            config: the user's config.
            catalog: the streams.
            state: the state to resume from.
            form: converts a page of records, in the thread that read it.
            reports: makes the reports of the sync's progress; by default, log lines for people.
            observer: called with each request and its outcome.
        """
        self._protect(config)
        settings = settings_of(self, config)
        budget = self.budget(config)
        api_version = self.api_version(config)
        endpoints = self.endpoints(config)
        chosen = {configured.stream.name: configured.sync_mode for configured in catalog.streams}
        known = [s for endpoint in endpoints for s in endpoint.all_streams if s.name in chosen]
        saved = saved_states(state or (), logger)
        states = {
            name: StreamState(name, saved.get(name, {}), api_version=api_version, logger=logger) for name in chosen
        }
        if budget is not None:
            budget.spend(one.requests for one in states.values())
        client = client_of(self, config, settings, self.retry_policy(), budget=budget, observer=observer)
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
                for stream in own:
                    is_incremental = chosen[stream.name] is SyncMode.incremental
                    for partition in partitions:
                        states[stream.name].begin(partition, settings, is_incremental=is_incremental)
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

    def _protect(self, config: Config) -> None:
        redaction.protect(self.spec(logging.getLogger("airbyte")).connectionSpecification, config)

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
