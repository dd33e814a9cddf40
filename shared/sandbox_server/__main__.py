"""Serve a vendor's sandbox, or a recorded read, until interrupted.

python -m sandbox_server source-<vendor> --sessions 300
python -m sandbox_server --replay cassette.json
"""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox_server.cassette import Cassette
from sandbox_server.server import serve
from sandbox_server.vendor import Vendor, load_vendor, vendor_names


def arguments() -> argparse.Namespace:
    """Parse the arguments of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox_server", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("vendor", nargs="?", choices=vendor_names())
    source.add_argument("--replay", type=Path, metavar="FILE", help="a cassette that `read --record` wrote")
    parser.add_argument("--port", type=int, default=8800, help="0: any free port")
    parser.add_argument("--sessions", type=int, default=300)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--latency", type=float, default=0, help="seconds before each answer")
    parser.add_argument("--grow-every", type=int, default=0, metavar="N")
    parser.add_argument("--grow-by", type=int, default=1, metavar="M")
    parser.add_argument("--gzip", action="store_true", help="compress for clients that accept it")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=JSON", help="an option of the vendor's sandbox"
    )
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="also write each config into a file there")
    return parser.parse_args()


def option(text: str) -> tuple[str, Any]:
    """Parse an option of the vendor's sandbox; a value that is not JSON is a string."""
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def served(given: argparse.Namespace) -> Vendor:
    """Return the vendor that the arguments name."""
    if given.replay:
        try:
            return Cassette(given.replay)
        except (OSError, ValueError) as error:
            sys.exit(f"{given.replay} is not a cassette: {error}")
    own = dict(option(text) for text in given.option)
    return load_vendor(given.vendor, sessions=given.sessions, days=given.days, seed=given.seed, **own)


def save(configs: Mapping[str, object], folder: Path, prefix: str) -> None:
    """Write each config into a file that can be passed to the connector."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, config in configs.items():
        (folder / f"{prefix}-{name}.json").write_text(json.dumps(config, indent=2) + "\n")


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    given = arguments()
    vendor = served(given)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with serve(
        vendor,
        port=given.port,
        latency=given.latency,
        grow_every=given.grow_every,
        grow_by=given.grow_by,
        gzip=given.gzip,
    ) as server:
        started: dict[str, Any] = {"origin": server.origin, "configs": vendor.configs(server.origin)}
        if isinstance(vendor, Cassette):
            started |= {name: vendor.content[name] for name in ("streams", "state", "result")}
        if given.save:
            save(started["configs"], given.save, (given.vendor or "replay").removeprefix("source-"))
        sys.stdout.write(json.dumps(started, indent=2, ensure_ascii=False) + "\n")
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
