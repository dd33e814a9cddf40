"""Browsee's errors, also those with status 200."""

import pytest
from session_source import Answer, Fault, Kind, StatusInBody
from session_source.testing import answer_of, page_of
from source_browsee.export import Sessions

REFUSALS = [
    # the two of the vendor's page
    (400, {"status": "failure", "message": {"error": "API Key missing."}}),
    (401, {"status": "unauthorized", "message": {"error": "Secret Key invalid."}}),
    # the same in other forms
    (400, {"status": "failure", "message": "Secret Key invalid."}),
    (400, {"status": "unauthorized"}),
    (403, {"status": "failure", "message": {"error": "apiKey unknown"}}),
]


@pytest.mark.parametrize(("status", "body"), REFUSALS)
def test_refused_keys_are_a_config_error_whatever_the_status(status: int, body: object) -> None:
    told = Sessions([]).fault(answer_of(body, status))
    with pytest.raises(Fault) as raised:
        page_of(Sessions([]), body)
    for fault in (told, raised.value):
        assert fault is not None
        assert fault.kind is Kind.CONFIG
        assert "secret_key" in fault.message


@pytest.mark.parametrize(
    "message",
    [{"error": "Only one open request is allowed"}, "Rate limit reached for this API key", "Too many requests"],
)
def test_a_second_open_request_is_a_limit_whatever_the_status(message: object) -> None:
    body = {"status": "failure", "message": message}
    told = Sessions([]).fault(answer_of(body, 400))
    assert told is not None
    assert told.kind is Kind.LIMIT
    with pytest.raises(Fault, match="one open request at a time") as raised:
        page_of(Sessions([]), body)
    assert raised.value.kind is Kind.LIMIT


def test_a_segment_that_is_refused_names_the_property() -> None:
    told = Sessions([]).fault(answer_of({"status": "failure", "message": {"error": "Segment not found"}}, 400))
    assert told is not None
    assert told.kind is Kind.CONFIG
    assert "segment_ids" in told.message


@pytest.mark.parametrize(
    "body",
    [
        {"status": "failure", "message": {"error": "Operation failed while a report was generated"}},
        {"status": "failure", "message": "The segment could not be computed"},
        {"status": "failure", "message": ["no"]},
        {"status": "failure", "message": None},
        {"status": "SUCCESS?", "exports": {"total": 0, "to": 0, "data": []}},
        {"exports": {"total": 0, "to": 0, "data": []}},
    ],
)
def test_any_other_failure_in_a_200_counts_as_a_server_error(body: object) -> None:
    with pytest.raises(StatusInBody) as told:
        page_of(Sessions([]), body)
    assert told.value.status == 500


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b'{"status":"failure","message":{"error":"start has a wrong format"}}'),
        (429, b'{"status":"failure","message":"one open request"}'),  # the core reads Retry-After
        (500, b'{"status":"failure","message":"API Key lookup failed"}'),
    ],
)
def test_an_error_that_its_words_do_not_explain_is_left_to_the_status(status: int, body: bytes) -> None:
    assert Sessions([]).fault(Answer(status, {}, body)) is None


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_a_body_that_browsee_did_not_write_is_not_explained(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        Sessions([]).fault(Answer(400, {}, body))
