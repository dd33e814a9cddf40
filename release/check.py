"""Check whether a version can be tagged. ``python -m release.check`` prints ``ok`` or what to fix for each check.

``python -m release.check --tag v0.1.0 versions wheels`` runs the named checks only, and requires that the tag is
that of the version.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import yaml

from release import images, wheels
from release.distributions import ROOT, Distribution, connectors, distributions

# What users copy: images with their tags, and the tags in examples of Kubernetes, plans and Terraform.
COPIED = {".md", ".yaml", ".toml", ".tf"}
TAG = re.compile(r'(?:session-connectors/[\w-]+:|newTag: |^tag = "|default\s+= ")(\d+\.\d+\.\d+)', re.MULTILINE)


UNPACKED = shutil.ignore_patterns("__pycache__", ".venv", "build", "dist", "secrets", "*.egg-info")


class NotReadyError(ValueError):
    """Something has to be fixed before a release; the text says what."""


def version(root: Path) -> str:
    """Return the version to be released: that of the shared core."""
    return distributions(root)[0].version


def check_versions(root: Path) -> str:
    """Check that every file has the same version."""
    wanted = version(root)
    found = [(f"{one.folder.name}/pyproject.toml", one.version) for one in distributions(root)]
    found += [("pyproject.toml", Distribution(root).version)]
    for connector in connectors(root):
        (core,) = [need for need in connector.project["dependencies"] if need.startswith("session-source")]
        acceptance = yaml.safe_load((connector.folder / "acceptance-test-config.yml").read_text())
        found += [
            (f"{connector.name}/pyproject.toml for session-source", core.partition("==")[2]),
            (f"{connector.name}/metadata.yaml", connector.metadata["dockerImageTag"]),
            (f"{connector.name}/acceptance-test-config.yml", acceptance["connector_image"].rpartition(":")[2]),
        ]
    examples = [place for place in sorted(root.glob("examples/**/*")) if place.suffix in COPIED]
    for place in (root / "README.md", *examples):
        found += [(str(place.relative_to(root)), told) for told in set(TAG.findall(place.read_text()))]
    if others := [f"{place} says {told}" for place, told in found if told != wanted]:
        told = ", ".join(others)
        raise NotReadyError(f"shared/pyproject.toml says {wanted}, but {told}. Write one version into all.")
    return f"{wanted} in {len(found)} files"


def check_changelog(root: Path) -> str:
    """Check that the changelog says what is new in this version."""
    heading = f"## {version(root)}"
    _, found, rest = f"\n{(root / 'CHANGELOG.md').read_text()}".partition(f"\n{heading}\n")
    if not found or not rest.partition("\n## ")[0].strip():
        raise NotReadyError(f"CHANGELOG.md has nothing under {heading}. Write what is new for users.")
    return heading


def check_tag(root: Path) -> str:
    """Check that this version was not released before, or that it is released from this commit."""
    tag = f"v{version(root)}"
    if not _run(root, "git", "tag", "--list", tag):
        return f"{tag} is free"
    if tag not in _run(root, "git", "tag", "--points-at", "HEAD").splitlines():
        raise NotReadyError(f"{tag} exists already, at another commit. Choose the next version in every file.")
    return f"{tag} is this commit"


def check_tree(root: Path) -> str:
    """Check that everything is committed."""
    if changed := _run(root, "git", "status", "--porcelain").splitlines():
        shown = ", ".join(line[3:] for line in changed[:3])
        raise NotReadyError(f"{len(changed)} files are not committed ({shown}). Commit or remove them.")
    return _run(root, "git", "rev-parse", "--short", "HEAD")


def check_lock(root: Path) -> str:
    """Check that the lock has the projects' dependencies."""
    try:
        _run(root, wheels.UV, "lock", "--check", "--quiet")
    except subprocess.CalledProcessError:
        raise NotReadyError("uv.lock is older than a pyproject.toml. Run uv lock and commit it.") from None
    return "uv.lock is fresh"


def check_wheels(root: Path) -> str:
    """Build every wheel twice, the second time from a copy. Check that it is complete and the same."""
    with tempfile.TemporaryDirectory() as place:
        for one in distributions(root):
            copy = Path(place) / "copy" / one.folder.name  # its files are new
            shutil.copytree(one.folder, copy, copy_function=shutil.copyfile, ignore=UNPACKED)
            try:
                first = wheels.build(one, Path(place) / one.name)
                second = wheels.build(Distribution(copy), Path(place) / "again" / one.name)
            except ValueError as error:
                raise NotReadyError(str(error)) from None
            if first.read_bytes() != second.read_bytes():
                raise NotReadyError(
                    f"{first.name} is another file when it is built again from the same sources. "
                    "Remove what depends on the time or the place from its build."
                )
    return ", ".join(one.name for one in distributions(root)) + ", each built twice alike"


def check_images(root: Path) -> str:
    """Build every image; an image that is built already takes no time."""
    try:
        images.docker("version")
    except (OSError, subprocess.CalledProcessError):
        raise NotReadyError(
            "no container engine answers. Start Docker, or run this with .ci/with-engine."
        ) from None
    for connector in connectors(root):
        try:
            images.build(connector)
        except (ValueError, subprocess.CalledProcessError) as error:
            raise NotReadyError(
                f"{connector.image} cannot be built; make image CONNECTOR={connector.name} shows why."
            ) from error
    base = f" on {os.environ['BASE_IMAGE']}, not on the published base" if os.environ.get("BASE_IMAGE") else ""
    return f"{len(connectors(root))} images of {version(root)}{base}"


CHECKS: dict[str, Callable[[Path], str]] = {
    "versions": check_versions,
    "changelog": check_changelog,
    "tag": check_tag,
    "tree": check_tree,
    "lock": check_lock,
    "wheels": check_wheels,
    "images": check_images,
}


def _run(root: Path, *command: str) -> str:
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.rstrip()  # noqa: S603


def main() -> None:
    """Run every check, also after one failed."""
    parser = argparse.ArgumentParser(prog="python -m release.check", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="another copy of the repository")
    parser.add_argument("--tag", help="the tag that the version has to have")
    parser.add_argument("checks", nargs="*", choices=[[], *CHECKS], help="default: all")
    given = parser.parse_args()
    root = given.root
    if given.tag and given.tag != f"v{version(root)}":
        sys.exit(f"The tag is {given.tag}, but the version is {version(root)}. Tag the commit of that version.")
    failed = 0
    for name in given.checks or CHECKS:
        try:
            line = f"ok    {name:<10} {CHECKS[name](root)}"
        except NotReadyError as error:
            failed += 1
            line = f"FIX   {name:<10} {error}"
        print(line, flush=True)  # noqa: T201 - what was asked for
    if failed:
        sys.exit(f"v{version(root)} cannot be released yet.")
    if not given.checks:
        print(f"v{version(root)} can be tagged.")  # noqa: T201


if __name__ == "__main__":
    main()
