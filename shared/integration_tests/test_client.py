"""The client against a server that misbehaves, over real sockets."""

import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest
import sandbox_server as sandbox
from sandbox_server import Server, refused_origin, serve
from sandbox_server.shelf import Shelf
from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind, StatusInBody
from session_source.api.request import Request, Wish
from session_source.http.auth import EitherAuth, HeaderAuth, QueryAuth
from session_source.http.budget import Budget
from session_source.http.client import Client
from session_source.http.gate import Closed
from session_source.http.retry import RetryPolicy

pytestmark = pytest.mark.promise(n=7)

PATIENT = RetryPolicy(outage=120, limit=60, attempts=4)
IMPATIENT = RetryPolicy(read=2, outage=120, attempts=4)
"""For a vendor that is silent."""
GET = Request("GET", "words", params={"page": "1"})


@pytest.fixture
def server() -> Iterator[Server]:
    with serve(Shelf()) as running:
        yield running


def client(origin: str, retry_policy: RetryPolicy = PATIENT, **more: Any) -> Client:
    return Client(
        vendor="Shelf",
        base_url=origin,
        auth=more.pop("auth", HeaderAuth({"X-Key": "s3cret"})),
        hint="Ask for a key.",
        retry_policy=retry_policy,
        **more,
    )


def words(answer: Answer) -> int:
    return len(answer.object()["words"])


@pytest.mark.parametrize(
    "fault",
    [
        sandbox.Status(500),
        sandbox.Status(502),
        sandbox.Status(503, retry_after=1),
        sandbox.Status(408),
        sandbox.ResetBeforeBody(),
        sandbox.ResetInBody(),
        sandbox.TruncatedBody(),
        sandbox.TruncatedBody(chunked=True),
        sandbox.TruncatedJson(),
        sandbox.Html(),
        sandbox.EmptyBody(),
        sandbox.NeverAnswers(),
        sandbox.Status(429, retry_after=1),
        sandbox.Status(429, retry_date=1),
        sandbox.Status(429),
        sandbox.Status(429, headers={"X-Ratelimit-Reset": "1"}),
    ],
    ids=lambda fault: type(fault).__name__,
)
def test_a_temporary_failure_is_retried(server: Server, fault: sandbox.Fault) -> None:
    server.faults.append(fault)
    said: list[str] = []
    is_silent = isinstance(fault, sandbox.NeverAnswers)
    asking = client(server.origin, IMPATIENT if is_silent else PATIENT)
    assert asking.fetch(GET, words, log=said.append) == 2000
    assert server.count == 2
    assert len(said) == 1
    assert "Shelf" in said[0]
    assert "Trying again in" in said[0]


@pytest.mark.parametrize(
    ("fault", "retry_policy"),
    [
        (sandbox.SlowBody(seconds=60), RetryPolicy(read=30, total=3)),
        (sandbox.SlowHeaders(seconds=60), RetryPolicy(read=30, total=3)),
        (sandbox.NeverAnswers(), IMPATIENT),
    ],
    ids=["dripping body", "dripping headers", "silence"],
)
def test_an_answer_that_does_not_end_is_cut(
    server: Server, fault: sandbox.Fault, retry_policy: RetryPolicy
) -> None:
    server.faults.append(fault)
    said: list[str] = []
    assert client(server.origin, retry_policy).fetch(GET, words, log=said.append)
    assert "did not answer within" in said[0]


def test_the_wait_that_the_vendor_asks_for_is_kept(server: Server) -> None:
    server.faults.append(sandbox.Status(429, retry_after=2))
    began = time.monotonic()
    client(server.origin).fetch(GET, words)
    assert time.monotonic() - began >= 2


def test_a_wait_beyond_the_limit_is_an_error_that_says_when_to_continue(server: Server) -> None:
    server.faults.append(sandbox.Status(429, retry_after=7200))
    with pytest.raises(Fault) as caught:
        client(server.origin).fetch(GET, words)
    assert caught.value.kind is Kind.STUCK
    assert "2 hours" in caught.value.message
    assert "max_waiting_time" in caught.value.message
    assert "UTC" in caught.value.message


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "inf"},
        {"Retry-After": "3155760000000"},
        {"X-Ratelimit-Reset": "1795273352768"},
    ],
    ids=["for ever", "for ages", "milliseconds"],
)
def test_an_impossible_wait_counts_as_a_long_one(server: Server, headers: dict[str, str]) -> None:
    server.faults.append(sandbox.Status(429, headers=headers))
    with pytest.raises(Fault, match="in 52 weeks") as caught:
        client(server.origin).fetch(GET, words)
    assert caught.value.kind is Kind.STUCK


def test_a_very_short_wait_is_extended_to_a_second(server: Server) -> None:
    server.faults.append(sandbox.Status(429, headers={"Retry-After": "0.001"}, times=2))
    client(server.origin).fetch(GET, words)
    starts = [entry.start for entry in server.requests]
    assert min(later - earlier for earlier, later in pairwise(starts)) >= 1


def test_a_rate_limit_in_a_200_waits_as_its_header_asks(server: Server) -> None:
    server.faults.append(sandbox.Status(200, headers={"Retry-After": "3"}))

    def read(answer: Answer) -> int:
        if "words" not in answer.object():
            raise Fault(Kind.LIMIT, "Shelf wants one request at a time.")
        return words(answer)

    assert client(server.origin).fetch(GET, read) == 2000
    first, second = server.requests
    assert second.start - first.start >= 3


def test_a_rate_limit_that_lasts_ends_after_the_longest_wait(server: Server) -> None:
    server.faults.append(sandbox.Status(429, retry_after=1, times=None))
    with pytest.raises(Fault) as caught:
        client(server.origin, RetryPolicy(limit=3)).fetch(GET, words)
    assert caught.value.kind is Kind.STUCK
    assert server.count == 4


def test_a_rate_limit_holds_all_workers(server: Server) -> None:
    server.faults.append(sandbox.Status(429, retry_after=3))
    shared = client(server.origin, workers=4)
    told = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shared.fetch, GET, words, limited=lambda _: told.set())
        assert told.wait(60)
        others = [pool.submit(shared.fetch, GET, words) for _ in range(3)]
        assert [done.result() for done in (first, *others)] == [2000] * 4
    refused, *answered = server.requests
    assert len(answered) == 4
    assert all(entry.start - (refused.end or 0) >= 2.9 for entry in answered)


@pytest.mark.promise(n=5)
def test_as_many_requests_are_open_as_the_vendor_allows(server: Server) -> None:
    server.vendor.max_in_flight = 3
    server.latency = 0.02
    shared = client(server.origin, workers=12)
    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(lambda _: shared.fetch(GET, words), range(60))) == [2000] * 60
    refused = [entry for entry in server.requests if entry.status == 429]
    # With 12 fixed workers, 9 of 12 requests are refused in each of 20 turns: 180. The server may still count an
    # answer as open when the client sends its next request.
    assert 1 <= len(refused) <= 18, "a tenth"
    beside_two = [entry for entry in server.requests if entry.status == 200 and entry.in_flight == 2]
    assert len(beside_two) >= 10, "more than the first requests: three are open again and again"


@pytest.mark.promise(n=5)
def test_all_workers_are_used_if_the_vendor_answers_quickly(server: Server) -> None:
    server.latency = 0.005
    shared = client(server.origin, workers=8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: shared.fetch(GET, words), range(200)))
    assert server.max_in_flight == 8


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Kind.CONFIG), (403, Kind.CONFIG), (404, Kind.CONFIG), (400, Kind.DEFECT)]
)
def test_a_permanent_failure_is_reported_at_once(server: Server, status: int, kind: Kind) -> None:
    server.faults.append(sandbox.Status(status, times=None))
    with pytest.raises(Fault) as caught:
        client(server.origin).fetch(GET, words)
    assert caught.value.kind is kind
    assert server.count == 1
    assert str(status) in caught.value.message


def test_redirects_are_not_followed(server: Server) -> None:
    server.faults.append(sandbox.Status(302, headers={"Location": refused_origin()}))
    with pytest.raises(Fault, match="base_url") as caught:
        client(server.origin).fetch(GET, words)
    assert caught.value.kind is Kind.CONFIG
    assert server.count == 1


def test_an_outage_that_lasts_ends_after_the_last_attempt(server: Server) -> None:
    server.faults.append(sandbox.Status(500, times=None))
    with pytest.raises(Fault, match="Gave up after 3 attempts") as caught:
        client(server.origin, RetryPolicy(attempts=3)).fetch(GET, words)
    assert caught.value.kind is Kind.OUTAGE
    assert server.count == 3


@pytest.mark.promise(n=5)
@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (sandbox.Status(413, times=None), 1),
        (sandbox.Status(504, times=None), 2),
        (sandbox.NeverAnswers(times=None), 1),
    ],
    ids=["413", "504", "timeout"],
)
def test_a_request_that_may_be_too_large_is_not_repeated_if_less_can_be_requested(
    server: Server, fault: sandbox.Fault, sent: int
) -> None:
    server.faults.append(fault)
    with pytest.raises(Fault) as caught:
        client(server.origin, RetryPolicy(read=2)).fetch(GET, words, can_ask_less=True)
    assert caught.value.may_be_too_large
    assert server.count == sent


@pytest.mark.parametrize(
    ("retry_policy", "limits"),
    [
        (RetryPolicy(outage=2.5, limit=10), [sandbox.Status(429, retry_after=3)]),
        (RetryPolicy(attempts=2, limit=10), [sandbox.Status(429, retry_after=1, times=3)]),
    ],
    ids=["a long one", "many"],
)
def test_rate_limits_do_not_count_as_an_outage(
    server: Server, retry_policy: RetryPolicy, limits: list[sandbox.Fault]
) -> None:
    server.faults += [*limits, sandbox.Status(503)]
    assert client(server.origin, retry_policy).fetch(GET, words) == 2000


def test_the_rate_limit_of_another_worker_does_not_count_as_an_outage(server: Server) -> None:
    server.faults += [sandbox.Status(503), sandbox.Status(429, retry_after=8), sandbox.Status(503)]
    # The two waits of an outage take 3.75 seconds at most.
    shared = client(server.origin, RetryPolicy(outage=7, limit=10), workers=2)
    met = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(shared.fetch, GET, words, log=lambda _: met.set())
        assert met.wait(60)  # the first has met its outage, and the second the limit before it tries again
        second = pool.submit(shared.fetch, GET, words)
        assert [first.result(), second.result()] == [2000, 2000]
    assert server.count == 5


def test_a_request_is_retried_after_a_timeout_longer_than_the_outage_limit(server: Server) -> None:
    server.faults.append(sandbox.SlowBody(seconds=60))
    assert client(server.origin, RetryPolicy(total=3, outage=2)).fetch(GET, words) == 2000


def test_a_host_with_many_silent_addresses_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as sockets:
        silent = sockets.enter_context(socket.create_server(("0.0.0.0", 0), backlog=0))  # noqa: S104
        port = silent.getsockname()[1]
        for _ in range(4):  # nobody takes them, and soon nobody else is answered
            waiting = sockets.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.1", port))
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"127.0.0.{n}", port)) for n in range(1, 9)]
        real = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *more: addresses if host == "localhost" else real(host, *more)
        )
        began = time.monotonic()
        with pytest.raises(Fault, match="did not answer within"):
            client(f"http://localhost:{port}", RetryPolicy(connect=4, read=4, total=4, attempts=1)).fetch(
                GET, words
            )
        assert time.monotonic() - began < 8 * 4


def test_a_refused_connection_says_what_to_check() -> None:
    with pytest.raises(Fault, match=r"refused the connection\. Check base_url"):
        client(refused_origin(), RetryPolicy(attempts=2)).fetch(GET, words)


def test_closing_wakes_a_worker_that_waits(server: Server) -> None:
    server.faults.append(sandbox.Status(429, retry_after=600))
    waiting = client(server.origin, RetryPolicy(limit=3600))
    threading.Timer(1, waiting.close).start()
    with pytest.raises(Closed):
        waiting.fetch(GET, words)


def test_the_second_spelling_of_credentials_is_kept_once_it_is_accepted(server: Server) -> None:
    server.faults.append(sandbox.Status(401))
    either = EitherAuth(HeaderAuth({"X-Key": "s3cret"}), QueryAuth({"key": "s3cret"}))
    spelled = client(server.origin, auth=either)
    assert spelled.fetch(GET, words) == 2000
    assert spelled.fetch(GET, words) == 2000
    assert ["key" in entry.query for entry in server.requests] == [False, True, True]


@pytest.mark.parametrize(
    "refusal", [sandbox.Status(401), sandbox.Status(403), sandbox.Status(200, body='{"words": "no key"}')], ids=str
)
def test_another_spelling_is_tried_after_any_refusal_of_credentials(
    server: Server, refusal: sandbox.Fault
) -> None:
    def told(answer: Answer) -> int:
        if answer.object()["words"] == "no key":
            raise StatusInBody(401)
        return words(answer)

    server.faults.append(refusal)
    either = EitherAuth(HeaderAuth({"X-Key": "s3cret"}), QueryAuth({"key": "s3cret"}))
    assert client(server.origin, auth=either).fetch(GET, told) == 2000
    assert ["key" in entry.query for entry in server.requests] == [False, True]


def test_if_every_spelling_is_refused_the_first_refusal_is_reported_and_no_spelling_is_kept(
    server: Server,
) -> None:
    either = EitherAuth(HeaderAuth({"X-Key": "s3cret"}), QueryAuth({"key": "s3cret"}))
    spelled = client(server.origin, auth=either)
    server.faults += [
        sandbox.Status(403, body='{"error": "the key is not of this app"}'),
        sandbox.Status(401, body='{"error": "no header"}'),
    ]
    with pytest.raises(Fault, match=r"the key is not of this app") as raised:
        spelled.fetch(GET, words)
    assert raised.value.kind is Kind.CONFIG
    assert spelled.fetch(GET, words) == 2000
    assert ["key" in entry.query for entry in server.requests] == [False, True, False]


def test_a_request_with_a_shorter_limit_is_given_up_sooner(server: Server) -> None:
    server.faults.append(sandbox.Status(503, times=None))
    asking = client(server.origin, RetryPolicy(attempts=9))
    with pytest.raises(Fault, match="could not answer"):
        asking.fetch(Request("GET", "words", within=2), words)
    assert server.count <= 3


def test_a_request_without_an_answer_is_given_up_in_time(server: Server) -> None:
    server.faults.append(sandbox.NeverAnswers(times=None))
    with pytest.raises(Fault, match="did not answer within 1 second"):
        client(server.origin, RetryPolicy()).fetch(Request("GET", "words", within=1), words)


def test_refused_fields_are_replaced_by_the_next_option_and_the_accepted_one_is_kept(server: Server) -> None:
    size = Wish([{"size": 100}, {"size": 50}, {"size": 20}], lambda answer: b"size" in answer.body)
    order = Wish([{"order": "asc"}, {}])
    asked = Request("POST", "words", json={"page": 1}, wishes=(size, order))
    asking = client(server.origin)
    server.faults += [
        sandbox.Status(400, body='{"error": "order"}'),
        sandbox.Status(400, body='{"error": "size"}'),
    ]
    bodies: list[object] = []
    for _ in range(2):
        asking.fetch(asked, lambda answer: bodies.append(answer.status))
    sent = [json.loads(entry.body) for entry in server.requests]
    assert sent == [
        {"page": 1, "size": 100, "order": "asc"},
        {"page": 1, "size": 100},
        {"page": 1, "size": 50},
        {"page": 1, "size": 50},
    ]
    server.faults.append(sandbox.Status(400, body='{"error": "size"}'))
    with pytest.raises(Fault, match="did not accept"):
        asking.fetch(asked, words)
    assert server.count == 5, "what was accepted once is not changed"


def test_an_accepted_spelling_is_not_changed_later(server: Server) -> None:
    either = EitherAuth(HeaderAuth({"X-Key": "s3cret"}), QueryAuth({"key": "s3cret"}))
    spelled = client(server.origin, auth=either)
    spelled.fetch(GET, words)
    server.faults.append(sandbox.Status(401))
    with pytest.raises(Fault, match="refused the credentials"):
        spelled.fetch(GET, words)
    assert [entry.query.get("key") for entry in server.requests] == [None, None]


def test_no_request_is_sent_for_some_seconds_after_a_timeout(server: Server) -> None:
    server.faults.append(sandbox.NeverAnswers())
    careful = client(server.origin, RetryPolicy(read=2, after_timeout=3))
    careful.fetch(GET, words)
    first, second = server.requests
    assert second.start - first.start >= 5


def test_compressed_bodies_are_read(server: Server) -> None:
    server.gzip = True
    assert client(server.origin).fetch(GET, words) == 2000


def test_a_kept_answer_is_requested_until_it_can_be_read_and_then_no_more(server: Server) -> None:
    kept = Request("GET", "words", params={"page": "1"}, is_kept=True)
    server.faults.append(sandbox.TruncatedJson())
    asking = client(server.origin)
    assert [asking.fetch(kept, words) for _ in range(3)] == [2000] * 3
    assert server.count == 2


def test_a_kept_answer_belongs_to_its_own_query(server: Server) -> None:
    asking = client(server.origin)
    kept = [Request("GET", "words", params={"page": page}, is_kept=True) for page in ("1", "2")]
    assert [asking.fetch(each, lambda answer: answer.object()["page"]) for each in kept * 2] == ["1", "2"] * 2
    assert server.count == 2


def test_a_kept_answer_belongs_to_its_own_method_and_body(server: Server) -> None:
    asking = client(server.origin)
    kept = [
        *(Request("POST", "words", form={"page": page}, is_kept=True) for page in "12"),
        *(Request("POST", "words", json={"page": page}, is_kept=True) for page in "12"),
        *(Request(method, "words", is_kept=True) for method in ("GET", "POST")),
    ]
    for _ in range(2):
        assert [asking.fetch(each, words) for each in kept] == [2000] * 6
    assert server.count == 6
    assert len({(entry.method, entry.request.body) for entry in server.requests}) == 6


def test_a_request_that_is_not_kept_ignores_kept_answers(server: Server) -> None:
    asking = client(server.origin)
    asking.fetch(Request("GET", "words", is_kept=True), words)
    asking.fetch(Request("GET", "words"), words)
    assert server.count == 2


def test_a_kept_answer_does_not_use_the_budget(server: Server) -> None:
    budget = Budget(2)
    asking = client(server.origin, budget=budget)
    kept = Request("GET", "words", is_kept=True)
    assert [asking.fetch(kept, words) for _ in range(4)] == [2000] * 4
    assert sum(budget.to_json().values()) == server.count == 1


def test_a_kept_request_of_several_threads_is_sent_once(server: Server) -> None:
    server.latency = 0.5
    asking = client(server.origin, workers=4)
    kept = Request("GET", "words", is_kept=True)
    with ThreadPoolExecutor(4) as pool:
        assert [done.result() for done in [pool.submit(asking.fetch, kept, words) for _ in range(4)]] == [2000] * 4
    assert server.count == 1


def test_a_failure_is_not_kept(server: Server) -> None:
    server.faults.append(sandbox.Status(404, where="page=1"))
    asking = client(server.origin)
    kept = Request("GET", "words", params={"page": "1"}, is_kept=True)
    with pytest.raises(Fault):
        asking.fetch(kept, words)
    assert asking.fetch(kept, words) == 2000


@pytest.mark.promise(n=6)
def test_an_answer_that_is_too_large_is_an_error_and_takes_limited_memory(server: Server) -> None:
    server.faults.append(sandbox.HugeBody(megabytes=600, times=None))
    tracemalloc.start()
    try:
        with pytest.raises(Fault, match="more than 256 MB") as caught:
            client(server.origin, RetryPolicy()).fetch(GET, words)
        assert tracemalloc.get_traced_memory()[1] < 340 * 2**20
    finally:
        tracemalloc.stop()
    assert caught.value.kind is Kind.STUCK
    assert server.count == 1


@pytest.mark.promise(n=9)
@pytest.mark.parametrize(
    "faults",
    [
        [sandbox.NeverAnswers(times=None)],
        [sandbox.SlowBody(seconds=60, times=None)],
        [sandbox.Status(503, times=None)],
        [sandbox.Status(503, retry_after=60, times=None)],
        [sandbox.Status(429, retry_after=1, times=None)],
        [sandbox.Status(429, retry_after=60, times=None)],
        [sandbox.Status(429), sandbox.Status(503), sandbox.SlowBody(seconds=2), sandbox.NeverAnswers(times=None)],
    ],
    ids=["silence", "dripping", "outage", "long outage", "limit", "long limit", "one after the other"],
)
def test_no_failure_lasts_beyond_the_deadline(server: Server, faults: list[sandbox.Fault]) -> None:
    server.faults += faults
    server.latency = 0.5
    began = time.monotonic()
    patient = RetryPolicy(connect=60, read=60, total=60, outage=60, limit=60, attempts=20, deadline=began + 3)
    with pytest.raises(Fault) as caught:
        client(server.origin, patient).fetch(GET, words)
    assert time.monotonic() - began < 50, "without a deadline, each of these takes a minute"
    assert caught.value.kind in {Kind.STUCK, Kind.OUTAGE} or "did not answer within" in caught.value.message
    assert "max_waiting_time" not in caught.value.message


@pytest.mark.promise(n=9)
def test_a_name_server_that_does_not_answer_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: over.wait(60) and [])
    began = time.monotonic()
    with pytest.raises(Fault, match="did not answer within"):
        client("https://vendor.example", RetryPolicy(connect=2, read=2, total=2, attempts=1)).fetch(GET, words)
    assert time.monotonic() - began < 50
    over.set()


@pytest.mark.promise(n=8)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_requests_to_this_machine_never_use_a_proxy(
    server: Server, monkeypatch: pytest.MonkeyPatch, host: str, name: str
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serve(Shelf()) as proxy:
        monkeypatch.setenv(name, proxy.origin)
        assert client(server.origin.replace("127.0.0.1", host)).fetch(GET, words) == 2000
        assert proxy.count == 0


def test_requests_to_other_machines_use_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Shelf()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.origin)
        client("http://vendor.example", RetryPolicy(attempts=1)).fetch(GET, words)
        assert proxy.count == 1


@pytest.mark.promise(n=8)
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "[fd00::1]",
        "[::ffff:10.1.2.3]",
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_private_addresses_are_refused_on_airbyte_cloud(
    monkeypatch: pytest.MonkeyPatch, host: str, scheme: str
) -> None:
    monkeypatch.setenv("DEPLOYMENT_MODE", "cloud")
    with pytest.raises(Fault, match="private network") as caught:
        client(f"{scheme}://{host}:9").fetch(GET, words)
    assert caught.value.kind is Kind.CONFIG


@pytest.mark.promise(n=8)
def test_private_addresses_behind_a_proxy_are_refused_on_airbyte_cloud(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEPLOYMENT_MODE", "cloud")
    monkeypatch.setenv("HTTPS_PROXY", server.origin)
    with pytest.raises(Fault, match="private network"):
        client("https://10.1.2.3").fetch(GET, words)
    assert server.count == 0


def test_an_error_in_a_200_is_explained_in_the_vendors_terms(server: Server) -> None:
    def told(_: Answer) -> int:
        raise StatusInBody(404)

    def explain(answer: Answer) -> Fault | None:
        return Fault(Kind.GONE, "It is no more.") if answer.status == 404 else None

    with pytest.raises(Fault, match=r"no more") as raised:
        client(server.origin).fetch(GET, told, explain=explain)
    assert raised.value.kind is Kind.GONE
