"""Seen: a set of keys that needs little memory.

A few keys are stored as they are. Many would take a hundred bytes each, so only 64-bit hashes are stored, in a
table with open addressing: ten to twenty bytes per key. The probability that two of a million keys share a hash is
one in 37 million.
"""

from array import array
from collections.abc import Iterable

FEW = 2048
"""How many keys are stored as they are: as many as a window usually has."""

LOAD_FACTOR = 0.8
"""The load factor at which a table is doubled, so that a search takes few steps."""

SMALLEST = 64
"""The slots of the smallest table."""


class Seen:
    """A set of keys. Not thread-safe: the caller holds a lock.

    Args:
        few: how many keys are stored as they are.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._keys: set[object] = set()
        self._hashes: _Hashes | None = None

    def __len__(self) -> int:
        return len(self._keys) if self._hashes is None else len(self._hashes)

    def add(self, key: object) -> bool:
        """Add a key, and return whether it is new."""
        if self._hashes is not None:
            return self._hashes.add(_hash(key))
        if key in self._keys:
            return False
        self._keys.add(key)
        if len(self._keys) > self._few:
            self._hashes = _Hashes(map(_hash, self._keys))
            self._keys = set()
        return True

    def among(self, keys: set[object]) -> set[object]:
        """Return the keys that are in the set."""
        if self._hashes is None:
            return self._keys & keys
        return {key for key in keys if _hash(key) in self._hashes}


def _hash(key: object) -> int:
    """Hash a key and its type: an integer's own hash is the integer, and ids may share their last bits."""
    return hash((type(key), key)) or 1  # 0 marks a free slot


class _Hashes:
    """A hash table with open addressing and linear probing."""

    def __init__(self, hashes: Iterable[int]) -> None:
        self._table = array("q", [0]) * SMALLEST
        self._count = 0
        for hashed in hashes:
            self.add(hashed)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, hashed: int) -> bool:
        return self._table[self._slot(hashed)] != 0

    def add(self, hashed: int) -> bool:
        slot = self._slot(hashed)
        if self._table[slot]:
            return False
        self._table[slot] = hashed
        self._count += 1
        if self._count > LOAD_FACTOR * len(self._table):
            self._double()
        return True

    def _slot(self, hashed: int) -> int:
        """Return the slot of a hash, or the free slot where it belongs."""
        table, last = self._table, len(self._table) - 1
        slot = hashed & last
        while (there := table[slot]) and there != hashed:
            slot = (slot + 1) & last
        return slot

    def _double(self) -> None:
        old, self._table = self._table, array("q", [0]) * (2 * len(self._table))
        for hashed in old:
            if hashed:
                self._table[self._slot(hashed)] = hashed
