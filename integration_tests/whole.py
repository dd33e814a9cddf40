"""The check behind most tests: everything that the vendor holds was emitted once."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox_server import Keys

from integration_tests import figures
from integration_tests.connector import Connector, Output, duplicates


def check_whole(connector: Connector, outputs: Sequence[Output], wanted: Keys, held: Keys | None = None) -> None:
    """Check that all outputs together have every wanted key, and no key that the vendor does not hold.

    No output has a key twice. `held` are the keys that may be emitted, by stream (see ``Vendor.held``). Without
    it, or for a stream that it lacks, these are only the wanted ones.
    """
    for stream, keys in wanted.items():
        each = [output.keys(stream, connector.key(stream)) for output in outputs]
        found = {key for keys_of_one in each for key in keys_of_one}
        twice = (
            []
            if stream in connector.repeated
            else [key for keys_of_one in each for key in duplicates(keys_of_one)]
        )
        lost = set(keys) - found
        allowed = set(keys).union((held or {}).get(stream, ()))
        figures.count(records=sum(map(len, each)), lost=len(lost), twice_in_a_sync=len(twice))
        assert not lost, f"{len(lost)} of {stream} were lost, {next(iter(lost))} is one"
        strange = found - allowed
        assert not strange, f"{stream} has {len(strange)} keys that nobody holds, {next(iter(strange))} is one"
        assert not twice, f"{stream} has keys twice, {twice[0]} is one"


def came_again(connector: Connector, output: Output, edge: timedelta) -> set[str]:
    """Return the incremental streams that emitted records from more than ``edge`` before now."""
    latest = connector.now - edge
    found = set()
    for name, records in output.records.items():
        for cursor in connector.streams[name].get("default_cursor_field") or []:
            if any(datetime.fromisoformat(record[cursor]) < latest for record in records):
                found.add(name)
    return found
