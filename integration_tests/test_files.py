"""Errors about a file name the file and state what it should contain."""

import json
from pathlib import Path

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from sandbox_server import load_vendor, refused_origin, vendor_names
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
        *((name, b"{", "Could not read json") for name in ("config", "catalog")),
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
