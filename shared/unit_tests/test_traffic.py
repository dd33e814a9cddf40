"""Counting requests and waits."""

from contextlib import ExitStack

import pytest
from session_source.http.gate import Closed
from session_source.http.traffic import TIMEOUT, Reason, Traffic, Wait


class Clock:
    """A clock that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_parts_add_up_to_the_whole() -> None:
    whole = Traffic()
    sessions, events = whole.part("sessions"), whole.part("events")
    sessions.count(200, received=1000)
    sessions.count(429, received=20)
    sessions.count(200, received=1000, is_retry=True)
    events.count(TIMEOUT)
    assert whole.part("sessions") is sessions
    assert (sessions.requests, sessions.retries, sessions.received) == ({"200": 2, "429": 1}, 1, 2020)
    assert (events.requests, events.retries, events.received) == ({"timeout": 1}, 0, 0)
    assert (whole.requests, whole.retries) == ({"200": 2, "429": 1, "timeout": 1}, 1)
    assert whole.received == 2020


def test_workers_that_wait_together_wait_once() -> None:
    clock = Clock()
    whole = Traffic(clock=clock)
    with ExitStack() as waits:
        waits.enter_context(whole.part("sessions").waiting(Reason.RATE_LIMIT, 30))
        clock.now += 10
        waits.enter_context(whole.part("events").waiting(Reason.RATE_LIMIT, 20))
        clock.now += 20
    assert whole.waited() == {Reason.RATE_LIMIT: 30}
    assert whole.part("sessions").waited() == {Reason.RATE_LIMIT: 30}
    assert whole.part("events").waited() == {Reason.RATE_LIMIT: 20}


def test_a_wait_counts_before_it_ends() -> None:
    clock = Clock()
    traffic = Traffic(clock=clock)
    assert traffic.current_wait() is None
    with traffic.waiting(Reason.FAILURE, 4), traffic.waiting(Reason.BUDGET, 60):
        clock.now += 3
        assert traffic.waited() == {Reason.FAILURE: 3, Reason.BUDGET: 3}
        assert traffic.current_wait() == Wait(Reason.BUDGET, 57)
    assert traffic.current_wait() is None


def test_a_wait_that_ends_early_counts_until_then() -> None:
    clock = Clock()
    traffic = Traffic(clock=clock)

    def wait() -> None:
        with traffic.waiting(Reason.RATE_LIMIT, 600):
            clock.now += 5
            raise Closed

    with pytest.raises(Closed):
        wait()
    assert traffic.waited() == {Reason.RATE_LIMIT: 5}
