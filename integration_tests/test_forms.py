"""The specifications as forms: a person fills them in, in a browser, and the connector accepts what comes out.

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
from integration_tests.tools import missing, node

Json = dict[str, Any]

UXCAM_FILTERS = {
    "data_access_v2": [
        {"field": "app_version", "operator": "in", "values": ["3.1.3", "3.1.4"]},
        {"field": "session_duration", "operator": "greater", "values": ["18"]},
        {"field": "session_crashed", "operator": "equal", "values": ["false"]},
        {"field": "user_custom_property", "operator": "equal", "values": ["pro"], "property_name": "plan"},
    ],
    "session_api": [
        {"field": "countrycode", "operator": "in", "values": ["NP", "DE"]},
        {"field": "sessionlength", "operator": "gt", "values": ["18"]},
        {"field": "crashed", "operator": "is", "values": ["false"]},
        {"field": "platform", "operator": "isandroid"},
    ],
}
DEVREV_ATTRIBUTES = [
    {"filter_type": "string_filter", "attribute_path": "plan", "equals": ["pro"], "contains": ["p"]},
    {"filter_type": "int64_filter", "attribute_path": "level", "equals": [3], "range": {"min": 1, "max": 9}},
    {"filter_type": "bool_filter", "attribute_path": "trial", "equals": False},
    {"filter_type": "none", "attribute_path": "plan"},
]

# Beside the sandboxes' own configs: every branch of a choice, and every kind of field.
MORE: list[tuple[str, str, Json]] = [
    *(
        ("source-uxcam", version, {"api": {"version": version, "filters": filters}})
        for version, filters in UXCAM_FILTERS.items()
    ),
    ("source-devrev", "default", {"filters": {"session_attributes": DEVREV_ATTRIBUTES, "is_anonymous": True}}),
    (
        "source-inspectlet",
        "default",
        {
            "search": {
                "country": "US",
                "newold": {"new": True, "old": False},
                "tags": {"tagslist": [{"tag": "converted", "value": "1"}, {"tag": "vip"}], "operator": "or"},
                "devices": "desktop",
                "visitedpage": {"operator": "beginswith", "url": "www.example.com/profile/"},
            }
        },
    ),
    ("source-browsee", "default", {"lookback_window_days": 3, "window_in_days": 2, "max_waiting_time": 5}),
]


def schema(folder: str) -> Json:
    spec = source_class(folder)().spec(None).connectionSpecification
    return dict(json.loads(json.dumps(spec)))


def wanted() -> list[tuple[str, str, Json]]:
    """Every config to enter: the connector, the sandbox's name for it, and what to change in it."""
    found: list[tuple[str, str, Json]] = []
    for folder in vendor_names():
        known = set(schema(folder)["properties"])
        configs = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")
        found += [(folder, name, {}) for name, config in configs.items() if set(config) <= known]
    return [*found, *MORE]


CASES = wanted()
IDS = [f"{folder}-{name}{'-more' if change else ''}" for folder, name, change in CASES]


def chromium() -> str:
    names = ("chromium", "google-chrome", "chromium-browser", "chrome")
    return next(filter(None, map(shutil.which, names)), None) or missing("Chromium is not installed.")


@pytest.fixture(scope="session")
def filled() -> dict[str, Json]:
    """Fill in all forms, in one browser."""
    pictures = os.environ.get("PICTURES")
    forms = []
    for case, (folder, name, change) in zip(IDS, CASES, strict=True):
        config = load_vendor(folder, sessions=2, days=2).configs("http://127.0.0.1:1")[name] | change
        del config["base_url"]  # hidden
        picture = str(Path(pictures, f"{case}.png")) if pictures else None
        forms.append({"schema": schema(folder), "config": config, "picture": picture})
    done = node("forms.js", given={"chromium": chromium(), "forms": forms}, seconds=240)
    return {case: {**form, **entered} for case, form, entered in zip(IDS, forms, done, strict=True)}


def without_empty(value: Any) -> Any:
    """Leave out what nothing was entered into."""
    if isinstance(value, dict):
        kept = {name: without_empty(part) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part not in ([], {}, None)}
    if isinstance(value, list):
        return [without_empty(part) for part in value]
    return value


def as_entered(config: Json, properties: Json) -> Json:
    """A config as a form gives it: with moments for dates, and with the defaults of what was left alone."""
    moments = {name: f"{config[name][:10]}T00:00:00.000Z" for name in ("start_date", "end_date") if name in config}
    defaults = {name: part["default"] for name, part in properties.items() if "default" in part}
    entered: Json = without_empty(config)
    return defaults | entered | moments


@pytest.mark.xdist_group("forms")
@pytest.mark.parametrize(("entry", "folder", "name"), [(i, f, n) for i, (f, n, _) in zip(IDS, CASES, strict=True)])
def test_a_form_that_is_filled_in_gives_a_config_that_check_accepts(
    filled: dict[str, Json], entry: str, folder: str, name: str, tmp_path: Path
) -> None:
    form = filled[entry]
    assert form["errors"] == []
    submitted = json.loads(json.dumps(form["submitted"]))
    submitted.get("api", {}).pop("requests_per_hour", None)  # defaults in groups, which connectors take as such
    if "newold" not in form["config"].get("search", {}):
        assert submitted.get("search", {}).pop("newold", None) in (None, {"new": True, "old": True})
    assert without_empty(submitted) == as_entered(form["config"], form["schema"]["properties"])
    with starting(folder, tmp_path) as start:
        connector, _ = start(name, sessions=5, days=2)
        entered = form["submitted"] | {"base_url": connector.config["base_url"]}
        checked = InsideConnector(folder, entered, tmp_path).run("check")
        assert checked.of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]


@pytest.mark.xdist_group("forms")
@pytest.mark.parametrize("folder", vendor_names())
def test_every_branch_of_every_choice_is_filled_in(filled: dict[str, Json], folder: str) -> None:
    entered = [form["config"] for case, form in filled.items() if case.startswith(folder)]
    for place, branches in choices(schema(folder)):
        for branch in branches:
            constants = {name: part["const"] for name, part in branch["properties"].items() if "const" in part}
            found = [value for config in entered for value in values(config, place)]
            assert any(constants.items() <= value.items() for value in found), (place, branch["title"])


def parts(part: Json, name: str = "") -> Iterator[tuple[str, Json]]:
    """Give every field of a schema, those in others too."""
    for inner_name, inner in part.get("properties", {}).items():
        yield inner_name, inner
        yield from parts(inner, inner_name)
    for inner in [*part.get("oneOf", []), *filter(None, [part.get("items")])]:
        yield from parts(inner, name)


@pytest.mark.parametrize("folder", vendor_names())
def test_titles_are_words_for_people_and_every_secret_links_to_where_it_is_made(folder: str) -> None:
    for name, part in parts(schema(folder)):
        if "const" not in part:
            assert re.match(r"[A-Z]", part["title"]), name
            assert not re.search(r"\bids?\b|_", part["title"]), name
            assert re.search(r"\.$|https://\S+$", part["description"]), name
        if part.get("airbyte_secret"):
            assert "https://" in part["description"], name


def test_devrevs_filters_say_first_what_they_are_for_and_stand_in_groups() -> None:
    filters = schema("source-devrev")["properties"]["filters"]["properties"].values()
    told = [part["description"].partition(":")[0] for part in sorted(filters, key=lambda part: int(part["order"]))]
    groups = ["All platforms", "Android and iOS", "Web"]
    assert set(told) == set(groups)
    assert told == sorted(told, key=groups.index)


def choices(part: Json, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], list[Json]]]:
    """Find every ``oneOf``, the first of those that are the same."""
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
    """Find what a config has at a place, each item of lists by itself."""
    if isinstance(config, list):
        for item in config:
            yield from values(item, place)
    elif not place:
        yield config
    elif place[0] in config:
        yield from values(config[place[0]], place[1:])
