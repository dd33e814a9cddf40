"""What a vendor's sandbox has to offer, and where the vendors are."""

import importlib
import importlib.util
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from integration_tests.sandbox.message import Answer, Request

ROOT = Path(__file__).resolve().parents[2]

Config = dict[str, Any]
Keys = dict[str, list[tuple[Any, ...]]]


class Vendor(ABC):
    """One vendor with one set of data.

    A subclass lives in `source-*/sandbox/api.py`. It takes `sessions` (how many), `days` (over how many until
    now), `seed` and `now` (its clock, seconds since 1970) beside its own options; left at their defaults, every
    request of a right connector is answered with 200. What a test has to ask for (a part that refuses, an order
    that changes) is an option of its own.
    """

    name: ClassVar[str]

    moods: ClassVar[tuple[Mapping[str, Any], ...]] = ()
    """What the vendor's page leaves open, as options: with each of them a connector has to read all the same."""

    max_in_flight: int | None = None
    """Requests that may be open at once; the server answers `error(429)` to one more."""

    def __init__(self) -> None:
        # The server answers in its own thread while a test grows or counts the data in another.
        self.lock = threading.RLock()

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """What the vendor says to a request: its routes, its rules, its data."""

    @abstractmethod
    def error(self, status: int, path: str = "") -> Answer:
        """The vendor's own words for an HTTP error; `path` where they differ by it."""

    @abstractmethod
    def configs(self, origin: str) -> dict[str, Config]:
        """Configs of the connector, by a short name, that read all data of this sandbox.

        The one called `default` shows all that the connector has; where none is, all of them together do.
        """

    @abstractmethod
    def expected(self, config_name: str) -> Keys:
        """The primary keys that a full read with that config has to emit now, by stream."""

    @abstractmethod
    def grow(self, count: int) -> None:
        """Add sessions that are uploaded at this moment."""

    @abstractmethod
    def delete(self, count: int) -> None:
        """Delete the newest sessions, as a vendor does when a user asks to be forgotten."""

    def edge(self, config_name: str) -> timedelta:
        """How near to the edge of what a sync has finished the next one may emit a session again."""
        return timedelta(seconds=1)

    def error_inside(self, path: str = "") -> Answer:
        """The vendor's way of telling an error in a 200."""
        raise NotImplementedError(f"{self.name} tells no error in a 200: {path}")

    def repeat_token(self, answer: Answer) -> Answer:
        """The answer once more, with the token of a page that was read already."""
        raise NotImplementedError(f"{self.name} has no page tokens: {answer.status}")


def vendor_names() -> list[str]:
    """The folders that have a sandbox: `source-uxcam` and so on."""
    return sorted(api.parents[1].name for api in ROOT.glob("source-*/sandbox/api.py"))


def vendor_class(folder: str) -> type[Vendor]:
    """The vendor that a folder's `sandbox/api.py` defines."""
    place = ROOT / folder / "sandbox"
    if folder not in vendor_names():
        raise LookupError(f"{folder} has no sandbox; these have: {', '.join(vendor_names())}")
    # Folder names have dashes and all vendors call their modules alike: the package gets a name of its own.
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
    module = importlib.import_module(f"{name}.api")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Vendor) and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise LookupError(f"{place / 'api.py'} has to define one Vendor, not {len(found)}")
    return found[0]


def main_configs(vendor: Vendor, origin: str) -> dict[str, Config]:
    """The configs that show all of a connector: the one named ``default``, or all where none is."""
    configs = vendor.configs(origin)
    return {"default": configs["default"]} if "default" in configs else configs


def load_vendor(folder: str, **options: Any) -> Vendor:
    """A vendor with its data, by the connector's folder."""
    return vendor_class(folder)(**options)
