"""Errors about a file name the file and state what it should contain."""

import json
from pathlib import Path

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sandbox_server import load_vendor, refused_origin, vendor_names
from session_source.airbyte import files
from session_source.airbyte.commands import Entrypoint

from integration_tests.inside import source_class

FOLDER = vendor_names()[0]


@pytest.mark.promise(n=7)
@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        *(
            (name, None, "cannot be read .*No such file.* Check its path and permissions")
            for name in ("config", "catalog", "state")
        ),
        ("config", b"{", "it is not JSON.*line 1 column 2"),
        ("config", b"{\n// mine\n}", "no comments.*line 2 column 1"),
        ("catalog", b"{", "Could not read json"),
        ("state", b"{", "line 1 column 2.*It must be a state"),
        ("config", b"[1]", "It must be a configuration"),
        ("config", b"\xff\xfe", "It must be a configuration"),
        ("catalog", b"[]", "It must be a configured catalog"),
        ("catalog", b'{"streams": [{"name": "sessions"}]}', "It must be a configured catalog"),
        ("state", b'{"sessions": {}}', "It must be a state"),
        ("state", b"[1]", "It must be a state"),
        ("state", b"5", "It must be a state"),
    ],
)
def test_an_unusable_file_is_named_in_the_error(
    tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    config, *_ = load_vendor(FOLDER, sessions=1, days=1).configs(refused_origin()).values()
    contents = {"config": json.dumps(config).encode(), "catalog": b'{"streams": []}', "state": b"[]"}
    arguments = ["read"]
    for kind, usual in contents.items():
        path = tmp_path / f"{kind}.json"
        arguments += [f"--{kind}", str(path)]
        given = content if kind == name else usual
        if given is not None:
            path.write_bytes(given)
    with pytest.raises(AirbyteTracedException, match=words) as caught:
        list(Entrypoint(source_class(FOLDER)()).lines(arguments))
    assert caught.value.failure_type is FailureType.config_error
    assert str(tmp_path / f"{name}.json") in str(caught.value)


@pytest.mark.promise(n=4)
def test_the_output_of_a_killed_read_may_end_in_the_middle_of_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stream = {"stream_descriptor": {"name": "sessions"}, "stream_state": {"slices": []}}
    state = {"type": "STREAM", "stream": stream}
    kept = json.dumps({"type": "STATE", "state": state}).encode() + b"\n"
    path = tmp_path / "output.jsonl"
    for last in (kept, b'{"type": "RECORD", "record": {"data": {}}}\n'):
        for end in range(1, len(last) - 1):
            path.write_bytes(kept + last[:end])
            (message,) = files.read_state(str(path))
            assert message.stream is not None
            assert message.stream.stream_descriptor.name == "sessions"
            assert f"The last line of {path} is cut off" in caplog.text
            caplog.clear()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_config_may_have_the_encoding_and_the_line_ends_of_windows(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "config.json"
    path.write_bytes('{\r\n"name": "Müller"\r\n}\r\n'.encode(encoding))
    assert source_class(FOLDER)().read_config(str(path)) == {"name": "Müller"}
