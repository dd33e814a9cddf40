from session_source.budget import HOUR, Budget


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_holds_no_more_than_the_limit() -> None:
    clock = Clock()
    budget = Budget(3, clock=clock)
    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    assert budget.take() == HOUR
    clock.now += HOUR - 1
    assert budget.take() == 1
    clock.now += 1
    assert [budget.take() for _ in range(3)] == [0, 0, 0]
    assert budget.take() == HOUR


def test_what_an_earlier_sync_sent_counts() -> None:
    clock = Clock()
    earlier = Budget(5, clock=clock)
    for _ in range(4):
        earlier.take()
    clock.now += 60
    later = Budget(5, clock=clock)
    later.spend([earlier.to_json()])
    assert later.take() == 0
    assert 0 < later.take() <= HOUR


def test_the_same_requests_told_by_several_streams_count_once() -> None:
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


def test_what_is_older_than_an_hour_is_not_kept() -> None:
    clock = Clock()
    budget = Budget(5, clock=clock)
    budget.take()
    clock.now += HOUR
    assert budget.to_json() == {}


def test_what_a_clock_that_ran_ahead_wrote_is_over_in_an_hour() -> None:
    clock = Clock()
    budget = Budget(5, clock=clock)
    budget.spend([{"9" * 20: 5}])
    assert HOUR <= budget.take() <= HOUR + 60
