"""Messages: the lines of a connector's output, in the Airbyte protocol.

https://docs.airbyte.com/platform/understanding-airbyte/airbyte-protocol
"""

import contextlib
import fcntl
import json
import os
import re
import select
import sys
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import orjson

Json = dict[str, Any]

PIPE_SIZE = 1 << 20
"""Size of the pipe in bytes: the connector can read ahead while rows are written."""

_BIG_INTEGER = re.compile(rb"[:,\[][ -]{0,2}\d{20}")
"""orjson parses integers beyond 64 bits as floats; Python's parser keeps them."""


class Line(NamedTuple):
    """One line of a connector's output."""

    message: Json
    size: int
    """The line's length in bytes."""


class Output:
    """A connector's output, read as it arrives.

    Args:
        file: the read end of a pipe; its owner closes it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file.fileno()
        self._rest = b""
        self.is_open = True
        if sys.platform == "linux":
            with contextlib.suppress(OSError):  # the system allows less: the connector waits more often
                fcntl.fcntl(self._file, fcntl.F_SETPIPE_SZ, PIPE_SIZE)

    def close(self) -> None:
        """Stop reading messages."""
        self.is_open = False

    def lines(self, seconds: float) -> list[Line]:
        """Wait up to this many seconds for messages. ``is_open`` is false after the last message."""
        if not select.select([self._file], [], [], seconds)[0]:
            return []
        read = os.read(self._file, PIPE_SIZE)
        whole, newline, rest = (self._rest + read).rpartition(b"\n")
        self._rest = rest
        if not read:
            self.is_open = False
            return [*parse_lines(whole + newline), *_cut_off(rest)]
        return list(parse_lines(whole + newline))


def parse_lines(output: bytes) -> Iterator[Line]:
    """Parse whole lines; a line that is not a message becomes a log message."""
    has_big = _BIG_INTEGER.search(output) is not None
    for line in output.split(b"\n"):
        if line.startswith(b"{"):
            with contextlib.suppress(ValueError):
                yield Line(_parse(line, has_big=has_big), len(line))
                continue
        if line.strip():
            yield Line(_log("INFO", line.decode(errors="replace").strip()), len(line))


def dumps(value: object) -> str:
    """Serialise a value as JSON, including integers beyond 64 bits and lone surrogates."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(value, separators=(",", ":"))


def _parse(line: bytes, *, has_big: bool) -> Json:
    parsed: Json
    if not (has_big and _BIG_INTEGER.search(line)):
        with contextlib.suppress(ValueError):  # a lone surrogate, which Python's parser accepts
            parsed = orjson.loads(line)
            return parsed
    parsed = json.loads(line)
    return parsed


def _cut_off(rest: bytes) -> Iterator[Line]:
    # No state covers it: the next sync reads it again.
    if rest:
        yield Line(_log("WARN", "The connector stopped in the middle of a message."), len(rest))


def _log(level: str, text: str) -> Json:
    return {"type": "LOG", "log": {"level": level, "message": text}}
