"""SCALE.md is what the connectors declare, and a simulated year is read completely, newest first."""

from dataclasses import replace
from datetime import timedelta

import pytest
from session_source.api.windows import Window

from benchmarks.backfill import DAY, FIRST_DAY, Backfill, Simulation
from benchmarks.scale import PAGE, page, simulated, simulation_in

WEEK = Backfill(days=7, per_day=100_000, killed_after=1, lookback_days=0)
WORKERS = 4


def check(backfill: Backfill, simulation: Simulation) -> None:
    figures, end = simulation.figures, FIRST_DAY + backfill.days * DAY
    assert figures.finished == (Window(FIRST_DAY, end),), "all of it"
    assert figures.most_slices <= WORKERS + 1
    assert figures.most_windows <= 3 * WORKERS + 2
    newest = figures.at_a_tenth[-1]
    assert newest.end == end
    assert newest.end - newest.start >= backfill.days * DAY / 10 - WORKERS * timedelta(hours=2), "the newest tenth"


def test_a_busy_week_is_read_within_the_budget_newest_first_in_syncs_that_are_killed() -> None:
    simulation = Simulation(WEEK)
    figures = simulation.run()
    check(WEEK, simulation)
    assert figures.syncs > 1
    assert figures.hours >= (figures.requests - 500) / 500 - 1
    assert figures.requests <= 1.1 * WEEK.least_requests


def test_an_hourly_limit_is_not_wasted_on_small_windows_whether_a_sync_waits_or_ends() -> None:
    for waiting_minutes in (10, 60):
        backfill = replace(WEEK, killed_after=1000, waiting_minutes=waiting_minutes)
        figures = Simulation(backfill).run()
        assert figures.requests <= 1.1 * backfill.least_requests
        assert figures.hours <= backfill.least_requests / 500 + 1


def test_the_page_is_what_the_connectors_declare() -> None:
    text = PAGE.read_text()
    assert text == page(simulation_in(text)), "run python -m benchmarks.scale"


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_year_with_a_million_sessions_a_day_costs_what_the_page_says() -> None:
    year = Backfill()
    simulation = Simulation(year)
    text = simulated(year, simulation.run())
    check(year, simulation)
    assert text == simulation_in(PAGE.read_text())
