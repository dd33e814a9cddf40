"""Redaction: hides credentials in logs, errors and traces, in any encoding.

The CDK's filter replaces the literal values only. Credentials also appear percent-encoded in URLs, escaped in
JSON, HTML or ``repr``, in hex, in base64 (Basic auth), wrapped over lines, truncated, and in several of these
forms at once. This filter decodes a text in every way. If a decoded view contains ``FRAGMENT`` characters of a
secret, the filter replaces the characters of the text that they were decoded from.
"""

import base64
import binascii
import html
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from airbyte_cdk import exception_handler, logger
from airbyte_cdk.utils import airbyte_secrets_utils, traced_exception
from airbyte_cdk.utils.airbyte_secrets_utils import get_secrets

from session_source.api.columns import Value

FRAGMENT = 8
"""Any part of a secret with this many characters is hidden. A shorter secret is hidden as a whole."""

FRAGMENT_OF_OTHERS = 16
"""The same for secrets of other connectors in this process. Those shorter than ``FRAGMENT`` are not hidden: they
may be words that this connector needs."""

SHORTEST_IN_BYTES = 4
"""A shorter secret is not searched for in decoded base64 and hex, where it appears by chance."""

LAYERS = 3
"""How many times base64 and hex are decoded."""

MOST_VIEWS = 64
"""The most views that are made of one text: enough for a text that was escaped a dozen times in several ways."""

HIDDEN = "****"


_Replace: TypeAlias = Callable[[re.Match[str]], str]


class _View(NamedTuple):
    """A decoded text, and for each of its characters the start and end of what it was decoded from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]


class Filter:
    """Hides secrets.

    Args:
        secrets: what to hide.
        pairs: ``user:password`` for short secrets, hidden in base64 (Basic authentication).
        of_others: secrets of other connectors; only parts of ``FRAGMENT_OF_OTHERS`` characters are hidden.
    """

    def __init__(self, secrets: Iterable[str], pairs: Iterable[str] = (), of_others: Iterable[str] = ()) -> None:
        self._fragments: dict[int, set[str]] = {}
        """The fragments to hide, by their length."""
        for texts, longest in ((secrets, FRAGMENT), (of_others, FRAGMENT_OF_OTHERS)):
            for secret in texts:
                text = "".join(secret.split())
                self._add(text, longest)
                if len(without := text.replace("+", "")) >= FRAGMENT:
                    self._add(without, longest)
        for pair in pairs:
            self._add(base64.b64encode(pair.encode(errors="replace")).decode().rstrip("="), FRAGMENT)

    def _add(self, text: str, longest: int) -> None:
        length = min(len(text), longest)
        if length:
            fragments = (text[n : n + length] for n in range(len(text) - length + 1))
            self._fragments.setdefault(length, set()).update(fragments)

    def clean(self, text: str) -> str:
        """Replace every secret in a text."""
        if not self._fragments:
            return text
        kept: list[str] = []
        end = 0
        for start, stop in sorted(self._found(_view(text), LAYERS)):
            if start > end or (not kept and start == end):
                kept += [text[end:start], HIDDEN]
            end = max(end, stop)
        return "".join([*kept, text[end:]])

    def _found(self, view: _View, layers: int) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each part of the original text to hide."""
        for text_view in _text_views(view):
            yield from self._held(text_view, layers)
            if "+" in text_view.text:  # a space in a form
                yield from self._held(_substituted(text_view, _PLUS, _nothing), layers)
            if layers:
                for packed in _byte_views(text_view):
                    yield from self._found(packed, layers - 1)

    def _held(self, view: _View, layers: int) -> Iterator[tuple[int, int]]:
        """Yield the start and end of each fragment in a view."""
        text, starts, ends = view
        for length, fragments in self._fragments.items():
            if layers == LAYERS or length >= SHORTEST_IN_BYTES:
                for n in range(len(text) - length + 1):
                    if text[n : n + length] in fragments:
                        yield starts[n], ends[n + length - 1]


def _view(text: str) -> _View:
    return _View(text, range(len(text)), range(1, len(text) + 1))


def _text_views(view: _View) -> list[_View]:
    """Decode escapes of all kinds, in any order, any number of times. The views contain no white space."""
    views = [view]
    seen = {view.text}
    for each in views:  # grows
        for pattern, replace in _DECODERS:
            further = _substituted(each, pattern, replace)
            if further.text not in seen and len(views) < MOST_VIEWS:
                seen.add(further.text)
                views.append(further)
    return [each for each in views if not _BLANK.search(each.text)]


def _substituted(view: _View, pattern: re.Pattern[str], replace: _Replace) -> _View:
    """Do what ``re.sub`` does."""
    text, starts, ends = view
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    last = 0
    for match in pattern.finditer(text):
        start, end = match.span()
        new = replace(match)
        if new == match[0]:
            continue
        pieces += [text[last:start], new]
        new_starts += [*starts[last:start], *([starts[start]] * len(new))]
        new_ends += [*ends[last:start], *([ends[end - 1]] * len(new))]
        last = end
    if not pieces:
        return view
    return _View("".join([*pieces, text[last:]]), [*new_starts, *starts[last:]], [*new_ends, *ends[last:]])


def _nothing(_: re.Match[str]) -> str:
    return ""


def _byte(match: re.Match[str]) -> str:
    return chr(int(match[1] or match[2], 16))


def _joined(match: re.Match[str]) -> str:
    return match[0].encode("latin-1").decode(errors="replace")


def _entity(match: re.Match[str]) -> str:
    return html.unescape(match[0])


def _escape(match: re.Match[str]) -> str:
    kind = match.lastgroup or ""
    value = match[kind]
    if kind == "other":
        return "" if value in "nrtbfva0" else value
    if kind == "low":
        return chr(0x10000 + ((int(match["high"], 16) & 0x3FF) << 10) + (int(value, 16) & 0x3FF))
    code = int(value, 8 if kind == "octal" else 16)
    return chr(code) if code <= sys.maxunicode else ""


_BLANK = re.compile(r"\s+")
_PLUS = re.compile(r"\++")
_DECODERS: tuple[tuple[re.Pattern[str], _Replace], ...] = (
    (_BLANK, _nothing),
    (re.compile("%([0-9a-fA-F]{2})|%u([0-9a-fA-F]{4})"), _byte),
    # The bytes of one character in UTF-8, each read as a character of Latin-1.
    (re.compile("[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"), _joined),
    (re.compile("&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?"), _entity),
    (
        re.compile(
            r"\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
            r"|\\u(?P<u>[0-9a-fA-F]{4})|\\u\{(?P<brace>[0-9a-fA-F]{1,6})\}|\\U00(?P<long>[0-9a-fA-F]{6})"
            r"|\\x(?P<x>[0-9a-fA-F]{2})|\\(?P<octal>[0-3][0-7]{2})|\\(?P<other>.)"
        ),
        _escape,
    ),
)
"""The escapes, and what replaces them. Bytes become characters of Latin-1."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"[0-9a-fA-F]{8,}")
_STANDARD = str.maketrans("-_", "+/")


def _byte_views(view: _View) -> Iterator[_View]:
    """Decode base64 and hex, from every offset of what looks like it. Bytes become characters of Latin-1."""
    for pattern, characters, size in ((_BASE64, 4, 3), (_HEX, 2, 1)):
        runs = [match.span() for match in pattern.finditer(view.text)]
        for offset in range(characters if runs else 0):
            pieces: list[str] = []
            starts: list[int] = []
            ends: list[int] = []
            for start, end in runs:
                begin = start + offset
                decoded = _decoded(view.text[begin:end], characters)
                first = [begin + n * characters // size for n in range(len(decoded))]
                last = [begin + ((n + 1) * characters - 1) // size for n in range(len(decoded))]
                pieces += [decoded, "\1"]
                starts += [*(view.starts[n] for n in first), 0]
                ends += [*(view.ends[n] for n in last), 0]
            yield _View("".join(pieces), starts, ends)


def _decoded(text: str, characters: int) -> str:
    """Decode the whole bytes of a text."""
    if characters == 2:
        return bytes.fromhex(text[: len(text) // 2 * 2]).decode("latin-1")
    text = text[:-1] if len(text) % 4 == 1 else text
    return binascii.a2b_base64(text.translate(_STANDARD) + "=" * (-len(text) % 4)).decode("latin-1")


_filter = Filter(())
_earlier: set[str] = set()
"""The secrets of earlier calls of ``protect``."""


def protect(specification: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Hide the secrets of a config in all output of this process from now on.

    Args:
        specification: the connector's JSON schema of a config; ``airbyte_secret`` marks the secrets.
        config: the user's config, valid or not.
    """
    global _filter  # noqa: PLW0603 - all output of the process passes through one filter
    secrets = {text for value in get_secrets(specification, config) for text in _texts(value)}
    short = [secret for secret in secrets if len(secret) < FRAGMENT]
    names = [text for value in config.values() for text in _texts(value) if len(text) < 200]
    _filter = Filter(secrets, [f"{name}:{secret}" for name in names for secret in short], _earlier)
    _earlier.update(secrets.difference(short))


def clean(text: str) -> str:
    """Hide all secrets in a text, and escape what cannot be written as UTF-8."""
    return _filter.clean(text).encode(errors="backslashreplace").decode()


# The CDK's log and traces call the CDK's filter, which each of these modules has imported by name.
for _module in (airbyte_secrets_utils, exception_handler, logger, traced_exception):
    vars(_module)["filter_secrets"] = clean


def _texts(value: Value) -> Iterable[str]:
    """Yield all texts in a value: a secret of a wrong type in the config has to be hidden too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
