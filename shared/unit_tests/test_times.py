from datetime import UTC, datetime

import pytest
from session_source.api import times


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019/01/31, 12:01:34", "2019-01-31T12:01:34Z"),
        ("2023-01-16 10:43:47", "2023-01-16T10:43:47Z"),
        ("2023-01-18T23:54:44.000Z", "2023-01-18T23:54:44Z"),
        ("2023-01-18T23:54:44.123Z", "2023-01-18T23:54:44.123000Z"),
        ("2023-01-18T23:54:44+04:00", "2023-01-18T19:54:44Z"),
        (" 2024-02-29 ", "2024-02-29T00:00:00Z"),
    ],
)
def test_moments_in_the_forms_of_vendors_are_converted_to_utc(written: str, meant: str) -> None:
    assert times.rfc3339(times.from_text(written)) == meant


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2019/02/30, 12:00:00",
        "2019-01-31T25:00:00Z",
        "0000-01-01",
        "1701031611054",  # milliseconds since 1970, and also 1701-03-16T10:54
        "1652120301720000000",
    ],
)
def test_a_text_that_is_no_moment_is_an_error(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are Python's
        times.from_text(written)


def test_a_count_is_converted_by_its_unit() -> None:
    assert times.from_epoch(1321313757710, per_second=1000) == datetime(2011, 11, 14, 23, 35, 57, 710000, UTC)
    assert times.from_epoch(1321313757) == datetime(2011, 11, 14, 23, 35, 57, tzinfo=UTC)


@pytest.mark.parametrize("count", [float("nan"), float("inf"), 1e18])
def test_a_count_outside_of_the_calendar_is_an_error(count: float) -> None:
    with pytest.raises((ValueError, OverflowError)):
        times.from_epoch(count)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:00.25Z", datetime(2026, 1, 31, 8, 0, 0, 250000, UTC)),
        ("2026-01-31\n", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_config_dates_have_two_forms(written: str, meant: datetime) -> None:
    assert times.from_config(written) == meant


@pytest.mark.parametrize("written", ["2026-02-30", "2026-13-01", "2026-01-31T24:30:00Z", "0000-00-00"])
def test_a_config_date_that_does_not_exist_is_an_error(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are pendulum's
        times.from_config(written)


def test_durations_are_written_in_words() -> None:
    assert times.in_words(0.2) == "1 second"
    assert times.in_words(61) == "1 minute 1 second"
    assert times.in_words(7537) == "2 hours 5 minutes"
