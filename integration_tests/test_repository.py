"""The structure of the repository: the files of a vendor's folder, and facts that several files repeat."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml
from sandbox_server import load_vendor

from integration_tests.conftest import cases
from integration_tests.inside import InsideConnector
from release.check import check_changelog, check_versions
from release.distributions import Distribution

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = sorted(path.name for path in ROOT.glob("source-*"))
NEEDED = [
    "AGENTS.md",
    "README.md",
    "acceptance-test-config.yml",
    "icon.svg",
    "main.py",
    "metadata.yaml",
    "pyproject.toml",
    "sandbox/api.py",
    "unit_tests",
    "integration_tests",
]

VENDOR_BLIND = [
    "shared/session_source",
    "shared/sandbox_server",
    "shared/unit_tests",
    "shared/integration_tests",
    "integration_tests",
]
"""Where no vendor is named: what is special about one is in its folder."""

PACKAGES = ("api", "http", "sync", "airbyte")
"""The core's packages. Each may import those before it."""


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_connectors_folder_is_complete(folder: str) -> None:
    package = folder.replace("-", "_")
    needed = [
        *NEEDED,
        f"{package}/__init__.py",
        f"{package}/spec.yaml",
        f"{package}/schemas",
        f"{package}/py.typed",
    ]
    assert [name for name in needed if not (ROOT / folder / name).exists()] == []


def test_versions_agree_and_the_changelog_has_them() -> None:
    assert check_versions(ROOT)
    assert check_changelog(ROOT)


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_agree(folder: str) -> None:
    connector = Distribution(ROOT / folder)
    assert connector.name == folder
    assert connector.metadata["dockerRepository"].endswith(f"/{folder}")


def test_definition_ids_are_different() -> None:
    ids = [yaml.safe_load((ROOT / f / "metadata.yaml").read_text())["data"]["definitionId"] for f in FOLDERS]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_readmes_table_lists_every_stream(folder: str, tmp_path: Path) -> None:
    table = (ROOT / "README.md").read_text()
    assert f"]({folder}/README.md)" in table, f"README.md has no row for {folder}"
    for other, name in cases(every=False):
        if other == folder:
            config = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")[name]
            connector = InsideConnector(folder, config, tmp_path)
            for stream in connector.streams:
                assert f"| `{stream}` | {', '.join(connector.key(stream))} |" in table, stream


def test_each_promise_of_the_readme_has_tests() -> None:
    promises = (ROOT / "README.md").read_text().partition("## What you can rely on")[2].partition("\n## ")[0]
    numbers = re.findall(r"^(\d+)\. \*\*", promises, re.MULTILINE)
    places = ("integration_tests", "*/unit_tests", "*/integration_tests")
    tests = [path.read_text() for place in places for path in ROOT.glob(f"{place}/test_*.py")]
    tried = {number for test in tests for number in re.findall(r"pytest\.mark\.promise\(n=(\d+)\)", test)}
    assert numbers == [str(number) for number in range(1, 11)]
    assert tried == set(numbers)


@pytest.mark.parametrize("folder", FOLDERS)
def test_vendor_packages_contain_no_threads_retries_or_time_parsing(folder: str) -> None:
    package = ROOT / folder / folder.replace("-", "_")
    forbidden = re.compile(
        r"^import (threading|time|requests)$|\bsleep\(|\bstrptime\b|\bfromisoformat\b|\bwhile True\b", re.MULTILINE
    )
    for path in package.glob("*.py"):
        assert not forbidden.search(path.read_text()), path.name


def test_sandboxes_share_no_code_with_connectors() -> None:
    for path in [*ROOT.glob("source-*/sandbox/*.py"), *(ROOT / "shared" / "sandbox_server").glob("*.py")]:
        imports = re.findall(r"^(?:from|import) (\S+)", path.read_text(), re.MULTILINE)
        assert not [name for name in imports if name.startswith(("session_source", "source_"))], path


@pytest.mark.parametrize(("package", "later"), [(name, PACKAGES[n + 1 :]) for n, name in enumerate(PACKAGES)])
def test_the_packages_of_the_core_import_in_one_direction(package: str, later: tuple[str, ...]) -> None:
    modules = list((ROOT / "shared" / "session_source" / package).glob("*.py"))
    assert len(modules) > 1
    for path in modules:
        imported = set(re.findall(r"session_source\.(\w+)", path.read_text()))
        assert not imported & {*later, "testing"}, path


def naming(place: Path, vendors: Iterable[str]) -> list[str]:
    """Return the lines of all files in a folder that name a vendor."""
    names = re.compile(rf"(?<![a-z])(?:{'|'.join(vendors)})", re.IGNORECASE)
    found = []
    for path in sorted(place.rglob("*")):
        if path.is_file() and path.suffix not in {".pyc", ".pyo"} and path.name != "package-lock.json":
            lines = [path.name, *path.read_text().splitlines()]
            found += [
                f"{path.relative_to(place)}:{number}: {line}"
                for number, line in enumerate(lines)
                if names.search(line)
            ]
    return found


@pytest.mark.parametrize("place", VENDOR_BLIND)
def test_shared_code_and_shared_tests_name_no_vendor(place: str) -> None:
    assert naming(ROOT / place, [folder.removeprefix("source-") for folder in FOLDERS]) == []


def test_a_name_in_a_file_or_of_a_file_is_found(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "one.py").write_text("import time\n\nSourceAcme, source_acme, acmes\n")
    (tmp_path / "test_acme.py").write_text("pacmen\n")
    assert naming(tmp_path, ["acme", "other"]) == [
        "inner/one.py:3: SourceAcme, source_acme, acmes",
        "test_acme.py:0: test_acme.py",
    ]
