"""The pages: generated parts are fresh, nothing is undocumented, links lead somewhere, quoted messages exist."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from session_source.airbyte.validation import validate

from release.distributions import ROOT
from release.docs import commands, markers
from release.docs.__main__ import pages
from release.docs.connector import LOGGER, Connector, all_connectors

CONNECTORS = all_connectors()
BY_NAME = pytest.mark.parametrize("connector", CONNECTORS, ids=[one.name for one in CONNECTORS])

SECTIONS = [
    "Prerequisites",
    "Setup guide",
    "Supported sync modes",
    "Streams",
    "Columns",
    "Limits and cost",
    "Assumptions",
    "Troubleshooting",
    "Commands",
    "Changelog",
]
"""The order of Airbyte's pages, with what a stranger asks before trusting a connector."""

WRITTEN = sorted(
    path
    for place in ("*.md", "*/*.md", ".github/*.md")
    for path in ROOT.glob(place)
    if path.parent.name == ".github" or not path.parent.name.startswith(".")
)
"""Every page of the repository."""


def page_of(connector: Connector) -> str:
    return (connector.folder / "README.md").read_text()


def section(page: str, title: str, level: str = "##") -> str:
    """The text below a heading, up to the next one of its level."""
    found = re.split(rf"^{level} {re.escape(title)}$", page, maxsplit=1, flags=re.MULTILINE)
    assert len(found) == 2, f"The page has no section {title}."
    return re.split(rf"^#{{2,{len(level)}}} ", found[1], maxsplit=1, flags=re.MULTILINE)[0]


# Generated parts.


@pytest.fixture(scope="module")
def written() -> dict[Path, dict[str, str]]:
    """What ``make docs`` writes."""
    return pages()


@pytest.mark.xdist_group("docs")
def test_generated_parts_are_what_make_docs_writes(written: dict[Path, dict[str, str]]) -> None:
    stale = [
        str(path) for path, parts in written.items() if markers.filled(path.read_text(), parts) != path.read_text()
    ]
    assert stale == [], "run make docs"


@pytest.mark.xdist_group("docs")
def test_a_generated_part_that_was_edited_by_hand_is_noticed(written: dict[Path, dict[str, str]]) -> None:
    for path, parts in written.items():
        page = path.read_text()
        for text in parts.values():
            edited = page.replace(text, text.replace("a", "b", 1), 1)
            assert edited != page
            assert markers.filled(edited, parts) == page


def test_a_page_without_one_of_its_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="The page has the parts"):
        markers.filled("# A page\n", {"columns": "text"})


# Everything is documented.


def missing(names: Iterable[str], text: str) -> list[str]:
    """Return the names that a text does not show as code: `name`, `a.name`, `a[].name`, `name VALUE`, `name=…`."""
    shown = {re.split(r"[.\]]", re.split(r"[ =]", code)[0])[-1] for code in re.findall(r"`([^`\n]+)`", text)}
    return sorted(set(names) - shown)


def first_cells(text: str) -> str:
    """Return the first cell of every row of the tables in a text."""
    return "\n".join(re.findall(r"^\|([^|]*)\|", text, re.MULTILINE))


def property_names(schema: Any) -> Iterator[str]:
    """The names of all properties of a schema that users see, at every level."""
    for name, part in schema.get("properties", {}).items():
        if not part.get("airbyte_hidden") and "const" not in part:
            yield name
            yield from property_names(part)
    for choice in [*schema.get("oneOf", []), *filter(None, [schema.get("items")])]:
        yield from property_names(choice)


@BY_NAME
def test_a_connectors_page_has_the_sections_in_order(connector: Connector) -> None:
    assert re.findall(r"^## (.+)$", page_of(connector), re.MULTILINE) == SECTIONS


@BY_NAME
def test_every_stream_with_key_and_cursor_and_every_column_is_documented(connector: Connector) -> None:
    page = page_of(connector)
    streams, columns = section(page, "Streams"), section(page, "Columns")
    for stream in (stream for api in connector.apis for stream in api.streams):
        assert missing([stream.name, *stream.key, *filter(None, [stream.cursor])], streams) == []
        assert f"<code>{stream.name}</code>" in columns
        assert missing(property_names(connector.schema(stream)), first_cells(columns)) == []


@BY_NAME
def test_every_property_of_the_configuration_is_documented(connector: Connector) -> None:
    table = first_cells(section(page_of(connector), "Configuration", "###"))
    assert missing(property_names(connector.spec), table) == []


@BY_NAME
def test_the_setup_guides_first_config_is_all_that_is_required_and_its_options_are_accepted(
    connector: Connector,
) -> None:
    guide = section(page_of(connector), "Setup guide")
    required, *options = map(json.loads, re.findall(r"^```json\n(.*?)^```", guide, re.MULTILINE | re.DOTALL))
    assert set(required) == set(connector.spec["required"])
    for change in ({}, *options):
        assert set(change) <= set(connector.spec["properties"])
        validate(connector.spec, required | change)
        assert connector.source.endpoints(required | change)


@BY_NAME
def test_every_command_and_option_is_documented(connector: Connector) -> None:
    text = section(page_of(connector), "Commands")
    for name, _, command in commands.subcommands(connector):
        options = [option for action in commands.arguments(command) for option in action.option_strings[:1]]
        assert missing([name, *options], text) == []


def test_every_target_of_the_makefile_and_every_variable_of_make_sync_is_documented() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    table = first_cells(section((ROOT / "CONTRIBUTING.md").read_text(), "Set up"))
    shown = re.findall(r"`make ([\w-]+)`", table)
    assert sorted(set(phony.replace("\\", "").split()) - set(shown)) == []
    (recipe,) = re.findall(r"^sync: .*?\n\n", makefile, re.MULTILINE | re.DOTALL)
    variables = {"DB", *re.findall(r"\$\(call given,(\w+),", recipe)}
    assert len(variables) > 3
    readme = (ROOT / "README.md").read_text()
    assert missing(variables, first_cells(section(readme, "Sync a real account"))) == []
    assert missing(re.findall(r"\$\(call given,(\w+),", makefile), readme) == []


def test_every_module_of_the_core_is_documented() -> None:
    modules = (ROOT / "shared" / "session_source").rglob("*.py")
    stems = [path.stem for path in modules if path.stem != "__init__"]
    assert len(stems) > 20
    assert missing(stems, (ROOT / "shared" / "README.md").read_text().partition("## Errors")[0]) == []


def test_every_option_of_the_sandbox_server_is_documented() -> None:
    program = (ROOT / "shared" / "sandbox_server" / "__main__.py").read_text()
    options = re.findall(r"add_argument\(\s*\"(--[\w-]+)\"", program)
    assert len(options) > 5
    assert missing(options, section((ROOT / "shared" / "README.md").read_text(), "Sandbox server")) == []


@pytest.mark.parametrize(
    ("kept", "lost"),
    [
        ("| `start_date` | x |", "end_date"),
        ("`filters[].field`, `flow[].events[].time`", "value"),
        ("`--config FILE`", "--state"),
        ("end_date without a mark", "end_date"),
    ],
)
def test_what_is_not_documented_is_named(kept: str, lost: str) -> None:
    assert missing([lost], kept) == [lost]
    assert missing([lost], f"{kept} `{lost}`") == []


def test_a_nested_name_counts_where_its_path_is_shown() -> None:
    assert (
        missing(["field", "time", "--config"], "`filters[].field`, `flow[].events[].time`, `--config FILE`") == []
    )


# Tables.


def uneven_rows(text: str) -> list[str]:
    """The rows of a page's tables with more or fewer cells than the header. GitHub does not show surplus cells."""
    uneven = []
    header = 0
    for line in re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line)) - 1 if line.startswith("|") else 0
        header = cells and (header or cells)
        if cells != header or (cells and not line.endswith("|")):
            uneven.append(line)
    return uneven


@pytest.mark.parametrize("page", WRITTEN, ids=[str(path.relative_to(ROOT)) for path in WRITTEN])
def test_every_row_of_a_table_has_as_many_cells_as_its_header(page: Path) -> None:
    assert uneven_rows(page.read_text()) == []


def test_a_row_with_a_cell_too_many_or_too_few_is_named() -> None:
    rows = ["| a | b |", "|---|---|", r"| 1 \| 2 | 3 |", "| 1 |", "| 1 | 2 | 3 |", "| 1 | 2 | 3"]
    assert uneven_rows("\n".join([*rows, "", "| x |"])) == rows[3:]


# Links.


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def broken_links(page: Path, text: str) -> list[str]:
    """The links of a page to files and headings that are not there."""
    broken = []
    without_code = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code):
        if urlsplit(link).scheme:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        headings = (
            re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if target.is_file() and anchor else []
        )
        if not target.exists() or (anchor and anchor not in map(slug, headings)):
            broken.append(link)
    return broken


@pytest.mark.parametrize("page", WRITTEN, ids=[str(path.relative_to(ROOT)) for path in WRITTEN])
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    assert broken_links(page, page.read_text()) == []


def test_a_link_that_leads_nowhere_is_named() -> None:
    page = ROOT / "README.md"
    text = "[a](LICENSE) [b](nothing.md) [c](#try-it) [d](#no-such-heading) [e](https://example.com/x)"
    assert broken_links(page, text) == ["nothing.md", "#no-such-heading"]


@BY_NAME
def test_the_documentation_url_is_a_page_for_people(connector: Connector) -> None:
    url = connector.metadata["documentationUrl"]
    assert connector.source.spec(LOGGER).documentationUrl == url
    assert urlsplit(url).hostname not in connector.metadata["allowedHosts"]["hosts"]


# Troubleshooting.


@cache
def messages() -> tuple[str, ...]:
    """Every text in the code, with … in place of what is filled in."""
    packages = [ROOT / "sync", ROOT / "shared" / "session_source", *(one.package for one in CONNECTORS)]
    found = []
    for path in (path for package in packages for path in package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(re.sub(r"\{\w*\}", "…", node.value))
    return tuple(found)


def unknown_messages(text: str) -> list[str]:
    """The quoted messages of a section's table of which a part is in no message of the code."""
    quoted = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert quoted
    unknown = []
    for quote in quoted:
        parts = [part.strip() for part in quote.split("…")]
        known = [part for part in parts if any(part in message for message in messages())]
        if parts != known or max(map(len, parts)) < 10:
            unknown.append(quote)
    return unknown


QUOTING = [ROOT / "README.md", *(one.folder / "README.md" for one in CONNECTORS)]


@pytest.mark.parametrize("page", QUOTING, ids=[str(path.relative_to(ROOT)) for path in QUOTING])
def test_every_message_that_troubleshooting_quotes_is_in_the_code(page: Path) -> None:
    assert unknown_messages(section(page.read_text(), "Troubleshooting")) == []


def test_a_quoted_message_that_the_code_does_not_have_is_named() -> None:
    assert unknown_messages("| `… refused the credentials (…)` | x |\n| `… refused your kind letter` | x |") == [
        "… refused your kind letter"
    ]
