"""What the first ``make sync`` installs, and for which versions of Python."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync.integration_tests.command import ROOT, environment

TOOLS = {
    "airbyte",
    "hypothesis",
    "mypy",
    "pytest",
    "pytest-xdist",
    "ruff",
    "zizmor",
    "dbt-core",
    "psycopg2-binary",
}
"""What other targets need: PyAirbyte, the tests, the linters, the models, PostgreSQL."""


def make(*words: str, **variables: str) -> str:
    program = shutil.which("make")
    assert program is not None
    done = subprocess.run(  # noqa: S603
        [program, *words], cwd=ROOT, env=environment() | variables, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_first_run_installs_only_what_make_sync_runs() -> None:
    printed = make("--dry-run", "--assume-new=uv.lock", ".venv/.light").replace("\\\n", " ")
    (command,) = [line for line in printed.splitlines() if " sync --locked " in line]
    assert re.findall(r"--group (\S+)", command) == ["sync"]
    words = command.split()
    uv = ROOT / words[0].removeprefix("@")
    left_out = [word for word in words if word.startswith("--no-install-package")]
    names = [words[index + 1] for index, word in enumerate(words) if word in left_out]
    listing = subprocess.run(  # noqa: S603
        [
            uv,
            "export",
            "--frozen",
            "--offline",
            "--no-hashes",
            "--no-annotate",
            "--all-packages",
            "--group",
            "sync",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installed = set(re.findall(r"^([\w.-]+)==", listing, re.MULTILINE)) - set(names)
    assert {"dlt", "duckdb", "plotly"} <= installed
    assert not installed & TOOLS


@pytest.mark.parametrize(
    ("version", "is_used"), [((3, 10), False), ((3, 11), True), ((3, 12), True), ((3, 13), True), ((3, 14), False)]
)
def test_python_from_3_11_to_3_13_is_used(version: tuple[int, int], *, is_used: bool, tmp_path: Path) -> None:
    program = tmp_path / "python3"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.version_info = {version}\nexec(sys.argv[2])\n")
    program.chmod(0o755)
    printed = make("--silent", "--eval=probe:; @echo [$(PYTHON)]", "probe", PATH=str(tmp_path))
    assert printed == (f"[{sys.executable}]\n" if is_used else "[]\n")
