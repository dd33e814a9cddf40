"""Secrets are hidden, however a vendor's message encodes them."""

import base64
import html
import json
import re
import time
import traceback
from collections.abc import Callable, Iterator
from urllib.parse import quote, quote_plus, unquote_plus, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_source import redaction
from session_source.api.errors import Fault, Kind, quoted

pytestmark = pytest.mark.promise(n=8)

SPECIFICATION = {"properties": {"key": {"type": "string", "airbyte_secret": True}}}


def hide(*keys: str) -> None:
    for key in keys:
        redaction.protect(SPECIFICATION, {"key": key})


@pytest.mark.parametrize("before", [250, 280, 295, 299])
def test_a_quotation_that_is_cut_contains_no_part_of_a_secret(before: int) -> None:
    hide("0123456789abcdefghij")
    shown = quoted("x" * before + " 0123456789abcdefghij is not known")
    assert "0" not in shown
    assert shown.startswith(f': "{"x" * before}')


@pytest.mark.parametrize(
    "key", ["correct  horse\tbattery", "\tcorrect horse battery\n", "correct\nhorse battery "]
)
@pytest.mark.parametrize("form", ["as it is", "trimmed", "on one line"])
def test_a_secret_with_white_space_in_or_around_it_is_hidden(key: str, form: str) -> None:
    hide(key)
    words = {"as it is": key, "trimmed": key.strip(), "on one line": " ".join(key.split())}[form]
    for shown in (quoted(f"no such key {words}!"), Fault(Kind.CONFIG, f"No such key {words}!").message):
        assert "horse" not in shown


def test_connectors_in_one_process_hide_the_secrets_of_each_other() -> None:
    hide("the-first-one", "the-second-one")
    assert redaction.clean("the-first-one the-second-one") == "**** ****"


def test_only_long_parts_of_another_connectors_secret_are_hidden() -> None:
    hide("key-of-0123456789-and-more", "another-secret")
    assert redaction.clean("website 01234567 of key-of-0123456789-and") == "website 01234567 of ****"


def test_a_short_secret_of_another_connector_is_not_searched_for() -> None:
    hide("a")
    assert redaction.clean("banana") == "b****n****n****"
    hide("the-second-one")
    assert redaction.clean("banana") == "banana"


def test_a_quotation_is_on_one_line_and_an_empty_message_has_none() -> None:
    assert quoted(" a\n  b ") == ': "a b"'
    assert quoted(" \n") == ""


Spelling = Callable[[str], str]


def base64ed(charset: str, before: int = 0, after: int = 0) -> Spelling:
    """Base64 of the secret in a longer text: it begins in each of the three ways."""

    def spell(text: str) -> str:
        return base64.b64encode(b"u:" * before + text.encode(charset, "replace") + b"!" * after).decode()

    return spell


def escaped_as_java_does(text: str) -> str:
    units = re.findall("....", text.encode("utf-16-be").hex())
    return "".join(
        chr(int(unit, 16)) if re.match("00[3-7]", unit) and chr(int(unit, 16)).isalnum() else f"\\u{unit}"
        for unit in units
    )


def broken(text: str, every: int = 7) -> str:
    return "\r\n ".join(text[n : n + every] for n in range(0, len(text), every))


SPELLINGS: dict[str, Spelling] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent as a form": quote_plus,
    "percent, lower case": lambda text: re.sub("%..", lambda match: match[0].lower(), quote(text, safe="")),
    "percent in Latin-1": lambda text: quote(text.encode("latin-1", "replace"), safe=""),
    "percent, thrice": lambda text: quote(quote(quote(text))),
    "HTML": html.escape,
    "HTML, decimal": lambda text: "".join(f"&#{ord(one)};" for one in text),
    "HTML, hex": lambda text: "".join(one if one.isalnum() else f"&#x{ord(one):X};" for one in text),
    "HTML, twice": lambda text: html.escape(html.escape(text)),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON, not ASCII only": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON of PHP": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON of .NET": lambda text: re.sub("[&<>'+]", lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text)[1:-1]),
    "JSON of Java": escaped_as_java_does,
    "JSON, thrice": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex of Latin-1": lambda text: text.encode("latin-1", "replace").hex(),
    "base64": base64ed("utf-8"),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of Latin-1": base64ed("latin-1"),
    "base64 of a pair": base64ed("utf-8", 1, 0),
    "base64 inside": base64ed("utf-8", 2, 5),
    "broken over lines": broken,
    "broken in the middle": lambda text: text[: len(text) // 2] + "\n\t" + text[len(text) // 2 :],
    "cut at its end": lambda text: text[: max(8, len(text) // 2)],
    "cut at its start": lambda text: text[-max(8, len(text) // 2) :],
}
SECRETS = st.text(st.characters(codec="utf-8"), min_size=8, max_size=40).filter(
    lambda text: len("".join(text.split())) >= 8
)
PRINTED = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=60)


def decoded(text: str) -> Iterator[str]:
    """What a reader who knows the usual encodings makes of a text."""
    yield unquote_plus(text)
    yield unquote_to_bytes(text).decode("latin-1")
    yield html.unescape(text)
    yield re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    yield re.sub(r"\\+x([0-9a-fA-F]{2})", lambda match: chr(int(match[1], 16)), text)
    yield re.sub(r"\\(.)", r"\1", text)
    yield "".join(text.split())
    for run in re.findall(r"[A-Za-z0-9+/_-]{10,}", text):
        for start in range(4):
            part = run[start:][: (len(run) - start) // 4 * 4].replace("-", "+").replace("_", "/")
            for charset in ("utf-8", "latin-1"):
                yield base64.b64decode(part).decode(charset, "ignore")
    for run in re.findall(r"[0-9a-fA-F]{16,}", text):
        for start in range(2):
            yield bytes.fromhex(run[start:][: (len(run) - start) // 2 * 2]).decode("utf-8", "ignore")


def fragments(secret: str, text: str) -> list[str]:
    """The parts of eight characters of a secret that a text holds, whatever its blanks."""
    secret, text = "".join(secret.split()), "".join(text.split())
    return [secret[n : n + 8] for n in range(len(secret) - 7) if secret[n : n + 8] in text]


def check_hidden(secret: str, shown: str, *, depth: int = 2) -> None:
    views = {shown}
    for _ in range(depth):
        further = {one for view in views for one in decoded(view)}
        views |= {one.encode(errors="replace").decode() for one in further}  # half of a surrogate pair is nothing
    for view in views:
        assert fragments(secret, view) == [], (shown, view)


AWKWARD = "s3:c@r/e+t%41 \"q'&x\\yü€&amp;<b>"


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_secret_is_hidden_in_every_encoding(name: str) -> None:
    hide(AWKWARD)
    shown = redaction.clean(f"There is no key {SPELLINGS[name](AWKWARD)} here.")
    assert shown.startswith("There is no key ")
    assert "****" in shown
    check_hidden(AWKWARD, shown)


@given(
    secret=SECRETS | PRINTED,
    names=st.lists(st.sampled_from(sorted(SPELLINGS)), max_size=3),
    around=st.tuples(st.text(max_size=5), st.text(max_size=5)),
)
@settings(max_examples=100, deadline=None)
def test_a_part_of_a_secret_is_hidden_in_every_encoding(
    secret: str, names: list[str], around: tuple[str, str]
) -> None:
    text = secret
    for name in names:
        text = SPELLINGS[name](text)
    check_hidden(secret, redaction.Filter([secret]).clean(f"No such key: {around[0]}{text}{around[1]}."))


def test_a_text_without_a_secret_is_unchanged() -> None:
    hide(AWKWARD, "0123456789abcdef0123456789abcdef")
    try:
        json.loads("{")
    except ValueError:
        trace = traceback.format_exc()
    for text in (trace, "%41 &amp; \\u0041 \\n aGVsbG8gd29ybGQ= 68656c6c6f20776f726c64", ""):
        assert redaction.clean(text) == text


def test_cleaning_a_log_line_is_fast() -> None:
    hide(AWKWARD, *(f"key-{number:032x}" for number in range(5)))
    line = "sessions of 123, 2026-11-26 to 2026-11-28: Vendor could not answer (503). Trying again in 33 seconds."
    began = time.process_time()
    for _ in range(100):
        redaction.clean(line)
    assert (time.process_time() - began) / 100 < 0.01
