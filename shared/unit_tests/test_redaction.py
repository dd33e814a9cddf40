"""What is hidden stays hidden, however a vendor's words are changed before they are shown."""

import pytest
from session_source import redaction
from session_source.errors import Fault, Kind, quoted

pytestmark = pytest.mark.promise(n=8)

SPECIFICATION = {"properties": {"key": {"type": "string", "airbyte_secret": True}}}


def hide(*keys: str) -> None:
    for key in keys:
        redaction.protect(SPECIFICATION, {"key": key})


@pytest.mark.parametrize("before", [250, 280, 295, 299])
def test_no_part_of_a_secret_is_left_where_words_are_cut(before: int) -> None:
    hide("0123456789abcdefghij")
    shown = quoted("x" * before + " 0123456789abcdefghij is not known")
    assert "0" not in shown
    assert shown.startswith(f': "{"x" * before}')


@pytest.mark.parametrize(
    "key", ["correct  horse\tbattery", "\tcorrect horse battery\n", "correct\nhorse battery "]
)
@pytest.mark.parametrize("told", ["as it is", "trimmed", "on one line"])
def test_blanks_in_or_around_a_secret_do_not_show_it(key: str, told: str) -> None:
    hide(key)
    words = {"as it is": key, "trimmed": key.strip(), "on one line": " ".join(key.split())}[told]
    for shown in (quoted(f"no such key {words}!"), Fault(Kind.CONFIG, f"No such key {words}!").sentence):
        assert "horse" not in shown


def test_of_several_connectors_in_a_process_each_hides_the_others_secrets() -> None:
    hide("the-first-one", "the-second-one")
    assert redaction.clean("the-first-one the-second-one") == "**** ****"


def test_a_short_secret_of_another_connector_makes_nothing_unreadable() -> None:
    hide("a")
    assert redaction.clean("banana") == "b****n****n****"
    hide("the-second-one")
    assert redaction.clean("banana") == "banana"


def test_words_are_quoted_on_one_line_and_nothing_where_there_are_none() -> None:
    assert quoted(" a\n  b ") == ': "a b"'
    assert quoted(" \n") == ""
