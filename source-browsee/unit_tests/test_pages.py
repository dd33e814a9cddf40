"""How pages are read and continued."""

from typing import Any

import pytest
from session_source import Answer, Next
from session_source.testing import answer_of, columns_of, next_of, page_of
from source_browsee.export import Sessions


def exports(rows: int, **told: object) -> Answer:
    return answer_of({"status": "success", "exports": {"data": [{"timestamp": n} for n in range(rows)], **told}})


@pytest.mark.parametrize(
    ("token", "rows", "told", "following"),
    [
        (0, 100, {"total": 240, "to": 100}, Next(100, total=240)),
        (200, 40, {"total": 240, "to": 240}, None),
        # The total may have grown meanwhile, or be a lower bound.
        (100, 100, {"total": 200, "to": 200}, Next(200, is_certain=False, total=200)),
        (200, 0, {"total": 200, "to": 200}, None),
        # A page that is shorter than its range is continued after its rows: some may come again, none is missed.
        (0, 97, {"total": 240, "to": 100}, Next(97, total=240)),
        (0, 3, {"total": "3", "to": "3"}, None),
        # Without a total, the reader decides by the lengths of pages whether there is a next one.
        (0, 100, {}, Next(100, is_certain=False)),
        (0, 3, {}, Next(3, is_certain=False)),
        (0, 0, {}, None),
    ],
)
def test_a_page_begins_after_the_rows_that_came_while_the_total_says_that_there_are_more(
    token: int, rows: int, told: dict[str, Any], following: Next | None
) -> None:
    assert next_of(Sessions([]), exports(rows, **told), token=token) == following


@pytest.mark.parametrize("to", [0, 99, 100, 101, 300, "x", None])
def test_to_decides_nothing_since_its_meaning_is_not_documented(to: object) -> None:
    """It may be the last row's index or number, the next offset, or an offset that does not lead on."""
    assert next_of(Sessions([]), exports(100, total=240, to=to), token=0) == Next(100, total=240)


@pytest.mark.parametrize("token", [0, 100])
def test_a_page_that_is_empty_before_its_total_is_requested_again(token: int) -> None:
    with pytest.raises(ValueError, match="its total says that there is more"):
        next_of(Sessions([]), exports(0, total=240, to=token), token=token)


def test_an_empty_window_may_come_without_data() -> None:
    body = {"status": "success", "exports": {"total": 0, "to": 0}}
    assert page_of(Sessions([]), body).rows == []
    assert next_of(Sessions([]), body) is None


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"status": "success"},
        {"status": "success", "exports": []},
        {"status": "success", "exports": {"total": 3, "to": 3}},
        {"status": "success", "exports": {"total": 3, "to": 3, "data": None}},
        {"status": "success", "exports": {"total": 1, "to": 1, "data": ["x"]}},
        {"status": "success", "exports": {"total": "x", "to": 1, "data": [{}]}},
    ],
)
def test_an_answer_of_another_form_is_no_page(body: object) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|no list of records|could not convert"):
        next_of(Sessions([]), body)


def test_the_vendors_own_example_is_read() -> None:
    # As on the page, but for what makes it no JSON: the comments, N and i (both 1 here).
    body = b'{"status":"success","exports":{"total":1,"to":1,"data":[{}]}}'
    assert page_of(Sessions([]), body).rows == [{}]
    assert next_of(Sessions([]), body) is None
    assert columns_of(Sessions.columns, {})[0]["session_id"] is None, "the core hashes the whole record then"
