"""``python -m release.licenses`` prints LICENSES.md: the licences of what the connectors' images contain."""

import re
import subprocess
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import metadata
from pathlib import Path
from typing import cast

from packaging.requirements import Requirement

from release import images, wheels
from release.distributions import ROOT

IMAGE = {"sys_platform": "linux", "platform_python_implementation": "CPython", "python_full_version": "3.13.0"}
"""Where images differ from the machine that writes the page."""

PAGE = """\
# Licences of what the connectors bring

The connectors are under the [MIT licence](LICENSE). They need the packages below: `pip` installs all of them with
a connector, and each image contains all but those marked "not in images". `make licenses` writes this page from
`uv.lock` and from what each package states about itself; a test compares them.

An image also contains Python and Debian's packages, which come with its [base](Dockerfile). Debian keeps their
licences in `/usr/share/doc`, and the bill of materials attached to each published image lists them.

## Copyleft

{copyleft}

If you pass on an image or an environment, the terms of these licences apply to these packages. All other packages
are under permissive licences.

## All packages

| package | licence |
|---|---|
{rows}
"""

WHY = {
    "certifi": "The certificate authorities that HTTPS requests trust. Used unchanged.",
    "orjson": "Reads and writes JSON. Used unchanged.",
    "tqdm": "Draws progress bars for nltk, which airbyte-cdk requires. The connectors never show one.",
    "unidecode": (
        "Under the **GPL**. airbyte-cdk still lists it as a requirement, but neither airbyte-cdk nor a connector "
        "imports it. Images leave it out; where `pip` installs a connector, `pip uninstall unidecode` removes it "
        "without harm."
    ),
}
"""What each package under a copyleft licence is for."""


@dataclass(frozen=True)
class Package:
    """A package and the licence that it names."""

    name: str
    licence: str

    @property
    def is_copyleft(self) -> bool:
        """Whether changes to the package have to be published under the same licence."""
        return re.search(r"GPL|MPL|EPL|CDDL|Mozilla|GNU", self.licence) is not None

    @property
    def note(self) -> str:
        """What the table adds to a package that images leave out."""
        return " (not in images)" if self.name in images.LEFT_OUT else ""


def requirements(root: Path) -> list[str]:
    """Read from the lock what pip installs with the connectors."""
    export = ["export", "--locked", "--all-packages", "--no-emit-workspace", "--no-default-groups", "--quiet"]
    command = [wheels.UV, *export, "--no-hashes", "--no-annotate", "--no-header"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)  # noqa: S603
    wanted = [Requirement(line) for line in done.stdout.splitlines()]
    return sorted({one.name for one in wanted if one.marker is None or one.marker.evaluate(dict(IMAGE))})


def licence(about: Message) -> str:
    """Read a licence from a package's metadata: the most exact of the forms in which packages state it."""
    if expression := about["License-Expression"]:
        return str(expression)
    kinds = [one for one in about.get_all("Classifier") or [] if one.startswith("License :: OSI Approved :: ")]
    if kinds:
        return " or ".join(one.rpartition(" :: ")[2] for one in kinds)
    return str(about["License"] or "not stated").strip().partition("\n")[0]


def packages(root: Path = ROOT) -> list[Package]:
    """All packages that come with the connectors.

    Raises:
        PackageNotFoundError: one of them is not installed here.
    """
    return [Package(name, licence(cast("Message", metadata(name)))) for name in requirements(root)]


def page(found: list[Package]) -> str:
    """Write LICENSES.md."""
    copyleft = [f"- **{one.name}**, {one.licence}. {WHY[one.name]}" for one in found if one.is_copyleft]
    rows = [f"| {one.name}{one.note} | {one.licence} |" for one in found]
    return PAGE.format(copyleft="\n".join(copyleft), rows="\n".join(rows))


if __name__ == "__main__":
    print(page(packages()), end="")  # noqa: T201 - what was asked for
