"""``python -m release.dist`` writes the wheels and bills of materials of a release into ``dist/``.

``dist/packages`` has a wheel of each distribution. ``dist/sbom`` has its bill of materials, a CycloneDX document
made from the lock. Two builds of one commit are the same files.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from release import wheels
from release.distributions import ROOT, Distribution, distributions
from release.licenses import packages

Json = dict[str, Any]


def bill(distribution: Distribution) -> Json:
    """Return the locked dependencies of a distribution: names, versions, hashes, licences and relations."""
    export = ["export", "--locked", "--no-default-groups", "--quiet", "--preview-features", "sbom-export"]
    command = [wheels.UV, *export, "--format", "cyclonedx1.5", "--package", distribution.name]
    root = distribution.folder.parent
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    found: Json = json.loads(done.stdout)
    del found["serialNumber"], found["metadata"]["timestamp"]  # they differ each time, and may be left out
    found["metadata"]["component"]["licenses"] = [{"license": {"id": distribution.project["license"]}}]
    known = {package.name: package.licence for package in packages(root)}
    for component in found["components"]:
        if stated := known.get(component["name"]):  # not for the workspace's own and those for Windows only
            component["licenses"] = [{"license": {"name": stated}}]
    return found


def build(root: Path, place: Path) -> list[Path]:
    """Write wheels and bills of materials into a folder, and return the files.

    Raises:
        ValueError: a wheel cannot be built, or lacks something; the message says what.
    """
    shutil.rmtree(place, ignore_errors=True)
    for folder in ("packages", "sbom"):
        (place / folder).mkdir(parents=True)
    found = []
    for one in distributions(root):
        wheel = wheels.build(one, place / "build")
        found.append(wheel.rename(place / "packages" / wheel.name))
        found.append(place / "sbom" / f"{one.name}-{one.version}.cdx.json")
        found[-1].write_text(json.dumps(bill(one), indent=2) + "\n")
    shutil.rmtree(place / "build")
    return found


if __name__ == "__main__":
    for path in build(ROOT, ROOT / "dist"):
        print(path.relative_to(ROOT))  # noqa: T201 - what was asked for
