"""Stand-ins: random replacements for personal values that keep type, length and equality, and the order of ids.

A value is replaced word by word, so that an id has the same stand-in by itself and in a cursor or a URL. A word is
a run of letters and digits, or an IPv4 address. Each character is replaced by one of the same class: digit,
lower case, upper case, or the same block of Unicode. Different words get different stand-ins, and no stand-in of
more than a few characters is itself a word that was replaced.

Words of digits keep their order, because ids and page tokens may be compared. Other words do not: the alphabetical
rank of a name is a part of the name.

The choice is random and is not stored, so that nobody can reverse it.
"""

import ipaddress
import itertools
import math
import random
import re
import string
from collections.abc import Container, Iterable, Sequence

WORD = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|(?<![^\W_])(?!https?://)[^\W_]+")
"""The parts of a value that are replaced."""

BLOCK = 64
"""How many code points a block has. The characters of a block have the same length in UTF-8."""

SMALL = 1000
"""If there are no more candidates than this, all are listed; otherwise some are drawn."""

LONGEST = 19
"""The most digits of a number that fits into 64 bits; its stand-in does, too."""

_RANDOM = random.SystemRandom()


def choose(words: Iterable[str], taken: Container[str]) -> dict[str, str]:
    """Choose a stand-in for each word.

    Args:
        words: what ``WORD`` finds in the values.
        taken: words that have a meaning and cannot be stand-ins, in lower case.
    """
    by_shape: dict[tuple[str, ...], set[str]] = {}
    for word in words:
        by_shape.setdefault(_shape(word), set()).add(word)
    chosen: dict[str, str] = {}
    for shape, originals in by_shape.items():
        found = _addresses(originals) if len(shape) == 1 and "." in shape[0] else _sample(shape, originals, taken)
        is_ordered = all(word.isdecimal() for word in originals)
        chosen |= zip(sorted(originals), sorted(found) if is_ordered else found, strict=True)
    return chosen


def _shape(word: str) -> tuple[str, ...]:
    """Return the characters that each character may be replaced by. A zero at the beginning stays."""
    if _is_address(word):
        return (".".join(str(len(part)) for part in word.split(".")),)
    if word.isascii() and word.isdecimal():
        first = "0" if word[0] == "0" else "12345678" if len(word) == LONGEST else "123456789"
        return (first, *(string.digits for _ in word[1:]))
    return tuple(map(_alphabet, word))


def _is_address(word: str) -> bool:
    if "." not in word:
        return False
    try:
        ipaddress.IPv4Address(word)
    except ValueError:
        return False
    return True


def _alphabet(character: str) -> str:
    for alphabet in (string.digits, string.ascii_lowercase, string.ascii_uppercase):
        if character in alphabet:
            return alphabet
    if not character.isalnum():
        return character
    block = ord(character) // BLOCK * BLOCK
    return "".join(letter for letter in map(chr, range(block, block + BLOCK)) if letter.isalnum()) or character


def _sample(shape: Sequence[str], originals: set[str], taken: Container[str]) -> list[str]:
    """Draw as many words of a shape as there are originals: others than these, if there are enough."""
    if math.prod(map(len, shape)) <= SMALL:
        every = ["".join(letters) for letters in itertools.product(*shape)]
        _RANDOM.shuffle(every)
        every.sort(key=lambda word: (word in originals) + 2 * (word.lower() in taken))
        return every[: len(originals)]
    is_sparse = 2 * len(originals) < math.prod(map(len, shape))
    drawn: dict[str, None] = {}
    while len(drawn) < len(originals):
        word = "".join(map(_RANDOM.choice, shape))
        if not is_sparse or (word not in originals and word.lower() not in taken):
            drawn[word] = None
    return list(drawn)


def _addresses(originals: set[str]) -> list[str]:
    """Draw IPv4 addresses with parts of the same lengths."""
    drawn: dict[str, None] = {}
    lengths = [len(part) for part in next(iter(originals)).split(".")]
    parts = [{1: (0, 9), 2: (10, 99), 3: (100, 255)}[length] for length in lengths]
    while len(drawn) < len(originals):
        address = ".".join(str(_RANDOM.randint(*part)) for part in parts)
        if address not in originals or len(originals) > 5000:
            drawn[address] = None
    return list(drawn)
