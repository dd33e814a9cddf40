import sys
import tracemalloc
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.sync.seen import FEW, Seen

SEEN = sys.modules[Seen.__module__].__file__ or ""

KEYS = st.one_of(st.text(max_size=3), st.integers(), st.integers(0, 5).map(lambda n: n << 40))


@given(st.lists(KEYS), st.sets(KEYS), st.integers(0, 30))
def test_it_equals_a_set_for_few_and_for_many_keys(added: list[object], searched: set[object], few: int) -> None:
    seen = Seen(few)
    known: set[object] = set()
    for key in added:
        assert seen.add(key) is (key not in known)
        known.add(key)
    assert len(seen) == len(known)
    assert seen.among(searched | known) == known
    assert seen.among(searched) == known & searched


@pytest.mark.parametrize("spread", [1, 1 << 12, 1 << 40])
def test_numbers_with_the_same_last_bits_are_found(spread: int) -> None:
    numbers = range(0, 20_000 * spread, spread)
    seen = Seen()
    assert all(seen.add(number) for number in numbers)
    assert not any(seen.add(number) for number in numbers)
    assert seen.among({7 * spread, 20_000 * spread}) == {7 * spread}


@pytest.mark.promise(n=6)
def test_many_keys_take_at_most_twenty_bytes_each() -> None:
    tracemalloc.start()
    try:
        seen = Seen()
        for count in range(1, 20 * FEW):
            seen.add(str(uuid.UUID(int=count)))
            if count > FEW and count % 1000 == 0:
                assert memory_of_seen() <= 20 * count + 1000
    finally:
        tracemalloc.stop()


def memory_of_seen() -> int:
    """The bytes that the module holds."""
    traces = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, SEEN)])  # noqa: FBT003
    return sum(trace.size for trace in traces.statistics("filename"))
