"""Cassettes: the requests and answers of one read in a JSON file, without secrets and personal values.

    source-<vendor> read --config config.json --catalog catalog.json --record cassette.json

The sandbox server replays a cassette, so that others can repeat the read without the account. Its members:

    config, streams, state    what was read; the stand-ins of the credentials are credentials for the replay
    exchanges                 each request with its answer, or how it failed, in the order in which they were sent
    result                    records and states by stream, to compare them with those of a replay; null if the
                              vendor sent more than a cassette may hold

At replay, method, path, query and body identify a request. A request that was sent several times gets its answers
in the order in which they were recorded. To make a read repeatable, it has one worker and its clock is stopped.

Everything is kept in memory and replaced at the end, when every value is known; see ``anonymizer``.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
)
from airbyte_cdk.utils.airbyte_secrets_utils import get_secrets
from requests import PreparedRequest

from session_source.airbyte.config import NOW, now
from session_source.airbyte.recording import exchanges
from session_source.airbyte.recording.anonymizer import Anonymizer
from session_source.airbyte.recording.vocabulary import Vocabulary
from session_source.api import times
from session_source.api.answer import Answer
from session_source.api.columns import Value
from session_source.api.errors import Fault, config_error
from session_source.sync.records import RecordLines, Records

FORMAT = 1

LARGEST = 64 * 2**20
"""The most bytes of answers in a cassette. Later answers are not recorded."""

_STATE_WORDS = ("STREAM", "GLOBAL", "LEGACY", "date-range")

_LOGGER = logging.getLogger("airbyte")


class Exchange(NamedTuple):
    """One request, and its answer or the fault that it met."""

    request: PreparedRequest
    outcome: Answer | Fault


class Recording:
    """Collects what one read sends, receives and emits in a ``with`` block, and writes it at the end.

    Args:
        package: the vendor's package.
        specification: the JSON schema of the configuration.
        config: the configuration of the read.
        catalog: the streams that are read.
        state: the state that the read starts with.
        base_url: the address that the paths of requests are below.
        path: the file to write.

    Raises:
        AirbyteTracedException: the file cannot be written.
    """

    def __init__(  # noqa: PLR0913 - what defines a read, and its file
        self,
        package: str,
        specification: Mapping[str, Any],
        config: Mapping[str, Any],
        catalog: ConfiguredAirbyteCatalog,
        state: Iterable[AirbyteStateMessage],
        *,
        base_url: str,
        path: Path,
    ) -> None:
        try:
            path.touch()
        except OSError as error:
            raise config_error(f"The file {path} cannot be written ({error.strerror}). Check its path.") from None
        self._path = path
        self._connector = package.replace("_", "-")
        known = specification["properties"].keys() - {"base_url"}
        self._config = {name: value for name, value in config.items() if name in known}
        self._now = config[NOW]
        self._streams = {one.stream.name: one.sync_mode.value for one in catalog.streams}
        self._state = [AirbyteStateMessageSerializer.dump(message) for message in state]
        self._base_path = urlsplit(base_url).path.rstrip("/")
        self._exchanges: list[Exchange] = []
        self._size = 0
        self._lines: list[bytes] = []
        self._states: dict[str, Value] = {}
        self._lock = threading.Lock()
        self.anonymizer = Anonymizer(
            Vocabulary.of(package, specification), map(str, get_secrets(specification, config))
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the cassette, also after an error."""
        self._contents()
        self.anonymizer.choose()
        head, described = self._contents()
        lines = ",\n".join(json.dumps(exchange, ensure_ascii=False) for exchange in described)
        text = f'{json.dumps(head, ensure_ascii=False, indent=1)[:-2]},\n "exchanges": [\n{lines}\n]}}\n'
        self._path.write_text(text, encoding="utf-8")
        _LOGGER.info(
            f"{len(described)} requests and their answers were written to {self._path}, without secrets and "
            "personal values."
        )

    def exchange(self, request: PreparedRequest, outcome: Answer | Fault, _seconds: float) -> None:
        """Add a request and its answer or fault."""
        with self._lock:
            was_full = self._is_full
            self._size += len(outcome.body) if isinstance(outcome, Answer) else 0
            if not self._is_full:
                self._exchanges.append(Exchange(request, outcome))
            elif not was_full:
                _LOGGER.warning(
                    f"The vendor sent more than {LARGEST // 2**20} MB. The rest is not recorded: set a later "
                    "start_date, or an end_date."
                )

    @property
    def _is_full(self) -> bool:
        return self._size > LARGEST

    def emitted(self, message: AirbyteMessage | Records) -> None:
        """Add an emitted message. Only records and the last state of each stream are kept."""
        if isinstance(message, RecordLines):
            if not self._is_full:
                self._lines.append(message.lines)
        elif (
            isinstance(message, AirbyteMessage) and message.state is not None and message.state.stream is not None
        ):
            stream = AirbyteStateMessageSerializer.dump(message.state)["stream"]
            self._states[stream["stream_descriptor"]["name"]] = stream["stream_state"]

    def _contents(self) -> tuple[dict[str, Value], list[Value]]:
        records: dict[str, list[Value]] = {}
        for line in b"".join(self._lines).splitlines():
            record = orjson.loads(line)["record"]
            records.setdefault(record["stream"], []).append(self.anonymizer.value(comparable(record["data"])))
        head: dict[str, Value] = {
            "cassette": FORMAT,
            "connector": self._connector,
            "config": {**self.anonymizer.value(self._config), NOW: self._now},
            "streams": self._streams,
            "state": self._anonymous_state(self._state),
            "result": None,
        }
        if not self._is_full:
            head["result"] = {
                "records": {stream: digest(found) for stream, found in records.items()},
                "states": self._anonymous_state(self._states),
            }
        return head, [
            exchanges.describe(*exchange, self._base_path, self.anonymizer) for exchange in self._exchanges
        ]

    def _anonymous_state(self, state: Value) -> Value:
        """Replace the values in a state that are not times, and drop the times of earlier requests."""
        if isinstance(state, list):
            return [self._anonymous_state(part) for part in state]
        if not isinstance(state, dict):
            return state if state in _STATE_WORDS else self.anonymizer.value(state)
        return {
            name: self.anonymizer.value(part) if name == "partition" else self._anonymous_state(part)
            for name, part in state.items()
            if name != "requests"
        }


def repeatable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with which a read sends the same requests each time."""
    return {**config, "num_workers": 1, NOW: times.rfc3339(now(config).replace(microsecond=0))}


def digest(records: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Return the number of records, and a digest of them that does not depend on their order."""
    lines = sorted(json.dumps(comparable(record), sort_keys=True) for record in records)
    return {"count": len(records), "digest": hashlib.sha256("\n".join(lines).encode()).hexdigest()}


def comparable(record: Mapping[str, Value]) -> dict[str, Value]:
    """Return the fields of a record that do not depend on whether values were replaced before it was read.

    Hashed ids depend on it, and so do indexes in lists that the connector sorts by a replaced value.
    """
    return {
        name: value
        for name, value in record.items()
        if not name.endswith("_index") and not (isinstance(value, str) and value.startswith("hash:"))
    }
