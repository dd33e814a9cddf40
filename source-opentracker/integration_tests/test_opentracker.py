"""Opentracker's specifics, against its sandbox: the meaning of dates, continuing lists, visitors."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from sandbox_server import ErrorInside, RepeatToken, Server, Status
from source_opentracker import SourceOpentracker

from integration_tests.clock import Clock
from integration_tests.conftest import starting
from integration_tests.connector import Connector, Json, Output, duplicates
from integration_tests.whole import check_whole

Begin = Callable[..., tuple[Connector, Server]]
KEY = ["site", "session_id"]
PROBE_SIZE = "10"
"""The limit of the requests that find out what a date means; lists are read with larger ones."""
ONWARDS = {"date_means": "from_that_day_on"}
NO_BOUNDS = {"honours_from_to": False}
NO_TOKENS = {"has_next_token": False}
BY_START = {"date_by": "session_start"}
BY_ACTIVITY = {"date_by": "any_activity"}


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with starting("source-opentracker", tmp_path) as start:
        yield lambda config=None, case="default", **options: start(
            case, config, **({"sessions": 150, "days": 5} | options)
        )


def forms(server: Server) -> list[dict[str, str]]:
    return [dict(parse_qsl(entry.body.decode(), keep_blank_values=True)) for entry in server.requests]


def pages(server: Server) -> list[tuple[str | None, ...]]:
    """Return the parameters of the requests for pages, without the small requests that find out about dates."""
    names = ("site", "uid", "filterByMachineId", "filterByVisitId", "date", "from", "nextToken", "offset", "limit")
    return [tuple(form.get(name) for name in names) for form in forms(server) if form["limit"] != PROBE_SIZE]


def check_all_is_read_once(output: Output, server: Server, case: str = "default") -> None:
    assert output.exit_code == 0, output.errors
    found = output.keys("sessions", KEY)
    assert set(found) == set(server.vendor.expected(case)["sessions"])
    assert duplicates(found) == []


@pytest.mark.parametrize("bounds", [{}, {"from_to_unit": "s"}, {"to_inclusive": False}, NO_BOUNDS], ids=str)
@pytest.mark.parametrize("by", [{}, BY_START, BY_ACTIVITY], ids=str)
@pytest.mark.parametrize("means", [{}, ONWARDS], ids=str)
def test_everything_is_read_once_for_every_meaning_of_a_date(
    begin: Begin, means: Json, by: Json, bounds: Json
) -> None:
    connector, server = begin(**means, **by, **bounds)
    check_all_is_read_once(connector.read(), server)
    assert {page: count for page, count in Counter(pages(server)).items() if count > 1} == {}
    assert not any("refused" in entry.notes for entry in server.requests)


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("options", [{}, ONWARDS, NO_BOUNDS], ids=str)
def test_each_site_is_requested_once_per_day(begin: Begin, options: Json) -> None:
    connector, server = begin(sessions=2400, days=40, **options)
    check_all_is_read_once(connector.read(), server)
    asked = pages(server)
    assert len(asked) == len(set(asked))
    # Without tokens, the longest page so far may be incomplete: the rows after it are requested.
    beyond = [form for form in forms(server) if "offset" in form]
    assert len(beyond) <= 10
    # A few more days are requested to find out what a date means.
    assert 2 * 40 <= len(asked) - len(beyond) <= 2 * (40 + 7)


def test_one_window_reads_everything_if_dates_have_no_end_and_no_bounds(begin: Begin) -> None:
    connector, server = begin(sessions=4000, **ONWARDS, **NO_BOUNDS)
    check_all_is_read_once(connector.read(), server)
    assert len(pages(server)) <= 4 + 4
    windows = [piece["cursor"]["slices"] for piece in connector.read().states["sessions"]["states"]]
    assert [len(slices) for slices in windows] == [1, 1]


@pytest.mark.parametrize("last_page", ["no_token", "empty_token", "dead_end"])
@pytest.mark.parametrize("next_page", ["inclusive", "exclusive", "overlapping"])
def test_tokens_are_followed_to_the_end(begin: Begin, next_page: str, last_page: str) -> None:
    connector, server = begin(sessions=6000, days=2, next_page=next_page, last_page=last_page)
    check_all_is_read_once(connector.read(), server)
    assert any("nextToken" in form for form in forms(server))
    assert not any("offset" in form for form in forms(server))


def test_a_repeated_token_is_an_error_and_not_a_loop(begin: Begin) -> None:
    connector, server = begin({"sites": ["shop.example.com"]}, sessions=9000, days=2)
    server.faults.append(RepeatToken(where="nextToken=", path="c_view"))
    output = connector.read()
    assert output.errors[0]["failure_type"] == "transient_error"
    assert "shop.example.com" in output.errors[0]["message"]
    assert server.count < 60


def test_offsets_continue_lists_without_tokens(begin: Begin) -> None:
    connector, server = begin(sessions=13_000, days=2, **NO_TOKENS)
    check_all_is_read_once(connector.read(), server)
    assert {"1000", "2000"} <= {form.get("offset") for form in forms(server)}


def test_a_cap_below_the_limit_loses_no_session(begin: Begin) -> None:
    connector, server = begin(sessions=600, days=2, max_limit=100, clips_limit=True, **NO_TOKENS)
    check_all_is_read_once(connector.read(), server)


@pytest.mark.promise(n=3)
@pytest.mark.parametrize("bounds", [{}, NO_BOUNDS], ids=str)
def test_a_larger_page_is_requested_if_a_full_one_cannot_be_continued(begin: Begin, bounds: Json) -> None:
    connector, server = begin(sessions=9001, days=2, honours_offset=False, **NO_TOKENS, **bounds)
    check_all_is_read_once(connector.read(), server)
    asked = [form["limit"] for form in forms(server)]
    assert asked.count("10000") > 2
    assert max(int(limit) for limit in asked) == 10_000
    first = {
        site: [form["limit"] for form in forms(server) if form["site"] == site]
        for site in connector.config["sites"]
    }
    assert any(limits[-1] == "10000" for limits in first.values()), "the other way is not tried again"


@pytest.mark.promise(n=1)
@pytest.mark.parametrize("cap", [20, 40])
def test_older_sessions_are_requested_if_the_vendor_supports_only_bounds(begin: Begin, cap: int) -> None:
    options = {"max_limit": cap, "clips_limit": True, "honours_offset": False}
    connector, server = begin(sessions=600, days=5, **options, **NO_TOKENS)
    check_all_is_read_once(connector.read(), server)
    assert any("to" in form and form["limit"] == "10000" for form in forms(server))


def test_a_full_page_that_cannot_be_continued_is_reported_with_site_and_day(begin: Begin) -> None:
    options = {"max_limit": 1000, "honours_offset": False}
    connector, _ = begin(sessions=9000, days=2, **options, **NO_TOKENS, **NO_BOUNDS)
    output = connector.read()
    assert output.exit_code == 1
    assert len(output.errors) == 3, "one for each site, and the sync's own"
    for site in connector.config["sites"]:  # in any order
        (told,) = (one for one in output.errors[:2] if f"1000 sessions of {site} for 20" in one["message"])
        assert told["failure_type"] == "transient_error"
        assert "Read the site by user_ids, machine_ids or visit_ids" in told["message"]


@pytest.mark.promise(n=1)
def test_a_page_of_a_list_that_begins_with_the_oldest_session_is_not_continued_by_bounds(begin: Begin) -> None:
    options: Json = NO_TOKENS | {"honours_offset": False, "order": "oldest_first", "page_cap": 40}
    connector, _ = begin(sessions=400, days=3, **options)
    output = connector.read()
    assert output.exit_code == 1
    assert "no way to get the others" in output.errors[0]["message"]


def test_days_below_a_full_page_are_read_without_tokens_and_offsets(begin: Begin) -> None:
    connector, server = begin(honours_offset=False, **NO_TOKENS)
    check_all_is_read_once(connector.read(), server)


@pytest.mark.promise(n=1)
@pytest.mark.parametrize(
    "options",
    [
        {},
        ONWARDS | NO_BOUNDS,
        NO_TOKENS,
        NO_TOKENS | ONWARDS | NO_BOUNDS,
        NO_TOKENS | {"honours_offset": False},
    ],
    ids=str,
)
def test_a_cache_that_ignores_dates_is_an_error(begin: Begin, options: Json) -> None:
    connector, _ = begin({"sites": ["shop.example.com"]}, cache=True, **options)
    output = connector.read()
    assert output.exit_code == 1
    assert output.statuses["sessions"][-1] == "INCOMPLETE"
    assert output.errors[0]["failure_type"] == "transient_error"
    assert "shop.example.com" in output.errors[0]["message"]
    reasons = ("lists of shop.example.com contradict each other", "does not continue its list of sessions")
    assert any(reason in output.errors[0]["message"] for reason in reasons)
    assert not any(part["cursor"]["slices"] for part in output.states["sessions"]["states"])


@pytest.mark.promise(n=7)
def test_a_broken_site_does_not_delay_or_fail_the_others(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    retry_policy = replace(SourceOpentracker().retry_policy(), outage=8)
    monkeypatch.setattr(SourceOpentracker, "retry_policy", lambda _: retry_policy)
    connector, server = begin(broken_sites=1)
    working, broken = connector.config["sites"]
    sites = [broken, working]
    wanted = {key for key in server.vendor.expected("default")["sessions"] if key[0] == working}
    reversed_ = replace(connector, config={**connector.config, "sites": sites})
    output = reversed_.read()
    assert set(output.keys("sessions", KEY)) == wanted
    assert broken in output.errors[0]["message"]
    assert output.errors[0]["failure_type"] == "transient_error"
    asked = [form["site"] for form in forms(server)]
    assert asked.index(working) <= 4, "the broken site is skipped after four attempts"
    finished = {
        part["partition"]["site"]: part["cursor"]["slices"] for part in output.states["sessions"]["states"]
    }
    assert finished[working]
    assert not finished[broken]


@pytest.mark.parametrize("options", [{}, NO_BOUNDS | BY_ACTIVITY, ONWARDS, ONWARDS | NO_BOUNDS], ids=str)
def test_visits_are_read_by_their_ids(begin: Begin, options: Json) -> None:
    connector, server = begin(case="visits", **options)
    output = connector.read()
    check_all_is_read_once(output, server, "visits")
    by_visit = {record["session_id"] for record in output.records["sessions"] if record.get("filterByVisitId")}
    assert by_visit
    assert by_visit <= set(connector.config["visit_ids"])
    for record in output.records["sessions"]:
        assert record.get("filterByVisitId") in {None, record["session_id"]}
        assert {"filterByVisitId", "uid"} & record.keys()


@pytest.mark.parametrize("visitors", ["visitors", "visitors_twice"])
@pytest.mark.parametrize("options", [{}, NO_BOUNDS | BY_ACTIVITY, ONWARDS, ONWARDS | NO_BOUNDS], ids=str)
def test_a_session_of_several_ids_is_emitted_once(begin: Begin, visitors: str, options: Json) -> None:
    connector, server = begin(case=visitors, **options)
    output = connector.read()
    check_all_is_read_once(output, server, visitors)
    config = connector.config
    parts = [part["partition"] for part in output.states["sessions"]["states"]]
    ids = [{"uid": one} for one in config["user_ids"]]
    ids += [{"filterByMachineId": one} for one in config["machine_ids"]]
    assert parts == [{"site": site, **one} for site in config["sites"] for one in ids]
    for record in output.records["sessions"]:
        assert record.get("filterByMachineId") in {None, record["machine_idx"]}
        assert record.get("uid") in {None, record["use_id"]}


@pytest.mark.parametrize("options", [{}, NO_BOUNDS, NO_BOUNDS | BY_ACTIVITY, ONWARDS], ids=str)
def test_windows_that_a_state_marks_finished_were_read(begin: Begin, options: Json) -> None:
    connector, server = begin({"lookback_window_days": 0}, sessions=300, days=8, **options)
    last_event = {(r["site"], r["session_id"]): r["last_event_at"] for r in connector.read().records["sessions"]}
    broken = (connector.now - timedelta(days=4)).strftime("%Y-%m-%d")
    server.faults.append(Status(403, where=f"limit=1000&site=shop.example.com&date={broken}", times=None))
    first = connector.read()
    assert first.exit_code == 1
    found = set(first.keys("sessions", KEY))
    states = first.states["sessions"]["states"]
    assert any(part["cursor"]["slices"] for part in states)
    for part in states:
        site = part["partition"]["site"]
        for piece in part["cursor"]["slices"]:
            inside = {k for k, at in last_event.items() if k[0] == site and piece["start"] <= at < piece["end"]}
            assert inside <= found
    server.faults.clear()
    again = connector.read(state=first.state)
    assert found | set(again.keys("sessions", KEY)) == set(server.vendor.expected("default")["sessions"])


@pytest.mark.promise(n=4)
@pytest.mark.parametrize("bounds", [{}, NO_BOUNDS], ids=str)
def test_a_gap_that_begins_within_a_day_of_a_site_loses_nothing_beside_an_earlier_gap(
    begin: Begin, bounds: Json
) -> None:
    clock = Clock(start=datetime(2026, 2, 8, 3, tzinfo=UTC))  # 22:00 of the day before in New York
    connector, server = begin({"lookback_window_days": 0}, now=clock, **bounds)
    first = replace(connector, config={**connector.config, "start_date": "2026-02-06"}).read()
    clock.advance(timedelta(hours=1))
    server.vendor.grow(20)
    clock.advance(timedelta(hours=1))
    second = connector.read(state=first.state)
    check_whole(connector, [first, second], server.vendor.expected("default"), server.vendor.held("default"))


def test_the_next_sync_reads_only_the_lookback(begin: Begin) -> None:
    connector, server = begin(sessions=300, days=8)
    first = connector.read()
    server.clear()
    second = connector.read(state=first.state)
    back = connector.now - timedelta(days=1, seconds=30) - server.vendor.edge("default")
    assert all(datetime.fromisoformat(r["last_event_at"]) >= back for r in second.records["sessions"])
    assert len(pages(server)) <= 2 * 7, "three days before the lookback, where sessions may have begun"


def test_a_login_beyond_ascii_is_sent_in_the_form_only(begin: Begin) -> None:
    connector, server = begin()
    assert not connector.config["password"].isascii()
    output = connector.read()
    check_all_is_read_once(output, server)
    assert {entry.notes["password_in"] for entry in server.requests} == {"body"}
    assert {(entry.method, entry.request.target.partition("?")[2]) for entry in server.requests} == {("POST", "")}
    sent = forms(server)[0]
    assert (sent["login"], sent["password"]) == (connector.config["login"], connector.config["password"])


@pytest.mark.promise(n=9)
def test_check_sends_one_request_per_site(begin: Begin) -> None:
    connector, server = begin()
    assert connector.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert [form["site"] for form in forms(server)] == connector.config["sites"]


def told_by_check(connector: Connector) -> str:
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    return str(status["message"])


def test_an_answer_for_the_demonstration_account_is_an_error(begin: Begin) -> None:
    connector, _ = begin(ignores_credentials=True)
    assert "data of the site www.opentracker.net where shop.example.com was" in told_by_check(connector)
    output = connector.read()
    assert output.records == {}
    assert {error["failure_type"] for error in output.errors} == {"config_error"}


@pytest.mark.parametrize("change", [{"password": "wrong"}, {"login": "who@example.com"}, {"sites": ["x.example"]}])
def test_a_wrong_login_is_reported(begin: Begin, change: Json) -> None:
    connector, server = begin(change)
    assert "Check login, password and sites" in told_by_check(connector)
    assert server.count == 1, "an error of the config is not retried"


def test_a_refused_site_does_not_stop_the_others(begin: Begin) -> None:
    connector, server = begin()
    sites = ["not.mine.example", *connector.config["sites"]]
    output = replace(connector, config={**connector.config, "sites": sites}).read()
    assert set(output.keys("sessions", KEY)) == set(server.vendor.expected("default")["sessions"])
    assert output.statuses["sessions"][-1] == "INCOMPLETE"
    assert "not.mine.example" in output.errors[0]["message"]


@pytest.mark.parametrize("inside", ["refused", "unknown", "refused_list"])
def test_a_temporary_error_in_a_200_loses_nothing(begin: Begin, inside: str) -> None:
    connector, server = begin(inside=inside)
    server.faults.append(ErrorInside(after=5))
    check_all_is_read_once(connector.read(), server)


@pytest.mark.parametrize("inside", ["login", "login_list", "false"])
def test_a_refusal_in_a_200_is_a_config_error(begin: Begin, inside: str) -> None:
    connector, server = begin(inside=inside)
    server.faults.append(ErrorInside(times=None))
    assert "Opentracker refused the login" in told_by_check(connector)


def test_a_row_that_does_not_fit_its_names_is_an_error(begin: Begin) -> None:
    connector, _ = begin(torn_rows=True)
    assert "a row of it has 63 values for 64 names" in told_by_check(connector)
