"""``make release-check`` refuses a broken release."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from release import images
from release.check import CHECKS, NotReadyError, version
from release.distributions import ROOT, connectors
from release.images import in_bytes

GIT = ["git", "-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a copy of everything that is released."""
    place = tmp_path / "repository"
    leave = shutil.ignore_patterns("__pycache__", "secrets", "build", "dist", "*.egg-info")
    for folder in [ROOT / "shared", ROOT / "examples", *ROOT.glob("source-*")]:
        shutil.copytree(folder, place / folder.name, ignore=leave)
    for name in ("pyproject.toml", "uv.lock", "README.md", "CHANGELOG.md", ".gitignore"):
        shutil.copy(ROOT / name, place / name)
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "All"]):
        subprocess.run([*GIT, *command], cwd=place, check=True)  # noqa: S603
    return place


def replace(place: Path, old: str, new: str) -> None:
    text = place.read_text()
    assert old in text
    place.write_text(text.replace(old, new))


def forget_the_columns(root: Path) -> None:
    target = "[tool.hatch.build.targets.wheel]"
    replace(root / "shared/pyproject.toml", target, f'{target}\nexclude = ["*.json"]')


def release_it_already(root: Path) -> None:
    for command in (["tag", f"v{version(root)}"], ["commit", "--quiet", "--allow-empty", "--message", "More"]):
        subprocess.run([*GIT, *command], cwd=root, check=True)  # noqa: S603


def write_the_moment_into_the_wheel(root: Path) -> None:
    with (root / "shared/pyproject.toml").open("a") as project:
        project.write("\n[tool.hatch.build.hooks.custom]\n")
    (root / "shared/hatch_build.py").write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n"
        "class Hook(BuildHookInterface):\n"
        "    def initialize(self, version, build_data):\n"
        "        made = Path(self.root, 'moment.py')\n"
        "        made.write_text(str(time.time_ns()))\n"
        "        build_data['force_include'][str(made)] = 'session_source/moment.py'\n"
    )


def build_with_another_backend(root: Path) -> None:
    replace(root / "shared/pyproject.toml", "hatchling>=1.27", "hatchling>=1.27,<1.28")


VENDOR = re.findall(r"session-connectors/(source-\w+):", (ROOT / "README.md").read_text())[0]
"""The connector of the README's examples."""
EXAMPLE = f"examples/kubernetes/{VENDOR.removeprefix('source-')}/kustomization.yaml"

BREAKS: list[tuple[str, Callable[[Path], object], str]] = [
    (
        "versions",
        lambda root: replace(root / VENDOR / "metadata.yaml", "dockerImageTag: ", "dockerImageTag: 9"),
        f"{VENDOR}/metadata.yaml says 9",
    ),
    (
        "versions",
        lambda root: replace(root / VENDOR / "pyproject.toml", "session-source==", "session-source==9"),
        f"{VENDOR}/pyproject.toml for session-source says 9",
    ),
    (
        "versions",
        lambda root: replace(root / EXAMPLE, f"{VENDOR}, newTag: ", f"{VENDOR}, newTag: 9"),
        f"{EXAMPLE} says 9",
    ),
    (
        "versions",
        lambda root: replace(
            root / "README.md", f"session-connectors/{VENDOR}:", f"session-connectors/{VENDOR}:9"
        ),
        "README.md says 9",
    ),
    ("changelog", lambda root: (root / "CHANGELOG.md").write_text("# Changelog\n"), "Write what is new"),
    ("tag", release_it_already, "exists already"),
    (
        "tree",
        lambda root: replace(root / "uv.lock", "version = 1", "version = 2"),
        r"not committed \(uv.lock\)",
    ),
    ("lock", lambda root: replace(root / "shared/pyproject.toml", "orjson>=3.10", "orjson>=3.11"), "Run uv lock"),
    ("wheels", forget_the_columns, "lacks session_source/api/session_columns.json"),
    ("wheels", lambda root: (root / "shared/LICENSE").unlink(), r"lacks session_source-.*/LICENSE"),
    ("wheels", write_the_moment_into_the_wheel, "is another file when it is built again"),
    ("wheels", build_with_another_backend, "session-source cannot be built"),
]


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [pytest.param(*each, id=each[2], marks=[pytest.mark.slow] if each[0] == "wheels" else []) for each in BREAKS],
)
def test_a_failed_check_says_what_to_fix(
    repository: Path, name: str, change: Callable[[Path], object], words: str
) -> None:
    change(repository)
    with pytest.raises(NotReadyError, match=words):
        CHECKS[name](repository)


def test_a_tag_at_this_commit_is_accepted(repository: Path) -> None:
    subprocess.run([*GIT, "tag", f"v{version(repository)}"], cwd=repository, check=True)  # noqa: S603
    assert CHECKS["tag"](repository) == f"v{version(repository)} is this commit"


@pytest.mark.slow
def test_without_an_engine_only_the_check_of_images_fails(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER", "false")  # a client that reaches no engine
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "release.check", "--root", str(repository)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    lines = [line.split()[:2] for line in done.stdout.splitlines()]
    assert lines == [["FIX" if name == "images" else "ok", name] for name in CHECKS]
    assert "no container engine answers" in done.stdout
    assert done.returncode == 1


def test_a_tag_of_another_version_is_refused_and_only_named_checks_run() -> None:
    def check(tag: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "release.check", "--tag", tag, "versions", "changelog"]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)  # noqa: S603

    done = check(f"v{version(ROOT)}")
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ok", "versions"],
        ["ok", "changelog"],
    ]
    assert done.returncode == 0
    wrong = check("v99.0.0")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "The tag is v99.0.0, but the version is" in wrong.stderr


def test_images_are_named_after_the_registry_or_the_metadata(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = connectors()[0]
    monkeypatch.delenv("REGISTRY", raising=False)
    assert images.tag(one) == one.image
    monkeypatch.setenv("REGISTRY", "registry.example/acme")
    assert images.tag(one) == f"registry.example/acme/{one.name}:{one.version}"


@pytest.mark.parametrize(
    ("told", "size"), [("0B", 0), ("84.3kB", 84_300), ("86.5 kB", 86_500), ("245MB", 245e6), ("1.2GB", 1.2e9)]
)
def test_sizes_are_parsed_in_the_formats_of_all_clients(told: str, size: float) -> None:
    assert in_bytes(told) == size
