import pytest
from hypothesis import given
from hypothesis import strategies as st
from session_source.api.pagination import Next, NextInAnswer, Offset, OnePage, Page, PageLengths, PageNumber, Pager


def page(rows: int, **body: object) -> Page:
    return Page([{} for _ in range(rows)], body)


def test_a_list_in_one_answer_has_no_next_page() -> None:
    pager: Pager = OnePage()
    assert pager.following(None, page(1000)) is None


@pytest.mark.promise(n=3)
def test_page_numbers_continue_until_a_page_is_empty() -> None:
    pager = PageNumber(2)
    assert (pager.first, pager.size) == (1, 2)
    assert pager.following(1, page(2)) == Next(2, is_certain=False)
    assert pager.following(2, page(1)) == Next(3, is_certain=False)
    assert pager.following(3, page(0)) is None


@pytest.mark.promise(n=3)
def test_offsets_grow_by_the_received_rows_up_to_the_total() -> None:
    pager = Offset("list", "total", size=100)
    assert (pager.first, pager.size) == (0, 100)
    assert pager.following(0, page(70, list={"total": 230})) == Next(70, total=230)
    assert pager.following(200, page(30, list={"total": 230})) is None
    assert pager.following(0, page(0, list={"total": 0})) is None


@pytest.mark.promise(n=3)
def test_a_total_may_be_too_small_or_missing() -> None:
    pager = Offset("total", size=100)
    full = pager.following(0, page(100, total=100))
    assert full == Next(100, is_certain=False, total=100), "a full page may be followed by another one"
    assert pager.following(0, page(30)) == Next(30, is_certain=False)
    assert pager.following(30, page(0)) is None


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(("rows", "total"), [(0, 230), (10, "many"), (10, 2.5), (10, {"value": 3})])
def test_a_total_that_is_wrong_or_no_number_is_a_value_error(rows: int, total: object) -> None:
    with pytest.raises(ValueError, match=r"total|number|convert|type"):
        Offset("total", size=100).following(0, page(rows, total=total))


@pytest.mark.promise(n=3)
def test_a_next_token_decides_even_if_the_page_is_not_full() -> None:
    pager = NextInAnswer("pagination", "next", first=1, otherwise=PageNumber(2))
    assert (pager.first, pager.size) == (1, 2)
    assert pager.following(1, page(1, pagination={"next": 2})) == Next(2)
    assert pager.following(1, page(2, pagination={"next": None})) is None


def test_without_pagination_the_number_of_rows_decides() -> None:
    pager = NextInAnswer("pagination", "next", first=1, otherwise=PageNumber(2))
    bodies: list[dict[str, object]] = [{}, {"pagination": {}}, {"pagination": None}]
    for body in bodies:
        assert pager.following(1, page(1, **body)) == Next(2, is_certain=False)
    assert pager.following(1, page(0)) is None


def test_an_absent_empty_or_null_cursor_ends_a_list() -> None:
    pager = NextInAnswer("next_cursor")
    assert (pager.first, pager.size) == (None, None)
    assert pager.following(None, page(1, next_cursor="abc")) == Next("abc")
    bodies: list[dict[str, object]] = [{}, {"next_cursor": ""}, {"next_cursor": None}, {"next_cursor": 0}]
    for body in bodies:
        assert pager.following(None, page(1, **body)) is None
    with pytest.raises(ValueError, match="neither text nor a number"):
        pager.following(None, page(1, next_cursor={"after": "abc"}))


def requests(lists: list[int], cap: int, lengths: PageLengths) -> int:
    """Read lists as the core does; return how many requests that took, and check that none ends early."""
    count = 0
    for held in lists:
        read = before = 0
        while True:
            rows = min(cap, held - read)
            count += 1
            if read and not rows:
                break
            lengths.note(rows)
            if read:
                lengths.note_continued(before)
            read, before = read + rows, rows
            if not rows or lengths.ends(rows):
                break
        assert read == held, "a list was cut short"
    return count


@pytest.mark.promise(n=3)
@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 10))
def test_a_vendor_with_shorter_pages_than_requested_costs_one_more_request_at_most(
    lists: list[int], cap: int
) -> None:
    lengths = PageLengths(10)
    least = sum(held // cap + 1 for held in lists)
    assert least <= requests(lists, cap, lengths) <= least + sum(1 for held in lists if held % cap)
    if max(lists, default=0) >= (cap if cap == 10 else 3 * cap):
        again = requests(lists, cap, lengths)
        assert again == least, "what was learned costs nothing any more"


@pytest.mark.promise(n=3)
def test_a_short_page_ends_a_list_after_a_full_one() -> None:
    lengths = PageLengths(10)
    lengths.note(9)
    assert not lengths.ends(3)
    assert not lengths.is_full(9)
    lengths.note(10)
    assert lengths.is_full(10)
    assert lengths.ends(9)
    assert not lengths.ends(10)


@pytest.mark.promise(n=3)
def test_pages_of_varying_lengths_do_not_end_a_list() -> None:
    lengths = PageLengths(10)
    for rows in (7, 5, 9, 7, 5, 9):
        lengths.note(rows)
        lengths.note_continued(rows)
        assert not any(lengths.ends(shorter) for shorter in range(10))


@pytest.mark.promise(n=3)
def test_without_a_requested_size_only_repeated_lengths_end_a_list() -> None:
    lengths = PageLengths(None)
    lengths.note(500)
    lengths.note_continued(500)
    assert not lengths.ends(3)
    lengths.note_continued(500)
    assert lengths.ends(3)
    assert not lengths.is_full(500)
