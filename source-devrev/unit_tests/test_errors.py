"""DevRev's errors. https://developer.devrev.ai/about/errors"""

from typing import Any

import pytest
from session_source import Kind
from session_source.testing import answer_of
from source_devrev import SourceDevrev
from source_devrev.sessions import Sessions

Json = dict[str, Any]
ANDROID = {"version_key": "shop", "platform": "android"}
IOS = {"version_key": "shop", "platform": "ios"}
WEB = {"version_key": "site", "platform": "web"}


def endpoint(*apps: dict[str, str], filters: Json | None = None) -> Sessions:
    config: Json = {"access_token": "t", "apps": list(apps) or [ANDROID, IOS, WEB], "start_date": "2023-01-01"}
    if filters is not None:
        config["filters"] = filters
    (only,) = SourceDevrev().endpoints(config)
    assert isinstance(only, Sessions)
    return only


def fault_of(status: int, told: Json) -> tuple[Kind, str]:
    fault = endpoint().fault(answer_of(told, status))
    assert fault is not None
    assert fault.wait is None
    return fault.kind, fault.message


@pytest.mark.parametrize(
    ("status", "told", "kind", "words"),
    [
        (401, {"type": "unauthenticated"}, Kind.CONFIG, ["access_token", "Create a new one"]),
        (401, {"type": "token_expired"}, Kind.CONFIG, ["expired", "Create a new one"]),
        (401, {"type": "token_revoked"}, Kind.CONFIG, ["revoked", "Create a new one"]),
        (401, {"type": "dev_org_deactivated"}, Kind.CONFIG, ["deactivated", "another organization"]),
        (403, {"type": "forbidden"}, Kind.CONFIG, ["version_key", "may see its sessions"]),
        (404, {"message": "route not found"}, Kind.CONFIG, ["no such address", "route not found", "base_url"]),
        (413, {"type": "request_entity_too_large", "max_bytes": 9}, Kind.CONFIG, ["filters", "9 bytes"]),
        (429, {"type": "too_many_requests", "retry_after": 3}, Kind.LIMIT, ["limits the requests", "user"]),
        (500, {"type": "internal_error", "reference_id": "ref-7"}, Kind.OUTAGE, ["ref-7", "later"]),
        (500, {"type": "internal_error"}, Kind.OUTAGE, ["failed to answer", "later"]),
        (503, {"type": "service_unavailable"}, Kind.OUTAGE, ["not available", "later"]),
        (400, {"type": "bad_request"}, Kind.CONFIG, ["Check apps and filters"]),
        (400, {"type": "some_new_type"}, Kind.CONFIG, ["Check apps and filters"]),
        (400, {"type": "invalid_field", "field_name": "page_url"}, Kind.CONFIG, ["page_url in filters"]),
        (
            400,
            {
                "type": "invalid_enum_value",
                "field_name": "device_type[0]",
                "allowed_values": ["desktop", "mobile"],
            },
            Kind.CONFIG,
            ["device_type[0] in filters", "Allowed values: desktop, mobile."],
        ),
        (400, {"type": "missing_required_field", "field_name": "version_key"}, Kind.CONFIG, ["in apps"]),
        (
            400,
            {"type": "value_not_permitted", "field_name": "session_duration.min_ms", "reason": "it is {negative}"},
            Kind.CONFIG,
            ["session_duration.min_ms in filters", "it is {negative}"],
        ),
        (400, {"type": "value_not_permitted", "field_name": "platform"}, Kind.CONFIG, ["platform", "in apps"]),
        (400, {"type": "value_not_permitted", "field_name": "limit"}, Kind.DEFECT, ["limit", "report it"]),
        (400, {"type": "invalid_field", "field_name": "cursor"}, Kind.STUCK, ["cursor", "Run the sync again"]),
    ],
)
def test_an_error_says_how_to_fix_it(status: int, told: Json, kind: Kind, words: list[str]) -> None:
    found, message = fault_of(status, told)
    assert found is kind
    assert message.startswith("DevRev ")
    assert f"({status})" in message
    assert message.endswith(".")
    for word in words:
        assert word in message


def test_an_error_quotes_the_vendor_once_and_on_one_line() -> None:
    _, message = fault_of(403, {"type": "forbidden", "message": "Forbidden", "detail": "not\n yours"})
    assert '(403): "Forbidden: not yours".' in message
    _, message = fault_of(403, {"type": "forbidden", "message": "no", "detail": "no"})
    assert '(403): "no".' in message
    assert len(fault_of(400, {"type": "bad_request", "detail": "x" * 5000})[1]) < 600


@pytest.mark.parametrize("status", [401, 403, 429, 502])
def test_an_error_that_is_not_devrevs_is_explained_by_its_status(status: int) -> None:
    assert endpoint().fault(answer_of(b'{"error":"who are you?"}', status)) is None


@pytest.mark.parametrize("sent", [b"<html>Sign in</html>", b"", b"[]"])
def test_a_body_that_devrev_did_not_write_is_not_explained(sent: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        endpoint().fault(answer_of(sent, 401))


def test_the_class_needs_no_arguments() -> None:
    assert SourceDevrev().window_days == 30
    assert SourceDevrev().workers == 8
    assert SourceDevrev().base_url({}) == "https://api.devrev.ai"
