import pytest
from session_source.pagination import NextInAnswer, PageNumber


@pytest.mark.promise(n=3)
def test_a_short_page_is_the_last_where_nothing_else_tells() -> None:
    pager = PageNumber(2)
    assert pager.first == 1
    assert pager.following(1, [{}, {}], {}) == 2
    assert pager.following(2, [{}], {}) is None
    assert pager.following(2, [], {}) is None


@pytest.mark.promise(n=3)
def test_a_next_token_decides_however_full_the_page_is() -> None:
    pager = NextInAnswer("pagination", "next", first=1, otherwise=PageNumber(2))
    assert pager.following(1, [{}], {"pagination": {"next": 2}}) == 2
    assert pager.following(1, [{}, {}], {"pagination": {"next": None}}) is None


def test_an_answer_without_pagination_leaves_it_to_the_page() -> None:
    pager = NextInAnswer("pagination", "next", first=1, otherwise=PageNumber(2))
    assert pager.following(1, [{}, {}], {}) == 2
    assert pager.following(1, [], {}) is None


def test_an_absent_empty_or_null_cursor_is_the_end() -> None:
    pager = NextInAnswer("next_cursor")
    assert pager.first is None
    assert pager.following(None, [{}], {"next_cursor": "abc"}) == "abc"
    with pytest.raises(ValueError, match="neither a text nor a number"):
        pager.following(None, [{}], {"next_cursor": {"after": "abc"}})
    assert [pager.following(None, [{}], body) for body in ({}, {"next_cursor": ""}, {"next_cursor": None})] == [
        None
    ] * 3
