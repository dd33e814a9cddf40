"""The benchmarks: contenders that need no other environment do the same work. No time is asserted."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.commands import Contender, Floor, HttpStreams, Manifest, Ours
from benchmarks.goals import ahead_of_us
from benchmarks.plan import (
    CAPACITY,
    FEWER,
    HISTORY,
    LIMITED,
    MANY,
    REFUSES,
    START_UP,
    Figures,
    Size,
    fixed,
    measured,
    works,
)
from benchmarks.report import BEGIN, END, headline, limited, table, with_headline
from benchmarks.rows import Row, Rows
from benchmarks.runs import Run, Server, measure

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("benchmarks")]

ROOT = Path(__file__).resolve().parents[2]
SMALL = Size(
    sessions=400,
    days=4,
    rounds=1,
    large=400,
    largest=800,
    latencies=(0.01,),
    history=8,
    limited=20,
    limited_latency=0.01,
)
ONE, FOUR, DEVREV, INSPECTLET = works(SMALL)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def test_the_minimum_is_every_page_and_the_empty_last_one() -> None:
    least = {name: work.least_requests for name, work in works(SMALL).items()}
    assert least == {ONE: 4 * 2, FOUR: 4 * 2, DEVREV: 4 * 1, INSPECTLET: 1 + 20 * 1}
    assert works(SMALL)[FOUR].records == 400 * 7, "one screen, two gestures and three events in each session"


@pytest.mark.parametrize("name", list(works(SMALL)))
@pytest.mark.parametrize(("kind", "reads_of_four_streams"), [(Manifest, 4), (HttpStreams, 4)])
def test_other_implementations_emit_the_same_records(
    server: Server, tmp_path: Path, kind: type[Contender], reads_of_four_streams: int, name: str
) -> None:
    work = works(SMALL)[name]
    run = measure(kind(tmp_path), work, server)
    assert run.records == work.records
    assert run.requests == work.least_requests * (reads_of_four_streams if name == FOUR else 1)


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Figures:
    return measured(SMALL, (Ours, Floor), tmp_path_factory.mktemp("benchmarks"), lambda _: None)


def test_this_project_and_the_floor_send_the_minimum_of_requests(figures: Figures) -> None:
    for name, work in works(SMALL).items():
        for who, (run, *_) in figures.runs[name,].items():
            # No page of Inspectlet is full here, so the connector requests the page after each short one.
            more = 20 if (who, name) == (Ours.name, INSPECTLET) else 0
            assert (run.requests, run.records) == (work.least_requests + more, work.records), (who, name)


def test_requests_overlap_only_for_parallel_contenders(figures: Figures) -> None:
    runs = figures.runs[ONE, "10 ms"]
    assert runs[Floor.name][0].most_open == 1
    assert 1 < runs[Ours.name][0].most_open <= 4, "one for each of four windows"


def test_the_next_sync_reads_three_days(
    figures: Figures,
) -> None:
    day = works(SMALL)[FOUR].records // 10 // 4
    run = figures.runs["incremental sync",][Ours.name][0]
    assert run.records == 3 * day


def test_it_is_measured_when_the_newest_day_is_complete(figures: Figures) -> None:
    found = {name: run for name, (run,) in figures.runs[HISTORY].items()}
    assert {run.records for run in found.values()} == {8 * 50}
    assert all(0 < run.newest < run.wall for run in found.values())


def test_a_vendor_with_a_capacity_is_read_with_adaptive_and_fixed_numbers_of_workers(figures: Figures) -> None:
    for kind, numbers in LIMITED.items():
        runs = {name: run for name, (run,) in figures.runs[kind,].items()}
        assert set(runs) == {Ours.name, *map(fixed, numbers)}
        for name, run in runs.items():
            is_short = kind == REFUSES and name in {fixed(CAPACITY + 1), fixed(MANY)}
            days = 20 // (FEWER if is_short else 1)
            assert (run.records, run.requests - run.refused) == (10 * days, 2 * days)
            if name != Ours.name:
                assert run.most_open <= int(name.split()[0])
    head, _, *rows = limited(figures).splitlines()
    assert head.endswith(f"| {Ours.name} | 4 workers | 5 workers | 6 workers | 16 workers |")
    assert [row.split(":")[1].split(" |")[0] for row in rows] == [
        " answers per second",
        " 429s for 1,000 answers",
        " answers per second",
    ]


def test_a_contender_with_other_records_ends_the_benchmark(server: Server, tmp_path: Path) -> None:
    class Forgetful(Floor):
        def command(self, work: object, origin: str, *, goes_on: bool) -> list[str]:
            return super().command(replace(works(SMALL)[DEVREV], until=3), origin, goes_on=goes_on)

    with pytest.raises(SystemExit, match="returned 300 records instead of 400"):
        measure(Forgetful(tmp_path), works(SMALL)[DEVREV], server)


def test_every_row_of_the_table_has_every_contender_and_its_ratio(figures: Figures) -> None:
    head, line, *rows = table(figures).splitlines()
    assert head == "| | this project | floor |"
    assert {row.count("|") for row in (line, *rows)} == {4}
    measured_rows = [row for row in rows if not row.startswith("| **")]
    assert len(measured_rows) == sum(len(found) for _, found in Rows(figures).sections())
    assert all("| 1.00× <sub>" in row for row in measured_rows)


def test_start_up_is_not_counted_and_faster_contenders_are_found() -> None:
    figures = Figures(Size(sessions=1000, latencies=()))
    run = Run(
        records=1000,
        requests=10,
        refused=0,
        bytes=1000,
        most_open=1,
        wall=3.0,
        cpu=2.0,
        peak=1024,
        busy=2.0,
        newest=3.0,
    )
    for name in works(figures.size):
        for who, seconds in ((Ours.name, 3.0), (HttpStreams.name, 2.0), (Floor.name, 1.5)):
            figures.add(START_UP, who, replace(run, wall=1.0, cpu=1.0))
            figures.add((name,), who, replace(run, wall=seconds, cpu=1.0 + seconds))
    rows = Rows(figures)
    assert rows.net(lambda run: run.wall, ONE) == {Ours.name: 2.0, HttpStreams.name: 1.0, Floor.name: 0.5}
    pace = Row("", {Ours.name: 500, HttpStreams.name: 1000, Floor.name: 2000}, {}, is_less_better=False)
    assert ahead_of_us(pace) == [HttpStreams.name]
    assert ahead_of_us(pace._replace(is_less_better=True)) == []


def test_the_readme_shows_the_headline_that_was_written(figures: Figures) -> None:
    results, page = (ROOT / "benchmarks" / "RESULTS.md").read_text(), (ROOT / "README.md").read_text()
    shown = page.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown in results
    assert with_headline(page, shown) == page
    assert f" × {Floor.name}." in headline(figures)
