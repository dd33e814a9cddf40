"""Inspectlet's specifics, against its sandbox: websites, dates of unknown meaning, details."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from sandbox_server import ErrorInside, Server, Status
from session_source import Config, Endpoint, Fetch, Partition
from source_inspectlet import SourceInspectlet
from source_inspectlet.sessions import Sessions
from source_inspectlet.websites import Websites

from integration_tests.conftest import starting
from integration_tests.connector import Connector, Output, expected, held
from integration_tests.inside import run_inside
from integration_tests.whole import check_whole

Begin = Callable[..., tuple[Connector, Server]]

FIRST = 12345678
LAST = 22000006
SESSION_STREAMS = ("sessions", "session_pages", "session_tags", "session_details")


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with starting("source-inspectlet", tmp_path) as start:
        yield lambda config=None, name="default", **options: start(name, config, **options)


def check_all_is_read_once(connector: Connector, server: Server, output: Output, name: str = "default") -> None:
    """Check that each session of the dates is emitted once, and others only if the vendor lists them."""
    assert output.exit_code == 0, output.log
    check_whole(connector, [output], expected(server, name), held(server, name))


def wids(output: Output, stream: str = "sessions") -> set[int]:
    return {record["wid"] for record in output.records.get(stream, [])}


def slices(output: Output, stream: str = "sessions") -> dict[int, list[Any]]:
    """The finished windows of each website."""
    return {part["partition"]["wid"]: part["cursor"]["slices"] for part in output.states[stream]["states"]}


@pytest.mark.parametrize(
    "options",
    [
        {"shape": "object", "detail_shape": "object"},
        {"detail_shape": "record"},
        {"absent": "null"},
        {"absent": "missing"},
        {"order": "shuffled"},
        {"compared": "end"},
        {"lower_inclusive": False},
        {"upper_inclusive": False},
        {"compared": "end", "lower_inclusive": False, "upper_inclusive": False},
    ],
    ids=str,
)
def test_everything_is_read_for_every_reading_of_the_page(begin: Begin, options: dict[str, Any]) -> None:
    connector, server = begin({"window_in_days": 1}, sessions=80, days=4, **options)
    check_all_is_read_once(connector, server, connector.read())


@pytest.mark.parametrize("compared", ["start", "end"])
def test_no_session_is_lost_at_a_configured_date_for_any_range(begin: Begin, compared: str) -> None:
    connector, server = begin({"lookback_window_days": 0}, sessions=200, days=6, compared=compared)
    wanted, allowed = (set(keys["sessions"]) for keys in (expected(server, "default"), held(server, "default")))
    edge = (connector.now - timedelta(days=3)).strftime("%Y-%m-%d")
    key = connector.key("sessions")
    until = replace(connector, config={**connector.config, "end_date": edge}).read("sessions")
    late = replace(connector, config={**connector.config, "start_date": edge}).read("sessions")
    rest = connector.read("sessions", state=late.state)
    for before in (until, rest):
        assert all(record["started_at"] < edge for record in before.records["sessions"])
        assert wanted <= set(before.keys("sessions", key)) | set(late.keys("sessions", key)) <= allowed


@pytest.mark.promise(n=3)
def test_pages_are_as_few_as_the_rows_of_each_window_need(begin: Begin) -> None:
    """A split window costs one more page; no window costs a page after its short one."""
    connector, server = begin(sessions=650, days=2, websites=1)
    rows = connector.read("sessions").records["sessions"]
    assert len(rows) >= 600
    asked = [entry.body.decode() for entry in server.requests if entry.method == "POST"]
    windows = {dict(parse_qsl(form))["search"] for form in asked}
    assert len(asked) <= len(rows) // 100 + len(windows)
    assert len(windows) <= 1 + 3, "more windows than the first one and its days"


def test_a_search_is_accepted_and_filters_sessions(begin: Begin) -> None:
    connector, server = begin(name="search", sessions=120, days=4)
    check_all_is_read_once(connector, server, connector.read(), "search")
    assert {entry.status for entry in server.requests} == {200}


SEARCHES: list[dict[str, Any]] = [
    {"displayname": "Johnny Appleseed"},
    {"country": "US", "showstarredonly": False},
    {"newold": {"new": True, "old": False}},
    {"newold": {"old": False}},
    {"newold": {}},
    {"tags": {"tagslist": [{"tag": "converted", "value": True}]}},
    {"tags": {"tagslist": [{"tag": "plan", "value": "Pro"}, {"tag": "email"}], "operator": "and"}},
    {"ipaddress": "67.128.22.4"},
    {"browser": "chrome mobile (ios)", "devices": "all"},
    {"seslength_start": 1, "seslength_end": 9, "sestime_start": 0, "sestime_end": 9999},
    {"startpage": {"url": "www.example.com/page"}, "trafficsource": "google"},
    {"visitedpage": {"operator": "patternmatch", "url": "*dash*"}},
    {"exitpage": {"operator": "notbeginswith", "url": "www.example.com/profile/"}},
]


def test_the_vendor_accepts_every_search_property(begin: Begin) -> None:
    connector, server = begin(sessions=4, days=1, websites=1)
    for search in SEARCHES:
        output = replace(connector, config={**connector.config, "search": search}).read("sessions")
        assert output.exit_code == 0, (search, output.errors)
    assert {entry.status for entry in server.requests} == {200}


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ({"daterange": "week"}, "start_date"),
        ({"shoesize": 42}, "shoesize"),
        ({"devices": "tablet"}, "search.devices"),
        ({"browser": "netscape"}, "search.browser"),
        ({"country": "us"}, "search.country"),
        ({"ipaddress": "67.128.22"}, "search.ipaddress"),
        ({"showstarredonly": "yes"}, "search.showstarredonly"),
        ({"seslength_start": -1}, "search.seslength_start"),
        ({"newold": {"new": False, "old": False}}, "search.newold"),
        ({"newold": {"new": True, "old": True, "fresh": True}}, "search.newold"),
        ({"tags": {"operator": "or"}}, "search.tags"),
        ({"tags": {"tagslist": [{"value": "1"}]}}, "search.tags.tagslist"),
        ({"startpage": "www.example.com"}, "search.startpage"),
        ({"exitpage": {"url": "/", "operator": "endswith"}}, "search.exitpage.operator"),
    ],
)
def test_a_wrong_search_is_reported_before_any_request(begin: Begin, search: dict[str, Any], words: str) -> None:
    connector, server = begin({"search": search}, sessions=2, days=1)
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert words in status["message"]
    assert status["message"].endswith(".")
    assert server.count == 0


def test_a_website_without_access_fails_alone_and_is_named(begin: Begin) -> None:
    connector, server = begin(sessions=60, days=3, refused_websites=1)
    output = connector.read("sessions", "websites")
    assert output.exit_code == 1
    assert set(output.keys("sessions", connector.key("sessions"))) == set(
        server.vendor.expected("default")["sessions"]
    )
    assert output.statuses["sessions"][-1] == "INCOMPLETE"
    assert output.statuses["websites"][-1] == "COMPLETE"
    told, last = output.errors
    assert told["failure_type"] == last["failure_type"] == "config_error"
    assert str(LAST) in told["message"]
    finished = slices(output)
    assert finished[LAST] == []
    assert all(windows for wid, windows in finished.items() if wid != LAST)


def test_a_website_with_restored_access_is_read_from_the_start_date(begin: Begin) -> None:
    connector, server = begin(sessions=60, days=3, refused_websites=1)
    first = connector.read("sessions")
    server.vendor.refuse_website(LAST, refused=False)  # type: ignore[attr-defined]
    second = connector.read("sessions", state=first.state)
    wanted = {key for key in server.vendor.expected("default")["sessions"] if key[0] == LAST}
    assert wanted
    assert wanted <= set(second.keys("sessions", connector.key("sessions")))


def test_a_new_website_is_found_by_the_next_sync_and_read_from_the_start_date(begin: Begin) -> None:
    connector, server = begin({"lookback_window_days": 0}, sessions=60, days=3)
    first = connector.read()
    new = server.vendor.add_website()  # type: ignore[attr-defined]
    second = connector.read(state=first.state)
    for stream in SESSION_STREAMS:
        wanted = {key for key in server.vendor.expected("default")[stream] if key[0] == new}
        assert wanted, stream
        assert {key for key in second.keys(stream, connector.key(stream)) if key[0] == new} == wanted
    assert new in wids(second, "websites")
    assert new in slices(second)


def test_configured_websites_are_the_only_ones_and_need_no_list(begin: Begin) -> None:
    connector, server = begin({"website_ids": [FIRST]}, sessions=60, days=3)
    output = connector.read("sessions")
    assert wids(output) == {FIRST}
    assert {entry.path for entry in server.requests} == {f"/v1/websites/{FIRST}/sessions"}
    assert wids(connector.read("websites"), "websites") == {FIRST}


def test_the_list_of_websites_is_requested_once_per_sync(begin: Begin) -> None:
    connector, server = begin(sessions=10, days=1)
    output = connector.read()
    assert wids(output, "websites") >= wids(output)
    assert [entry.path for entry in server.requests].count("/v1/websites") == 1


@pytest.mark.promise(n=9)
def test_check_requests_each_configured_website_or_the_list(begin: Begin) -> None:
    connector, server = begin(sessions=4, days=1)
    assert connector.run("check").of_type("CONNECTION_STATUS")[0]["status"] == "SUCCEEDED"
    assert [entry.path for entry in server.requests] == ["/v1/websites"]
    server.clear()
    some = replace(connector, config={**connector.config, "website_ids": [FIRST, 5]})
    (status,) = some.run("check").of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert "of 5:" in status["message"]
    assert [(entry.path, entry.status) for entry in server.requests] == [
        (f"/v1/websites/{FIRST}/sessions", 200),
        ("/v1/websites/5/sessions", 401),
    ]


def test_a_wrong_token_is_a_config_error(begin: Begin) -> None:
    connector, server = begin({"api_token": "wrong"}, sessions=4, days=1)
    (status,) = connector.run("check").of_type("CONNECTION_STATUS")
    assert "api_token" in status["message"]
    assert server.count == 1
    output = connector.read("sessions")
    assert output.errors[-1]["failure_type"] == "config_error"


def test_details_are_read_only_if_selected_and_by_all_workers(begin: Begin) -> None:
    connector, server = begin({"num_workers": 6}, sessions=60, days=2, websites=1, latency=0.05)
    connector.read("sessions", "session_pages", "session_tags")
    assert not [entry for entry in server.requests if "/sessions/" in entry.path]
    server.clear()
    output = connector.read("session_details")
    assert set(output.records) == {"session_details"}
    assert len([entry for entry in server.requests if "/sessions/" in entry.path]) == len(
        output.records["session_details"]
    )
    assert server.max_in_flight == 6
    assert {record["page_width"] is None for record in output.records["session_details"]} == {False}


@pytest.mark.promise(n=5)
def test_a_few_busy_days_of_a_website_are_read_by_all_workers_with_checkpoints(begin: Begin) -> None:
    connector, server = begin({"num_workers": 4}, sessions=700, days=4, websites=1, latency=0.05)
    output = connector.read("sessions")
    assert output.exit_code == 0, output.errors
    assert server.max_in_flight >= 2, "windows were not read in parallel"
    kinds = [message["type"] for message in output.messages if message["type"] in {"RECORD", "STATE"}]
    assert kinds.index("STATE") < 0.9 * len(kinds), "the first checkpoint comes late"


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, None), (410, None), (200, '{"response": []}'), (200, '{"error": "Session not found"}')],
)
def test_a_session_deleted_after_its_listing_has_no_details(begin: Begin, status: int, body: str | None) -> None:
    connector, server = begin({"num_workers": 1}, sessions=20, days=2, websites=1)
    gone = server.vendor.expected("default")["sessions"][3]
    server.faults.append(Status(status=status, body=body, path=f"/sessions/{gone[1]}", times=None))
    output = connector.read("sessions", "session_details")
    assert output.exit_code == 0, output.log
    listed = set(output.keys("sessions", connector.key("sessions")))
    detailed = set(output.keys("session_details", connector.key("session_details")))
    assert listed - detailed == {gone}
    assert f"session_details of {gone[0]}, {gone[1]}: Inspectlet no longer has this session" in output.log
    assert slices(output, "session_details") == slices(output)


@pytest.mark.promise(n=1)
def test_details_refused_with_400_are_not_deleted_sessions(begin: Begin) -> None:
    connector, server = begin(sessions=20, days=2, websites=1)
    server.faults.append(Status(400, body='{"error": "Something odd"}', path="/sessions/", times=None))
    output = connector.read("sessions", "session_details")
    assert output.exit_code == 1
    assert output.statuses["sessions"][-1] == "COMPLETE"
    assert output.statuses["session_details"][-1] == "INCOMPLETE"
    assert not any(slices(output, "session_details").values()), "no window counts as finished"
    told = output.errors[0]["message"]
    assert "session_details" in told
    assert "(400)" in told
    assert "Something odd" in told
    assert told.endswith(".")


def test_failing_details_fail_their_stream_only(begin: Begin) -> None:
    connector, server = begin(sessions=30, days=2)
    server.faults.append(Status(status=401, path="/sessions/", times=None))
    output = connector.read()
    assert output.exit_code == 1
    ends = {name: statuses[-1] for name, statuses in output.statuses.items()}
    assert ends == {**dict.fromkeys(connector.streams, "COMPLETE"), "session_details": "INCOMPLETE"}
    found = set(output.keys("session_tags", connector.key("session_tags")))
    assert found == set(server.vendor.expected("default")["session_tags"])


@pytest.mark.parametrize("path", ["/v1/websites", "/sessions", "/sessions/"])
def test_an_error_in_a_200_is_not_data(begin: Begin, path: str) -> None:
    connector, server = begin(sessions=20, days=2)
    server.faults.append(ErrorInside(path=path))
    check_all_is_read_once(connector, server, connector.read())
    assert [entry.fault for entry in server.requests].count("ErrorInside") == 1


@pytest.mark.parametrize("retry_after", [True, False])
def test_the_rate_limit_is_waited_for(begin: Begin, *, retry_after: bool) -> None:
    connector, server = begin(sessions=12, days=2, rate_limit=(8, 2), retry_after=retry_after)
    check_all_is_read_once(connector, server, connector.read())
    assert 429 in {entry.status for entry in server.requests}


def test_new_pages_and_tags_of_a_live_session_come_last(begin: Begin) -> None:
    connector, server = begin(sessions=30, days=2)
    first = connector.read()
    server.vendor.touch(5)  # type: ignore[attr-defined]
    second = connector.read(state=first.state)
    grown = False
    for stream in ("session_pages", "session_tags"):
        key = connector.key(stream)
        before = {tuple(record[name] for name in key): record for record in first.records[stream]}
        after = {tuple(record[name] for name in key): record for record in second.records[stream]}
        assert [at for at in before.keys() & after.keys() if before[at] != after[at]] == [], stream
        grown = grown or bool(after.keys() - before.keys())
    assert grown, "the sandbox touched nothing"
    longer = {record["session_id"]: record["ended_at"] for record in second.records["sessions"]}
    assert any(
        record["ended_at"] < longer.get(record["session_id"], "") for record in first.records["sessions"]
    ), "no session went on"


def test_the_example_of_the_vendors_page_from_2015_is_read(begin: Begin) -> None:
    dates = {"start_date": "2015-11-06", "end_date": "2015-12-01"}
    connector, _ = begin(dates, sessions=3, days=2, examples="verbatim")
    output = connector.read()
    for stream in ("sessions", "session_details"):
        (record,) = output.records[stream]
        assert (record["session_id"], record["session_duration"]) == ("2606721012", 286893)
        assert (record["duration_seconds"], record["started_at"]) == (289, "2015-11-06T01:14:39Z")
    assert [record["tag"] for record in output.records["session_tags"]] == ["email", "converted-purchase"]


@pytest.mark.promise(n=7)
def test_details_that_are_always_refused_fail_their_stream_only(begin: Begin) -> None:
    connector, _ = begin(name="one_website", sessions=20, days=2, detail_failures={"all": 400})
    output = connector.read()
    assert output.exit_code == 1
    assert output.statuses["session_details"][-1] == "INCOMPLETE"
    assert output.statuses["sessions"][-1] == "COMPLETE"


@pytest.mark.promise(n=7)
def test_the_details_of_one_broken_session_are_left_out(begin: Begin) -> None:
    # With one website, the broken session belongs to it.
    connector, server = begin(name="one_website", sessions=20, days=2, websites=1, detail_failures={1: 500})
    check_all_is_read_once(connector, server, connector.read(), "one_website")
    assert "The row is skipped" in connector.read().log


class Lost(Sessions):
    """Sessions of websites that cannot be listed, for a reason that nobody expected."""

    def partitions(self, fetch: Fetch) -> list[Partition]:
        raise LookupError("nobody expected this")


class Surprised(SourceInspectlet):
    """A source with them."""

    package = "source_inspectlet"

    def endpoints(self, config: Config) -> list[Endpoint]:
        websites = Websites([])
        return [websites, Lost(websites, {})]


@pytest.mark.promise(n=7)
def test_an_unexpected_error_before_the_first_window_fails_its_streams_only(begin: Begin) -> None:
    connector, _ = begin(sessions=20, days=2)
    output = run_inside(Surprised(), [*connector.read_arguments(), "--config", connector.config_file])
    assert output.exit_code == 1
    statuses = {name: statuses[-1] for name, statuses in output.statuses.items()}
    assert statuses == {"websites": "COMPLETE"} | dict.fromkeys(set(statuses) - {"websites"}, "INCOMPLETE")
    assert output.records.keys() == {"websites"}
    first, last = output.errors
    assert first["failure_type"] == last["failure_type"] == "system_error"
    assert "Report it" in first["message"]
    assert "LookupError" in last["message"]
