"""Measure all contenders, write RESULTS.md, and the headline ratios into the README: ``make bench``."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.commands import CONTENDERS, ENVIRONMENTS
from benchmarks.pages import WEBSITES
from benchmarks.plan import Size, measured
from benchmarks.report import headline, whole, with_headline

README = Path(__file__).resolve().parents[1] / "README.md"
RESULTS = Path(__file__).resolve().parent / "RESULTS.md"


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    default = Size()
    parser.add_argument("--sessions", type=int, default=default.sessions, help="sessions of each task")
    parser.add_argument("--rounds", type=int, default=default.rounds, help="runs of each contender and task")
    parser.add_argument("--large", type=int, default=default.large, help="sessions of the memory test")
    parser.add_argument("--largest", type=int, default=default.largest, help="the same, for this project")
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args()
    even = default.days * WEBSITES
    if given.sessions % even or given.large % given.sessions or given.largest % given.sessions:
        parser.error(
            f"Sessions are spread evenly over days and websites: --sessions must be a multiple of {even}, and "
            "--large and --largest multiples of --sessions."
        )
    return given


def main() -> None:
    """Run the benchmark and write the results."""
    given = arguments()
    missing = [
        kind.name for kind in CONTENDERS if kind.environment and not (ENVIRONMENTS / kind.environment).exists()
    ]
    if missing:
        raise SystemExit(
            f"The environments of {' and '.join(missing)} are missing. Run `make bench`, which creates them."
        )
    size = Size(sessions=given.sessions, rounds=given.rounds, large=given.large, largest=given.largest)
    began = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {line}\n")

    with tempfile.TemporaryDirectory() as place:
        figures = measured(size, CONTENDERS, Path(place), say)
    text = whole(figures)
    given.output.write_text(f"# Measured by `make bench`\n\n{text}")
    if given.output == RESULTS:
        README.write_text(with_headline(README.read_text(), headline(figures)))
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
