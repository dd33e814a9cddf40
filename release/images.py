"""Images: ``python -m release.images source-uxcam`` builds one, without a name all of them.

``DOCKER`` names the client to use, ``BASE_IMAGE`` another base, ``BUILD_OPTIONS`` more options of its ``build``.
With ``REGISTRY=ghcr.io/acme`` an image is named ``ghcr.io/acme/source-uxcam:0.1.0``.
"""

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from release import wheels
from release.distributions import Distribution, connectors

REQUIREMENTS = "build/requirements.txt"
LEFT_OUT = ("unidecode",)
"""Packages that nothing imports, although airbyte-cdk requires them: Unidecode is under the GPL."""
UNITS = {"k": 1e3, "M": 1e6, "G": 1e9}


@dataclass(frozen=True)
class Sizes:
    """What an image consists of, in bytes."""

    base: float
    dependencies: float
    connector: float

    def __str__(self) -> str:
        total = self.base + self.dependencies + self.connector
        return (
            f"{total / 1e6:.0f} MB: base {self.base / 1e6:.0f} MB, dependencies {self.dependencies / 1e6:.0f} MB, "
            f"connector {self.connector / 1e6:.1f} MB"
        )


def docker(*arguments: str | Path) -> str:
    """Run the container engine's client and return what it prints.

    Raises:
        CalledProcessError: it failed.
    """
    client = shlex.split(os.environ.get("DOCKER", "docker"))
    return subprocess.run([*client, *arguments], capture_output=True, text=True, check=True).stdout  # noqa: S603


def build(connector: Distribution) -> None:
    """Build a connector's image from the lock and from new wheels.

    Raises:
        ValueError: a wheel misses something; the text says what.
        CalledProcessError: the lock cannot be exported, or the engine cannot build the image.
    """
    root = connector.folder.parent
    (root / REQUIREMENTS).parent.mkdir(exist_ok=True)
    export = ["export", "--locked", "--all-packages", "--no-emit-workspace", "--no-default-groups"]
    export += [part for name in LEFT_OUT for part in ("--no-emit-package", name)]
    subprocess.run(  # noqa: S603
        [wheels.UV, *export, "--quiet", "--output-file", REQUIREMENTS],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    for distribution in (Distribution(root / "shared"), connector):
        wheels.build(distribution, root / "build" / "wheels" / distribution.folder.name)
    arguments = {
        "CONNECTOR": connector.name,
        "REPOSITORY": connector.metadata["dockerRepository"],
        "VERSION": connector.metadata["dockerImageTag"],
        "REVISION": revision(root),
    }
    if base := os.environ.get("BASE_IMAGE"):
        arguments["BASE_IMAGE"] = base
    options = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    more = shlex.split(os.environ.get("BUILD_OPTIONS", ""))
    docker("build", "--quiet", "--tag", tag(connector), *options, *more, root)


def tag(connector: Distribution) -> str:
    """Return the name of an image: that of ``metadata.yaml``, or with the registry that it is pushed to."""
    registry = os.environ.get("REGISTRY")
    return f"{registry}/{connector.name}:{connector.metadata['dockerImageTag']}" if registry else connector.image


def revision(root: Path) -> str:
    """Return the commit of the working tree, with ``-dirty`` if anything is not committed."""
    describe = ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    return subprocess.run(describe, cwd=root, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def sizes(image: str) -> Sizes:
    """Read an image's sizes from its history: the base, the layers of the dependencies, and what comes after."""
    history = docker("history", "--no-trunc", "--format", "{{.Size}}\t{{.CreatedBy}}", image)
    layers = [line.partition("\t")[::2] for line in history.splitlines()[::-1]]
    ours = [number for number, (_, made) in enumerate(layers) if "requirements.txt" in made]
    parts = layers[: ours[0]], layers[ours[0] : ours[-1] + 1], layers[ours[-1] + 1 :]
    return Sizes(*(sum(in_bytes(size) for size, _ in part) for part in parts))


def in_bytes(size: str) -> float:
    """Read a size as clients write it: ``84.3kB`` or ``84.3 kB``."""
    amount = size.removesuffix("B").strip()
    unit = UNITS.get(amount[-1:], 1)
    return float(amount.rstrip("kMG ")) * unit


def main() -> None:
    """Build what the command line names."""
    known = {connector.name: connector for connector in connectors()}
    names = sys.argv[1:] or list(known)
    if unknown := set(names) - set(known):
        sys.exit(f"There is no connector {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    for name in names:
        try:
            build(known[name])
        except ValueError as error:
            sys.exit(str(error))
        except FileNotFoundError as error:
            sys.exit(f"There is no {error.filename}. Install Docker, or name another client: DOCKER=podman.")
        except subprocess.CalledProcessError as error:
            sys.exit(f"{error.stderr or ''}\n{name} has no image: {shlex.join(map(str, error.cmd[:2]))} failed.")
        image = tag(known[name])
        told = "" if os.environ.get("REGISTRY") else f"  {sizes(image)}"  # what is pushed need not be here
        print(image + told, flush=True)  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
