"""The commands: ``source-<vendor> spec|check|discover|catalog|read|verify``, the CDK's with three things fixed.

Secrets are hidden in every form from the first line on, a config that does not fit is told as a message with
the property's name, and so is a file that cannot be read.
"""

import contextlib
import ctypes
import gc
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.utils.schema_helpers import split_config

from session_source import redaction
from session_source.airbyte import cli, files
from session_source.airbyte.source import SessionSource
from session_source.airbyte.validation import validate
from session_source.api.errors import as_traced
from session_source.sync.records import RecordLines, RecordPage

_M_ARENA_MAX = -8
"""How many places there are from which threads take memory, in malloc.h."""


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entrypoint."""

    source: SessionSource

    @staticmethod
    def set_up_secret_filter(config: Mapping[str, Any], connection_specification: Mapping[str, Any]) -> None:
        """Hide secrets in every form, not only as they stand in the config."""
        redaction.protect(connection_specification, config)

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: Mapping[str, Any]) -> None:
        """Say which property of a config does not fit, and why."""
        own, _ = split_config(config)
        for line in cli.unknown_keys(source_spec.connectionSpecification, own):
            logging.getLogger("airbyte").warning(line)
        validate(source_spec.connectionSpecification, own)

    def lines(self, arguments: list[str]) -> Iterator[bytes]:
        """Run a command and give its output, in pieces of whole lines.

        Reading is the CDK's ``run`` and ``read`` but for the records, which are written a page at a time.
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
        for message in source.read_pages(self.logger, config, catalog, state, RecordPage.written):
            if isinstance(message, RecordLines):
                yield message.lines
                self._memory_monitor.check_memory_usage()
            elif isinstance(message, AirbyteMessage):
                yield self.airbyte_message_to_string(message).encode() + b"\n"


def run(source: SessionSource, arguments: list[str] | None = None) -> None:
    """Run one command of a connector and print its messages.

    Args:
        source: the connector.
        arguments: the words after the program's name; those of this process if not given.
    """
    # What was imported stays, and the thousands of objects of a page hold no cycles: without these, every page
    # is looked through for some, a tenth of the CPU of a read.
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
            except Exception as error:  # noqa: BLE001 - reported, whatever it is
                traced = as_traced(error, "running a command")
                if command in {cli.CATALOG, cli.VERIFY}:  # the output is no messages
                    sys.exit(redaction.clean(traced.message or str(traced)))
                # The CDK would hide secrets in the whole line: one that is a word of the protocol would break it.
                message = traced.as_sanitized_airbyte_message()
                put(entrypoint.airbyte_message_to_string(message).encode() + b"\n")
                sys.exit(1)
        except BrokenPipeError:  # whoever read the output is gone: there is nobody to tell anything
            os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
            sys.exit(1)


def _share_memory() -> None:
    """Let all threads take memory from one place: each one's own would keep what its largest page took."""
    if sys.platform == "linux":
        with contextlib.suppress(AttributeError):  # only glibc has this setting
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
