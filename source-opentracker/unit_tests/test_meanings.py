"""What a sync finds out about dates before it reads. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from session_source import Answer, Fault, Kind, Request, Row, Window
from session_source.testing import answer_of, context_of, page_of, request_of
from source_opentracker import answers, lists, meanings
from source_opentracker.lists import Meaning, Place, SessionList
from source_opentracker.sessions import PROBE_SECONDS, Sessions

SITE = "www.opentracker.net"
DAY = timedelta(days=1)


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


class Vendor:
    """Answers for sessions that lasted ten minutes, one an hour, the way the arguments say."""

    def __init__(self, *, onwards: bool = False, unit: int | None = None, by_start: bool = False) -> None:
        self.onwards, self.unit, self.by_start = onwards, unit, by_start
        self.requested: list[SessionList] = []
        starts = [day(10) + timedelta(hours=number) for number in range(24 * 10)]
        self.rows = [session(at(start), start, start + timedelta(minutes=10)) for start in reversed(starts)]

    def __call__(self, of: SessionList) -> list[Row]:
        self.requested.append(of)
        midnight = datetime.fromisoformat(of.date).replace(tzinfo=UTC)
        return [row for row in self.rows if self.is_in(row, midnight, dict(of.bounds))][:10]

    def is_in(self, row: Row, midnight: datetime, bounds: dict[str, str]) -> bool:
        column = "session_start_unix_timestamp" if self.by_start else "eventUnixTimestamp"
        count = int(row[column])
        if self.unit and bounds:
            value = count * self.unit / 1000
            if not int(bounds["from"]) <= value <= int(bounds["to"]):
                return False
        moment = datetime.fromtimestamp(count / 1000, UTC)
        return moment >= midnight and (self.onwards or moment < midnight + DAY)


SPAN = Window(day(12), day(18))


@pytest.mark.parametrize("unit", [1000, 1, None])
@pytest.mark.parametrize("onwards", [False, True])
def test_the_meaning_of_a_date_takes_few_requests(*, onwards: bool, unit: int | None) -> None:
    vendor = Vendor(onwards=onwards, unit=unit)
    assert meanings.learn(vendor, SPAN) == Meaning(is_one_day=not onwards, per_second=unit)
    assert len(vendor.requested) <= (5 if onwards else 4)


@pytest.mark.parametrize("count", ["", "0", "x", "253402300799999", "-62135596800000", "1e400"])
def test_odd_moments_show_nothing_about_dates_and_lose_no_session(count: str) -> None:
    odd = {"session_id": "odd", "eventUnixTimestamp": count, "session_start_unix_timestamp": count}
    vendor = Vendor(unit=1000)
    assert meanings.learn(lambda of: [odd, *vendor(of)], SPAN) == Meaning(per_second=1000)
    assert follow(place("2011-11-16"), listing(odd))[0] == ["odd"]


@pytest.mark.parametrize(("unit", "by_start", "learned"), [(1000, False, 1000), (1, False, 1), (1000, True, None)])
def test_bounds_are_found_on_a_site_with_many_sessions_at_once(
    unit: int, learned: int | None, *, by_start: bool
) -> None:
    """Each of the ten newest sessions had begun before the first of them ended."""
    vendor = Vendor(unit=unit, by_start=by_start)
    starts = [day(17) + timedelta(hours=23, seconds=number) for number in range(0, 300, 3)]
    vendor.rows = [session(at(start), start, start + timedelta(minutes=10)) for start in reversed(starts)]
    assert meanings.learn(vendor, SPAN) == Meaning(per_second=learned)


def test_bounds_by_starts_are_not_used() -> None:
    assert meanings.learn(Vendor(unit=1000, by_start=True), SPAN) == Meaning()


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("pages", [1, 2])
def test_a_list_without_a_last_day_is_followed_by_one_that_a_cache_cannot_give(pages: int) -> None:
    sessions = endpoint(Meaning(is_one_day=False))
    sessions._has_tokens = True
    first = first_of(sessions, Window(day(10), day(18)))
    old, new = session("old", day(11), day(12)), session("new", day(17), day(18))
    bodies = [listing(new, old)] if pages == 1 else [listing(new, nextToken="1.2"), listing(old)]
    ids, control = follow(first, *bodies, sessions=sessions)
    assert set(ids) == {"old", "new"}
    assert control is not None
    assert control.lists[0].date == "2011-11-17"
    assert follow(control, listing(new), sessions=sessions) == ([], None)
    assert follow(control, listing(), sessions=sessions) == ([], None)
    constant = listing(new, old)
    assert page_of(sessions, constant, token=control).is_doubtful
    assert follow(control, constant, listing(new), sessions=sessions) == ([], None)
    with pytest.raises(Fault, match=r"lists of www\.opentracker\.net contradict each other.*cache") as told:
        follow(control, constant, constant, sessions=sessions)
    assert told.value.kind is Kind.STUCK


def test_a_control_is_later_than_the_day_of_the_sessions_whatever_the_sites_zone_is() -> None:
    for hours in range(24):
        moment = day(16) + timedelta(hours=hours)
        (control,) = [SessionList.control(moment, moment - timedelta(hours=1))]
        assert not lists.touches(Window(moment, moment), control.period)


def test_lists_that_end_need_no_control() -> None:
    for meaning in (Meaning(), Meaning(per_second=1000), Meaning(is_one_day=False, per_second=1)):
        sessions = endpoint(meaning)
        sessions._has_tokens = True
        at_place: Any = first_of(sessions, Window(day(16), day(17)))
        while at_place:
            assert not at_place.lists[0].is_control
            moment = at_place.lists[0].period.start + timedelta(hours=14)
            _, at_place = follow(at_place, listing(session("a", moment)), sessions=sessions)


def test_without_sessions_the_meaning_stays_unknown() -> None:
    assert meanings.learn(lambda _: [], SPAN) is None


def test_one_mixed_up_answer_does_not_decide_what_a_date_means() -> None:
    vendor = Vendor()
    stale = iter([[session("later", day(16))]])
    assert meanings.learn(lambda of: next(stale, None) or vendor(of), SPAN) == Meaning()


def test_the_next_site_is_tried_if_one_is_refused_or_empty() -> None:
    sessions = Sessions(["refused", "empty", "full"])
    asked = []

    def fetch(request: Request, read: Any) -> Any:
        site = form_of(request)["site"]
        asked.append(site)
        if site == "refused":
            raise Fault(Kind.CONFIG, "no")
        rows = Vendor()(SessionList.of_day(form_of(request)["date"])) if site == "full" else []
        return read(listing(*({**row, "site": site} for row in rows)))

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert list(dict.fromkeys(asked)) == ["refused", "empty", "full"]
    assert sessions._meaning == Meaning()


@pytest.mark.parametrize("kind", [Kind.CONFIG, Kind.STUCK, Kind.DEFECT])
def test_a_site_that_fails_does_not_keep_the_others_from_being_read(kind: Kind) -> None:
    sessions = Sessions(["broken", "full"])
    asked: list[Request] = []

    def fetch(request: Request, read: Any) -> Any:
        asked.append(request)
        if form_of(request)["site"] == "broken":
            raise Fault(kind, "no")
        rows = Vendor(onwards=True)(SessionList.of_day(form_of(request)["date"]))
        return read(listing(*({**row, "site": "full"} for row in rows)))

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert sessions._meaning == Meaning(is_one_day=False)
    assert [form_of(request)["site"] for request in asked].count("broken") == 1
    assert {request.within for request in asked} == {PROBE_SECONDS}


def test_a_broken_site_is_skipped_after_two_of_its_ids() -> None:
    sessions = Sessions(["broken", "full"], user_ids=["a", "b", "c", "d"])
    asked: list[str] = []

    def fetch(request: Request, read: Any) -> Any:
        asked.append(form_of(request)["site"])
        if asked[-1] == "broken":
            raise Fault(Kind.STUCK, "no")
        return read(listing())

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert asked.count("broken") == 2
    assert asked.count("full") == 4 * 2


def test_if_no_site_answers_one_is_requested_with_all_retries() -> None:
    sessions = Sessions(["refused", "slow", "slower"])
    asked: list[tuple[str, float | None]] = []

    def fetch(request: Request, read: Any) -> Any:
        site = form_of(request)["site"]
        asked.append((site, request.within))
        if site == "refused" or request.within is not None:
            raise Fault(Kind.CONFIG if site == "refused" else Kind.STUCK, site)
        rows = Vendor()(SessionList.of_day(form_of(request)["date"]))
        return read(listing(*({**row, "site": site} for row in rows)))

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert asked[:3] == [(site, PROBE_SECONDS) for site in ("refused", "slow", "slower")]
    assert set(asked[3:]) == {("slow", None)}


def test_the_only_partition_is_requested_with_all_retries() -> None:
    sessions = Sessions([SITE])

    def fetch(request: Request, _: Any) -> Any:
        assert request.within is None
        raise Fault(Kind.STUCK, "it is down")

    with pytest.raises(Fault, match="it is down"):
        sessions.prepare(fetch, sessions.partitions(fetch), SPAN)


def test_a_refusal_of_every_site_is_the_error() -> None:
    sessions = Sessions(["a", "b"])

    def fetch(request: Request, _: Any) -> Any:
        raise Fault(Kind.CONFIG, f"refused {form_of(request)['site']}")

    with pytest.raises(Fault, match="refused a"):
        sessions.prepare(fetch, sessions.partitions(fetch), SPAN)


def test_the_answer_to_a_probe_is_accepted_as_a_page_only_if_it_comes_twice() -> None:
    sessions = Sessions([SITE])
    vendor = Vendor(unit=1000)
    shown: list[Answer] = []

    def fetch(request: Request, read: Any) -> Any:
        fields = form_of(request)
        bounds = tuple((name, fields[name]) for name in ("from", "to") if name in fields)
        shown.append(listing(*vendor(SessionList.of_day(fields["date"])._replace(bounds=bounds))))
        return read(shown[-1])

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert len(answers.read(shown[-1]).rows) == 1
    assert page_of(sessions, shown[-1], token=place("2011-11-17")).is_doubtful, "it is requested again"
    assert not page_of(sessions, shown[0], token=place("2011-11-17")).is_doubtful


@pytest.mark.promise(n=3)
def test_if_bounds_are_ignored_the_list_of_the_day_is_not_doubted() -> None:
    sessions = Sessions([SITE])
    vendor = Vendor()
    shown: list[tuple[dict[str, str], Answer]] = []

    def fetch(request: Request, read: Any) -> Any:
        form = form_of(request)
        shown.append((form, listing(*vendor(SessionList.of_day(form["date"])))))
        return read(shown[-1][1])

    sessions.prepare(fetch, sessions.partitions(fetch), SPAN)
    assert any("to" in form for form, _ in shown)
    for form, body in shown:
        assert not page_of(sessions, body, token=place(form["date"])).is_doubtful


def test_check_requests_one_day_of_each_site_that_has_begun_everywhere() -> None:
    sessions = Sessions([SITE])
    window = Window(day(16) + timedelta(hours=5), day(17) + timedelta(hours=5))
    first = first_of(sessions, window)
    assert form_of(request_of(sessions, token=first))["date"] == "2011-11-16"
    page = page_of(sessions, listing(session("a", day(1)), session("b", day(28))), token=first)
    assert len(page.rows) == 2
