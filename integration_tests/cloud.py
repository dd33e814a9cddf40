"""``python -m integration_tests.cloud`` writes each CLOUD.md: how a manifest differs from its connector.

Both read the same sandbox, in every variant that it has of its vendor's page, and with faults. The table is what
that comparison found.
"""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import sandbox_server as sandbox
import yaml
from sandbox_server import Server, load_vendor, main_configs, serve
from sandbox_server.vendor import ROOT

from integration_tests.clock import late
from integration_tests.connector import Connector, Json, Output, expected
from integration_tests.declarative import FOLDERS, InsideManifest
from integration_tests.inside import InsideConnector, source_class

SIZE = {"sessions": 240, "days": 6, "now": late}

FAULTS: Mapping[str, sandbox.Fault] = {
    "the vendor limits the rate once (429)": sandbox.Status(429, retry_after=1),
    "the vendor fails once (500)": sandbox.Status(500),
    "an answer is cut off": sandbox.TruncatedBody(),
    "an answer is cut off, and the connection ends well": sandbox.TruncatedJson(),
    "a proxy answers with its own page": sandbox.Html(),
    "an answer is empty": sandbox.EmptyBody(),
    "a cache serves the page before once more": sandbox.StalePage(),
}


STATE = "the connector with the manifest's state"


class Finding(NamedTuple):
    """What one comparison found."""

    case: str
    connector: str
    manifest: str

    @property
    def is_same(self) -> bool:
        return self.connector == self.manifest

    @property
    def rank(self) -> int:
        """Losses come first."""
        words = ("loses", "stops", "without", "twice")
        return next((n for n, word in enumerate(words) if word in self.manifest), len(words))


class Pair(NamedTuple):
    """A connector and its manifest, with the same config."""

    connector: Connector
    manifest: Connector


def config_name(folder: str) -> str:
    """The config of the sandbox that a manifest is tried with: the first one with all of its streams."""
    manifest: Json = yaml.safe_load((ROOT / folder / "manifest.yaml").read_bytes())
    wanted = {stream["name"] for stream in manifest["streams"]}
    for name in main_configs(load_vendor(folder, sessions=2, days=2), ""):
        with pair(folder, name, sessions=2, days=2) as (one, _):
            if wanted <= set(one.connector.streams):
                return name
    raise LookupError(f"no config of {folder} has all streams of its manifest")


@contextmanager
def pair(folder: str, name: str, **options: Any) -> Iterator[tuple[Pair, Server]]:
    """Serve a vendor's sandbox, with options for the vendor or the server."""
    server_options = {n: options.pop(n) for n in ("grow_every", "grow_by") if n in options}
    with (
        tempfile.TemporaryDirectory() as place,
        serve(load_vendor(folder, **{**SIZE, **options}), **server_options) as server,
    ):
        # One worker: which answer a fault hits must not depend on timing.
        config = server.vendor.configs(server.origin)[name] | {"num_workers": 1}
        Path(place, "manifest").mkdir()
        yield (
            Pair(
                InsideConnector(folder, config, Path(place)),
                InsideManifest(folder, config, Path(place, "manifest")),
            ),
            server,
        )


def compare(folder: str) -> list[Finding]:
    """Compare a connector with its manifest in every case."""
    name = config_name(folder)
    return [
        *_plain(folder, name),
        _growth(folder, name),
        *(_variant(folder, name, mood) for mood in source_moods(folder)),
        *(_fault(folder, name, case, fault) for case, fault in FAULTS.items()),
    ]


def source_moods(folder: str) -> list[Mapping[str, Any]]:
    return list(load_vendor(folder, sessions=2, days=2).moods)


def _plain(folder: str, name: str) -> Iterator[Finding]:
    """Compare a full read: keys, columns, other fields, requests; and then who can go on from the state."""
    with pair(folder, name) as (one, server):
        streams = list(one.manifest.streams)
        read = one.connector.read(*streams)
        requests = server.count
        server.clear()
        others = one.manifest.read()
        yield Finding("a full read", _outcome(read, server, name, one), _outcome(others, server, name, one))
        yield Finding("requests of a full read", "1.0 times", f"{server.count / requests:.1f} times")
        for stream in streams:
            found = sorted(
                _different(one.connector.key(stream), read.records.get(stream, []), others.records.get(stream, []))
            )
            shown = ", ".join(f"`{field}`" for field in found)
            yield Finding(f"fields of `{stream}`", "same", f"differ: {shown}" if shown else "same")
        server.clear()
        again = one.connector.read(*streams, state=others.state)
        is_used = again.exit_code == 0 and server.count < requests
        yield Finding(
            STATE,
            "",
            "The connector continues from the manifest's state."
            if is_used
            else "The connector cannot use the manifest's state. Its first sync reads from the start date again;\n"
            "with deduplication, the rows replace those that are there.",
        )


def _growth(folder: str, name: str) -> Finding:
    """Compare two syncs between which the vendor got new sessions."""
    ends = []
    for which in range(2):
        with pair(folder, name) as (one, server):
            reader = (one.connector, one.manifest)[which]
            streams = list(one.manifest.streams)
            first = reader.read(*streams)
            server.vendor.grow(10)
            second = reader.read(*streams, state=first.state)
            ends.append(_outcome(second, server, name, one, before=first))
    return Finding("a second sync, after the vendor got new sessions", *ends)


def _variant(folder: str, name: str, mood: Mapping[str, Any]) -> Finding:
    options = ", ".join(f"`{option}: {json.dumps(value)}`" for option, value in mood.items())
    return Finding(f"the vendor differs: {options}", *_ends(folder, name, dict(mood)))


def _fault(folder: str, name: str, case: str, fault: sandbox.Fault) -> Finding:
    return Finding(case, *_ends(folder, name, {}, fault))


def _ends(folder: str, name: str, options: Json, fault: sandbox.Fault | None = None) -> tuple[str, str]:
    ends = []
    for which in range(2):
        with pair(folder, name, **options) as (one, server):
            streams = list(one.manifest.streams)
            if fault is not None:
                server.faults.append(type(fault)(**{n: v for n, v in vars(fault).items() if n in _options(fault)}))
            output = (one.connector, one.manifest)[which].read(*streams)
            ends.append(_outcome(output, server, name, one))
    return ends[0], ends[1]


def _options(fault: sandbox.Fault) -> set[str]:
    return set(type(fault).__dataclass_fields__)


def _outcome(output: Output, server: Server, name: str, one: Pair, before: Output | None = None) -> str:
    """Return in words what a sync has read of all that the vendor has."""
    found = []
    for stream in one.manifest.streams:
        key = one.connector.key(stream)
        keys, earlier = _keys(output, stream, key), _keys(before, stream, key) if before else []
        if {*expected(server, name).get(stream, [])} - {*keys, *earlier}:
            found.append(f"loses rows of `{stream}`")
        elif any(None in each for each in keys):
            found.append(f"reads rows of `{stream}` without their key")
        elif len(keys) > len(set(keys)):
            found.append(f"reads rows of `{stream}` twice")
    if output.exit_code:
        return "; ".join(["stops with an error", *(found if before else [])])
    return "; ".join(found) or "reads everything once"


def _keys(output: Output, stream: str, key: list[str]) -> list[tuple[Any, ...]]:
    return [tuple(record.get(part) for part in key) for record in output.records.get(stream, [])]


def _different(key: list[str], ours: list[Json], theirs: list[Json]) -> set[str]:
    """Return the fields in which records with the same key differ."""
    by_key = {tuple(record.get(name) for name in key): record for record in ours}
    return {
        field
        for record in theirs
        for field in {*record, *by_key.get(tuple(record.get(name) for name in key), {})}
        if record.get(field) != by_key.get(tuple(record.get(name) for name in key), record).get(field)
    }


PAGE = """\
# {vendor} in Airbyte Cloud

Airbyte Cloud runs no custom images. It runs [`manifest.yaml`](manifest.yaml), which reads {vendor} without the
connector's code. `make manifests` writes both this page and the manifest.

## Set it up

1. In Airbyte Cloud, open **Builder**, choose **Import a YAML**, and upload [`manifest.yaml`](manifest.yaml). With
   PyAirbyte: `workspace.publish_custom_source_definition(name="{vendor}", manifest_yaml=Path("manifest.yaml"))`.
2. Publish it to your workspace, and create a source with these settings:

{settings}

3. Choose **Incremental | Append + Deduped** for streams that support it: a row may be read again, and its key
   replaces it.

## Streams

{streams}

## Differences from the connector

The connector and the manifest read the same sandbox of {vendor}: in every variant of what the vendor's page leaves
open, and with faults. These cases differ; losses come first.

{differences}

In {same} other cases both do the same.

## Move to the connector later

{state} The names of streams,
columns and keys are the same, so the tables stay.
"""


def page(folder: str, findings: list[Finding]) -> str:
    """Return the page of a connector's manifest."""
    written: Json = yaml.safe_load((ROOT / folder / "cloud.yaml").read_bytes())
    manifest: Json = yaml.safe_load((ROOT / folder / "manifest.yaml").read_bytes())
    specification = manifest["spec"]["connection_specification"]
    left_out = written.get("left_out", {})
    settings = ["| setting | required | meaning |", "|---|---|---|"] + [
        f"| {part.get('title', name)} (`{name}`) | {'yes' if name in specification['required'] else 'no'} "
        f"| {part.get('description', '')} |"
        for name, part in specification["properties"].items()
        if not part.get("airbyte_hidden")
    ]
    if options := left_out.get("options"):
        settings += ["", "The manifest does not have these settings of the connector:", ""]
        settings += [f"- `{name}`: {why}" for name, why in options.items()]
    streams = ["| stream | key | cursor |", "|---|---|---|"] + [
        f"| `{stream['name']}` | {', '.join(stream['primary_key'])} | {_cursor(stream)} |"
        for stream in manifest["streams"]
    ]
    if missing := left_out.get("streams"):
        streams += ["", "The manifest does not have these streams of the connector:", ""]
        streams += [f"- `{name}`: {why}" for name, why in missing.items()]
    differ = sorted((one for one in findings if not one.is_same and one.case != STATE), key=lambda one: one.rank)
    rows = ["| case | connector | manifest |", "|---|---|---|"]
    rows += [f"| {one.case} | {one.connector} | {one.manifest} |" for one in differ]
    (state,) = (one.manifest for one in findings if one.case == STATE)
    return PAGE.format(
        vendor=source_class(folder).vendor,
        settings="\n".join(settings),
        streams="\n".join(streams),
        differences="\n".join(rows),
        same=sum(one.is_same for one in findings),
        state=state,
    )


def _cursor(stream: Json) -> str:
    return str(stream.get("incremental_sync", {}).get("cursor_field", "-"))


def main() -> None:
    """Compare the connectors that are named, or all, and write their pages."""
    for folder in sys.argv[1:] or FOLDERS:
        (ROOT / folder / "CLOUD.md").write_text(page(folder, compare(folder)))


if __name__ == "__main__":
    main()
