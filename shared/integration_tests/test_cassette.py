"""A cassette is replayed request by request, failures too."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from airbyte_cdk.models import ConfiguredAirbyteCatalog
from requests import PreparedRequest
from sandbox_server import Cassette, serve
from session_source.airbyte.recording.cassette import Recording
from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind
from session_source.http.auth import BodyAuth, QueryAuth

JSON = {"Content-Type": "application/json", "Set-Cookie": "session=personal"}
SPECIFICATION = {"properties": {"api_key": {"type": "string", "airbyte_secret": True}, "page": {}, "search": {}}}
SECRET = "s3cr3t!/+ key"
CONFIG = {"api_key": SECRET, "_now": "2026-01-31T00:00:00Z", "base_url": "https://personal.example/v2"}

Exchanges = list[tuple[PreparedRequest, Answer | Fault]]


def sent(method: str = "GET", path: str = "rows", **options: Any) -> PreparedRequest:
    return requests.Request(method, f"https://personal.example/v2/{path}", **options).prepare()


def answered(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    return Answer(status, {**JSON, **headers}, body.encode() if isinstance(body, str) else body)


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write exchanges to a cassette and return its content."""

    def write(*exchanges: tuple[PreparedRequest, Answer | Fault]) -> dict[str, Any]:
        path = tmp_path / "cassette.json"
        with Recording(
            "integration_tests.any_vendor",
            SPECIFICATION,
            CONFIG,
            ConfiguredAirbyteCatalog(streams=[]),
            [],
            base_url=CONFIG["base_url"],
            path=path,
        ) as recording:
            for exchange in exchanges:
                recording.exchange(*exchange, 0.1)
        content: dict[str, Any] = json.loads(path.read_text())
        assert "personal" not in path.read_text()
        assert "s3cr3t" not in path.read_text()
        return content

    return write


def replay(tmp_path: Path, *prepared: PreparedRequest) -> list[requests.Response]:
    """Send requests, whose values are stand-ins already, to the replayed cassette."""
    cassette = Cassette(tmp_path / "cassette.json")
    with serve(cassette) as server, requests.Session() as session:
        for request in prepared:
            request.url = str(request.url).replace("https://personal.example/v2", server.origin)
        return [session.send(request, timeout=0.3) for request in prepared]


def test_answers_to_equal_requests_come_in_turn(record: Callable[..., Any], tmp_path: Path) -> None:
    record(
        (sent(params={"page": "1"}), answered('{"next":1}')),
        (sent(params={"page": "2"}), answered('{"next":2}')),
        (sent(params={"page": "1"}), answered('{"next":3}')),
    )
    pages = [sent(params={"page": page}) for page in "11121"]
    assert [answer.json()["next"] for answer in replay(tmp_path, *pages)] == [1, 3, 1, 2, 3]


def test_the_order_of_parameters_and_of_json_does_not_matter(record: Callable[..., Any], tmp_path: Path) -> None:
    record((sent("POST", params={"page": "1", "next": "2"}, json={"page": 1, "next": {"id": 0}}), answered("{}")))
    (answer,) = replay(
        tmp_path, sent("POST", params={"next": "2", "page": "1"}, json={"next": {"id": 0}, "page": 1})
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        sent("POST"),
        sent(path="next"),
        sent(params={"page": "1"}),
        sent("POST", data={"page": "1"}),
        sent("POST", json={"page": 1}),
    ],
)
def test_another_request_has_no_answer(record: Callable[..., Any], tmp_path: Path, other: PreparedRequest) -> None:
    record((sent(), answered("{}")))
    (answer,) = replay(tmp_path, other)
    assert answer.status_code == 422


def test_credentials_of_the_cassette_are_those_of_its_requests(record: Callable[..., Any]) -> None:
    asked = [sent(auth=QueryAuth({"apikey": SECRET})), sent("POST", json={}, auth=BodyAuth({"key": SECRET}))]
    content = record(*((request, answered("{}")) for request in asked))
    stand_in = content["config"]["api_key"]
    assert stand_in.isalnum()
    in_url, in_body = (exchange["request"] for exchange in content["exchanges"])
    assert [value for _, value in in_url["query"]] == [*in_body["json"].values()] == [stand_in]


@pytest.mark.parametrize(
    "answer",
    [
        answered('{"next": 1', 200),
        answered("", 200),
        answered("<html>rows</html>", 502),
        answered('\n\nrows({"next":1});', 200),
        answered("false", 200),
        answered('{"error":"rows"}', 429, **{"Retry-After": "7", "X-Ratelimit-Reset": "1790000000"}),
    ],
)
def test_answers_keep_status_form_and_waits(record: Callable[..., Any], tmp_path: Path, answer: Answer) -> None:
    record((sent(), answer))
    (found,) = replay(tmp_path, sent())
    assert found.status_code == answer.status
    assert len(found.content) == len(answer.body)
    assert found.headers.get("Retry-After") == answer.headers.get("Retry-After")
    assert found.headers.get("X-Ratelimit-Reset") == answer.headers.get("X-Ratelimit-Reset")
    assert "Set-Cookie" not in found.headers


def test_secrets_that_an_answer_repeats_are_replaced(record: Callable[..., Any]) -> None:
    record(
        (sent(), answered(json.dumps({"error": f"no key {SECRET} of personal"}), 401)),
        (sent(path=f"rows/{SECRET}"), answered(f"Error: {SECRET}", 500)),
    )


def test_a_timeout_and_an_interrupted_connection_are_replayed(record: Callable[..., Any], tmp_path: Path) -> None:
    record(
        (sent(path="rows"), Fault(Kind.OUTAGE, "no answer", is_timeout=True)),
        (sent("POST"), Fault(Kind.OUTAGE, "interrupted")),
    )
    with pytest.raises(requests.Timeout):
        replay(tmp_path, sent())
    with pytest.raises(requests.ConnectionError, match="reset"):
        replay(tmp_path, sent("POST"))


def test_what_is_too_large_is_not_recorded(record: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("session_source.airbyte.recording.cassette.LARGEST", 10)
    content = record((sent(), answered("12345")), (sent(), answered("123456")), (sent(), answered("1")))
    assert len(content["exchanges"]) == 1
