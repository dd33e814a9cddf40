"""Invalid configs and answers: no stack trace, no hang, no secret, no lost record."""

import json
import random
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandbox_server import Answer, Fault, load_vendor, serve
from sandbox_server.exchange import Exchange

from integration_tests import figures
from integration_tests.clock import Clock
from integration_tests.conftest import cases, starting
from integration_tests.connector import expected
from integration_tests.inside import InsideConnector
from integration_tests.trials import EXAMPLES, random_cases
from integration_tests.whole import check_whole

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths to all parts of a config."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for name, part in parts for found in [(*path, name), *places(part, (*path, name))]]


def changed(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    """Return a copy with another value in one place."""
    if not path:
        return by
    parts = dict(enumerate(value)) if isinstance(value, list) else value
    if not isinstance(parts, dict):
        return value
    parts = {**parts, path[0]: changed(parts.get(path[0]), path[1:], by)}
    return list(parts.values()) if isinstance(value, list) else parts


@pytest.mark.soak
@pytest.mark.promise(n=7)
@pytest.mark.promise(n=9)
@pytest.mark.every_config
def test_no_config_causes_a_stack_trace(case: tuple[str, str], tmp_path: Path) -> None:
    folder, config = case
    clock = Clock()
    with serve(load_vendor(folder, sessions=3, days=2, now=clock)) as server:
        base = InsideConnector(folder, server.vendor.configs(server.origin)[config], tmp_path, clock=clock)
        read_arguments = base.read_arguments()
        known = [(name,) for name in sorted(base.specification["properties"])]
        paths = [path for path in {*known, *places(dict(base.config))} if path != ("base_url",)]

        @random_cases(EXAMPLES * 5)
        @given(
            changes=st.lists(st.tuples(st.sampled_from(sorted(paths, key=str)), ANYTHING), min_size=1, max_size=3),
            arguments=st.sampled_from([["check"], read_arguments]),
        )
        def run(changes: list[tuple[tuple[Any, ...], Any]], arguments: list[str]) -> None:
            given_config: Any = dict(base.config)
            for path, value in changes:
                given_config = changed(given_config, path, value)
            server.vendor = load_vendor(folder, sessions=3, days=2, now=clock)  # resets hourly budgets
            output = replace(base, config=given_config).run(*arguments)
            told = [status.get("message", "") for status in output.of_type("CONNECTION_STATUS")]
            told += [error["message"] for error in output.errors]
            assert told or output.exit_code == 0
            assert all("Traceback" not in message and "Error(" not in message for message in told), told
            assert all(error["failure_type"] != "system_error" for error in output.errors), told
            figures.count(bad_inputs_tried=1)

        run()


@dataclass
class Mangled(Fault):
    """Replaces one value of one record of the true answer."""

    value: Any = None
    seed: int = 0

    def answer(self, exchange: Exchange) -> Answer:
        truth = exchange.truth()
        text = truth.body.decode().strip()
        body = json.loads(text)
        rows = next((rows for rows in lists(body) if rows and isinstance(rows[0], dict)), None)
        if rows is None:
            return truth
        chance = random.Random(self.seed)  # noqa: S311 - no secret
        place: Any = chance.choice(rows)
        while True:
            name = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[name]
            if not inner or not isinstance(inner, dict | list) or chance.random() < 0.4:
                break
            place = inner
        if name in exchange.vendor.id_names and self.value and isinstance(self.value, str | bool):
            return truth  # it would be the id of a session whose details the vendor refuses
        place[name] = self.value
        return Answer(truth.status, json.dumps(body).encode(), truth.headers)


def lists(value: Any) -> list[list[Any]]:
    """Return all lists in a value, the outermost first."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [value] if isinstance(value, list) else []
    return found + [inner for part in parts for inner in lists(part)]


# No numbers: a number in place of a time may be a time outside of the sync, and the row is then left out.
VALUES: list[Any] = [None, "", "word", True, [], {}, ["x", None], {"a": [{}]}, "\ud800", "1e999", "9" * 40, "😀"]
ODD = st.sampled_from(VALUES)


@pytest.mark.soak
@pytest.mark.promise(n=10)
@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_a_record_with_an_odd_value_is_still_emitted(folder: str, config: str) -> None:
    @random_cases(EXAMPLES * 5)
    @given(value=ODD, seed=st.integers(0, 10**6))
    def run(value: Any, seed: int) -> None:
        with tempfile.TemporaryDirectory() as place, starting(folder, Path(place)) as start:
            connector, server = start(config, {"window_in_days": 30}, sessions=12, days=2)
            mangled = Mangled(value=value, seed=seed, times=None)
            server.faults.append(mangled)
            output = connector.read()
            assert all(error["failure_type"] != "system_error" for error in output.errors), output.errors
            if output.statuses["sessions"][-1] == "COMPLETE":
                wanted = expected(server, config)["sessions"]
                assert len(output.records.get("sessions", [])) == len(wanted)
            for name, records in output.records.items():
                validator = jsonschema.Draft4Validator(connector.streams[name]["json_schema"])
                for record in records:
                    assert next(validator.iter_errors(record), None) is None, name
                    assert all(record[column] is not None for column in connector.key(name)), name
            figures.count(bad_inputs_tried=1)

    run()


@dataclass
class Replaced(Fault):
    """Replaces the body of the answer."""

    body: bytes = b""

    def answer(self, exchange: Exchange) -> Answer:
        return Answer(200, self.body, {"Content-Type": "application/json"})


# Not an empty list: it is a valid answer of vendors that answer with a bare list.
BODIES = (st.binary(max_size=40) | ANYTHING.map(lambda value: json.dumps(value).encode())).filter(
    lambda body: body.strip() != b"[]"
)


@pytest.mark.soak
@pytest.mark.promise(n=7)
@pytest.mark.parametrize(("folder", "config"), cases(every=False))
def test_a_meaningless_answer_loses_no_record(folder: str, config: str) -> None:
    @random_cases(max(1, EXAMPLES // 2))
    @given(body=BODIES, after=st.integers(0, 4))
    def run(body: bytes, after: int) -> None:
        with tempfile.TemporaryDirectory() as place, starting(folder, Path(place)) as start:
            connector, server = start(config, sessions=40, days=2)
            server.faults.append(Replaced(body=body, after=after))
            output = connector.read()
            assert all(error["failure_type"] != "system_error" for error in output.errors), output.errors
            wanted = expected(server, config)
            whole = {name: keys for name, keys in wanted.items() if output.statuses[name][-1] == "COMPLETE"}
            check_whole(connector, [output], whole)
            figures.count(bad_inputs_tried=1)

    run()
