"""The parts of a release beside its packages: pinned tools, bills of materials, licences."""

import json
import re
from importlib.metadata import distribution, requires
from pathlib import Path

import cyclonedx.schema
import jsonschema_rs
import pytest

from release import dist, licenses
from release.distributions import ROOT, Distribution, distributions
from release.images import LEFT_OUT

SCHEMAS = Path(cyclonedx.schema.__file__).parent / "_res"
"""CycloneDX's schemas, from its Python library."""

PINNED = [*ROOT.glob("*/*.in"), *ROOT.glob("*/requirements/*.in")]


def schema(name: str) -> dict[str, object]:
    return dict(json.loads((SCHEMAS / f"{name}.SNAPSHOT.schema.json").read_text()))


@pytest.fixture(scope="module")
def cyclonedx_1_5() -> jsonschema_rs.Validator:
    parts = ("spdx", "jsf-0.82")
    registry = jsonschema_rs.Registry(
        [(f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", schema(name)) for name in parts]
    )
    return jsonschema_rs.validator_for(schema("bom-1.5"), registry=registry)


@pytest.mark.parametrize("one", distributions(), ids=lambda one: one.name)
def test_a_bill_of_materials_is_valid_and_lists_every_installed_package(
    one: Distribution, cyclonedx_1_5: jsonschema_rs.Validator
) -> None:
    bill = dist.bill(one)
    cyclonedx_1_5.validate(bill)
    listed = {component["name"]: component for component in bill["components"]}
    own = {"session-source"} if one.name != "session-source" else set()
    assert own <= set(listed)
    assert installed(one.name) - {one.name} <= set(listed)
    for name, component in listed.items():
        if name not in own:
            assert component["purl"] == f"pkg:pypi/{name}@{component['version']}"
            assert all(place["hashes"] for place in component["externalReferences"])


def installed(name: str) -> set[str]:
    """Follow the requirements that the installed packages state."""
    found: set[str] = set()
    open_ = [name]
    while open_:
        name = re.sub("[-_.]+", "-", open_.pop()).lower()
        if name not in found:
            found.add(name)
            open_ += [re.split(r"[^\w.-]", need)[0] for need in requires(name) or [] if ";" not in need]
    return found


def test_a_bill_of_materials_is_reproducible() -> None:
    one = distributions()[-1]
    assert dist.bill(one) == dist.bill(one)


def test_licenses_md_matches_the_lock() -> None:
    assert (ROOT / "LICENSES.md").read_text() == licenses.page(licenses.packages()), "run make licenses"


def test_every_package_states_its_licence_and_only_excluded_ones_are_gpl() -> None:
    found = licenses.packages()
    assert [one.name for one in found if one.licence == "not stated"] == []
    gpl = {one.name for one in found if re.search(r"(?<!L)GPL|(?<!Lesser )General Public", one.licence)}
    assert gpl == set(LEFT_OUT)


def test_no_package_of_an_image_imports_an_excluded_one() -> None:
    imports = re.compile(rf"^(?:import|from) (?:{'|'.join(LEFT_OUT)})\b".encode(), re.MULTILINE)
    places = [
        Path(str(file.locate()))
        for one in licenses.packages()
        for file in distribution(one.name).files or []
        if file.suffix == ".py" and one.name not in LEFT_OUT
    ]
    assert len(places) > 1000
    assert [str(place) for place in places if imports.search(place.read_bytes())] == []


@pytest.mark.parametrize("place", PINNED, ids=lambda place: str(place.relative_to(ROOT)))
def test_tools_outside_of_the_lock_are_pinned_with_hashes(place: Path) -> None:
    pinned = re.split(r"^(?=\w)", place.with_suffix(".txt").read_text(), flags=re.MULTILINE)[1:]
    assert pinned
    for one in pinned:
        hashed = r"( +--hash=sha256:[0-9a-f]{64}( \\)?\n)+$"
        assert re.match(r"[\w.\[\],-]+==[\w.]+( ; [^\\\n]+)? \\\n" + hashed, one), one


@pytest.mark.parametrize("place", ["Dockerfile", "examples/kubernetes/loader/Dockerfile"])
def test_base_images_are_pinned_by_digest_and_pip_requires_hashes(place: str) -> None:
    text = (ROOT / place).read_text()
    (base,) = re.findall(r"^ARG BASE_IMAGE=(.*)$", text, re.MULTILINE)
    assert re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", base)
    assert re.findall(r"^FROM (.*)$", text, re.MULTILINE) == ["${BASE_IMAGE}"]
    for command in re.findall(r"pip [^&]*install[^&]*", text.replace("\\\n", "")):
        assert "--require-hashes" in command or "--no-index" in command, command
