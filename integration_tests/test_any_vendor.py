"""Listed means emitted: two syncs emit every row once, for every kind of filter and of paging."""

import json
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from sandbox_server import serve
from session_source.airbyte.config import NOW

from integration_tests import figures
from integration_tests.any_vendor.source import AnySource
from integration_tests.any_vendor.vendor import DAY, AnyVendor, Nature
from integration_tests.connector import Json, Output, duplicates
from integration_tests.inside import run_inside
from integration_tests.trials import EXAMPLES, MOMENTS, random_cases

PAGES = {
    "paging": st.sampled_from(["number", "token", "total"]),
    "cap": st.sampled_from([10, 10, 7, 3, 1]),
    "order": st.sampled_from(["newest", "oldest", "mixed"]),
    "beyond_end": st.sampled_from(["empty", "repeats_last", "refused"]),
}
BOUNDS = {"lower_inclusive": st.booleans(), "upper_inclusive": st.booleans()}
ZONES = {"hours_ahead": st.sampled_from([-12, -5, 0, 9, 14]), "writes_local": st.booleans()}
NATURES = st.one_of(
    st.builds(Nature, kind=st.just("exact"), **PAGES, **BOUNDS, **ZONES),
    st.builds(
        Nature,
        kind=st.just("start_or_end"),
        filters_by=st.sampled_from(["at", "other", "touches"]),
        **PAGES,
        **BOUNDS,
    ),
    st.builds(Nature, kind=st.just("day"), filters_by=st.sampled_from(["at", "other"]), **PAGES, **ZONES),
    st.builds(Nature, kind=st.just("unrelated"), filters_by=st.just("hidden"), **PAGES, **BOUNDS),
)


def moment(seconds: int) -> str:
    """Format a time for a config."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Connector:
    """The connector with one config."""

    def __init__(self, config: Mapping[str, Any], place: Path) -> None:
        self._config = config
        self._place = place

    def read(self, state: list[Json]) -> Output:
        """Read incrementally from a state."""
        (catalog,) = self._run("discover").of_type("CATALOG")
        configured = {
            "streams": [
                {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": "append"}
                for stream in catalog["streams"]
            ]
        }
        messages = [{"type": "STREAM", "stream": message["stream"]} for message in state]
        return self._run(
            "read", "--catalog", self._file("catalog", configured), "--state", self._file("state", messages)
        )

    def _run(self, command: str, *more: str) -> Output:
        return run_inside(AnySource(), [command, "--config", self._file("config", self._config), *more])

    def _file(self, name: str, value: object) -> str:
        path = self._place / f"{name}.json"
        path.write_text(json.dumps(value))
        return str(path)


@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.promise(n=3)
@random_cases(5 * EXAMPLES)
@given(
    now=MOMENTS,
    nature=NATURES,
    items=st.integers(0, 120),
    days=st.integers(1, 7),
    seed=st.integers(1, 9999),
    grow_every=st.integers(0, 4),
    window=st.integers(1, 9),
    lookback=st.integers(0, 2),
    later=st.integers(0, 3),
)
def test_every_listed_row_is_emitted_once(
    now: datetime,
    nature: Nature,
    items: int,
    days: int,
    seed: int,
    grow_every: int,
    window: int,
    lookback: int,
    later: int,
) -> None:
    note(f"{now}, {nature}, {items=}, {days=}, {seed=}, {grow_every=}, {window=}, {lookback=}, {later=}")
    vendor = AnyVendor(nature, items=items, days=days, seed=seed, now=int(now.timestamp()))
    before = vendor.expected("default")["rows"]
    with tempfile.TemporaryDirectory() as place, serve(vendor, grow_every=grow_every, grow_by=1) as server:
        config = vendor.configs(server.origin)["default"]
        config |= {"window_in_days": window, "lookback_window_days": lookback, NOW: moment(int(now.timestamp()))}
        # The first sync may start later than the second one, and ends two minutes before the latest item.
        end = vendor.growing_until = vendor.latest - 120
        start = min(vendor.start + later * DAY, end - 1)
        first = Connector({**config, "start_date": moment(start), "end_date": moment(end)}, Path(place))
        outputs = [first.read([])]
        server.grow_every = 0
        # The lookback reads rows that appeared during the first sync, before its end.
        wanted = set(vendor.expected("default")["rows"]) if lookback else set(before)
        vendor.growing_until = vendor.latest
        vendor.add_new(3)
        wanted |= {(item.id,) for item in vendor.items[-3:]}
        outputs.append(Connector(config, Path(place)).read(outputs[0].state))
    found = [output.keys("rows", ["id"]) for output in outputs]
    lost = wanted - {key for keys in found for key in keys}
    twice = [key for keys in found for key in duplicates(keys)]
    figures.count(
        vendor_variants_tried=1, records=sum(map(len, found)), lost=len(lost), twice_in_a_sync=len(twice)
    )
    assert [output.errors for output in outputs] == [[], []]
    assert not lost
    assert not twice
    assert {key for keys in found for key in keys} <= set(vendor.held("default")["rows"])
