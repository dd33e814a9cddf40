"""The base class of vendors' sandboxes, and how they are found."""

import dataclasses
import importlib
import importlib.util
import json
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from sandbox_server.message import Answer, Request

ROOT = Path(__file__).resolve().parents[2]

Config = dict[str, Any]
Keys = dict[str, list[tuple[Any, ...]]]
Record = dict[str, Any]


class Vendor(ABC):
    """A vendor's sandbox: one set of data and the rules of the vendor's API.

    Each `source-*/sandbox/api.py` defines one subclass. Its constructor takes `sessions` (how many), `days` (how
    many days the data covers, until now), `seed`, `now` (its clock, seconds since 1970), and its own options. With
    the defaults, every request of a correct connector is answered with 200. The options are the ways in which the
    real vendor may differ from its page, or fail.
    """

    name: ClassVar[str]

    moods: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Options for what the vendor's page leaves open. A connector must read everything with each of them."""

    id_names: ClassVar[tuple[str, ...]] = ()
    """Names of the field with a record's id; a record has at most one of them."""

    object_rows: ClassVar[Mapping[str, Any]] = {}
    """Options with which each record of an answer is a JSON object."""

    endless: ClassVar[Mapping[str, tuple[Mapping[str, Any], ...]]] = {}
    """Options with which a list never ends, by the name of a config that reads such lists."""

    repeated: ClassVar[frozenset[str]] = frozenset()
    """Streams that emit a key once per window instead of once per sync."""

    credentials_in_url: ClassVar[frozenset[str]] = frozenset()
    """Names of the configs for APIs that accept their credentials only in the URL."""

    shown_in_errors: ClassVar[frozenset[str]] = frozenset()
    """Config properties that error messages quote, because they name the part of the account that failed."""

    max_in_flight: int | None = None
    """How many requests may be open at once; the server answers further ones with `error(429)`."""

    def __init__(self) -> None:
        # The server answers in its own thread while a test changes or counts the data in another thread.
        self.lock = threading.RLock()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Return the vendor's answer to a request.

        Raises:
            TooLargeError: the server sends `error` with its status instead.
            NoAnswerError: the server never answers the request.
            InterruptionError: the server interrupts the connection.
        """

    @abstractmethod
    def error(self, status: int, path: str = "") -> Answer:
        """Return the vendor's answer for an HTTP error; it may depend on the path."""

    @abstractmethod
    def configs(self, origin: str) -> dict[str, Config]:
        """Return configs for the connector, by a short name, that read all data of this sandbox.

        The config `default` covers all streams of the connector. If there is none, all configs together do.
        """

    @abstractmethod
    def expected(self, config_name: str) -> Keys:
        """Return the primary keys that a full read with that config must emit now, by stream.

        A session is since the start date if the time that the vendor filters by is, as the options define it.
        """

    def held(self, config_name: str) -> Keys:
        """Return the primary keys that a read with that config may emit, by stream: `expected` and more.

        These are all rows that the vendor holds for the config's account and filters, at any date, because a time
        filter may list rows that are slightly outside the config's dates.
        """
        return self.expected(config_name)

    @abstractmethod
    def grow(self, count: int) -> None:
        """Add sessions that are uploaded at this moment."""

    @abstractmethod
    def delete(self, count: int) -> None:
        """Delete the newest sessions, as a vendor does on a user's request for deletion."""

    def edge(self, config_name: str) -> timedelta:
        """Return how close to the end of a sync's finished interval the next sync may emit a session again."""
        return timedelta(seconds=1)

    def error_inside(self, path: str = "") -> Answer:
        """Return an error that the vendor reports with status 200."""
        raise NotImplementedError(f"{self.name} reports no error with status 200: {path}")

    def repeat_token(self, answer: Answer) -> Answer:
        """Return the answer with the token of a page that was already read."""
        raise NotImplementedError(f"{self.name} has no page tokens: {answer.status}")

    def records(self, content: Any) -> list[Record]:
        """Return the records in the decoded JSON of an answer, to be changed in place."""
        raise NotImplementedError(f"{self.name} does not define where its records are: {type(content)}")

    def rewrite(self, answer: Answer, change: Callable[[Record], None]) -> Answer:
        """Return the answer with all of its records changed; errors are returned unchanged."""
        if answer.status != 200:
            return answer
        content = json.loads(answer.body)
        for record in self.records(content):
            change(record)
        return dataclasses.replace(answer, body=json.dumps(content, separators=(",", ":")).encode())

    def id_name(self, record: Record) -> str | None:
        """Return the name of the field with a record's id, None if it has no id."""
        return next((name for name in self.id_names if name in record), None)


def vendor_names() -> list[str]:
    """Return the folders with a sandbox: `source-<vendor>`."""
    return sorted(api.parents[1].name for api in ROOT.glob("source-*/sandbox/api.py"))


def sandbox_module(folder: str, module: str) -> ModuleType:
    """Import a module of a folder's `sandbox`."""
    place = ROOT / folder / "sandbox"
    if folder not in vendor_names():
        raise LookupError(f"{folder} has no sandbox; these have one: {', '.join(vendor_names())}")
    # Folder names contain dashes and all vendors use the same module names, so each package gets a name of its
    # own.
    name = "sandbox_of_" + folder.replace("-", "_")
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, place / "__init__.py", submodule_search_locations=[str(place)]
        )
        if spec is None or spec.loader is None:
            raise LookupError(f"{place} cannot be imported")
        package = importlib.util.module_from_spec(spec)
        sys.modules[name] = package
        spec.loader.exec_module(package)
    return importlib.import_module(f"{name}.{module}")


def vendor_class(folder: str) -> type[Vendor]:
    """Return the class that a folder's `sandbox/api.py` defines."""
    module = sandbox_module(folder, "api")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Vendor) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise LookupError(f"{folder}/sandbox/api.py must define one Vendor, not {len(found)}")
    return found[0]


def main_configs(vendor: Vendor, origin: str) -> dict[str, Config]:
    """Return the configs that cover all streams of a connector: `default`, or all if there is none."""
    configs = vendor.configs(origin)
    return {"default": configs["default"]} if "default" in configs else configs


def load_vendor(folder: str, **options: Any) -> Vendor:
    """Make a vendor's sandbox with its data, by the connector's folder."""
    return vendor_class(folder)(**options)
