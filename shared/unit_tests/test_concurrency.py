"""The concurrency limit, against simulated vendors with a capacity: minutes pass in milliseconds."""

import itertools
from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple, Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_server.capacity import Capped, Queueing, Quota, Rated, Reply, Silent, Thrashing, Unlimited, Vendor
from session_source.http.concurrency import INITIAL, ConcurrencyLimit
from session_source.http.rounds import Place

MOST = 16


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Limit(Protocol):
    def take(self) -> Place | None: ...
    def end(self, place: Place, seconds: float | None = None) -> None: ...
    def refuse(self, place: Place, wait: float) -> None: ...
    def overload(self, place: Place) -> None: ...


class Fixed:
    """A fixed number of workers."""

    def __init__(self, limit: int) -> None:
        self._free = limit

    def take(self) -> Place | None:
        if not self._free:
            return None
        self._free -= 1
        return Place(0, 0, 0.0, is_measured=False)

    def end(self, place: Place, seconds: float | None = None) -> None:
        self._free += 1

    def refuse(self, place: Place, wait: float) -> None:
        pass

    def overload(self, place: Place) -> None:
        pass


class Run(NamedTuple):
    answered: int
    refused: int


def run(vendor: Vendor, limit: Limit, clock: Clock, seconds: float) -> Run:
    """Let workers send one request after the other; a refusal holds them all, as the gate does."""
    clock.now = open_at = 0.0
    answered = refused = 0
    order = itertools.count()
    events: list[tuple[float, int, Place | None, Reply]] = []
    are_open = 0
    idle = MOST
    while clock.now < seconds:
        while clock.now >= open_at and idle and (place := limit.take()):
            idle -= 1
            are_open += 1
            reply = vendor.reply(clock.now, are_open)
            heappush(events, (clock.now + reply.seconds, next(order), place, reply))
        if not events:
            clock.now = open_at
            continue
        clock.now, _, place, reply = heappop(events)
        if place is not None:
            are_open -= 1
            if reply.wait is not None:
                refused += 1
                open_at = max(open_at, clock.now + max(reply.wait, 1.0))
                limit.refuse(place, max(reply.wait, 1.0))
                heappush(events, (open_at, next(order), None, reply))
            elif reply.is_timeout:
                limit.overload(place)
            else:
                answered += 1
            limit.end(place, None if reply.wait is not None or reply.is_timeout else reply.seconds)
            idle += 1
    return Run(answered, refused)


def adaptive(vendor: Vendor, seconds: float) -> tuple[Run, ConcurrencyLimit]:
    clock = Clock()
    limit = ConcurrencyLimit(MOST, clock=clock)
    return run(vendor, limit, clock, seconds), limit


VENDORS: dict[str, tuple[Callable[[], Vendor], float]] = {
    "quick": (lambda: Unlimited(0.05), 30),
    "slow": (lambda: Unlimited(1), 300),
    "serves one": (lambda: Queueing(0.2, lambda _: 1), 200),
    "serves three": (lambda: Queueing(0.2, lambda _: 3), 200),
    "serves ten": (lambda: Queueing(0.4, lambda _: 10), 200),
    "serves eight, then three": (lambda: Queueing(0.3, lambda now: 8 if now < 120 else 3), 300),
    "serves three, then twelve": (lambda: Queueing(0.6, lambda now: 3 if now < 60 else 12), 600),
    "slows down beyond five": (lambda: Thrashing(0.2, 5), 300),
    "refuses beyond one": (lambda: Capped(0.2, 1), 300),
    "refuses beyond five": (lambda: Capped(0.2, 5), 300),
    "refuses beyond five for 30 s": (lambda: Capped(1, 5, wait=30), 3600),
    "silent beyond six": (lambda: Silent(0.3, 6), 600),
    "22 a second": (lambda: Rated(0.4, 22, 20), 300),
}
"""Simulated vendors, and how many seconds each is read."""

QUOTAS: dict[str, tuple[Callable[[], Vendor], float]] = {
    "3.5 a second": (lambda: Rated(1, 3.5, 10), 900),
    "11 a second, or waits for 10 s": (lambda: Rated(0.8, 11, 10, wait=10), 900),
    "1000 in five minutes": (lambda: Quota(1, 1000, 300), 900),
}
"""Vendors for which no number of workers has the full throughput without refusals."""


def best_of_fixed(make: Callable[[], Vendor], seconds: float) -> Run:
    return max(run(make(), Fixed(number), Clock(), seconds) for number in (1, 3, 5, 6, 8, 10, 12, MOST))


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("name", VENDORS)
def test_the_throughput_is_that_of_the_best_number_of_workers_at_a_tenth_of_the_refusals(name: str) -> None:
    make, seconds = VENDORS[name]
    found, _ = adaptive(make(), seconds)
    assert found.answered >= 0.9 * best_of_fixed(make, seconds).answered
    assert found.refused <= run(make(), Fixed(MOST), Clock(), seconds).refused / 10


@pytest.mark.promise(n=5)
@pytest.mark.parametrize("name", QUOTAS)
def test_a_quota_is_used_nearly_as_well_as_by_the_best_number_of_workers(name: str) -> None:
    make, seconds = QUOTAS[name]
    found, _ = adaptive(make(), seconds)
    assert found.answered >= 0.8 * best_of_fixed(make, seconds).answered
    assert found.refused <= 0.02 * found.answered


@pytest.mark.promise(n=5)
def test_a_vendor_that_is_never_the_bottleneck_soon_gets_as_many_requests_as_from_all_workers() -> None:
    def answered(seconds: float) -> int:
        return adaptive(Unlimited(0.05, variation=0), seconds)[0].answered

    def fixed(seconds: float) -> int:
        return run(Unlimited(0.05, variation=0), Fixed(MOST), Clock(), seconds).answered

    assert answered(1) >= 0.8 * fixed(1), "the first limit is found within four times the latency"
    assert answered(61) - answered(1) == fixed(61) - fixed(1)


@pytest.mark.promise(n=5)
def test_answers_that_happen_to_be_slow_take_no_place_from_a_worker() -> None:
    for seed in range(6):
        vendor = Unlimited(1)
        vendor._random.seed(seed)
        assert adaptive(vendor, 300)[0].answered >= 0.98 * run(Unlimited(1), Fixed(MOST), Clock(), 300).answered


@settings(deadline=None)
@given(most=st.integers(1, 64))
def test_it_starts_with_few_open_requests(most: int) -> None:
    assert ConcurrencyLimit(most).limit == min(most, INITIAL)


@settings(deadline=None)
@given(
    most=st.integers(1, 64),
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "take", "answer", "fail", "refuse", "overload"]),
            st.floats(0, 100),
            st.integers(0, 63),
        ),
        max_size=300,
    ),
)
def test_whatever_happens_the_limit_is_kept_and_no_place_is_lost(
    most: int, steps: list[tuple[str, float, int]]
) -> None:
    clock = Clock()
    limit = ConcurrencyLimit(most, clock=clock)
    places: list[Place] = []
    for action, seconds, which in steps:
        clock.now += seconds / 10
        if action == "take":
            had_room = limit.room > 0
            assert had_room == (len(places) < limit.limit)
            place = limit.take()
            assert (place is not None) == had_room
            places += [place] if place else []
        elif places:
            place = places.pop(which % len(places))
            before = limit.limit
            if action == "refuse":
                limit.refuse(place, seconds)
            elif action == "overload":
                limit.overload(place)
            assert before - max(before // 4, 1) <= limit.limit <= before
            limit.end(place, seconds if action == "answer" else None)
        assert 1 <= limit.limit <= most
    for place in places:
        limit.end(place)
    assert limit.room == limit.limit


@settings(deadline=None)
@given(most=st.integers(1, 64), wait=st.floats(0, 600))
def test_refusals_of_requests_that_were_open_together_halve_the_limit_at_most(most: int, wait: float) -> None:
    limit = ConcurrencyLimit(most, clock=Clock())
    before = limit.limit
    places = [place for place in iter(limit.take, None) if place]
    assert len(places) == before
    for place in places:
        limit.refuse(place, wait)
        limit.end(place)
    assert limit.limit == max(before // 2, 1)
