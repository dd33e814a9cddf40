"""Tests of images are skipped without a container engine."""

import subprocess
from pathlib import Path

import pytest

WITH_ENGINE = Path(__file__).resolve().parents[1] / ".ci" / "with-engine"


@pytest.mark.parametrize(("ci", "exit_code"), [("", 0), ("true", 1)])
def test_without_an_engine_the_command_is_skipped_and_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str, exit_code: int
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody-listens")
    monkeypatch.setenv("CI", ci)
    done = subprocess.run([WITH_ENGINE, "echo", "it ran"], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == exit_code
    assert done.stdout == ""
    assert "SKIPPED: no container engine answers" in done.stderr
    assert "Start that engine, or unset DOCKER_HOST" in done.stderr
