"""Totals of long runs: tests count what they did, and ``python -m integration_tests.figures`` adds it up.

``FIGURES`` names the file that collects the counts; without it nothing is written.
"""

import json
import os
import sys
from collections import Counter
from pathlib import Path


def count(**numbers: int) -> None:
    """Add to the figures of this run."""
    if place := os.environ.get("FIGURES"):
        with Path(place).open("a") as file:
            file.write(json.dumps(numbers) + "\n")


def main() -> None:
    total: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text().splitlines():
        total.update(json.loads(line))
    for name, number in sorted(total.items()):
        sys.stdout.write(f"{name.replace('_', ' '):<36}{number:>14,}\n")


if __name__ == "__main__":
    main()
