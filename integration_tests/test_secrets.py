"""No output of any command contains a credential, in any encoding, at any log level, after any failure."""

import base64
import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import sandbox_server as sandbox
from sandbox_server.vendor import vendor_class

from integration_tests.conftest import Start
from integration_tests.connector import Connector, Output

pytestmark = pytest.mark.promise(n=8)

AWKWARD = "s3:c@r/e+t%41 \"q'&x\\y"
NON_ASCII = AWKWARD + "ü€"


def spellings(secret: str) -> set[str]:
    found = {secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]}
    for _ in range(2):
        found |= {
            json.dumps(text, ensure_ascii=ascii_only)[1:-1] for text in found for ascii_only in (True, False)
        }
    found |= {base64.b64encode(secret.encode()).decode().rstrip("=")}
    return found


def shown(connector: Connector, output: Output) -> list[str]:
    names = connector.secret_names
    assert names
    secrets = [str(connector.config[name]) for name in names]
    users = [str(value) for value in connector.config.values() if isinstance(value, str) and value not in secrets]
    everything = output.stdout + output.stderr
    found = [form for secret in secrets for form in spellings(secret) if form in everything]
    for user in users:
        for secret in secrets:
            pair = base64.b64encode(f"{user}:{secret}".encode()).decode().rstrip("=")
            found += [pair] if pair in everything else []
    return found


FAULTS: dict[str, dict[str, Any]] = {
    "echoed with 401": {
        "status": 401,
        "body": '{{"error":"no such key: {credentials}"}}'.replace("{{", "{").replace("}}", "}"),
    },
    "echoed with 400": {"status": 400, "body": "what is {credentials}?"},
    "echoed with 403 in HTML": {"status": 403, "body": "<html>{credentials}</html>"},
    "echoed with a limit": {"status": 429, "body": '{"message":"{credentials}"}', "retry_after": 7200},
    "redirected": {"status": 302, "headers": {"Location": "https://example.com/?key={credentials}"}},
}


@pytest.mark.parametrize("command", ["check", "read"])
@pytest.mark.parametrize("fault", FAULTS)
def test_credentials_echoed_by_the_vendor_are_hidden(start: Start, command: str, fault: str) -> None:
    # One fault per command runs in a process, where stdout and stderr are real.
    connector, server = start(inside=fault != "echoed with 401", sessions=5, days=2)
    server.faults.append(sandbox.Status(**FAULTS[fault], times=None))
    arguments = connector.read_arguments() if command == "read" else [command]
    output = connector.run(*arguments, "--debug")
    assert shown(connector, output) == []
    assert "Traceback" not in "".join(error["message"] for error in output.errors)
    if command == "read":
        assert output.exit_code == 1
        assert "INCOMPLETE" in {status[-1] for status in output.statuses.values()}


SPELLED: dict[str, Callable[[str], str]] = {
    "HTML": html.escape,
    "JSON of Java": lambda text: re.sub(r"\W", lambda match: f"\\u{ord(match[0]):04x}", text),
    "hex": lambda text: text.encode().hex().upper(),
    "base64 of Latin-1": lambda text: base64.b64encode(text.encode("latin-1", "replace")).decode(),
    "base64 inside of a text": lambda text: base64.b64encode(f"<a>{text}</a>".encode()).decode(),
    "percent-encoded thrice": lambda text: quote(quote(quote(text))),
    "broken over lines": lambda text: "\n  ".join(text[n : n + 5] for n in range(0, len(text), 5)),
    "cut short": lambda text: text[: max(8, len(text) // 2)],
}


@pytest.mark.parametrize("spelling", SPELLED)
@pytest.mark.parametrize("secret", [AWKWARD, NON_ASCII])
def test_credentials_in_other_encodings_are_hidden(start: Start, spelling: str, secret: str) -> None:
    connector, server = start(inside=True, sessions=2, days=2)
    spelled = SPELLED[spelling](secret)
    server.faults.append(sandbox.Status(400, body=json.dumps({"error": f"{spelled} is wrong"}), times=None))
    config = {**connector.config, **dict.fromkeys(connector.secret_names, secret)}
    output = replace(connector, config=config).run("check", "--debug")
    (status,) = output.of_type("CONNECTION_STATUS")
    assert ("****" in status["message"]) is ("is wrong" in status["message"]), "some vendors' words are not quoted"
    for text in (status["message"], output.log):
        assert spelled[:8] not in text
        assert spelled[-8:] not in text or spelling.startswith(
            "base64"
        )  # the last bytes may not be a whole character


@pytest.mark.parametrize("command", ["check", "read"])
def test_a_value_in_the_wrong_property_is_not_quoted(start: Start, case: tuple[str, str], command: str) -> None:
    vendor = vendor_class(case[0])
    connector, server = start(inside=True, sessions=2, days=2)
    server.faults.append(sandbox.Status(401, times=None))
    pasted = "hunter2:hunter2/hunter2"
    arguments = connector.read_arguments() if command == "read" else [command]
    for name, part in connector.specification["properties"].items():
        if part.get("airbyte_secret"):
            continue
        for value in (pasted, [pasted], {"version": pasted}, [{"version_key": "a", "platform": pasted}]):
            config = {**connector.config, name: value}
            output = replace(connector, config=config).run(*arguments)
            told = [status["message"] for status in output.of_type("CONNECTION_STATUS")]
            told += [error["message"] for error in output.errors]
            assert told, name
            if name not in vendor.shown_in_errors:
                assert "hunter2" not in "".join(told), name
    config = {**connector.config, "base_url": f"https://somebody:{pasted}@example.com"}
    output = replace(connector, config=config).run(*arguments)
    assert "hunter2" not in output.stdout


def test_temporary_faults_reveal_nothing(start: Start) -> None:
    connector, server = start({"window_in_days": 1}, inside=True, sessions=30, days=8)
    passing = [
        sandbox.Status(503, body="{credentials}"),
        sandbox.Status(429, body='"{credentials}"', retry_after=1),
        sandbox.ResetBeforeBody(),
        sandbox.TruncatedJson(),
        sandbox.Echo(),
        sandbox.Html(),
    ]
    for number, fault in enumerate(passing):
        fault.after = number  # each hits another request, so that they are not one outage
    server.faults += passing
    output = connector.run(*connector.read_arguments(), "--debug")
    assert sum(fault.hits for fault in passing) >= 3
    assert output.log.count("Trying again in") >= 3
    assert shown(connector, output) == []


def test_secrets_are_not_in_urls(start: Start, case: tuple[str, str]) -> None:
    if case[1] in vendor_class(case[0]).credentials_in_url:
        pytest.skip("this API accepts its credentials only in the URL")
    connector, server = start(inside=True, sessions=30, days=3)
    connector.read()
    secrets = [str(connector.config[name]) for name in connector.secret_names]
    targets = " ".join(entry.request.target for entry in server.requests)
    assert server.count
    assert [form for secret in secrets for form in spellings(secret) if form in targets] == []


def test_links_that_open_a_recording_are_described_as_sensitive(start: Start) -> None:
    connector, _ = start(sessions=2, days=2)
    for name, stream in connector.streams.items():
        for field, part in stream["json_schema"]["properties"].items():
            if re.search(r"\blink\b.*(recording|video)|\bsigned\b", part["description"]):
                assert "ensitive" in part["description"], (name, field)


@pytest.mark.parametrize("command", ["check", "discover", "read"])
def test_successful_commands_reveal_nothing(start: Start, command: str) -> None:
    connector, _ = start(sessions=5, days=2)
    arguments = connector.read_arguments() if command == "read" else [command]
    output = connector.run(*arguments, "--debug")
    assert output.exit_code == 0
    assert shown(connector, output) == []


def test_a_failed_connection_reveals_no_url_with_a_key(start: Start) -> None:
    connector, _ = start({"base_url": sandbox.refused_origin()}, sessions=2, days=2)
    output = connector.run("check", "--debug")
    assert output.of_type("CONNECTION_STATUS")[0]["status"] == "FAILED"
    assert shown(connector, output) == []


@pytest.mark.parametrize("secret", ["a", "1", ":", "type", "trace", "error"])
def test_a_secret_that_is_a_word_of_the_protocol_breaks_no_message(start: Start, secret: str) -> None:
    connector, server = start(sessions=2, days=2)
    server.faults.append(sandbox.Status(401, times=None))
    config = {**connector.config, **dict.fromkeys(connector.secret_names, secret)}
    output = replace(connector, config=config).read()
    assert output.errors[-1]["failure_type"] == "config_error"


@pytest.mark.parametrize("shape", ["list", "object", "number"])
def test_secrets_of_the_wrong_type_are_hidden(start: Start, shape: str) -> None:
    connector, _ = start(inside=True, sessions=2, days=2)
    wrong: dict[str, Any] = {"list": [NON_ASCII], "object": {"a": NON_ASCII}, "number": 123456789}
    changed = dict.fromkeys(connector.secret_names, wrong[shape])
    output = replace(connector, config={**connector.config, **changed}).run("check", "--debug")
    everything = output.stdout + output.stderr
    forms = {"123456789"} if shape == "number" else spellings(NON_ASCII)
    assert [form for form in forms if form in everything] == []
    assert output.of_type("CONNECTION_STATUS")[0]["status"] == "FAILED"
