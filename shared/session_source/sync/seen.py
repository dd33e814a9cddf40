"""Seen: a set of keys that stays small, however many there are.

Few keys are kept as they are. Many would take a hundred bytes each, so of them only hashes of 64 bits are kept,
in a table of open addresses: ten to twenty bytes each. Among a million keys two share a hash in one read of 37
million.
"""

from array import array
from collections.abc import Iterable

FEW = 2048
"""Keys that are kept as they are: what a window is meant to hold."""

_FULL = 0.8
"""Beyond this share of a table's places it is doubled: a search passes over a few places then."""


class Seen:
    """Keys that were seen. Whoever uses it from several threads holds a lock.

    Args:
        few: how many are kept as they are.
    """

    def __init__(self, few: int = FEW) -> None:
        self._few = few
        self._keys: set[object] = set()
        self._hashes: _Hashes | None = None

    def __len__(self) -> int:
        return len(self._keys) if self._hashes is None else len(self._hashes)

    def add(self, key: object) -> bool:
        """Note a key, and tell whether it was not there."""
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
        """Give those of the keys that were seen."""
        if self._hashes is None:
            return self._keys & keys
        return {key for key in keys if _hash(key) in self._hashes}


def _hash(key: object) -> int:
    """Mix a key's hash, which for a number is the number: ids may all end in the same bits, and 0 be like ""."""
    return hash((type(key), key)) or 1  # 0 marks a free place


class _Hashes:
    """A table of hashes: each stands at the first free place from the one that its last bits name."""

    def __init__(self, hashes: Iterable[int]) -> None:
        self._table = array("q", [0]) * 64
        self._count = 0
        for hashed in hashes:
            self.add(hashed)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, hashed: int) -> bool:
        return self._table[self._place(hashed)] != 0

    def add(self, hashed: int) -> bool:
        place = self._place(hashed)
        if self._table[place]:
            return False
        self._table[place] = hashed
        self._count += 1
        if self._count > _FULL * len(self._table):
            self._double()
        return True

    def _place(self, hashed: int) -> int:
        """Find where a hash stands, or else the free place where it is to stand."""
        table, last = self._table, len(self._table) - 1
        place = hashed & last
        while (there := table[place]) and there != hashed:
            place = (place + 1) & last
        return place

    def _double(self) -> None:
        old, self._table = self._table, array("q", [0]) * (2 * len(self._table))
        for hashed in old:
            if hashed:
                self._table[self._place(hashed)] = hashed
