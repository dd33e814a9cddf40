"""The commands: ``source-<vendor> spec | check | discover | catalog | read | verify``.

They are the CDK's, with three differences: secrets are hidden in every form from the first line on, and an invalid
config or an unreadable file is reported with the name of the property or file.
"""

import contextlib
import ctypes
import gc
import io
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.utils.schema_helpers import split_config

from session_source import redaction
from session_source.airbyte import cli, files
from session_source.airbyte.config import base_url
from session_source.airbyte.metrics import MetricsFile
from session_source.airbyte.recording import cassette
from session_source.airbyte.recording.cassette import Recording
from session_source.airbyte.source import SessionSource
from session_source.airbyte.validation import validate
from session_source.api.errors import as_traced
from session_source.sync.progress import Progress
from session_source.sync.records import RecordLines, RecordPage
from session_source.sync.reports import JsonReport, LogReport, Report, Timer

_M_ARENA_MAX = -8
"""The number of glibc's memory arenas, in malloc.h."""


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint."""

    source: SessionSource

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Hide secrets in every encoding, not only as they are written in the config."""
        redaction.protect(connection_specification, config)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Warn about unknown keys of a config, and check its properties."""
        own, _ = split_config(config)
        unknown = list(cli.unknown_keys(source_spec.connectionSpecification, own))
        for line in unknown:
            logging.getLogger("airbyte").warning(line)
        validate(source_spec.connectionSpecification, own, unknown)

    def lines(self, arguments: list[str]) -> Iterator[bytes]:
        """Run a command and yield its output, in pieces of whole lines.

        ``read`` does what the CDK's ``run`` and ``read`` do, but writes records one page at a time.
        """
        source = self.source
        parsed = cli.parse(source.package, arguments)
        if parsed.command not in {"read", cli.CATALOG, cli.VERIFY}:
            yield from (line.encode() + b"\n" for line in self.run(parsed))
            return
        if parsed.debug or is_platform_debug_log_enabled():
            logging.getLogger("airbyte").setLevel(logging.DEBUG)
        config = source.read_config(parsed.config)
        spec = source.spec(self.logger)
        self.set_up_secret_filter(config, spec.connectionSpecification)
        self.validate_connection(spec, config)
        if parsed.command == cli.CATALOG:
            chosen = cli.configure(source.discover(self.logger, config), parsed.streams)
            yield orjson.dumps(chosen) + b"\n"
            return
        if parsed.command == cli.VERIFY:
            result = source.verify(config)
            if parsed.report:
                files.write_report(parsed.report, result.report())
            yield result.table().encode()
            if result.is_otherwise:
                sys.exit(1)
            return
        catalog, state = source.read_catalog(parsed.catalog), source.read_state(parsed.state)
        reports = partial(self._reports, parsed)
        form = RecordPage.written
        recording = None
        if parsed.record:
            config = cassette.repeatable(config)
            recording = Recording(
                source.package,
                spec.connectionSpecification,
                config,
                catalog,
                state,
                base_url=base_url(config, source.base_url(config)),
                path=parsed.record,
            )
        observer = recording.exchange if recording else None
        messages = source.read_pages(
            self.logger, config, catalog, state, form=form, reports=reports, observer=observer
        )
        with recording or contextlib.nullcontext():
            for message in messages:
                if recording is not None:
                    recording.emitted(message)
                if isinstance(message, RecordLines):
                    yield message.lines
                    self._memory_monitor.check_memory_usage()
                elif isinstance(message, AirbyteMessage):
                    yield self.airbyte_message_to_string(message).encode() + b"\n"

    def _reports(self, parsed: Namespace, progress: Progress) -> list[Report]:
        """Return the reports that the arguments ask for."""
        reports: list[Report] = []
        if parsed.metrics:
            reports.append(MetricsFile(parsed.metrics, self.source.package.replace("_", "-"), progress))
        if parsed.progress is None:
            reports.append(LogReport(progress, self.logger))
        else:
            reports.append(JsonReport(progress, self.logger, Timer(parsed.progress)))
        return reports


def run(source: SessionSource, arguments: list[str] | None = None) -> None:
    """Run one command of a connector and print its messages.

    Args:
        source: the connector.
        arguments: the arguments without the program's name; default: those of this process.
    """
    # Modules stay loaded, and the thousands of objects of a page hold no reference cycles. Without these two lines
    # the garbage collector looks through every page: a tenth of the CPU of a read.
    gc.freeze()
    gc.set_threshold(50_000)
    _share_memory()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # the protocol is UTF-8, whatever the locale
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    words = sys.argv[1:] if arguments is None else arguments
    command = cli.parse(source.package, words).command
    if command in {cli.CATALOG, cli.VERIFY}:
        cli.log_to_stderr()
    if command == cli.VERIFY:  # its output is for people
        logging.getLogger("airbyte").setLevel(logging.WARNING)
    entrypoint = Entrypoint(source)
    output = sys.stdout.buffer

    def put(lines: bytes) -> None:
        PRINT_BUFFER.flush()
        output.write(lines)
        output.flush()

    with PRINT_BUFFER:  # where the CDK's log goes
        try:
            try:
                for lines in entrypoint.lines(words):
                    put(lines)
            except BrokenPipeError:
                raise
            except Exception as error:  # noqa: BLE001 - every error is reported
                traced = as_traced(error, "running a command")
                if command in {cli.CATALOG, cli.VERIFY}:  # the output is not messages
                    sys.exit(redaction.clean(traced.message or str(traced)))
                # The CDK would hide secrets in the whole line; one that is a word of the protocol would break it.
                message = traced.as_sanitized_airbyte_message()
                put(entrypoint.airbyte_message_to_string(message).encode() + b"\n")
                sys.exit(1)
        except BrokenPipeError:  # the reader of the output is gone, so there is nowhere to report to
            os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
            sys.exit(1)


def _share_memory() -> None:
    """Make all threads share one memory arena: their own would each keep the memory of their largest page."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # only glibc has this setting
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
