from heapq import heapify, heappop, heappush
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.http.budget import HOUR, Budget, RequestRate


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_no_hour_has_more_requests_than_the_budget() -> None:
    clock = Clock()
    budget = Budget(3, clock=clock)
    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    assert budget.take() == HOUR
    clock.now += HOUR - 1
    assert budget.take() == 1
    clock.now += 1
    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    assert budget.take() == HOUR


def test_requests_of_an_earlier_sync_count() -> None:
    clock = Clock()
    earlier = Budget(5, clock=clock)
    for _ in range(4):
        earlier.take()
    clock.now += 60
    later = Budget(5, clock=clock)
    later.spend([earlier.to_json()])
    assert later.take() == 0
    assert 0 < later.take() <= HOUR


def test_requests_in_the_states_of_several_streams_count_once() -> None:
    clock = Clock()
    earlier = Budget(5, clock=clock)
    earlier.take()
    early = earlier.to_json()
    earlier.take()
    later = Budget(5, clock=clock)
    later.spend([early, earlier.to_json(), None, "odd", {"x": 1, "7": "y"}])
    assert later.to_json() == earlier.to_json()
    assert [later.take() for _ in range(3)] == [0, 0, 0]
    assert later.take() > 0


def test_requests_older_than_an_hour_are_dropped() -> None:
    clock = Clock()
    budget = Budget(5, clock=clock)
    budget.take()
    clock.now += HOUR
    assert budget.to_json() == {}


def test_requests_from_a_clock_that_was_ahead_expire_in_an_hour() -> None:
    clock = Clock()
    budget = Budget(5, clock=clock)
    budget.spend([{"9" * 20: 5}])
    assert HOUR <= budget.take() <= HOUR + 60


def test_no_second_has_more_requests_than_the_rate() -> None:
    clock = Clock()
    rate = RequestRate(2, clock=clock)
    assert [rate.take(), rate.take()] == [0, 0]
    assert rate.take() > 0, "both are open"
    clock.now += 3
    assert rate.take() > 0, "both are still open: the vendor may receive them only now"
    rate.end()
    assert rate.take() == 1
    clock.now += 0.75
    rate.end()
    assert rate.take() == 0.25
    clock.now += 0.25
    assert rate.take() == 0
    assert rate.take() == 0.75


TIMES = st.floats(0, 2.5).map(lambda seconds: round(seconds, 3))


@given(
    limit=st.integers(1, 6),
    seconds=st.sampled_from([0.5, 1.0, 3.0]),
    workers=st.integers(1, 8),
    requests=st.lists(st.tuples(TIMES, st.floats(0, 1), TIMES), min_size=1, max_size=60),
)
def test_no_period_has_more_requests_than_the_rate_whenever_they_reach_the_vendor(
    limit: int, seconds: float, workers: int, requests: list[tuple[float, float, float]]
) -> None:
    """Each request takes some time, reaches the vendor during it, and is followed by a pause."""
    clock = Clock()
    clock.now = 0.0
    rate = RequestRate(limit, seconds, clock=clock)
    left = list(requests)
    arrivals: list[float] = []
    events: list[tuple[float, int, str]] = [(0.0, worker, "take") for worker in range(workers)]
    pauses = [0.0] * workers
    heapify(events)
    open_ = 0
    while events:
        clock.now, worker, what = heappop(events)
        if what == "end":
            rate.end()
            open_ -= 1
            heappush(events, (clock.now + pauses[worker], worker, "take"))
        elif left:
            wait = rate.take()
            if wait > 0:
                heappush(events, (clock.now + wait, worker, "take"))
                continue
            took, where, pauses[worker] = left.pop()
            open_ += 1
            assert open_ <= limit
            arrivals.append(clock.now + took * where)
            heappush(events, (clock.now + took, worker, "end"))
    assert len(arrivals) == len(requests)
    for start in arrivals:
        assert sum(start <= arrival < start + seconds - 1e-9 for arrival in arrivals) <= limit


@given(limit=st.integers(1, 6), count=st.integers(1, 40))
def test_requests_wait_no_longer_than_the_rate_requires(limit: int, count: int) -> None:
    clock = Clock()
    began = clock.now
    rate = RequestRate(limit, clock=clock)
    for _ in range(count):
        while wait := rate.take():
            clock.now += wait
        rate.end()
    assert clock.now - began == (count - 1) // limit


@pytest.mark.parametrize(
    "sent",
    [
        {"9" * 400: 1},
        {"9" * 5000: 1},
        {"x": 1, "": 1, "-1": 1, "1.5": 1, "²": 1},
        {"16666": "3", "16667": None, "16668": 1.5, "16669": [], "16670": True, "16671": -5, "16672": 10**12},
        [1],
        "word",
        5,
        None,
    ],
    ids=lambda sent: str(sent)[:20],
)
def test_counts_that_no_sync_wrote_are_ignored(sent: Any) -> None:
    clock = Clock()
    budget = Budget(5, clock=clock)
    budget.spend([sent, {"16666": 3}])
    assert budget.to_json() == {"16666": 3}


def test_a_state_with_too_many_requests_takes_no_memory() -> None:
    budget = Budget(500, clock=Clock())
    budget.spend([{str(minute): 50_000 for minute in range(100_000)}, {"9" * 19: 10}])
    assert len(budget._sent) == 500
    assert 0 < budget.take() <= HOUR + 60
