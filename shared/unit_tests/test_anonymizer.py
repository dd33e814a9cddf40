"""Personal values are replaced everywhere, and what a connector depends on stays."""

import base64
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session_source.airbyte.recording.anonymizer import Anonymizer
from session_source.airbyte.recording.stand_ins import WORD, choose
from session_source.airbyte.recording.vocabulary import Vocabulary

VOCABULARY = Vocabulary(
    literals={
        "data",
        "next",
        "total",
        "session_id",
        "user",
        "url",
        "plan",
        "device",
        "android",
        "created_at",
        "error",
    }
    | {"reason", "count", "properties", "page", "field", "rows", "success", "sessions", "latitude"},
    terms={"android", "sessions", "unauthori", "limit", "error"},
    counts={"total", "page", "next", "created_at", "count"},
    declared={"properties": set(), "user": {"session_id"}},
    open={"properties", "user"},
)


def replaced(*values: Any, secrets: tuple[str, ...] = (), **options: Any) -> list[Any]:
    anonymizer = Anonymizer(VOCABULARY, secrets)
    for value in values:
        anonymizer.value(value, **options)
    anonymizer.choose()
    return [anonymizer.value(value, **options) for value in values]


PERSONAL = st.one_of(
    st.from_regex(r"[A-Z][a-zäöüß]{5,12} [A-Z][a-z]{6,12}", fullmatch=True),
    st.from_regex(r"[a-z]{5,10}[0-9]{0,3}@[a-z]{5,10}\.example", fullmatch=True),
    st.from_regex(r"(1[0-9]{2}|2[0-4][0-9])\.[0-9]{2}\.1[0-9]{2}\.[1-9]", fullmatch=True),
    st.from_regex(r"https://[a-z]{6,9}\.example/[a-z]{5,9}\?token=[A-Za-z0-9]{12,20}", fullmatch=True),
    st.from_regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}", fullmatch=True),
    st.from_regex(r"\+49 [1-9][0-9]{2} [1-9][0-9]{6}", fullmatch=True),
    st.from_regex(r"佐藤花子[一-龯]{3,6}", fullmatch=True),
    st.from_regex(r"19[4-9][0-9]-0[1-9]-1[0-9]", fullmatch=True),
)


SPELLINGS = (
    str,
    str.upper,
    html.escape,
    quote_plus,
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: json.dumps(text)[1:-1],
    lambda text: text.encode().hex(),
    lambda text: base64.b64encode(text.encode()).decode(),
)


PLACES: dict[str, Any] = {
    "a field of the vendor": lambda text: {"data": [{"url": text}]},
    "a custom property": lambda text: {"data": [{"properties": {"plan": text}}]},
    "the name of a custom property": lambda text: {"data": [{"properties": {text: {text: [text]}}}]},
    "an undeclared field": lambda text: {"data": [{"user": {"mail": text}}]},
    "a field of a technical kind": lambda text: {"device": f"android of {text}"},
    "an error message": lambda text: {"error": f"unauthorized: {text} over the limit"},
    "a table": lambda text: {"field": ["session_id", "mail", "url"], "rows": [[text, text, text]]},
    "JSON in a text": lambda text: {"data": [{"url": json.dumps({"mail": text})}]},
}


@settings(deadline=None, max_examples=300)
@given(text=PERSONAL, place=st.sampled_from(sorted(PLACES)), spell=st.sampled_from(SPELLINGS))
def test_no_encoding_of_a_personal_value_is_left(text: str, place: str, spell: Callable[[str], str]) -> None:
    (found,) = replaced(PLACES[place](spell(text)))
    written = json.dumps(found, ensure_ascii=False)
    for other in SPELLINGS:
        assert other(text) not in written
        assert other(text).lower() not in written.lower()
    assert not {word for word in WORD.findall(spell(text)) if len(word) >= 6} & set(WORD.findall(written))


@settings(deadline=None)
@given(secret=st.text(min_size=8).filter(lambda text: re.search(r"[^\W_]{6}", text)))
def test_a_secret_is_replaced_even_if_it_is_a_word_of_the_vocabulary(secret: str) -> None:
    vocabulary = Vocabulary({secret, "token"}, {word.lower() for word in WORD.findall(secret)})
    anonymizer = Anonymizer(vocabulary, [secret])
    values = {"token": secret, "error": f"no {secret}"}
    anonymizer.value(values)
    anonymizer.choose()
    assert secret not in anonymizer.value(values)["token"]
    assert secret not in anonymizer.text(secret)


@settings(deadline=None)
@given(ids=st.sets(st.integers(10**5, 2**63 - 1), min_size=2))
def test_ids_keep_type_length_order_and_equality(ids: set[int]) -> None:
    ordered = sorted(ids)
    numbers, texts, path = replaced(
        *[{"session_id": ordered}, {"session_id": [*map(str, ordered)]}], {"next": "a"}
    )
    found = numbers["session_id"]
    assert found == sorted(set(found))
    assert [*map(str, found)] == texts["session_id"]
    assert [len(str(number)) for number in found] == [len(str(number)) for number in ordered]
    assert not ids & set(found)
    assert path == {"next": path["next"]}


@settings(deadline=None)
@given(texts=st.lists(st.text(), min_size=1))
def test_texts_keep_length_equality_and_the_characters_between_words(texts: list[str]) -> None:
    found = [value["url"] for value in replaced(*({"url": f"x:{text}"} for text in texts))]
    assert [*map(len, found)] == [len(text) + 2 for text in texts]
    assert [WORD.sub("", text) for text in found] == [WORD.sub("", f"x:{text}") for text in texts]
    for text, stand_in in zip(texts, found, strict=True):
        assert [other == text for other in texts] == [other == stand_in for other in found]
        assert len(stand_in.encode()) == len(text.encode()) + 2


@settings(deadline=None)
@given(words=st.sets(st.from_regex(r"[a-z]{1,2}|[0-9]{1,3}|[A-Z]", fullmatch=True)))
def test_short_words_never_share_a_stand_in(words: set[str]) -> None:
    assert len(set(choose(words, ()).values())) == len(words)


@pytest.mark.parametrize(
    "value",
    [
        {"total": 230, "page": 2, "next": 3},
        {"created_at": "2026-01-31T08:00:00.123Z"},
        {"created_at": "2019/01/31, 12:01:34"},
        {"created_at": 1_790_000_000_123},
        {"created_at": "1790000000123"},
        {"count": "12", "success": "success"},
        {"device": "android"},
        {"data": [{"url": None, "count": True, "sessions": []}]},
    ],
)
def test_names_and_values_that_a_connector_depends_on_are_kept(value: Any) -> None:
    assert replaced(value) == [value]


@pytest.mark.parametrize("value", [42, 42.5, "42", "2026-01-31", "android"])
def test_only_the_type_of_a_custom_property_is_kept(value: Any) -> None:
    (found,) = replaced({"properties": {"Shoe size": value}})
    ((name, stand_in),) = found["properties"].items()
    assert re.fullmatch("[A-Z][a-z]{3} [a-z]{4}", name)
    assert name != "Shoe size"
    assert type(stand_in) is type(value)
    assert stand_in != value


def test_the_vocabulary_has_what_a_connector_reads_sends_and_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "source_made_up"
    (package / "schemas").mkdir(parents=True)
    (package / "__init__.py").write_text(
        '"""Prose."""\nfrom session_source import Integer\nCOUNT = Integer("counts", "seen")\n'
        'BODY = {"page": 1, "note": "see"}\nERROR = r"\\bunauthori|denied"\n'
    )
    schema = {
        "note": {"type": ["null", "string"]},
        "seen": {"type": "string"},
        "size": {"type": "integer"},
        "device_id": {"type": "integer"},
        "sent_at": {"type": "string"},
        "own": {"type": "object", "properties": {"size": {"type": "integer"}}, "additionalProperties": True},
    }
    (package / "schemas" / "rows.json").write_text(json.dumps({"properties": schema}))
    monkeypatch.syspath_prepend(tmp_path)
    vocabulary = Vocabulary.of("source_made_up", {"properties": {"days": {"type": "integer"}}})
    names = {"note", "seen", "size", "device_id", "sent_at", "page", "days", "counts", "Prose."}
    assert {name for name in names if vocabulary.is_kept_number(name)} == {
        "seen",
        "size",
        "page",
        "days",
        "counts",
    }
    assert vocabulary.is_kept_time("sent_at")
    assert not vocabulary.is_kept_time("note")
    assert [vocabulary.is_custom("own", name) for name in ("size", "note", "mine")] == [False, True, True]
    assert [vocabulary.is_custom("", name) for name in ("size", "mine")] == [False, True]
    assert [vocabulary.is_kept_word(word) for word in ("Unauthorized", "denied", "Jane")] == [True, True, False]


def test_an_id_has_the_same_stand_in_inside_a_url_and_a_cursor() -> None:
    id_, url, cursor = replaced(
        {"session_id": "5f3a9c"}, {"url": "https://a.b/s/5f3a9c?x=1"}, {"next": "5f3a9c:7"}
    )
    stand_in = id_["session_id"]
    assert f"/{stand_in}?" in url["url"]
    assert url["url"].startswith("https://")
    assert cursor["next"].startswith(f"{stand_in}:")


def test_an_address_stays_valid() -> None:
    (found,) = replaced({"url": ["203.0.113.7", "10.0.0.1", "203.0.113.7"]})
    first, second, third = found["url"]
    assert re.fullmatch(r"(1\d\d|2[0-5]\d)\.\d\.(1\d\d|2[0-5]\d)\.\d", first)
    assert first == third != second


def test_equal_numbers_in_different_notations_stay_equal() -> None:
    text, number = replaced({"latitude": "48.1370"}, {"latitude": 48.137})
    assert float(text["latitude"]) == number["latitude"]
    assert text["latitude"] != "48.1370"


def test_errors_keep_the_words_that_connectors_search_for() -> None:
    (found,) = replaced({"error": {"reason": "Unauthorized: Jane is over the limit"}})
    assert re.fullmatch(
        "Unauthorized: [A-Z][a-z]{3} [a-z]{2} [a-z]{4} [a-z]{3} limit", next(iter(found["error"].values()))
    )
    assert "Jane" not in str(found)
