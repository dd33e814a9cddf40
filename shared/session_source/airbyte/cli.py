"""The command line: arguments, configured catalogs, and warnings about misspelled config keys.

``source-<vendor> spec | check | discover | catalog | read | verify``, ``--version`` and ``--help``.
"""

import argparse
import difflib
import importlib.metadata
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from airbyte_cdk.models import AirbyteCatalog, AirbyteMessage, AirbyteMessageSerializer, Type

from session_source.airbyte import files
from session_source.api.errors import config_error

CATALOG = "catalog"
VERIFY = "verify"
_CONFIG = "the configuration, a JSON file"


def parse(package: str, arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments. If they are wrong, print the usage and exit with code 2.

    Args:
        package: the vendor's package.
        arguments: the arguments without the program's name.
    """
    return argument_parser(package).parse_args(list(arguments))


def argument_parser(package: str) -> argparse.ArgumentParser:
    """Return the parser of all commands with their options.

    Args:
        package: the vendor's package.
    """
    program = package.replace("_", "-")
    parser = argparse.ArgumentParser(
        prog=program, description="An Airbyte source connector. Messages are printed as lines of JSON."
    )
    parser.add_argument("--version", action="version", version=_version(program))
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", help="log more")
    configured = argparse.ArgumentParser(add_help=False, parents=[common])
    configured.add_argument("--config", required=True, metavar="FILE", help=_CONFIG)
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="command")
    commands.add_parser("spec", parents=[common], help="print the properties of the configuration")
    commands.add_parser(
        "check", parents=[configured], help="check that the configuration works: credentials, ids, access"
    )
    commands.add_parser("discover", parents=[configured], help="print the streams and their schemas")
    catalog = commands.add_parser(CATALOG, parents=[configured], help="print a configured catalog, for read")
    catalog.add_argument(
        "--streams", default="", metavar="NAMES", help="stream names, separated by commas; default: all"
    )
    read = commands.add_parser("read", parents=[configured], help="read records")
    read.add_argument(
        "--catalog",
        required=True,
        metavar="FILE",
        help="the streams to read: the output of `catalog` or of `discover`",
    )
    read.add_argument(
        "--state", metavar="FILE", help="where to resume: the output of an earlier read, or its state messages"
    )
    read.add_argument(
        "--metrics", metavar="FILE", type=Path, help="write metrics of the sync to this file, for Prometheus"
    )
    read.add_argument(
        "--progress",
        metavar="SECONDS",
        type=float,
        help="log the progress this often as a JSON object for programs, instead of lines for people",
    )
    read.add_argument(
        "--record",
        metavar="FILE",
        type=Path,
        help="write requests and answers to this file, without secrets and personal values, to report a problem",
    )
    verify = commands.add_parser(
        VERIFY, parents=[configured], help="check what the connector assumes about the vendor with your account"
    )
    verify.add_argument("--report", metavar="FILE", help="write a report without secrets and personal data")
    return parser


def _version(program: str) -> str:
    """Return the name and version of the installed connector."""
    try:
        return f"{program} {importlib.metadata.version(program)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{program} (not installed as a package)"


def log_to_stderr() -> None:
    """Send log lines to stderr, because the output of ``catalog`` is saved as a file."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stderr)


def configure(catalog: AirbyteCatalog, names: str) -> dict[str, Any]:
    """Return a configured catalog, as JSON.

    Args:
        catalog: all streams.
        names: the streams to select, separated by commas; empty for all.

    Raises:
        AirbyteTracedException: a stream does not exist.
    """
    message = AirbyteMessageSerializer.dump(AirbyteMessage(type=Type.CATALOG, catalog=catalog))
    known = {stream["name"]: stream for stream in message["catalog"]["streams"]}
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in chosen if name not in known]:
        raise config_error(f"There is no stream {', '.join(unknown)}. Choose from {', '.join(known)}.")
    return files.configured([known[name] for name in chosen or known])


def unknown_keys(specification: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for each config key that the spec does not have, with the key that was probably meant."""
    places = list(_places(specification, ""))
    yield from _unknown(specification, config, "", places)


def _unknown(part: Mapping[str, Any], value: object, path: str, places: list[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        properties = _properties(part, value)
        for key, inner in value.items():
            if key in properties:
                yield from _unknown(properties[key], inner, f"{path}{key}.", places)
            elif properties and not str(key).startswith("_"):  # Airbyte's own keys begin with an underscore
                yield _warning(f"{path}{key}", [f"{path}{name}" for name in properties], places)
    elif isinstance(value, list):
        for inner in value:
            yield from _unknown(part.get("items", {}), inner, path, places)


def _warning(key: str, beside: list[str], places: list[str]) -> str:
    parent, _, name = key.rpartition(".")
    if key in places:
        return f"Unknown configuration key {key}: it belongs to another choice of {parent}."
    close = difflib.get_close_matches(key, beside, n=1)
    elsewhere = [place for place in places if place.rpartition(".")[2] == name]
    meant = [*elsewhere, *close] or difflib.get_close_matches(key, places, n=1)
    hint = f"did you mean {meant[0]}?" if meant else "the spec lists all keys."
    return f"Unknown configuration key {key[:80]}: {hint}"


def _properties(part: Mapping[str, Any], value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of an object. Of alternatives, use the one that the object's constants select."""
    properties = dict(part.get("properties", {}))
    for variant in part.get("oneOf", []):
        declared = variant.get("properties", {})
        constants = {name: inner["const"] for name, inner in declared.items() if "const" in inner}
        if all(value.get(name, inner) == inner for name, inner in constants.items()):
            properties |= declared
    return properties


def _places(part: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the paths of all properties."""
    for variant in [part, *part.get("oneOf", [])]:
        for name, inner in variant.get("properties", {}).items():
            yield f"{path}{name}"
            yield from _places(inner, f"{path}{name}.")
            yield from _places(inner.get("items", {}), f"{path}{name}.")
