"""Wheels: a complete one for each distribution."""

import os
import shutil
import subprocess
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

from release.distributions import ROOT, Distribution

BUILD_TOOLS = ROOT / "release" / "requirements" / "build.txt"
"""The build backend and its dependencies, with hashes: a build uses nothing else."""
UV = str(max(ROOT.glob(".cache/uv-*/bin/uv"), default="uv"))  # the one that make installed


def build(distribution: Distribution, place: Path) -> Path:
    """Build a wheel into an empty folder.

    Raises:
        ValueError: it cannot be built, or lacks something; the message says what.
    """
    shutil.rmtree(place, ignore_errors=True)
    pinned = ["--build-constraints", str(BUILD_TOOLS), "--require-hashes"]
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(  # noqa: S603
        [UV, "build", "--wheel", "--quiet", *pinned, "--out-dir", place, distribution.folder],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(f"{distribution.name} cannot be built: {done.stderr.strip()}")
    (wheel,) = place.glob("*.whl")
    if found := problems(distribution, wheel):
        raise ValueError(
            f"{wheel.name} {'; '.join(found)}. Correct [tool.hatch.build] in its pyproject.toml, or link the "
            "repository's LICENSE into its folder."
        )
    return wheel


def problems(distribution: Distribution, wheel: Path) -> list[str]:
    """Return which files a wheel lacks, and where it contradicts its ``pyproject.toml``."""
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        told = Parser().parsestr(archive.read(about).decode())
        scripts = about.replace("METADATA", "entry_points.txt")
        entry_points = archive.read(scripts).decode() if scripts in names else ""
    licence = about.replace("METADATA", "licenses/LICENSE")
    files = {licence} | {
        path.relative_to(distribution.folder).as_posix()
        for path in distribution.package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    found = [f"lacks {name}" for name in sorted(files - names)]
    if told["Version"] != distribution.version:
        found.append(f"says version {told['Version']}, not {distribution.version}")
    for script, target in distribution.project.get("scripts", {}).items():
        if f"{script} = {target}" not in entry_points:
            found.append(f"lacks the console script {script}")
    return found
