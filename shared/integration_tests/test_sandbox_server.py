"""The sandbox's server: faults as a client sees them, the log, growth, and how vendors are found."""

import email.utils
import gzip
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sandbox_server import (
    DeepValue,
    Deletion,
    Echo,
    EmptyBody,
    ErrorInside,
    Fault,
    Html,
    NeverAnswers,
    RepeatToken,
    Request,
    ResetBeforeBody,
    ResetInBody,
    Server,
    SlowBody,
    SlowHeaders,
    StalePage,
    Status,
    TruncatedBody,
    TruncatedJson,
    load_json,
    load_vendor,
    main_configs,
    read_fault,
    refused_origin,
    serve,
    vendor_names,
)
from sandbox_server.shelf import Shelf

ROOT = Path(__file__).resolve().parents[2]
CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Shelf()) as running:
        yield running


def get(
    server: Server,
    path: str = "/page",
    *,
    params: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 60,
    stream: bool = False,
) -> requests.Response:
    return requests.get(server.origin + path, params=params, headers=headers, timeout=timeout, stream=stream)


def test_a_request_is_answered_and_logged(server: Server) -> None:
    answer = requests.post(server.origin + "/a%2Fb?q=1%2B1&q=%C3%BC", data=b"body", timeout=60)
    assert answer.status_code == 200
    assert answer.json()["words"][0] == "wörd"
    entry = server.requests[0]
    assert (entry.method, entry.path, entry.body, entry.status) == ("POST", "/a/b", b"body", 200)
    assert entry.request.query == [("q", "1+1"), ("q", "ü")]
    assert entry.request.raw_query == "q=1%2B1&q=%C3%BC"
    assert entry.request.headers["content-LENGTH"] == "4"
    assert entry.end is not None
    assert entry.start <= entry.end
    assert (entry.in_flight, server.count, server.in_flight, server.max_in_flight) == (0, 1, 0, 1)


def test_a_request_that_is_not_utf8_is_refused(server: Server) -> None:
    assert get(server, "/page?q=%FF").status_code == 400


def test_clear_forgets_requests_and_faults(server: Server) -> None:
    server.faults.append(EmptyBody())
    get(server, "/page")
    server.faults.append(EmptyBody())
    server.clear()
    assert get(server, "/page").content
    assert server.count == 1


def test_connections_are_kept(server: Server) -> None:
    client = http.client.HTTPConnection("127.0.0.1", int(server.origin.rpartition(":")[2]), timeout=60)
    addresses = set()
    for _ in range(3):
        client.request("GET", "/page")
        addresses.add(client.sock.getsockname())
        assert client.getresponse().read()
    assert len(addresses) == 1
    client.close()


def test_gzip_is_off_unless_selected(server: Server) -> None:
    assert "Content-Encoding" not in get(server, headers={"Accept-Encoding": "gzip"}).headers
    server.gzip = True
    answer = get(server, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert json.loads(gzip.decompress(answer.raw.read(decode_content=False)))["token"] == "next"
    assert "Content-Encoding" not in get(server, headers={"Accept-Encoding": "identity"}).headers


def test_latency_and_requests_in_flight(server: Server) -> None:
    server.latency = 1
    threads = [threading.Thread(target=get, args=(server,)) for _ in range(3)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start >= 1
    assert server.max_in_flight == 3
    assert sorted(entry.in_flight for entry in server.requests) == [0, 1, 2]


def test_a_vendor_may_limit_requests_in_flight(server: Server) -> None:
    server.vendor.max_in_flight = 1
    server.latency = 2
    first = threading.Thread(target=get, args=(server,))
    first.start()
    while not server.count:
        time.sleep(0.01)
    server.latency = 0
    assert get(server).status_code == 429
    first.join()
    assert server.requests[0].status == 200


def test_the_vendor_grows_after_every_nth_answer(server: Server) -> None:
    server.grow_every, server.grow_by = 2, 5
    sizes = [len(get(server).json()["words"]) for _ in range(5)]
    assert sizes == [2000, 2000, 2005, 2005, 2010]


def test_a_failing_vendor_fails_the_test() -> None:
    with pytest.raises(RuntimeError, match="broken on purpose"), serve(Shelf()) as server:
        assert get(server, "/broken").status_code == 500


def test_refused_origin_refuses() -> None:
    with pytest.raises(requests.ConnectionError, match="refused"):
        requests.get(refused_origin(), timeout=60)


def test_a_taken_port_is_reported(server: Server) -> None:
    with pytest.raises(OSError, match="in use"), serve(Shelf(), port=int(server.origin.rpartition(":")[2])):
        pass


def test_which_requests_a_fault_hits(server: Server) -> None:
    server.faults.append(Status(503, path="/page", where="page=2", after=1, times=2))

    def status(target: str) -> int:
        return get(server, target).status_code

    assert status("/page?page=1") == 200
    assert status("/other?page=2") == 200
    assert [status("/page?page=2") for _ in range(4)] == [200, 503, 503, 200]
    assert [entry.fault for entry in server.requests].count("Status") == 2


def test_a_fault_finds_encoded_and_posted_text(server: Server) -> None:
    server.faults.append(Status(500, where='{"a":"b c"}', times=None))
    assert get(server, params={"filter": '{"a":"b c"}'}).status_code == 500
    assert requests.post(server.origin, data=b'x{"a":"b c"}', timeout=60).status_code == 500
    assert get(server).status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 502, 503])
def test_a_status_fault_uses_the_vendors_error(server: Server, status: int) -> None:
    server.faults.append(Status(status, {"X-More": "1"}))
    answer = get(server)
    assert (answer.status_code, answer.headers["X-More"]) == (status, "1")
    assert answer.json() == {"error": status, "path": "/page"}
    assert "Retry-After" not in answer.headers


def test_status_with_retry_after(server: Server) -> None:
    server.faults += [Status(429, retry_after=2), Status(429, retry_date=600)]
    assert get(server).headers["Retry-After"] == "2"
    date = email.utils.parsedate_to_datetime(get(server).headers["Retry-After"])
    assert 500 < date.timestamp() - time.time() <= 600


def test_status_can_echo_credentials(server: Server) -> None:
    server.faults.append(Status(500, body="no: {credentials}"))
    answer = requests.post(
        server.origin + "/page?apikey=a%2Fb",
        data=b"secretKey=s3",
        headers={"Authorization": "Bearer t0k", "X-Api-Key": "h3ad"},
        timeout=60,
    )
    for secret in ("a%2Fb", "a/b", "s3", "Bearer t0k", "h3ad"):
        assert secret in answer.text


@pytest.mark.parametrize(
    "fault", [ResetBeforeBody(), ResetInBody(), TruncatedBody(), TruncatedBody(chunked=True)], ids=repr
)
def test_cut_connections(server: Server, fault: Fault) -> None:
    server.faults.append(fault)
    with pytest.raises(CUT):
        get(server)
    assert get(server).ok
    assert server.requests[0].fault == type(fault).__name__
    assert server.in_flight == 0


def test_resets_are_resets_and_truncations_are_not(server: Server) -> None:
    server.faults += [ResetBeforeBody(), ResetInBody(), TruncatedBody()]
    for _ in range(2):
        with pytest.raises(CUT, match="reset by peer"):
            get(server)
    with pytest.raises(CUT, match="IncompleteRead"):
        get(server)
    assert [entry.status for entry in server.requests] == [None, 200, 200]


def test_headers_come_before_a_reset_in_the_body(server: Server) -> None:
    server.faults.append(ResetInBody())
    answer = get(server, stream=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("application/json")
    with pytest.raises(CUT):
        answer.content  # noqa: B018


def test_an_echo_is_a_200_with_what_the_request_carried(server: Server) -> None:
    server.faults.append(Echo())
    answer = requests.get(server.origin + "/page?apikey=a%2Fb", headers={"X-Api-Key": "h3ad"}, timeout=60)
    assert answer.status_code == 200
    assert answer.text == "apikey=a%2Fb apikey=a/b h3ad"


def test_a_deletion_leaves_its_own_answer_whole(server: Server) -> None:
    server.faults.append(Deletion(sessions=500))
    assert [len(get(server).json()["words"]) for _ in range(2)] == [2000, 1500]


def test_bodies_that_are_not_the_answer(server: Server) -> None:
    server.faults += [TruncatedJson(), Html(), EmptyBody()]
    answer = get(server)
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert answer.text.startswith('{"words":["wörd",')
    page = get(server)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html")
    assert (empty := get(server)).status_code == 200
    assert empty.content == b""


def test_never_answers_until_the_client_leaves(server: Server) -> None:
    server.faults.append(NeverAnswers())
    with pytest.raises(requests.ReadTimeout):
        get(server, timeout=0.3)
    while server.in_flight:
        time.sleep(0.01)
    assert server.requests[0].status is None


def test_never_answers_does_not_block_the_server() -> None:
    seen: list[BaseException] = []

    def ask(server: Server) -> None:
        try:
            get(server, timeout=30)
        except requests.RequestException as error:
            seen.append(error)

    with serve(Shelf()) as server:
        server.faults.append(NeverAnswers())
        thread = threading.Thread(target=ask, args=(server,))
        thread.start()
        while not server.count:
            time.sleep(0.01)
    thread.join()
    (error,) = seen
    assert not isinstance(error, requests.Timeout), "the server ends while it is still asked"


@pytest.mark.parametrize("fault", [SlowBody(0.6), SlowHeaders(0.6)])
def test_slow_answers_arrive_whole(server: Server, fault: Fault) -> None:
    server.faults.append(fault)
    start = time.monotonic()
    assert len(get(server).json()["words"]) == 2000
    assert time.monotonic() - start > 0.4


def test_a_slow_body_shows_its_headers_at_once(server: Server) -> None:
    server.faults.append(SlowBody(60))
    start = time.monotonic()
    with get(server, stream=True) as answer:
        assert answer.status_code == 200
        assert time.monotonic() - start < 50


@pytest.mark.parametrize("fault", [SlowBody(0.2), SlowHeaders(0.2), TruncatedBody(), ResetInBody()], ids=repr)
def test_a_request_ends_when_its_client_has_the_answer(server: Server, fault: Fault) -> None:
    server.faults.append(fault)
    for _ in range(2):
        try:
            get(server)
        except CUT:
            continue
        assert server.requests[-1].end is not None
    assert server.max_in_flight == 1


def test_error_inside_and_repeated_token(server: Server) -> None:
    server.faults += [ErrorInside(), RepeatToken()]
    assert get(server).json() == {"error": "inside", "path": "/page"}
    assert get(server).json()["token"] == "before"
    assert get(server).json()["token"] == "next"


def test_a_stale_page_is_the_last_one_of_its_path(server: Server) -> None:
    server.faults.append(StalePage())
    pages = [get(server, path).json()["page"] for path in ("/a?page=1", "/b?page=2", "/a?page=3", "/a?page=4")]
    assert pages == ["1", "2", "1", "4"]


def test_faults_from_json() -> None:
    assert read_fault({"kind": "Status", "status": 429, "retry_after": 1, "times": None}) == Status(
        429, retry_after=1, times=None
    )
    assert read_fault({"kind": "DeepValue", "depth": 9}) == DeepValue(depth=9)
    with pytest.raises(ValueError, match="kind has to be one of Status"):
        read_fault({"kind": "Earthquake"})
    with pytest.raises(ValueError, match="unexpected keyword"):
        read_fault({"kind": "Html", "colour": "red"})


def test_control_endpoints(server: Server) -> None:
    control = server.origin + "/_sandbox/"
    get(server, "/page?page=1")
    log = requests.get(control + "requests", timeout=60).json()
    assert (log["count"], log["max_in_flight"], log["requests"][0]["query"]) == (1, 1, [["page", "1"]])
    assert requests.get(control + "requests?limit=0", timeout=60).json()["requests"] == []
    assert requests.get(control + "configs", timeout=60).json() == {"all": {"base_url": server.origin}}
    requests.post(control + "delete/1999", timeout=60)
    requests.post(control + "grow/1", timeout=60)
    for keys in ("expected", "held"):
        assert requests.get(f"{control}{keys}/all", timeout=60).json() == {"all": [[0], [1]]}
    requests.post(control + "faults", json=[{"kind": "Html"}, {"kind": "EmptyBody"}], timeout=60)
    assert get(server).text.startswith("<!doctype")
    requests.delete(control + "faults", timeout=60)
    assert get(server).json()["page"] is None
    assert server.count == 3
    requests.delete(control + "requests", timeout=60)
    assert server.count == 0
    assert requests.get(control + "nonsense", timeout=60).status_code == 404
    assert requests.post(control + "grow/x", timeout=60).status_code == 400


def test_vendors_are_found_by_folder() -> None:
    for folder in vendor_names():
        vendor = load_vendor(folder, sessions=20, days=2)
        assert folder == f"source-{vendor.name}"
        assert type(vendor) is type(load_vendor(folder, sessions=20, days=2))
    with pytest.raises(LookupError, match=", ".join(vendor_names())):
        load_vendor("source-nobody")


def test_the_sandbox_of_a_shell(tmp_path: Path) -> None:
    folder = vendor_names()[0]
    vendor = load_vendor(folder, sessions=50, days=3)
    process = subprocess.Popen(  # noqa: S603
        [
            *(sys.executable, "-m", "sandbox_server", folder),
            *("--port", "0", "--sessions", "50", "--days", "3", "--option", "too_large=null"),
            *("--save", tmp_path / "new"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    printed = json.loads("".join(lines))
    assert printed["configs"].keys() == vendor.configs("").keys()
    saved = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "new").iterdir()}
    assert saved == {f"{vendor.name}-{name}": config for name, config in printed["configs"].items()}
    config, *_ = main_configs(vendor, "")
    keys = requests.get(f"{printed['origin']}/_sandbox/expected/{config}", timeout=60).json()
    assert len(keys["sessions"]) >= 50
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def test_requests_read_forms_and_json() -> None:
    form = Request(
        "POST", "/", headers={"content-type": "application/x-www-form-urlencoded"}, body=b"a=1+1&a=%C3%BC"
    )
    assert form.form() == [("a", "1 1"), ("a", "ü")]
    with pytest.raises(ValueError, match="not JSON"):
        form.json()
    assert Request("POST", "/", headers={"Content-Type": "application/json"}, body=b"[1]").json() == [1]
    for text in ("NaN", '{"a":1,"a":2}', "{'a':1}", ""):
        with pytest.raises(ValueError, match=r"."):
            load_json(text)
