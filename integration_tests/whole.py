"""The question behind most tests: did all that the vendor holds come, and nothing twice?"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from integration_tests import figures
from integration_tests.connector import Connector, Output, duplicates
from integration_tests.sandbox import Keys

REPEATED = {"users"}
"""UXCam's users come once for each window in which they were active."""


def check_whole(connector: Connector, outputs: Sequence[Output], wanted: Keys) -> None:
    """See that the outputs together hold exactly the wanted keys, and none of them a key twice."""
    for stream, keys in wanted.items():
        each = [output.keys(stream, connector.key(stream)) for output in outputs]
        found = {key for keys_of_one in each for key in keys_of_one}
        twice = [] if stream in REPEATED else [key for keys_of_one in each for key in duplicates(keys_of_one)]
        lost = set(keys) - found
        figures.count(records=sum(map(len, each)), lost=len(lost), twice_in_a_sync=len(twice))
        assert not lost, f"{len(lost)} of {stream} were lost, {next(iter(lost))} is one"
        assert found <= set(keys), f"{stream} has what the vendor does not hold"
        assert not twice, f"{stream} has keys twice"


def came_again(connector: Connector, output: Output, edge: timedelta) -> set[str]:
    """The incremental streams of a sync without news whose records lie further than ``edge`` before now."""
    latest = datetime.now(UTC) - edge
    found = set()
    for name, records in output.records.items():
        for cursor in connector.streams[name].get("default_cursor_field") or []:
            if any(datetime.fromisoformat(record[cursor]) < latest for record in records):
                found.add(name)
    return found
