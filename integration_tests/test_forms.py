"""The specifications as forms: a browser fills them in, and the connector accepts the submitted config.

``make test`` fills in one form of each connector, ``make test-all`` all of them.
``PICTURES=folder`` keeps a picture of each form.
"""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import load_vendor, vendor_names

from integration_tests.conftest import starting
from integration_tests.inside import InsideConnector, source_class
from integration_tests.tools import ROOT, missing, node

Json = dict[str, Any]


def schema(folder: str) -> Json:
    spec = source_class(folder)().spec(None).connectionSpecification
    return dict(json.loads(json.dumps(spec)))


def wanted() -> list[tuple[str, str, Json]]:
    """Return every config to enter: the connector, the name of a sandbox's config, and changes to it.

    These are the sandbox's own configs and the ones in the connector's ``forms.json``, which a connector needs
    if its spec has choices that the sandbox's configs do not cover.
    """
    found: list[tuple[str, str, Json]] = []
    for folder in vendor_names():
        known = set(schema(folder)["properties"])
        configs = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")
        found += [(folder, name, {}) for name, config in configs.items() if set(config) <= known]
        more = ROOT / folder / "integration_tests" / "forms.json"
        if more.exists():
            found += [(folder, one["config"], one["change"]) for one in json.loads(more.read_text())]
    return found


CASES = wanted()
IDS = [f"{folder}-{name}{'-more' if change else ''}" for folder, name, change in CASES]


def chromium() -> str:
    names = ("chromium", "google-chrome", "chromium-browser", "chrome")
    return next(filter(None, map(shutil.which, names)), None) or missing("Chromium is not installed.")


def given(folder: str, name: str, change: Json) -> Json:
    """Return the config to enter; its base URL is hidden."""
    config = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")[name] | change
    return {name: value for name, value in config.items() if name != "base_url"}


@pytest.fixture(scope="session")
def filled(request: pytest.FixtureRequest) -> dict[str, Json]:
    """Fill in the forms of all tests of this run, in one browser."""
    pictures = os.environ.get("PICTURES")
    run = {item.callspec.params.get("entry") for item in request.session.items if hasattr(item, "callspec")}
    forms = {
        entry: {
            "schema": schema(folder),
            "config": given(folder, name, change),
            "picture": str(Path(pictures, f"{entry}.png")) if pictures else None,
        }
        for entry, (folder, name, change) in zip(IDS, CASES, strict=True)
        if entry in run
    }
    done = node("forms.js", given={"chromium": chromium(), "forms": list(forms.values())}, seconds=560)
    return {entry: {**forms[entry], **entered} for entry, entered in zip(forms, done, strict=True)}


def significant(value: Any, part: Json) -> Any:
    """Leave out of a config what is empty and what is the default of its schema."""
    if isinstance(value, dict):
        found = {}
        properties = properties_of(part, value)
        for name, inner in value.items():
            inner_part = properties.get(name, {})
            entered = significant(inner, inner_part)
            is_default = "default" in inner_part and entered == significant(inner_part["default"], inner_part)
            if "const" in inner_part or not (is_default or entered in ([], {}, None)):
                found[name] = entered
        return found
    if isinstance(value, list):
        return [significant(inner, part.get("items", {})) for inner in value]
    return value


def properties_of(part: Json, value: Json) -> Json:
    """Return the properties of an object, those of the branch that it chooses included."""
    found = dict(part.get("properties", {}))
    for branch in part.get("oneOf", []):
        if constants(branch).items() <= value.items():
            found |= branch["properties"]
    return found


def constants(branch: Json) -> Json:
    """Return the values that choose a branch."""
    return {name: part["const"] for name, part in branch["properties"].items() if "const" in part}


def with_moments(config: Json) -> Json:
    """Write dates as a form submits them."""
    return config | {n: f"{config[n][:10]}T00:00:00.000Z" for n in ("start_date", "end_date") if n in config}


def entries() -> Iterator[Any]:
    """Yield the parameters of each form; all but the first one of a connector are slow."""
    seen: set[str] = set()
    for entry, (folder, name, _) in zip(IDS, CASES, strict=True):
        yield pytest.param(entry, folder, name, marks=[pytest.mark.slow] if folder in seen else [])
        seen.add(folder)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("forms")
@pytest.mark.parametrize(("entry", "folder", "name"), entries())
def test_check_accepts_the_config_of_a_submitted_form(
    filled: dict[str, Json], entry: str, folder: str, name: str, tmp_path: Path
) -> None:
    form = filled[entry]
    assert form["errors"] == []
    defaults = {name for name, part in form["schema"]["properties"].items() if "default" in part}
    assert defaults <= set(form["submitted"])
    entered = significant(with_moments(form["config"]), form["schema"])
    assert significant(form["submitted"], form["schema"]) == entered
    with starting(folder, tmp_path) as start:
        connector, _ = start(name, sessions=5, days=2)
        config = form["submitted"] | {"base_url": connector.config["base_url"]}
        checked = InsideConnector(folder, config, tmp_path).run("check")
        assert checked.of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


@pytest.mark.parametrize("folder", vendor_names())
def test_the_forms_cover_every_branch_of_every_choice(folder: str) -> None:
    entered = [given(*case) for case in CASES if case[0] == folder]
    for place, branches in choices(schema(folder)):
        for branch in branches:
            found = [value for config in entered for value in values(config, place)]
            assert any(constants(branch).items() <= value.items() for value in found), (place, branch["title"])


def parts(part: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every field of a schema, nested ones included."""
    for inner_name, inner in part.get("properties", {}).items():
        yield inner_name, inner
        yield from parts(inner, inner_name)
    for inner in [*part.get("oneOf", []), *filter(None, [part.get("items")])]:
        yield from parts(inner, name)


@pytest.mark.parametrize("folder", vendor_names())
def test_what_is_required_comes_before_what_is_optional(folder: str) -> None:
    spec = schema(folder)
    in_order = sorted(spec["properties"], key=lambda name: int(spec["properties"][name]["order"]))
    assert set(in_order[: len(spec["required"])]) == set(spec["required"])
    assert list(spec["properties"]) == in_order


@pytest.mark.parametrize("folder", vendor_names())
def test_titles_are_readable_and_every_secret_links_to_its_source(folder: str) -> None:
    for name, part in parts(schema(folder)):
        if "const" not in part:
            assert re.match(r"[A-Z]", part["title"]), name
            assert not re.search(r"\bids?\b|_", part["title"]), name
            assert re.search(r"\.$|https://\S+$", part["description"]), name
        if part.get("airbyte_secret"):
            assert "https://" in part["description"], name


def choices(part: Json, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Json]]]:
    """Yield every ``oneOf``; equal ones once."""
    seen: list[list[Json]] = []
    for inner_place, branches in _choices(part, place):
        if branches not in seen:
            seen.append(branches)
            yield inner_place, branches


def _choices(part: Json, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Json]]]:
    if "oneOf" in part:
        yield place, part["oneOf"]
    for name, inner in part.get("properties", {}).items():
        yield from _choices(inner, (*place, name))
    if isinstance(part.get("items"), dict):
        yield from _choices(part["items"], place)


def values(config: Any, place: tuple[str, ...]) -> Iterator[Json]:
    """Yield the values at a place of a config, with the items of lists one by one."""
    if isinstance(config, list):
        for item in config:
            yield from values(item, place)
    elif not place:
        yield config
    elif place[0] in config:
        yield from values(config[place[0]], place[1:])
