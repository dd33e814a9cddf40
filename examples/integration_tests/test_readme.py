"""What examples/README.md names is there, and what it says of vendors is what the connectors say."""

import re
from pathlib import Path

import pytest
import yaml
from sandbox_server import vendor_names

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "examples" / "README.md").read_text()


def test_every_path_and_link_leads_somewhere() -> None:
    links = set(re.findall(r"\]\(([^)#]+)\)", README))
    assert [link for link in links if not (ROOT / "examples" / link).exists()] == []
    paths = set(re.findall(r"\bexamples/[\w./-]*[\w]", README))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("folder", vendor_names())
def test_the_workers_are_those_of_the_connectors(folder: str) -> None:
    told = dict(re.findall(r"^\| (\w+)[^|]* \| [^|]+ \| (?:always )?(\d+) \|", README, re.MULTILINE))
    source = (ROOT / folder / folder.replace("-", "_") / "source.py").read_text()
    name = yaml.safe_load((ROOT / folder / "metadata.yaml").read_text())["data"]["name"]
    (workers,) = re.findall(r"^    workers = (\d+)", source, re.MULTILINE)
    assert name in told, f"The table of what vendors allow in examples/README.md has no row of {name}."
    assert told[name] == workers
