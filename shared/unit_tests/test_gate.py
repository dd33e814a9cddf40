"""The gate, with several threads."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from session_source.api.errors import Fault
from session_source.http.budget import HOUR, Budget
from session_source.http.concurrency import INITIAL, ConcurrencyLimit
from session_source.http.gate import Closed, Gate, Turn
from session_source.http.retry import RetryPolicy
from session_source.http.traffic import Reason, Traffic


def gate(workers: int = 1, retry_policy: RetryPolicy | None = None) -> Gate:
    return Gate("Shelf", ConcurrencyLimit(workers), retry_policy or RetryPolicy())


@contextmanager
def turn(at: Gate) -> Iterator[Turn]:
    with at.turn(lambda _: None, Traffic()) as taken:
        yield taken


def passed(at: Gate) -> tuple[float, float]:
    """When a request passed, and how long it waited."""
    with turn(at) as taken:
        return time.monotonic(), taken.waited


@pytest.mark.promise(n=5)
def test_a_place_goes_to_the_next_request_as_soon_as_it_is_free() -> None:
    shared = gate()
    with ThreadPoolExecutor(1) as pool:
        with turn(shared):
            asked = time.monotonic()
            waiting = pool.submit(passed, shared)
            time.sleep(0.02)
            assert not waiting.done()
            freed = time.monotonic()
        moment, waited = waiting.result(60)
    assert moment >= freed
    assert 0 < waited <= moment - asked


@pytest.mark.promise(n=5)
def test_after_a_rate_limit_no_request_uses_the_place_of_the_refused_one_before_the_wait_is_over() -> None:
    shared = gate()
    with ThreadPoolExecutor(1) as pool:
        with turn(shared) as refused:
            waiting = pool.submit(passed, shared)
            shared.refuse(refused.place, 0.1)
            until = time.monotonic() + 0.1
        moment, _ = waiting.result(60)
    assert moment >= until - 0.01


@pytest.mark.promise(n=7)
def test_a_hold_applies_to_every_worker() -> None:
    shared = gate(4)
    shared.hold(0.1, Reason.RATE_LIMIT)
    until = time.monotonic() + 0.1
    with ThreadPoolExecutor(4) as pool:
        moments = [done.result(60)[0] for done in [pool.submit(passed, shared) for _ in range(4)]]
    assert min(moments) >= until - 0.01


@pytest.mark.promise(n=7)
def test_a_wait_for_the_budget_is_reported_when_it_begins() -> None:
    shared = gate_with_full_budget(HOUR)
    lines: list[str] = []
    waits: list[float] = []

    def note(seconds: float) -> None:
        waits.append(seconds)
        shared.close()

    with pytest.raises(Closed), shared.turn(lines.append, Traffic(), note):
        pass
    assert waits == [HOUR]
    assert lines == ["The budget of 2 requests an hour is used up. The sync continues in 1 hour."]


def test_a_short_wait_for_the_budget_is_not_reported() -> None:
    shared = gate_with_full_budget(0.01)
    lines: list[str] = []
    waits: list[float] = []
    with shared.turn(lines.append, Traffic(), waits.append) as taken:
        assert taken.waited >= 0.01
    assert not lines
    assert not waits


def gate_with_full_budget(seconds: float) -> Gate:
    """A gate that lets the next request pass after some seconds."""
    now = iter([0.0, 0.0, HOUR - seconds])
    budget = Budget(2, clock=lambda: next(now, HOUR))
    assert budget.take() == budget.take() == 0
    return Gate("Shelf", ConcurrencyLimit(1), RetryPolicy(), budget=budget)


def test_closing_ends_the_wait_for_a_place() -> None:
    shared = gate()
    with ThreadPoolExecutor(2) as pool, turn(shared):
        waiting = [pool.submit(passed, shared) for _ in range(2)]
        shared.close()
        for each in waiting:
            with pytest.raises(Closed):
                each.result(60)


def test_a_request_that_fails_at_the_gate_releases_its_place() -> None:
    shared = gate(retry_policy=RetryPolicy(deadline=time.monotonic() + 60))
    shared.hold(120, Reason.RATE_LIMIT)
    for _ in range(2):
        with pytest.raises(Fault, match="does not accept requests now"), turn(shared):
            pass


@pytest.mark.promise(n=5)
def test_as_many_requests_are_open_as_the_limit_allows_and_no_more() -> None:
    shared = gate(8)
    together = threading.Barrier(INITIAL)
    lock = threading.Lock()
    are_open = most = 0

    def send(_: int) -> None:
        nonlocal are_open, most
        with turn(shared):
            with lock:
                are_open += 1
                most = max(most, are_open)
            together.wait(60)
            with lock:
                are_open -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(10 * INITIAL)))
    assert most == INITIAL, "nothing was measured since"
