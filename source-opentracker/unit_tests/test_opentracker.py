"""Opentracker's endpoint by itself: what is asked, and how each answer is read.

``example.json`` is the answer on the vendor's page, byte by byte: it needed no edit.
https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from session_source import Answer, Fault, Kind, Request, Row, TimeRange, Window
from session_source.testing import answer_of, columns_of, context_of, fits, page_of, request_of
from source_opentracker import SourceOpentracker, answers, lists, meanings
from source_opentracker.lists import EVER, Meaning, Place, SessionList, SiteDays
from source_opentracker.sessions import PROBE_SECONDS, Sessions

EXAMPLE = (Path(__file__).parent / "example.json").read_bytes()
SITE = "www.opentracker.net"
DAY = timedelta(days=1)
CONFIG: dict[str, Any] = {"login": "jane@example.com", "password": "pass", "sites": [SITE]}


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


def test_the_example_of_the_page_is_read() -> None:
    (row,) = page_of(endpoint(), EXAMPLE, token=place("2011-11-16")).rows
    told = json.loads(EXAMPLE)
    assert list(row) == told["field"]
    assert list(row.values()) == told["resultsList"][0]
    assert all(isinstance(value, str) for value in row.values())
    columns, nulled = columns_of(Sessions.columns, row)
    assert nulled == []
    assert columns == {
        "session_id": "1321397999803.180515048",
        "last_event_at": "2011-11-16T19:46:38.140000Z",
        "user_id": "1319502921449.180515048",
        "started_at": "2011-11-15T22:59:59.803000Z",
        "ended_at": "2011-11-16T19:46:37.944000Z",
        "duration_seconds": 74798.141,
        "country_code": "US",
        "app_platform": "web",
        "page_count": 1171,
        "first_session_at": "2011-10-25T00:35:21.449000Z",
        "session_referrer_at": "2011-11-15T22:59:59.803000Z",
        "visit_count": 12,
        "total_visit_count": 12,
        "total_page_count": 22075,
        "latitude_degrees": 40.633194,
        "longitude_degrees": -73.9967,
    }


def test_the_schema_declares_every_column_of_the_example_and_every_one_of_ours() -> None:
    (stream,) = Sessions.streams
    schema = stream.json_schema("source_opentracker")
    told = json.loads(EXAMPLE)
    named = {*told["field"], *told["hidden"], *told["profileColumns"]}
    named |= {name for group in told["popUpColumns"] for name in group}
    assert named <= set(schema["properties"])
    assert {*Sessions.columns, "site", *(field for field, _ in BY_ID.values())} <= set(schema["properties"])
    lowered = [name.lower() for name in schema["properties"]]
    assert len(set(lowered)) == len(lowered)
    (row,) = answers.read(answer_of(EXAMPLE)).rows
    assert fits(stream, "source_opentracker", row | columns_of(Sessions.columns, row)[0])


def test_no_name_of_a_partition_is_one_of_the_vendors_columns() -> None:
    parts = Sessions([SITE], user_ids=["u"], machine_ids=["m"], visit_ids=["v"]).partitions(lambda *_: None)
    names = {name for part in parts for name in part} - {"site"}
    assert not {name.lower() for name in names} & {name.lower() for name in json.loads(EXAMPLE)["field"]}


def test_a_session_without_an_end_ends_with_its_last_event() -> None:
    row = session("a", day(1), day(1) + timedelta(seconds=90), session_end_unix_timestamp="", country_code="")
    columns, nulled = columns_of(Sessions.columns, row)
    assert (columns["ended_at"], columns["duration_seconds"]) == ("2011-11-01T00:01:30Z", 90)
    assert columns["country_code"] is None
    assert nulled == []


def test_a_value_that_cannot_be_is_null_and_told() -> None:
    row = session("a", day(2), day(1), pages_viewed="many", latitude="n/a")
    columns, nulled = columns_of(Sessions.columns, row)
    assert set(nulled) == {"page_count", "latitude_degrees", "duration_seconds"}
    assert columns["page_count"] is columns["latitude_degrees"] is columns["duration_seconds"] is None


@pytest.mark.parametrize(
    "around",
    [
        b"%b",
        b"(%b)",
        b"(%b);",
        b"callback(%b)",
        b"jQuery17.cb_1 ( %b ) ;",
        b"\r\n\r\n\r\n%b\r\n",
        b"\xef\xbb\xbf%b",
        b"\r\n\xef\xbb\xbf\r\n(%b)\n",
    ],
)
def test_what_stands_around_the_json_does_not_matter(around: bytes) -> None:
    assert answers.read(answer_of(around % EXAMPLE)) == answers.read(answer_of(EXAMPLE))


def test_rows_are_read_by_the_names_in_their_own_answer() -> None:
    body = {"field": ["b", "a"], "resultsList": [["2", "1"]], "label": ["x", "y"]}
    assert answers.read(answer_of(body)).rows == [{"a": "1", "b": "2"}]


@pytest.mark.parametrize("body", [{"resultsList": [{"a": "1"}]}, [{"a": "1"}]])
def test_rows_may_be_objects(body: object) -> None:
    assert answers.read(answer_of(body)).rows == [{"a": "1"}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Sign in</body></html>",
        EXAMPLE[: len(EXAMPLE) // 2],
        b"(" + EXAMPLE[:-9],
        {"rows": 0},
        {"resultsList": None},
        {"field": ["a", "b"], "resultsList": [["1"]]},
        {"field": ["a"], "resultsList": [["1", "2"]]},
        {"resultsList": [["1"]]},
        {"resultsList": ["1"]},
    ],
)
def test_what_is_no_answer_is_asked_for_again(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        answers.read(answer_of(body))


REFUSED = "java.lang.RuntimeException: Login/ site combination is not valid"


@pytest.mark.parametrize(
    "body", [b"Error: " + REFUSED.encode(), b"\r\n\r\nfalse", {"resultsList": [{"error": REFUSED}]}]
)
def test_a_login_that_is_not_accepted_is_the_users_to_mend(body: object) -> None:
    with pytest.raises(Fault, match=r"did not accept the login.*Check login, password and sites") as told:
        answers.read(answer_of(body))
    assert told.value.kind is Kind.CONFIG


@pytest.mark.parametrize(
    "body",
    [
        b"Error: java.net.ConnectException: Connection refused",
        b"Error: javax.servlet.jsp.JspException: Problem accessing http://login.example.com/site",
        {"resultsList": [{"error": "javax.servlet.jsp.JspException: Connection refused\n\tat x"}]},
        b"\xef\xbb\xbf\r\nError: java.lang.NullPointerException: null",
    ],
)
def test_other_errors_pass(body: object) -> None:
    with pytest.raises(Fault, match="Opentracker could not answer") as told:
        answers.read(answer_of(body))
    assert told.value.kind is Kind.OUTAGE
    assert told.value.kind.is_retried


def test_the_request_is_a_form_without_credentials() -> None:
    asked = request_of(endpoint(), token=place("2011-11-16"), partition={"site": SITE})
    assert (asked.method, asked.path, dict(asked.params)) == ("POST", "c_view_sessions_by_user.jsp", {})
    assert form_of(asked) == {
        "dataType": "jsondatatable",
        "ignoreLocale": "true",
        "locale": "en_US",
        "limit": "1000",
        "site": SITE,
        "date": "2011-11-16",
    }


@pytest.mark.parametrize(
    ("more", "fields"),
    [({"next_token": "1.2"}, {"nextToken": "1.2"}), ({"offset": 1000}, {"offset": "1000"})],
)
def test_a_page_is_continued_by_one_field(more: dict[str, Any], fields: dict[str, str]) -> None:
    first, later = (
        form_of(request_of(endpoint(), token=token, partition={"site": SITE}))
        for token in (place("2011-11-16"), place("2011-11-16", **more))
    )
    assert later == first | fields


def test_an_id_is_a_field_of_its_partition() -> None:
    sessions = Sessions(["a", "b", "a"], user_ids=["u", "u"], machine_ids=["1.2"], visit_ids=["3.4", "3.4"])
    parts = sessions.partitions(lambda *_: None)
    assert parts == [
        {"site": site, **one}
        for site in ("a", "b")
        for one in ({"uid": "u"}, {"filterByMachineId": "1.2"}, {"filterByVisitId": "3.4"})
    ]
    assert form_of(request_of(sessions, partition=parts[2]))["filterByVisitId"] == "3.4"
    assert form_of(request_of(sessions, partition=parts[1]))["filterByMachineId"] == "1.2"
    assert Sessions(["a"]).partitions(lambda *_: None) == [{"site": "a"}]


def test_credentials_go_into_the_form_in_utf_8() -> None:
    config = CONFIG | {"login": "zoë@example.com", "password": "p&=+%ü€ "}
    sent = requests.Request("POST", "http://x/y", data={"site": "www.例え.example", "date": "2011-11-16"})
    prepared = SourceOpentracker().auth(config)(sent.prepare())
    fields = parse_qs(str(prepared.body), encoding="utf-8", strict_parsing=True)
    assert fields["login"] == ["zoë@example.com"]
    assert fields["password"] == ["p&=+%ü€ "]
    assert fields["site"] == ["www.例え.example"]
    assert prepared.url == "http://x/y"
    assert prepared.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert prepared.headers["Content-Length"] == str(len(str(prepared.body)))


def test_the_source_is_made_without_arguments_and_speaks_https() -> None:
    source = SourceOpentracker()
    assert source.base_url(CONFIG) == "https://api.opentracker.net/api/views"
    assert (source.vendor, source.window_days, source.workers) == ("Opentracker", 1, 4)
    assert len(source.endpoints(CONFIG | {"user_ids": None, "machine_ids": []})) == 1


def test_an_answer_about_another_site_is_the_users_to_mend() -> None:
    with pytest.raises(
        Fault, match=r"answered about the site www\.opentracker\.net where shop\.example\.com"
    ) as told:
        page_of(Sessions(["shop.example.com"]), EXAMPLE, partition={"site": "shop.example.com"})
    assert told.value.kind is Kind.CONFIG


def test_an_answer_about_another_configured_site_is_a_mix_up_and_asked_for_again() -> None:
    with pytest.raises(ValueError, match="it is about"):
        page_of(Sessions(["a", SITE]), EXAMPLE, partition={"site": "a"})


@pytest.mark.parametrize(
    ("told", "asked"), [("WWW.Example.com", "www.example.com"), ("xn--r8jz45g.jp", "例え.jp")]
)
def test_a_site_may_be_written_in_two_ways(told: str, asked: str) -> None:
    row = session("a", day(16)) | {"site": told}
    assert page_of(Sessions([asked]), listing(row), partition={"site": asked}).rows == [row]


BY_ID = {"user": ("uid", "u"), "machine": ("filterByMachineId", "m"), "visit": ("filterByVisitId", "a")}


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("order", list(permutations(BY_ID)), ids=str)
def test_a_session_that_several_ids_list_is_that_of_the_first_one(order: tuple[str, ...]) -> None:
    sessions = endpoint(user_ids=["u"], machine_ids=["m"], visit_ids=["a", "b"])
    shared = session("a", day(16), machine_idx="m", use_id="someone")
    for number, kind in enumerate(order):
        at_place = place("2011-11-16", visitor=(BY_ID[kind],))
        for _ in range(2):  # the same page may be asked for twice
            assert page_of(sessions, listing(shared), token=at_place).rows == ([] if number else [shared])
    elsewhere = place("2011-11-16", visitor=(BY_ID["visit"],))._replace(site="other")
    sessions._sites.append("other")
    of_other = shared | {"site": "other"}
    assert page_of(sessions, listing(of_other), token=elsewhere).rows == [of_other]


@pytest.mark.promise(n=1)
def test_a_session_is_not_left_to_an_id_that_does_not_list_it() -> None:
    sessions = endpoint(user_ids=["u"], machine_ids=["m"], visit_ids=["a"])
    row = session("a", day(16), machine_idx="m")
    assert page_of(sessions, listing(), token=place("2011-11-16", visitor=(BY_ID["machine"],))).rows == []
    assert page_of(sessions, listing(row), token=place("2011-11-16", visitor=(BY_ID["user"],))).rows == [row]


def test_only_sessions_that_several_ids_may_list_are_remembered() -> None:
    sessions = endpoint(user_ids=["u", "v"], machine_ids=["m"])
    rows = [session(str(number), day(16), machine_idx="n") for number in range(50)]
    assert page_of(sessions, listing(*rows), token=place("2011-11-16", visitor=(BY_ID["user"],))).rows == rows
    assert sessions._lister == {}


def dates(found: tuple[SessionList, ...]) -> list[str]:
    return [one.date for one in found]


def lists_of(meaning: Meaning, first: int, last: int) -> list[tuple[SessionList, ...]]:
    """The lists that are asked for to get some days, read day by day; no day beside them is read."""
    days = SiteDays(meaning)
    gap = Window(day(first) - days.before, day(last) + days.after)
    edges = [gap.start, *map(day, range(first + 1, last)), gap.end]
    return [meaning.lists(Window(*window), gap) for window in pairwise(edges)]


@pytest.mark.promise(n=1)
def test_each_day_of_a_gap_is_asked_for_once_and_a_day_more_at_its_edges() -> None:
    asked = [dates(found) for found in lists_of(Meaning(per_second=1000), 10, 13)]
    assert asked == [["2011-11-09", "2011-11-10"], ["2011-11-11"], ["2011-11-12", "2011-11-13"]]


@pytest.mark.promise(n=1)
def test_a_gap_is_led_in_where_dates_may_be_about_starts() -> None:
    (first, second) = [dates(found) for found in lists_of(Meaning(), 10, 12)]
    assert first == [f"2011-11-{number:02}" for number in range(6, 11)]
    assert second == ["2011-11-11", "2011-11-12"]


def test_bounds_cut_the_edges_of_a_gap_where_the_vendor_takes_them() -> None:
    """Only lists that may reach beyond it are bounded, whatever the site's time zone is."""
    gap = Window(day(9) + timedelta(hours=12), day(15) + timedelta(hours=15))
    edges = (("from", str(int(at(gap.start)) - 1)), ("to", at(gap.end)))
    bounds = {one.date[-2:]: one.bounds for one in Meaning(per_second=1000).lists(gap, gap)}
    assert bounds == {"09": edges, "10": edges, "11": (), "12": (), "13": (), "14": (), "15": edges}
    assert not any(one.bounds for one in Meaning().lists(gap, gap))


def test_bounds_are_a_unit_early_and_never_too_short() -> None:
    window = Window(day(10) + timedelta(milliseconds=1), day(11) + timedelta(milliseconds=1))
    second = int(day(10).timestamp())
    assert dict(lists.from_and_to(window, 1)) == {"from": str(second - 1), "to": str(second + 86_401)}
    assert dict(lists.from_and_to(window, 1000)) == {"from": f"{second * 1000 - 1}", "to": f"{second + 86_401}000"}


def test_one_window_reads_all_where_a_date_has_no_end() -> None:
    meaning = Meaning(is_one_day=False)
    gap = Window(day(10) - SiteDays(meaning).before, day(12))
    (only,) = meaning.lists(gap, gap)
    assert (only.date, only.asked.end) == ("2011-11-06", EVER.end)
    assert SiteDays(meaning).step is None, "a part of it would be the same list"
    assert SiteDays(Meaning(is_one_day=False, per_second=1)).step == SiteDays(Meaning()).step == DAY


@pytest.mark.promise(n=1)
@pytest.mark.parametrize(
    ("row", "first", "last"),
    [
        (session("short", day(16)), day(16), day(16)),
        (session("long", day(12), day(16)), day(12), day(16)),
        (session("backwards", day(16), day(12)), day(12), day(16)),
    ],
)
def test_a_session_may_be_listed_for_each_day_of_any_zone_that_it_touches(
    row: Row, first: datetime, last: datetime
) -> None:
    days = SiteDays(Meaning())
    columns, _ = columns_of(Sessions.columns, row)
    times = days.times(columns)
    assert times == TimeRange(first, last)
    reach = days.positions(days.moments(times, row))
    assert reach.first <= first - timedelta(hours=12)
    assert reach.last >= last + timedelta(hours=14)


@pytest.mark.promise(n=10)
@pytest.mark.parametrize("count", ["", "0", "x", "253402300799999", "-62135596800000", "1e400"])
def test_a_session_with_odd_moments_is_always_emitted(count: str) -> None:
    odd = {"session_id": "odd", "eventUnixTimestamp": count, "session_start_unix_timestamp": count}
    columns, _ = columns_of(Sessions.columns, odd)
    assert SiteDays(Meaning()).times(columns) is None


def test_windows_are_bounded_where_a_date_has_no_end_but_to_is_taken() -> None:
    window = Window(day(11), day(12))
    (only,) = Meaning(is_one_day=False, per_second=1000).lists(window, Window(day(10), day(13)))
    assert only.date == "2011-11-10"
    assert dict(only.bounds) == {"from": str(int(at(day(11))) - 1), "to": at(day(12))}


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
        following = reader.following(context, page)
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


def test_a_page_of_the_size_that_was_asked_for_is_never_surely_the_last() -> None:
    sessions = endpoint()
    follow(place("2011-11-16", limit=10_000), listing(*many(2000)), sessions=sessions)
    assert follow(place("2011-11-16"), listing(*many(1000)), sessions=sessions)[1] is not None
    assert follow(place("2011-11-16"), listing(*many(999)), sessions=sessions)[1] is None


def test_where_an_offset_is_ignored_a_larger_page_is_asked_for() -> None:
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
    assert later.limit == 10_000, "the next lists are asked for like that at once"
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


def test_where_nothing_else_continues_a_page_what_is_older_is_asked_for() -> None:
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


def test_sessions_of_other_days_are_no_answer() -> None:
    for stray in (day(14), day(19)):
        with pytest.raises(ValueError, match="other days than 2011-11-16"):
            follow(place("2011-11-16"), listing(session("a", stray)))


@pytest.mark.parametrize("hours", [-13, 35])
def test_the_day_may_be_that_of_any_time_zone(hours: int) -> None:
    assert follow(place("2011-11-16"), listing(session("a", day(16) + timedelta(hours=hours))))[0] == ["a"]


def test_a_long_session_is_of_every_day_that_it_touches() -> None:
    assert follow(place("2011-11-16"), listing(session("a", day(12), day(20))))[0] == ["a"]


def test_a_list_that_runs_on_into_older_days_is_over() -> None:
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


def test_whatever_a_list_holds_is_passed_on() -> None:
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


def test_a_page_says_where_it_stands() -> None:
    assert repr(place("2011-11-16")) == "2011-11-16"
    assert repr(place("2011-11-16", next_token="1.2")) == "2011-11-16 from 1.2"
    assert repr(place("2011-11-16", offset=40)) == "2011-11-16 from number 40"


class Vendor:
    """Answers for sessions that lasted ten minutes, one an hour, the way the arguments say."""

    def __init__(self, *, onwards: bool = False, unit: int | None = None, by_start: bool = False) -> None:
        self.onwards, self.unit, self.by_start = onwards, unit, by_start
        self.asked: list[SessionList] = []
        starts = [day(10) + timedelta(hours=number) for number in range(24 * 10)]
        self.rows = [session(at(start), start, start + timedelta(minutes=10)) for start in reversed(starts)]

    def __call__(self, of: SessionList) -> list[Row]:
        self.asked.append(of)
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
def test_what_a_date_means_is_found_out_with_few_requests(*, onwards: bool, unit: int | None) -> None:
    vendor = Vendor(onwards=onwards, unit=unit)
    assert meanings.learn(vendor, SPAN) == Meaning(is_one_day=not onwards, per_second=unit)
    assert len(vendor.asked) <= (5 if onwards else 4)


@pytest.mark.parametrize("count", ["", "0", "x", "253402300799999", "-62135596800000", "1e400"])
def test_odd_moments_tell_nothing_about_dates_and_cost_no_session(count: str) -> None:
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
        assert not lists.touches(Window(moment, moment), control.asked)


def test_lists_that_end_need_no_control() -> None:
    for meaning in (Meaning(), Meaning(per_second=1000), Meaning(is_one_day=False, per_second=1)):
        sessions = endpoint(meaning)
        sessions._has_tokens = True
        at_place: Any = first_of(sessions, Window(day(16), day(17)))
        while at_place:
            assert not at_place.lists[0].is_control
            moment = at_place.lists[0].asked.start + timedelta(hours=14)
            _, at_place = follow(at_place, listing(session("a", moment)), sessions=sessions)


def test_without_sessions_nothing_is_found_out() -> None:
    assert meanings.learn(lambda _: [], SPAN) is None


def test_one_mixed_up_answer_does_not_decide_what_a_date_means() -> None:
    vendor = Vendor()
    stale = iter([[session("later", day(16))]])
    assert meanings.learn(lambda of: next(stale, None) or vendor(of), SPAN) == Meaning()


def test_the_next_site_is_asked_where_one_is_refused_or_empty() -> None:
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


def test_a_broken_site_is_passed_over_after_two_of_its_ids() -> None:
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


def test_where_no_site_answers_one_is_asked_with_all_patience() -> None:
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


def test_the_only_part_of_the_data_is_asked_with_all_patience() -> None:
    sessions = Sessions([SITE])

    def fetch(request: Request, _: Any) -> Any:
        assert request.within is None
        raise Fault(Kind.STUCK, "it is down")

    with pytest.raises(Fault, match="it is down"):
        sessions.prepare(fetch, sessions.partitions(fetch), SPAN)


def test_where_every_site_is_refused_that_is_told() -> None:
    sessions = Sessions(["a", "b"])

    def fetch(request: Request, _: Any) -> Any:
        raise Fault(Kind.CONFIG, f"refused {form_of(request)['site']}")

    with pytest.raises(Fault, match="refused a"):
        sessions.prepare(fetch, sessions.partitions(fetch), SPAN)


def test_an_answer_to_a_question_about_dates_is_no_page_until_it_comes_twice() -> None:
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
def test_where_bounds_are_ignored_the_list_of_the_day_is_not_doubted() -> None:
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


def test_check_asks_each_site_once_for_a_day_that_has_begun_everywhere() -> None:
    sessions = Sessions([SITE])
    window = Window(day(16) + timedelta(hours=5), day(17) + timedelta(hours=5))
    first = first_of(sessions, window)
    assert form_of(request_of(sessions, token=first))["date"] == "2011-11-16"
    page = page_of(sessions, listing(session("a", day(1)), session("b", day(28))), token=first)
    assert len(page.rows) == 2
