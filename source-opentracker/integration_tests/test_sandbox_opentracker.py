"""Opentracker's sandbox: what its page allows, what it refuses, and each way to read what it leaves open."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
import requests
from sandbox_server import RepeatToken, Server, load_vendor, serve

PAGE = json.loads((Path(__file__).parents[1] / "sandbox/examples.json").read_bytes())
EXAMPLE = dict(zip(PAGE["field"], PAGE["resultsList"][0], strict=True))
WITHOUT_TOKEN = {name: value for name, value in PAGE.items() if name != "nextToken"}
PATH = "/api/views/c_view_sessions_by_user.jsp"
NOON = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC).timestamp()
NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
LOGIN_IS_WRONG = "Error: java.lang.RuntimeException: Login/ site combination is not valid"
JAPANESE = {"site": "www.例え.example"}
LAST, START = "eventUnixTimestamp", "session_start_unix_timestamp"
DAY = {"date": "2026-03-15"}

Row = dict[str, str]


def vendor_at_noon(**options: Any) -> Any:
    return load_vendor("source-opentracker", **{"sessions": 240, "days": 10, "now": lambda: NOON, **options})


def onwards(**options: Any) -> Server:
    return serve(vendor_at_noon(date_means="from_that_day_on", **options))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve(vendor_at_noon()) as running:
        yield running


def form(server: Server, **more: str) -> dict[str, str]:
    config = server.vendor.configs("")["default"]
    own = {"login": config["login"], "password": config["password"], "site": config["sites"][0]}
    return {**own, "dataType": "jsondatatable", "limit": "1000", **more}


def send(server: Server, data: dict[str, str]) -> requests.Response:
    return requests.post(server.origin + PATH, data=data, timeout=60)


def ask(server: Server, **more: str) -> Any:
    answer = send(server, form(server, **more))
    assert answer.status_code == 200
    return answer.json()


def told(options: dict[str, Any], **more: str) -> Any:
    with serve(vendor_at_noon(**options)) as other:
        return ask(other, **more)


def rows_in(answer: Any) -> list[Row]:
    return [dict(zip(answer["field"], values, strict=True)) for values in answer["resultsList"]]


def rows(server: Server, **more: str) -> list[Row]:
    return rows_in(ask(server, **more))


def days(first: int = 8, last: int = 21) -> list[str]:
    return [f"2026-03-{day:02}" for day in range(first, last + 1)]


def everything(server: Server, **site: str) -> list[Row]:
    return [row for day in reversed(days()) for row in rows(server, date=day, **site)]


def day_of(row: Row, zone: dt.tzinfo, column: str = LAST) -> str:
    return dt.datetime.fromtimestamp(int(row[column]) / 1000, zone).strftime("%Y-%m-%d")


def pages(server: Server, **more: str) -> list[list[Row]]:
    answer = ask(server, **more)
    found = [rows_in(answer)]
    while answer.get("nextToken"):
        answer = ask(server, **more, nextToken=answer["nextToken"])
        found.append(rows_in(answer))
    return found


def test_the_pages_example_word_by_word() -> None:
    with serve(vendor_at_noon(examples="verbatim")) as server:
        # The page says that the date is the current one by default; its example is of 2011.
        call = f"{server.origin}{PATH}?date=2011-11-16&filterByMachineId=1319502921449.180515048"
        call += "&site=www.opentracker.net&login=demo@opentracker.net&password=demo123"
        answer = requests.get(call, timeout=60)
        assert list(answer.json().items()) == list(WITHOUT_TOKEN.items())
        assert r"http:\/\/www.opentracker.net\/loginpage" in answer.text
        assert len(server.vendor.expected("example")["sessions"]) == 1
        assert requests.get(call.replace("date=2011-11-16&", ""), timeout=60).json()["rows"] == 0


def test_the_example_is_shifted_or_left_out(server: Server) -> None:
    first = next(row for row in rows(server, date="2026-03-10") if row["ip_number"] == EXAMPLE["ip_number"])
    shift = int(first[LAST]) - int(EXAMPLE[LAST])
    assert shift % 86_400_000 == 0
    moved = (f"{1321397999803 + shift}.180515048", f"10.245.194.182:{1319502921449 + shift}")
    assert (first["session_id"], first["machine_id"]) == moved
    assert (first["lastEvent"], first["firstMeasurement"]) == ("Mar 11 12:46 AM", "Feb 16 06:35 AM")
    assert {name for name in first if first[name] == EXAMPLE[name]} >= {"isp_org", "duration", "rnd", "timezone"}
    assert first["site"] == "shop.example.com"
    assert first not in rows_in(told({"examples": "none"}, date="2026-03-10"))
    assert len(vendor_at_noon(examples="none").expected("default")["sessions"]) == 240


def test_the_data_is_what_was_asked_for(server: Server) -> None:
    expected = server.vendor.expected("default")["sessions"]
    assert len(expected) == len(set(expected)) == 240
    american, japanese = everything(server), everything(server, **JAPANESE)
    late = [row for row in american + japanese if day_of(row, dt.UTC) >= "2026-03-10"]
    assert {(row["site"], row["session_id"]) for row in late} == set(expected)
    # And some of the day before, which must not count as part of it.
    assert len(american + japanese) == 252
    for part, zone in ((american, NEW_YORK), (japanese, TOKYO)):
        moments = [int(row[LAST]) for row in part]
        assert [NOON * 1000 - 60_000, *moments] == sorted([NOON * 1000 - 60_000, *moments], reverse=True)
        assert len(set(moments)) < len(moments)
        clock = {dt.datetime.fromtimestamp(moment / 1000, zone).strftime("%H:%M:%S.%f") for moment in moments}
        assert {"00:00:00.000000", "23:59:59.999000"} <= clock
        assert max(int(row[LAST]) - int(row[START]) for row in part) > 36 * 3_600_000
        assert sum(day_of(row, zone) != day_of(row, zone, START) for row in part) > 5
        assert all(row["session_id"].split(".")[0] == row[START] for row in part)
    assert {row["session_end_unix_timestamp"] == "" for row in late} == {True, False}
    assert {day_of(row, dt.UTC) for row in late} == set(days(10, 20))


def test_seed_and_options_decide() -> None:
    first = vendor_at_noon().expected("default")
    assert vendor_at_noon(seed=1).expected("default") == first != vendor_at_noon(seed=2).expected("default")
    assert vendor_at_noon(longest_days=0.1).expected("default") != first
    with pytest.raises(ValueError, match="date_means is one of that_day, from_that_day_on, not 'day'"):
        vendor_at_noon(date_means="day")
    after_midnight = vendor_at_noon(now=lambda: NOON - 12 * 3600 + 5, days=1)
    assert len(after_midnight.expected("default")["sessions"]) == 240


def test_a_date_is_a_day_of_the_site_or_all_from_then_on(server: Server) -> None:
    for day in days():
        assert {day_of(row, NEW_YORK) for row in rows(server, date=day)} <= {day}
        assert {day_of(row, TOKYO) for row in rows(server, date=day, **JAPANESE)} <= {day}
    assert rows(server) == rows(server, date="2026-03-20") != []
    with serve(vendor_at_noon(now=lambda: NOON + 4 * 3600)) as later:
        later.vendor.grow(2)
        assert rows(later, **JAPANESE) == rows(later, date="2026-03-21", **JAPANESE) != []
    with onwards() as on:
        found = rows(on, **DAY)
        assert {day_of(row, NEW_YORK) for row in found} == set(days(15, 20))
        assert rows(on, date="2026-03-17") == [row for row in found if day_of(row, NEW_YORK) >= "2026-03-17"]


def test_a_date_can_be_about_starts_or_any_activity() -> None:
    with serve(vendor_at_noon(date_by="session_start")) as server:
        found = rows(server, **DAY, **JAPANESE)
        assert {day_of(row, TOKYO, START) for row in found} == {"2026-03-15"}
        assert found == sorted(found, key=lambda row: row[START], reverse=True)
    with serve(vendor_at_noon(date_by="any_activity")) as server:
        several = [row["session_id"] for row in everything(server, **JAPANESE)]
        assert 120 < len(set(several)) < len(several)
        for row in rows(server, **DAY, **JAPANESE):
            assert day_of(row, TOKYO, START) <= "2026-03-15" <= day_of(row, TOKYO)


def test_from_and_to(server: Server) -> None:
    day = rows(server, **DAY)
    late, early = day[2][LAST], day[-3][LAST]
    bounds = {"from": early, "to": late}
    between = [row for row in day if early <= row[LAST] <= late]
    assert 0 < len(between) < len(day)
    assert rows(server, **DAY, **bounds) == between
    # The date is today's unless it is given.
    assert rows(server, **bounds) == []
    exclusive = rows_in(told({"to_inclusive": False}, **DAY, **bounds))
    assert exclusive == [row for row in between if row[LAST] != late]
    assert rows_in(told({"honours_from_to": False}, **DAY, **bounds)) == day
    assert rows_in(told({"from_to_unit": "s"}, **DAY, **bounds)) == []
    seconds = rows_in(told({"from_to_unit": "s"}, **DAY, **{"from": early[:-3], "to": late[:-3]}))
    assert seconds == [row for row in day if early[:-3] <= row[LAST][:-3] <= late[:-3]]


def test_limit_offset_and_no_token(server: Server) -> None:
    with onwards(max_limit=100) as long:
        assert "limit 1000 is not between 1 and 100" in send(long, form(long, **DAY)).text
        unlimited = {name: value for name, value in form(long, **DAY).items() if name != "limit"}
        assert send(long, unlimited).json()["rows"] == 40
        first = rows(long, **DAY, limit="100")
        assert rows(long, **DAY, limit="30", offset="20") == first[20:50]
        assert rows(long, **DAY, limit="100", offset="900") == []
    with onwards(max_limit=100, honours_offset=False, clips_limit=True) as deaf:
        assert rows(deaf, **DAY, offset="20") == rows(deaf, **DAY) == first
    assert rows(server, **DAY, limit="10000") == rows(server, **DAY)
    token = ask(server, **DAY, limit="4").pop("nextToken")
    assert "nextToken" not in ask(server, **DAY, limit="4", dataType="json")
    without = told({"has_next_token": False}, **DAY, limit="4")
    assert told({"has_next_token": False}, **DAY, limit="4", nextToken=token) == without
    assert "nextToken" not in without


@pytest.mark.parametrize("next_page", ["inclusive", "exclusive", "overlapping"])
@pytest.mark.parametrize("last_page", ["no_token", "empty_token", "dead_end"])
def test_tokens(next_page: str, last_page: str) -> None:
    with onwards(next_page=next_page, last_page=last_page) as server:
        found = pages(server, **DAY, limit="20")
        whole = rows(server, **DAY)
        assert (found.pop() == []) if last_page == "dead_end" else found[-1]
        overlap = int(next_page == "overlapping")
        assert all((page[0] == before[-1]) == overlap for before, page in pairwise(found))
        assert found[0] + [one for page in found[1:] for one in page[overlap:]] == whole
        assert ask(server, date="2026-04-01").get("nextToken") == ("" if last_page == "empty_token" else None)


def test_a_page_begins_where_its_token_says_while_the_data_changes() -> None:
    with onwards() as server:
        vendor: Any = server.vendor
        whole = rows(server, **DAY)
        second = {**DAY, "limit": "20", "nextToken": ask(server, **DAY, limit="20")["nextToken"]}
        vendor.grow(6)
        vendor.go_on(8)
        assert rows(server, **second) == whole[20:40]
        vendor.delete(60)
        left = rows(server, **second)
        assert left == [row for row in whole[20:] if row in left] != []


def test_forms_of_an_answer(server: Server) -> None:
    plain = ask(server, **DAY)
    assert plain == {**WITHOUT_TOKEN, "rows": len(plain["resultsList"]), "resultsList": plain["resultsList"]}
    assert all(isinstance(value, str) for row in plain["resultsList"] for value in row)
    assert ask(server, date="2026-04-12") == {**WITHOUT_TOKEN, "rows": 0, "resultsList": []}
    day = rows_in(plain)
    with serve(vendor_at_noon(form="parenthesised", blank_lines=3)) as other:
        answer = send(other, form(other, **DAY)).text
        assert answer.startswith('\r\n\r\n\r\n({"rows":')
        assert rows_in(json.loads(answer.strip()[1:-1])) == day
        assert send(other, form(other, limit="x")).text.startswith("\r\n\r\n\r\nError: ")
        assert other.vendor.error_inside().body.startswith(b"\r\n\r\n\r\nError: ")
    assert told({"form": "objects"}, **DAY) == {"resultsList": day}
    assert set(told({"form": "objects"}, **DAY, limit="2")) == {"resultsList", "nextToken"}
    assert {len(row) for row in told({"torn_rows": True}, **DAY)["resultsList"]} == {63, 64}
    with serve(vendor_at_noon(fields="shuffled")) as other:
        first, again = ask(other, **DAY), ask(other, **DAY)
        assert first["field"] != again["field"]
        assert rows_in(first) == rows_in(again) == day
        assert first["label"] == [PAGE["label"][PAGE["field"].index(name)] for name in first["field"]]
    assert len({row["timezone"] for row in day}) > 3
    assert {row["timezone"] for row in rows_in(told({"timezone_column": "site"}, **DAY))} == {"America/New_York"}


def test_other_data_types_and_formats(server: Server) -> None:
    day = rows(server, **DAY)
    assert send(server, form(server, **DAY, dataType="html")).text.count("<tr>") == len(day) + 1
    grid = ask(server, **DAY, dataType="jsonjqgrid")["rows"]
    assert [row["cell"] for row in grid] == [list(row.values()) for row in day]
    assert ask(server, ignoreLocale="true", locale="en_US")["label"] == PAGE["field"]
    shown = rows(server, **DAY, dateFormat="yyyy-dd-MM HH:mm:ss.SSS 'o''clock' EEE Z")
    form_of_it = r"2026-15-03 \d\d:\d\d:\d\d\.\d{3} o'clock Sun -0400"
    assert all(re.fullmatch(form_of_it, row["lastEvent"]) for row in shown)
    assert re.fullmatch(r"15/3/26 \d+ [AP]M", rows(server, **DAY, dateFormat="d/M/yy h a")[0]["lastEvent"])


def test_credentials(server: Server) -> None:
    own, demo = form(server, date="2026-03-12"), "www.opentracker.net"
    of_demo = {"login": "demo@opentracker.net", "password": "demo123", "date": "2026-03-12"}
    wrong = [{**own, **one} for one in ({"password": "x"}, {"login": "x"}, {"site": demo}, {"site": "x.example"})]
    wrong += [{name: own[name] for name in own if name != missing} for missing in ("password", "site")]
    for asked in [*wrong, {**of_demo, "site": own["site"]}]:
        assert send(server, asked).text == LOGIN_IS_WRONG
    nobody = {name: value for name, value in own.items() if name != "login"}
    answers = [send(server, asked).json() for asked in (of_demo, nobody, {**own, "login": ""})]
    answers.append(told({"ignores_credentials": True}, date="2026-03-12"))
    answers.append(told({"ignores_credentials": True}, date="2026-03-12", password="wrong"))
    assert all({row["site"] for row in rows_in(answer)} == {demo} for answer in answers)
    # A password in the address can be seen.
    send(server, own)
    assert requests.get(server.origin + PATH, params=own, timeout=60).json()["rows"]
    secret = {"password": own.pop("password")}
    assert requests.post(server.origin + PATH, params=secret, data=own, timeout=60).json()["rows"]
    assert [entry.notes["password_in"] for entry in server.requests[-3:]] == ["body", "query", "query"]
    assert ["password" in entry.query for entry in server.requests[-3:]] == [False, True, True]


# As in a query.
REFUSED = """
date=2026-3-1&date=2026/03/01&date=20260301&date=2026-02-30&date=today&date=&date=2026-03-01T00
limit=0&limit=-1&limit=10001&limit=x&limit=&limit=1.5&limit=1e3&limit=%2040&limit=040
offset=-1&offset=x&offset=&offset=1.0&from=2026-03-01&from=-5&from=&from=1.5&to=2026-03-01&to=x
dataType=xml&dataType=JSON&dataType=&ignoreLocale=1&ignoreLocale=True&ignoreLocale=&locale=english&locale=EN_us
dateFormat=yyyy-QQ&dateFormat=%25Y-%25m-%25d&dateFormat='open&nextToken=&nextToken=x&nextToken=1773144000000.1
filterByMachineId=&filterByMachineId=x&filterByMachineId=1319502921449.1,1319502921449.2&filterByVisitId=x&uid=
colour=red&period=3d&ticketId=1&jsoncallback=f&Date=2026-03-01&since=1
"""


@pytest.mark.parametrize(("name", "value"), parse_qsl("&".join(REFUSED.split()), keep_blank_values=True))
def test_what_the_page_does_not_allow_is_refused(server: Server, name: str, value: str) -> None:
    answer = send(server, form(server, **{name: value}))
    assert answer.status_code == 200
    assert re.fullmatch(r"Error: java(\.\w+)+: .+", answer.text)
    assert answer.text != LOGIN_IS_WRONG
    assert server.requests[-1].notes["refused"]


def test_combinations_bodies_methods_and_paths(server: Server) -> None:
    own, place = form(server), server.origin + PATH
    token = {"nextToken": ask(server, **DAY, limit="4")["nextToken"]}
    assert "only available in jsondatatable" in send(server, {**own, **token, "dataType": "json"}).text
    assert "where to go on" in send(server, {**own, **token, "offset": "4"}).text
    assert "from is after to" in send(server, {**own, "from": "5", "to": "4"}).text
    for query, more in (([("limit", "4")], []), ([], [("uid", "a"), ("uid", "b")])):
        answer = requests.post(place, params=query, data=[*own.items(), *more], timeout=60)
        assert re.fullmatch("Error: .* occurs twice", answer.text)
    is_form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = [requests.post(place, json=own, timeout=60), requests.post(place, timeout=60)]
    answers.append(requests.post(place, data=b"login=%FF", headers=is_form, timeout=60))
    answers.append(requests.get(place, data=own, timeout=60))
    assert {(answer.status_code, answer.text[:7]) for answer in answers} == {(200, "Error: ")}
    assert requests.put(place, data=own, timeout=60).status_code == 405
    for other in (place.replace("_by_user", ""), server.origin + "/c_view_sessions_by_user.jsp"):
        assert requests.post(other, data=own, timeout=60).status_code == 404


def test_visitors() -> None:
    with onwards() as server:
        config: Any = server.vendor.configs("")["visitors"]
        assert any(not user.isascii() for user in config["user_ids"])
        keys: list[tuple[str, str]] = []
        for site in ({}, JAPANESE):
            whole = rows(server, date="2026-03-08", **site)
            asked = [("uid", "use_id", one) for one in config["user_ids"]]
            asked += [("filterByMachineId", "machine_idx", one) for one in config["machine_ids"]]
            for name, column, one in asked:
                found = rows(server, date="2026-03-08", **site, **{name: one})
                assert found == [row for row in whole if row[column] == one]
                keys += [(row["site"], row["session_id"]) for row in found if day_of(row, dt.UTC) > "2026-03-09"]
        assert sorted(keys) == sorted(server.vendor.expected("visitors")["sessions"])
        assert server.vendor.expected("visitors_twice") == server.vendor.expected("visitors")
        last = {"date": "2026-03-08", "filterByVisitId": whole[-1]["visit_id"], **JAPANESE}
        assert rows(server, **last, filterByMachineId=whole[-1]["machine_id"]) == whole[-1:]
        assert rows(server, **last, uid="nobody") == []


def test_grow_go_on_and_delete() -> None:
    with serve(vendor_at_noon()) as server:
        vendor: Any = server.vendor
        before = vendor.expected("default")
        vendor.grow(5)
        assert len({*vendor.expected("default")["sessions"]} - {*before["sessions"]}) == 5
        assert {row[LAST] for row in rows(server)[:3]} == {f"{NOON * 1000:.0f}"}
        vendor.delete(5)
        assert vendor.expected("default") == before
        first = rows(server)[0]
        vendor.go_on(4)
        again = rows(server, filterByVisitId=first["visit_id"])[0]
        changed = (again[LAST], again["session_end_unix_timestamp"], int(again["pages_viewed"]))
        assert changed == (f"{NOON * 1000:.0f}", "", int(first["pages_viewed"]) + 1)
        assert sorted(vendor.expected("default")["sessions"]) == sorted(before["sessions"])


def test_errors() -> None:
    vendor = vendor_at_noon(sessions=1)
    assert (vendor.error(503, PATH).status, vendor.error(503, PATH).body[:7]) == (503, b"Error: ")
    told = {}
    for vendor.inside in ("refused", "login", "unknown", "refused_list", "login_list", "false"):
        told[vendor.inside] = vendor.error_inside(PATH).body.decode()
    assert (told["login"], told["false"]) == (LOGIN_IS_WRONG, "false")
    assert told["refused"] == "Error: java.net.ConnectException: Connection refused"
    assert told["unknown"] == "Error: java.lang.NullPointerException: null"
    assert "Connection refused\n\tat " in json.loads(told["refused_list"])["resultsList"][0]["error"]
    assert "Login/ site combination" in json.loads(told["login_list"])["resultsList"][0]["error"]


@pytest.mark.parametrize("shape", ["object", "parenthesised", "objects"])
def test_a_token_that_comes_again(shape: str) -> None:
    with onwards(form=shape, blank_lines=1) as server:
        server.faults.append(RepeatToken(times=None))
        first = send(server, form(server, **DAY, limit="20")).text
        token = re.search(r'"nextToken":"([^"]+)"', first)
        assert token is not None
        assert send(server, form(server, **DAY, limit="20", nextToken=token[1])).text == first


def test_ten_thousand_sessions_are_made_at_once() -> None:
    with onwards(sessions=10_000, days=2) as server:
        assert {len(page) for page in pages(server, date="2026-03-18")[:-1]} == {1000}
        assert ask(server, date="2026-03-18", limit="10000")["rows"] > 4_500


@pytest.mark.parametrize("after_midnight", [30, 60, 61, 3600])
def test_just_after_midnight_few_sessions_have_the_same_moment(after_midnight: int) -> None:
    vendor = vendor_at_noon(sessions=600, days=2, now=lambda: NOON // 86_400 * 86_400 + after_midnight)
    for site in vendor.data.sites:
        moments = Counter(session.last_event for session in site.sessions)
        assert moments.most_common(1)[0][1] < 40
