"""Runs `verify` inside this process against a sandbox that differs from its vendor's page in one respect."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from sandbox_server import Answer, Fault, NewFields, Record, Request, Status, Vendor, load_vendor, serve
from sandbox_server.changes import Change
from sandbox_server.exchange import Exchange
from session_source.airbyte.config import NOW
from session_source.airbyte.verify.assumption import CANNOT_TELL
from session_source.airbyte.verify.result import OTHERWISE, Result

from integration_tests.clock import MOMENT, Clock
from integration_tests.inside import source_class

Otherwise = dict[str, str]
"""The assumptions that do not hold, each with the name of its finding."""


AFTERNOON = MOMENT.replace(hour=14, minute=0, second=0)


@dataclass
class Variant:
    """A vendor that differs in one respect.

    Args:
        otherwise: the findings that `verify` has to name.
        options: the vendor's options.
        faults: what changes its answers.
        cannot_tell: assumptions that this variant leaves open.
        may_not_tell: assumptions that it leaves open with some data.
    """

    otherwise: Otherwise
    options: Mapping[str, Any] = field(default_factory=dict)
    faults: Iterable[Fault] = ()
    cannot_tell: frozenset[str] = frozenset()
    may_not_tell: frozenset[str] = frozenset()


def verified(
    folder: str,
    name: str,
    *,
    config: Mapping[str, Any] | None = None,
    faults: Iterable[Fault] = (),
    prepare: Callable[[Vendor], None] = lambda _: None,
    **options: Any,
) -> Result:
    """The result of `verify` for one of a sandbox's configs.

    It starts at two in the afternoon, unless `now` is another clock: what `verify` can tell depends on how much of
    the day has passed.
    """
    clock = options.setdefault("now", Clock(start=AFTERNOON))
    vendor = load_vendor(folder, **options)
    prepare(vendor)
    with serve(vendor) as server:
        server.faults.extend(faults)
        given = {**vendor.configs(server.origin)[name], NOW: clock.start_command(), **(config or {})}
        result: Result = _unhurried(folder)().verify(given)
        assert server.count <= 30, "it sends too many requests"
        assert server.max_in_flight <= 1, "it sends several requests at once"
    return result


def _unhurried(folder: str) -> Any:
    """The connector without its limit of requests in a second, for which tests would have to wait."""
    source = source_class(folder)
    return type(source.__name__, (source,), {"__module__": source.__module__, "rate": lambda *_: None})


def otherwise(result: Result) -> Otherwise:
    return {v.assumption.id: v.seen.finding for v in result.verdicts if v.word == OTHERWISE}


def left_open(result: Result) -> set[str]:
    return {v.assumption.id for v in result.verdicts if v.word == CANNOT_TELL}


def words(result: Result) -> str:
    """What was seen, for the message of a test that fails."""
    return "\n".join(f"{v.assumption.id}: {v.word} ({v.seen.finding}): {v.seen.words}" for v in result.verdicts)


def check(result: Result, expected: Otherwise, cannot_tell: Iterable[str] = ()) -> None:
    """Check that `verify` names these findings and no others. If the vendor is not reached, all else is open."""
    open_ones = set(cannot_tell)
    if "reachable" in expected:
        open_ones = {verdict.assumption.id for verdict in result.verdicts} - {"reachable"}
    assert otherwise(result) == expected, words(result)
    assert left_open(result) == open_ones, words(result)


def check_variant(
    folder: str, name: str, variant: "Variant", cannot_tell: Iterable[str] = (), **options: Any
) -> None:
    """Check what `verify` says about a variant; `cannot_tell`: what the data is too small for."""
    result = verified(folder, name, faults=variant.faults, **{**options, **variant.options})
    may = variant.may_not_tell & left_open(result)
    check(result, variant.otherwise, variant.cannot_tell.union(cannot_tell, may).difference(variant.otherwise))


def check_every_assumption_has_a_variant(folder: str, api: str, variants: Iterable["Variant"]) -> None:
    """Check that each finding of each probe is that of a variant."""
    wanted = {
        (one.id, name)
        for one in source_class(folder).assumptions[api]
        if one.probe is not None
        for name in one.possible
    }
    assert {pair for variant in variants for pair in variant.otherwise.items()} >= wanted


@dataclass
class NoIds(Change):
    """Records have no id."""

    def change(self, record: Record, id_name: str | None) -> None:
        if id_name:
            del record[id_name]


@dataclass
class SameIds(Change):
    """One of twenty records has the id of another one.

    Args:
        also: other fields that have the same value as the id.
    """

    also: tuple[str, ...] = ()
    first: Any = None

    def change(self, record: Record, id_name: str | None) -> None:
        if id_name:
            self.first = self.first or record[id_name]
            if crc32(str(record[id_name]).encode()) % 20 == 0:
                record.update(dict.fromkeys((id_name, *self.also), self.first))


@dataclass
class Without(Change):
    """Records lack a field; of a path, the last name is missing."""

    name: tuple[str, ...] = ()

    def change(self, record: Record, id_name: str | None) -> None:
        for part in self.name[:-1]:
            record = record.get(part, {})
        record.pop(self.name[-1], None)


@dataclass
class Replaced(Change):
    """A field has another value."""

    name: tuple[str, ...] = ()
    value: Callable[[Any], Any] = lambda value: value

    def change(self, record: Record, id_name: str | None) -> None:
        for part in self.name[:-1]:
            record = record.get(part, {})
        if self.name[-1] in record:
            record[self.name[-1]] = self.value(record[self.name[-1]])


@dataclass
class Headers(Fault):
    """Answers have more headers, or lack some (None)."""

    times: int | None = field(default=None, kw_only=True)
    headers: Mapping[str, str | None] = field(default_factory=dict)

    def answer(self, exchange: Exchange) -> Answer:
        answer = exchange.truth()
        changed = {**answer.headers, **self.headers}
        return dataclasses.replace(answer, headers={n: v for n, v in changed.items() if v is not None})


@dataclass
class Reversed(Fault):
    """A request that comes again is answered with the records in reverse order."""

    times: int | None = field(default=None, kw_only=True)
    known: set[Any] = field(default_factory=set)

    def answer(self, exchange: Exchange) -> Answer:
        answer = exchange.truth()
        asked = (exchange.request.target, exchange.request.body)
        if answer.status != 200 or asked not in self.known:
            self.known.add(asked)
            return answer
        return self.reverse(exchange.vendor, answer)

    def reverse(self, vendor: Vendor, answer: Answer) -> Answer:
        records: list[Record] = []
        vendor.rewrite(answer, lambda record: records.append(dict(record)))

        def replace(record: Record) -> None:
            record.clear()
            record.update(records.pop())

        return vendor.rewrite(answer, replace)


@dataclass
class Sent(Fault):
    """The vendor reads other requests than were sent: it means something else by what is in them."""

    times: int | None = field(default=None, kw_only=True)
    change: Callable[[Request], Request] = lambda request: request

    def answer(self, exchange: Exchange) -> Answer:
        exchange.request = self.change(exchange.request)
        return exchange.truth()


@dataclass
class Rewritten(Fault):
    """The content of good answers is another one."""

    times: int | None = field(default=None, kw_only=True)
    change: Callable[[Any], Any] = lambda content: content

    def answer(self, exchange: Exchange) -> Answer:
        answer = exchange.truth()
        if answer.status != 200:
            return answer
        return dataclasses.replace(answer, body=json.dumps(self.change(json.loads(answer.body))).encode())


def gone(status: int = 404) -> Status:
    """The API is not there."""
    return Status(status, times=None)


RATE_LIMIT = Headers(headers={"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "99"})


def of_any_vendor(column: tuple[str, ...], typed: tuple[str, ...]) -> dict[str, Variant]:
    """Variants that every vendor may be.

    Args:
        column: the path of a field that one of the connector's columns is read from.
        typed: the path of a field that is no object.
    """
    return {
        "gone": Variant({"reachable": "gone"}, faults=[gone()]),
        "refused": Variant({"reachable": "refused"}, faults=[gone(401)]),
        "new fields": Variant({"fields": "otherwise"}, faults=[NewFields()]),
        "other types": Variant(
            {"types": "otherwise"}, faults=[Replaced(name=typed, value=lambda value: {"value": value})]
        ),
        "missing": Variant({"columns": "missing"}, faults=[Without(name=column)]),
        "no order": Variant({"order": "changes"}, faults=[Reversed()]),
        "limits": Variant({"rate-limit-headers": "present"}, faults=[RATE_LIMIT]),
    }
