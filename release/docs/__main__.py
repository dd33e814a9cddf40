"""Write the generated parts of all pages: ``make docs``."""

import logging
from pathlib import Path

from session_source.airbyte.verify.markdown import as_markdown

from release.distributions import ROOT
from release.docs import columns, commands, configuration, markers, readme, streams
from release.docs.connector import all_connectors


def pages() -> dict[Path, dict[str, str]]:
    """Return the generated parts of each page, by its path."""
    found = {
        ROOT / "README.md": readme.parts(),
        ROOT / "CONTRIBUTING.md": {"targets": commands.targets()},
    }
    for connector in all_connectors():
        found[connector.folder / "README.md"] = {
            "configuration": configuration.reference(connector),
            "streams": streams.reference(connector),
            "columns": columns.reference(connector),
            "assumptions": as_markdown(connector.source.assumptions).strip(),
            "commands": commands.options(connector),
        }
    return found


def main() -> None:
    """Write the pages, and print which ones changed."""
    logging.disable(logging.WARNING)  # of the reads that the sample rows come from
    for path, parts in pages().items():
        page = path.read_text()
        if (filled := markers.filled(page, parts)) != page:
            path.write_text(filled)
            print(path.relative_to(ROOT))  # noqa: T201 - what was asked for


if __name__ == "__main__":
    main()
