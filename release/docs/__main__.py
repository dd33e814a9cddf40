"""Write the generated parts of all pages: ``make docs``."""

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
    """Write the pages."""
    for path, parts in pages().items():
        path.write_text(markers.filled(path.read_text(), parts))


if __name__ == "__main__":
    main()
