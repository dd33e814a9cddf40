"""Anonymizer: replaces the personal values in requests, answers and records by stand-ins.

It keeps what a connector depends on: names and values of its vocabulary, times, counts, durations, page numbers
and sizes. It replaces everything else: ids, tokens, free text, and customers' own properties with their names.
"""

import math
import re
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import Any

from session_source.airbyte.recording.stand_ins import WORD, choose
from session_source.airbyte.recording.vocabulary import Vocabulary, is_message, is_technical
from session_source.api import times
from session_source.api.columns import Value

_FRAGMENT = 8
"""A secret with at least so many characters is also replaced as a whole inside of longer texts."""

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")


class Anonymizer:
    """Replaces personal values in two passes: the first collects them, the second replaces them.

    Args:
        vocabulary: what is kept.
        secrets: credentials. Their form is not kept, and neither are words of the vocabulary in them.
    """

    def __init__(self, vocabulary: Vocabulary, secrets: Iterable[str]) -> None:
        self._vocabulary = vocabulary
        self._tokens = {secret: token_hex(12) for secret in secrets}
        self._secret_words = {word.lower() for secret in self._tokens for word in WORD.findall(secret)}
        long = sorted((secret for secret in self._tokens if len(secret) >= _FRAGMENT), key=len, reverse=True)
        self._secret = re.compile(f"({'|'.join(map(re.escape, long))})" if long else "(?!)()")
        self._words: set[str] = set()
        self._stand_ins: dict[str, str] | None = None

    def choose(self) -> None:
        """Choose the stand-ins of all collected values, and end the first pass."""
        vocabulary = self._vocabulary
        taken = {word.lower() for text in vocabulary.literals for word in WORD.findall(text)} | vocabulary.terms
        self._stand_ins = choose(self._words, taken)

    def value(self, value: Value, name: str = "", *, is_custom: bool = False, has_terms: bool = False) -> Value:
        """Replace what is personal in a JSON value.

        Args:
            value: the value.
            name: the name of its field.
            is_custom: whether it belongs to a custom property, of which only the type is kept.
            has_terms: whether words of the vocabulary are kept in its texts.
        """
        if isinstance(value, dict):
            return self._object(value, name, is_custom=is_custom, has_terms=has_terms)
        if isinstance(value, list):
            return [self.value(item, name, is_custom=is_custom, has_terms=has_terms) for item in value]
        if isinstance(value, str):
            return self._text(value, name, is_custom=is_custom, has_terms=has_terms)
        if isinstance(value, bool) or value is None:
            return value
        return value if self._vocabulary.is_kept_number(name) and not is_custom else self._number(value)

    def path(self, path: str) -> str:
        """Replace the ids in the path of a URL."""
        if path.strip("/") in self._vocabulary.literals:
            return path
        return "/".join(self._segment(segment) for segment in path.split("/"))

    def text(self, text: str) -> str:
        """Replace what is personal in a text that is not JSON, such as an error message."""
        return self._replaced(text, has_terms=True)

    def _object(
        self, value: Mapping[str, Value], name: str, *, is_custom: bool, has_terms: bool
    ) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for key, part in value.items():
            header = _header(value, part)
            new = key if key in self._vocabulary.literals else self._replaced(key)
            if header is None:
                found[new] = self._member(name, key, part, is_custom=is_custom, has_terms=has_terms)
            else:
                found[new] = [
                    [
                        self._member(key, column, cell, is_custom=is_custom, has_terms=has_terms)
                        for column, cell in zip(header, row, strict=False)
                    ]
                    for row in part
                ]
        return found

    def _member(self, parent: str, name: str, value: Value, *, is_custom: bool, has_terms: bool) -> Value:
        is_custom = is_custom or self._vocabulary.is_custom(parent, name)
        has_terms = has_terms or is_message(name) or is_technical(name)
        return self.value(value, name, is_custom=is_custom, has_terms=has_terms)

    def _text(self, text: str, name: str, *, is_custom: bool, has_terms: bool) -> str:
        if text in self._tokens:
            return self._tokens[text]
        if not is_custom:
            if text in self._vocabulary.literals:
                return text
            if _NUMBER.fullmatch(text):
                return text if self._vocabulary.is_kept_number(name) else self._digits(text)
            if self._vocabulary.is_kept_time(name) and _is_time(text):
                return text
        return self._replaced(text, has_terms=has_terms and not is_custom)

    def _segment(self, segment: str) -> str:
        is_kept = all(
            word.lower() in self._vocabulary.terms and not word.isdecimal() for word in WORD.findall(segment)
        )
        return segment if is_kept else self._replaced(segment)

    def _number(self, number: float) -> float:
        text = self._digits(repr(number))
        if isinstance(number, int):
            return int(text)
        replaced = float(text)
        return replaced if math.isfinite(replaced) else 0.5

    def _digits(self, number: str) -> str:
        """Replace a number. Zeros at the end of its fraction stay, so that 1.50 and 1.5 stay equal."""
        return re.sub(r"(?<=\.)(\d*[1-9])(?=0*$)|\d+", lambda digits: self._stand_in(digits[0]), number)

    def _replaced(self, text: str, *, has_terms: bool = False) -> str:
        def stand_in(match: re.Match[str]) -> str:
            word = match[0]
            if has_terms and word.lower() not in self._secret_words and self._vocabulary.is_kept_word(word):
                return word
            return self._stand_in(word)

        parts = self._secret.split(text)
        return "".join(self._tokens[part] if n % 2 else WORD.sub(stand_in, part) for n, part in enumerate(parts))

    def _stand_in(self, word: str) -> str:
        if self._stand_ins is None:
            self._words.add(word)
            return word
        return self._stand_ins[word]


def _header(value: Mapping[str, Value], rows: Value) -> list[str] | None:
    """Return the names of the columns, if the rows of an object are lists and it has the names beside them."""
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return None
    longest = max(map(len, rows))
    lists: list[list[Any]] = [part for part in value.values() if isinstance(part, list) and len(part) >= longest]
    return next((names for names in lists if names and all(isinstance(name, str) for name in names)), None)


def _is_time(text: str) -> bool:
    try:
        times.from_text(text)
    except (ValueError, OverflowError):
        return False
    return True
