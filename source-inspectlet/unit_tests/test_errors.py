"""Errors and answers that cannot be read. https://apidocs.inspectlet.com/#errors"""

from pathlib import Path

import pytest
from session_source import Fault, Kind, Row, StatusInBody
from session_source.testing import answer_of, page_of
from source_inspectlet.sessions import SessionDetails, Sessions
from source_inspectlet.websites import Websites

SESSION = (Path(__file__).parent / "example.json").read_text()
"""The session on the vendor's page, without any edit."""
WID = {"wid": 12345678}


def sessions(search: Row | None = None, *website_ids: int) -> Sessions:
    return Sessions(Websites(website_ids), search or {})


@pytest.mark.parametrize("body", ["[]", "{}", '{"response": null}', '{"response": {"rows": []}}', '{"error": ""}'])
def test_an_answer_that_is_not_what_the_page_describes_cannot_be_read(body: str) -> None:
    with pytest.raises(ValueError, match=r"not a JSON object|neither|no list"):
        page_of(sessions(), body, partition=WID)


ERRORS = [
    ("Unauthorized", 401),
    ("Your API token is invalid or you don't have access to that resource.", 401),
    ("Access denied", 401),
    ("403 Forbidden", 401),
    (401, 401),
    ({"code": 401, "message": "no"}, 401),
    ("Your API token is being rate-limited due to too many requests in a short span of time.", 429),
    ("Too Many Requests", 429),
    ("rate_limit", 429),
    ({"code": 429}, 429),
    ("Website not found", 404),
    ("Bad Request", 500),
    ("Your request could not be completed.", 500),
    ("Could not generate the list", 500),
]


@pytest.mark.parametrize(("error", "status"), ERRORS)
def test_an_error_in_a_200_counts_as_the_error_it_is(error: object, status: int) -> None:
    body = answer_of({"error": error, "response": []})
    for read in (
        lambda: page_of(sessions(), body, partition=WID),
        lambda: SessionDetails().rows(body),
        lambda: page_of(Websites(), body),
    ):
        with pytest.raises(StatusInBody) as told:
            read()
        assert told.value.status == status


@pytest.mark.parametrize("error", [None, "", False, []])
def test_an_error_that_says_nothing_is_none(error: object) -> None:
    body = {"error": error, "response": []}
    assert page_of(sessions(), body, partition=WID).rows == []


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_that_was_deleted_since_has_no_details(status: int) -> None:
    fault = SessionDetails().fault(answer_of('{"error": "no"}', status))
    assert fault is not None
    assert fault.kind is Kind.GONE


@pytest.mark.parametrize("response", [[], {}, None, {"sessions": []}])
def test_an_answer_without_the_session_means_that_it_was_deleted(response: object) -> None:
    with pytest.raises(Fault) as raised:
        SessionDetails().rows(answer_of({"response": response}))
    assert raised.value.kind is Kind.GONE


def test_a_400_does_not_mean_that_a_session_was_deleted() -> None:
    fault = SessionDetails().fault(answer_of('{"error": "Something odd"}', 400))
    assert fault is not None
    assert fault.kind is Kind.DEFECT
    assert '(400): "Something odd"' in fault.message


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_other_errors_are_no_deleted_session(status: int) -> None:
    assert SessionDetails().fault(answer_of("", status)) is None


def test_several_sessions_are_not_the_requested_one() -> None:
    with pytest.raises(ValueError, match="several"):
        SessionDetails().rows(answer_of(f'{{"response": [{SESSION}, {SESSION}]}}'))
