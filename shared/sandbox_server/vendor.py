"""The base class of the vendors' sandboxes, and how they are found."""

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
    """One vendor with one set of data.

    A subclass is in `source-*/sandbox/api.py`. Its constructor takes `sessions` (how many), `days` (the data
    covers so many days until now), `seed` and `now` (its clock, seconds since 1970), and options of its own. With
    the defaults, every request of a correct connector is answered with 200. The options are the ways in which a
    real vendor may differ from its page or fail.
    """

    name: ClassVar[str]

    moods: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """Options for what the vendor's page leaves open. With each of them a connector has to read everything."""

    id_names: ClassVar[tuple[str, ...]] = ()
    """Names of the field that holds a record's id; a record has at most one of them."""

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
    """How many requests may be open at once; the server answers one more with `error(429)`."""

    def __init__(self) -> None:
        # The server answers in its own thread while a test changes or counts the data in another.
        self.lock = threading.RLock()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """The vendor's answer to a request: its routes, its rules, its data.

        Raises:
            TooLargeError: the server sends `error` with its status instead.
            NoAnswerError: the server never answers the request.
        """

    @abstractmethod
    def error(self, status: int, path: str = "") -> Answer:
        """The vendor's answer for an HTTP error; it may depend on the path."""

    @abstractmethod
    def configs(self, origin: str) -> dict[str, Config]:
        """Configs for the connector, by a short name, that read all data of this sandbox.

        The config `default` covers all streams of the connector; without one, all configs together do.
        """

    @abstractmethod
    def expected(self, config_name: str) -> Keys:
        """The primary keys that a full read with that config has to emit now, by stream.

        "Since the start date" means the time that the vendor filters by, as far as the options define it.
        """

    def held(self, config_name: str) -> Keys:
        """The primary keys that a read with that config may emit, by stream: `expected` and more.

        These are all rows that the vendor holds for the config's account and filters, at any date: a filter may
        list rows that are a little outside of the config's dates.
        """
        return self.expected(config_name)

    @abstractmethod
    def grow(self, count: int) -> None:
        """Add sessions that are uploaded at this moment."""

    @abstractmethod
    def delete(self, count: int) -> None:
        """Delete the newest sessions, as a vendor does when a user asks for deletion."""

    def edge(self, config_name: str) -> timedelta:
        """How near to the edge of what a sync has finished the next one may emit a session again."""
        return timedelta(seconds=1)

    def error_inside(self, path: str = "") -> Answer:
        """An error that the vendor reports with status 200."""
        raise NotImplementedError(f"{self.name} reports no error with status 200: {path}")

    def repeat_token(self, answer: Answer) -> Answer:
        """The answer with the token of a page that was read already."""
        raise NotImplementedError(f"{self.name} has no page tokens: {answer.status}")

    def records(self, content: Any) -> list[Record]:
        """The records inside of the decoded JSON of an answer, to be changed in place."""
        raise NotImplementedError(f"{self.name} does not say where its records are: {type(content)}")

    def rewrite(self, answer: Answer, change: Callable[[Record], None]) -> Answer:
        """The answer with all of its records changed; errors stay as they are."""
        if answer.status != 200:
            return answer
        content = json.loads(answer.body)
        for record in self.records(content):
            change(record)
        return dataclasses.replace(answer, body=json.dumps(content, separators=(",", ":")).encode())

    def id_name(self, record: Record) -> str | None:
        """The name of the field that holds a record's id, None if it has no id."""
        return next((name for name in self.id_names if name in record), None)


def vendor_names() -> list[str]:
    """The folders that have a sandbox: `source-<vendor>`."""
    return sorted(api.parents[1].name for api in ROOT.glob("source-*/sandbox/api.py"))


def sandbox_module(folder: str, module: str) -> ModuleType:
    """A module of a folder's `sandbox`."""
    place = ROOT / folder / "sandbox"
    if folder not in vendor_names():
        raise LookupError(f"{folder} has no sandbox; these have one: {', '.join(vendor_names())}")
    # Folder names contain dashes, and all vendors have modules of the same names: the package gets its own name.
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
    """The vendor that a folder's `sandbox/api.py` defines."""
    module = sandbox_module(folder, "api")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Vendor) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise LookupError(f"{folder}/sandbox/api.py has to define one Vendor, not {len(found)}")
    return found[0]


def main_configs(vendor: Vendor, origin: str) -> dict[str, Config]:
    """The configs that cover all streams of a connector: the one named `default`, or all if there is none."""
    configs = vendor.configs(origin)
    return {"default": configs["default"]} if "default" in configs else configs


def load_vendor(folder: str, **options: Any) -> Vendor:
    """A vendor with its data, by the connector's folder."""
    return vendor_class(folder)(**options)
