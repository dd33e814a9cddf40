"""How the pages of a list are continued, and which pages do not belong to it. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from session_source import Answer, Fault, Kind, Request, Row, Window
from session_source.testing import answer_of, context_of, page_of, request_of
from source_opentracker.lists import Meaning, Place, SessionList
from source_opentracker.sessions import Sessions

SITE = "www.opentracker.net"


def day(number: int) -> datetime:
    return datetime(2011, 11, number, tzinfo=UTC)


def at(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def session(name: str, start: datetime, last: datetime | None = None, **more: str) -> Row:
    stamps = {"session_start_unix_timestamp": at(start), "eventUnixTimestamp": at(last or start)}
    return {"session_id": name, "site": SITE, **stamps, **more}


def listing(*rows: Row, **more: str) -> Answer:
    return answer_of({"resultsList": list(rows), **more})


def place(*dates: str, **more: Any) -> Place:
    return Place(SITE, tuple(SessionList.of_day(date) for date in dates), **more)


def endpoint(meaning: Meaning | None = None, **more: Any) -> Sessions:
    made = Sessions([SITE], **more)
    made._use(meaning or Meaning())
    return made


def first_of(sessions: Sessions, window: Window) -> Place:
    """The first page of a window."""
    found: Place = context_of(sessions, *window, partition={"site": SITE}).token
    return found


def form_of(request: Request) -> dict[str, str]:
    return dict(request.form or {})


def dates(found: tuple[SessionList, ...]) -> list[str]:
    return [one.date for one in found]


def ids_of(rows: list[Row]) -> frozenset[str]:
    return frozenset(row["session_id"] for row in rows)


def follow(first: Place, *pages: Answer, sessions: Sessions | None = None) -> tuple[list[Any], Place | None]:
    """Read pages one after the other, and return the ids and where the next page is.

    A page that is doubted is requested again, and taken as it is where no other answer is given.
    """
    reader = sessions or endpoint()
    at_place: Any = first
    ids: list[Any] = []
    for number, body in enumerate(pages, start=1):
        context = context_of(reader, token=at_place)
        page = reader.page(body, context)
        ids += [row["session_id"] for row in page.rows]
        if page.is_doubtful and number < len(pages):
            continue
        following = reader.pager.following(context.token, page)
        at_place = following.token if following else None
    return ids, at_place


def many(count: int, prefix: str = "s") -> list[Row]:
    return [session(f"{prefix}{number}", day(16)) for number in range(count)]


def test_a_next_token_is_followed_and_then_the_next_day() -> None:
    ids, following = follow(place("2011-11-16", "2011-11-17"), listing(*many(3), nextToken="1.2"))
    assert len(ids) == 3
    assert following == place("2011-11-16", "2011-11-17", next_token="1.2")
    assert follow(following, listing(session("x", day(16))))[1] == place("2011-11-17")
    assert follow(place("2011-11-17"), listing())[1] is None


@pytest.mark.parametrize("token", ["", None])
def test_an_empty_token_ends_a_list_however_full_the_page(token: str | None) -> None:
    body = answer_of({"resultsList": many(1000), "nextToken": token})
    assert follow(place("2011-11-16"), body)[1] is None


def test_an_empty_page_that_names_its_own_token_ends_a_list() -> None:
    stuck = place("2011-11-16", "2011-11-17", next_token="1.2")
    assert follow(stuck, listing(nextToken="1.2"))[1] == place("2011-11-17")
    assert follow(stuck, listing(nextToken="1.3"))[1] == place("2011-11-16", "2011-11-17", next_token="1.3")


def test_once_the_vendor_gave_tokens_a_full_page_without_one_is_the_last() -> None:
    sessions = endpoint()
    follow(place("2011-11-15"), listing(session("x", day(15)), nextToken="1.2"), sessions=sessions)
    assert follow(place("2011-11-16"), listing(*many(1000)), sessions=sessions)[1] is None


def test_a_full_page_without_a_token_is_continued_by_an_offset() -> None:
    sessions = endpoint()
    _, following = follow(place("2011-11-16"), listing(*many(1000)), sessions=sessions)
    assert following == place("2011-11-16", offset=1000, top="s0", known=ids_of(many(1000)))
    assert follow(following, listing(*many(7, "t")), sessions=sessions)[1] is None
    _, following = follow(following, listing(*many(1000, "t")), sessions=sessions)
    assert following == place("2011-11-16", offset=2000, top="t0")


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("count", [1, 7, 37, 40, 41])
def test_only_a_page_that_is_shorter_than_another_one_is_surely_the_last(count: int) -> None:
    sessions = endpoint()
    _, following = follow(place("2011-11-16"), listing(*many(count)), sessions=sessions)
    assert following == place("2011-11-16", offset=count, top="s0", known=ids_of(many(count)))
    assert follow(following, listing(), sessions=sessions)[1] is None
    assert follow(place("2011-11-16"), listing(*many(count - 1)), sessions=sessions)[1] is None
    assert follow(place("2011-11-16"), listing(*many(count)), sessions=sessions)[1] is not None


def test_a_page_of_the_requested_size_is_never_surely_the_last() -> None:
    sessions = endpoint()
    follow(place("2011-11-16", limit=10_000), listing(*many(2000)), sessions=sessions)
    assert follow(place("2011-11-16"), listing(*many(1000)), sessions=sessions)[1] is not None
    assert follow(place("2011-11-16"), listing(*many(999)), sessions=sessions)[1] is None


def test_if_an_offset_is_ignored_a_larger_page_is_requested() -> None:
    sessions = endpoint()
    ids, following = follow(place("2011-11-16"), listing(*many(1000)), listing(*many(1001)), sessions=sessions)
    assert ids == [f"s{number}" for number in range(1001)], "what comes again is left out"
    assert following == place("2011-11-16", limit=10_000, known=ids_of(many(1000)))
    assert form_of(request_of(sessions, token=following))["limit"] == "10000"
    ids, following = follow(following, listing(*many(1700)), sessions=sessions)
    assert ids == [f"s{number}" for number in range(1000, 1700)]
    known = ids_of(many(1700))
    assert following == place("2011-11-16", limit=10_000, offset=1700, top="s0", known=known)
    later = first_of(sessions, Window(day(17), day(18)))
    assert later.limit == 10_000, "the next lists are requested like that"
    assert follow(following, listing(*many(1700)), sessions=sessions)[1] is None, "caps are round numbers"


@pytest.mark.parametrize("count", [40, 50, 1000])
def test_a_page_that_nothing_continues_is_an_error_that_names_site_and_day(count: int) -> None:
    with pytest.raises(Fault, match=rf"{count} sessions of www\.opentracker\.net for 2011-11-16") as told:
        follow(place("2011-11-16"), *[listing(*many(count))] * 4)
    assert told.value.kind is Kind.STUCK
    assert "user_ids" in told.value.message


def test_a_larger_limit_that_is_refused_is_the_same_error() -> None:
    refusal = answer_of(b"Error: java.lang.RuntimeException: limit 10000 is not between 1 and 1000")
    with pytest.raises(Fault, match="no way to get the others") as told:
        follow(place("2011-11-16"), listing(*many(1000)), listing(*many(1000)), refusal)
    assert told.value.kind is Kind.STUCK


def test_older_sessions_continue_only_a_list_that_begins_with_the_newest() -> None:
    sessions = endpoint(Meaning(per_second=1000))
    rows = [session(f"s{number}", day(16) + timedelta(minutes=number)) for number in range(50)]
    start = first_of(sessions, Window(day(16), day(17)))
    with pytest.raises(Fault, match="no way to get the others"):
        follow(start, *[listing(*rows)] * 4, sessions=sessions)
    _, following = follow(start, *[listing(*rows[::-1])] * 4, sessions=sessions)
    assert following
    assert dict(following.lists[0].bounds)["to"] == at(day(16) + timedelta(seconds=1))


def test_if_nothing_else_continues_a_page_older_sessions_are_requested() -> None:
    sessions = endpoint(Meaning(per_second=1000))
    starts = [day(16) + timedelta(seconds=90 - number // 2) for number in range(120)]
    rows = [session(f"s{number}", start) for number, start in enumerate(starts)]

    def given(of: SessionList) -> Answer:
        """The newest 50, whatever the limit and the offset are."""
        bounds = dict(of.bounds)
        last = int(bounds.get("to", at(day(18))))
        return listing(*[row for row in rows if int(row["eventUnixTimestamp"]) <= last][:50])

    at_place: Any = first_of(sessions, Window(day(16), day(17)))
    assert dates(at_place.lists) == ["2011-11-16"]
    ids: list[str] = []
    while at_place:
        found, at_place = follow(at_place, given(at_place.lists[0]), sessions=sessions)
        ids += found
    assert ids == [row["session_id"] for row in rows]


def test_a_page_with_sessions_of_other_days_is_refused() -> None:
    for stray in (day(14), day(19)):
        with pytest.raises(ValueError, match="other days than 2011-11-16"):
            follow(place("2011-11-16"), listing(session("a", stray)))


@pytest.mark.parametrize("hours", [-13, 35])
def test_the_day_may_be_that_of_any_time_zone(hours: int) -> None:
    assert follow(place("2011-11-16"), listing(session("a", day(16) + timedelta(hours=hours))))[0] == ["a"]


def test_a_long_session_is_of_every_day_that_it_touches() -> None:
    assert follow(place("2011-11-16"), listing(session("a", day(12), day(20))))[0] == ["a"]


def test_a_list_ends_where_it_continues_into_older_days() -> None:
    later = place("2011-11-16", "2011-11-17", next_token="1.2")
    mixed = listing(session("a", day(16)), session("b", day(14)), nextToken="1.3")
    assert follow(later, mixed) == (["a", "b"], place("2011-11-17")), "what is listed is passed on"


def test_a_page_of_nothing_but_older_days_is_doubted_and_then_taken() -> None:
    later = place("2011-11-16", "2011-11-17", next_token="1.2")
    older = listing(session("b", day(14)), nextToken="1.3")
    assert page_of(endpoint(), older, token=later).is_doubtful
    assert not page_of(endpoint(), listing(*many(2)), token=later).is_doubtful
    assert follow(later, older, older) == (["b", "b"], place("2011-11-17")), "the core emits it once"
    assert follow(later, older, listing(*many(2), nextToken="1.3")) == (
        ["b", "s0", "s1"],
        place("2011-11-16", "2011-11-17", next_token="1.3"),
    )


def test_all_rows_of_a_list_are_passed_on() -> None:
    """What an earlier sync has emitted is known to the core by ``SiteDays``, not to the page."""
    gap = Window(day(16) + timedelta(hours=6), day(17))
    found = [one for one in Meaning().lists(gap, gap) if one.date == "2011-11-16"]
    rows = [
        session("old", day(16)),
        session("long", day(15), day(16) + timedelta(hours=6)),
        session("new", gap.end),
    ]
    timeless = {"session_id": "timeless"}
    ids, _ = follow(Place(SITE, tuple(found)), listing(*rows, timeless))
    assert ids == ["old", "long", "new", "timeless"]


def test_a_page_is_described_by_its_date_and_position() -> None:
    assert repr(place("2011-11-16")) == "2011-11-16"
    assert repr(place("2011-11-16", next_token="1.2")) == "2011-11-16 from 1.2"
    assert repr(place("2011-11-16", offset=40)) == "2011-11-16 from number 40"
