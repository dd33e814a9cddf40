"""Probes of times: what a request's dates are compared with, and in which time zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.pages import SETTLED
from session_source.airbyte.verify.survey import Exact, Sample, SampleRow, Survey
from session_source.api.columns import Moment
from session_source.api.time_filter import DAY, EAST, WEST, moment_in
from session_source.api.times import midnight
from session_source.api.windows import Window

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

FILTERED_BY = "filtered by"
"""What `Survey.learned` calls the time that the vendor filters by: the name of a column, or ``OVERLAP``."""

OVERLAP = "overlap"

_NO_ROWS = "there is no row that is older than an hour"
_LONG = "the list around a row is too long"


class FilterTime(Probe):
    """Whether the vendor filters by the time in a column, and in the zone that it is taken for.

    Args:
        column: the column's name.
    """

    how = "Requests the two seconds around a row's time and looks for the row."
    findings = {
        "shifted": report(
            "The times in rows are those of another time zone than UTC.",
            "All timestamps are off by the same number of hours; no row is lost.",
        ),
        "other": setting(
            "The filter goes by another time than this one.",
            "A row is missed if it appears later than `lookback_window_days` after the time that the vendor "
            "filters by: set that to the longest delay.",
        ),
    }

    def __init__(self, column: str) -> None:
        self._column = column

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a row at its own time, and where it is not there, hours away."""
        sample = survey.sample(endpoint)
        rows = sample.with_moments(self._column, before=survey.now - SETTLED)
        if not rows:
            return cannot_tell(_NO_ROWS)
        row = rows[len(rows) // 2]
        is_listed = self._lists(survey, sample, row, SECOND, -SECOND)
        if is_listed is None:
            return cannot_tell(_LONG)
        if is_listed:
            survey.learned[FILTERED_BY, endpoint] = self._column
            return Seen(AS_ASSUMED, "a row is listed at its own time")
        ahead = self._hours_ahead(survey, sample, row)
        if ahead is None:
            return Seen("other", "a row is not listed at its own time")
        hours = ahead / HOUR
        return Seen("shifted", f"times are about {hours:+g} hours off", {"hours_ahead": hours})

    def _hours_ahead(self, survey: Survey, sample: Sample, row: SampleRow) -> timedelta | None:
        """Return how far a row's time is ahead of the one that it is listed for; None where it is not a zone's."""
        moment = sample.endpoint.columns[self._column]
        if isinstance(moment, Moment) and moment.has_zone(row.row):
            return None
        least, most = -WEST, EAST
        if not self._lists(survey, sample, row, most, least):
            return None
        while most - least > QUARTER:
            middle = least + (most - least) / 2
            if self._lists(survey, sample, row, most, middle):
                least = middle
            else:
                most = middle
        return round((least + (most - least) / 2) / QUARTER) * QUARTER

    def _lists(
        self, survey: Survey, sample: Sample, row: SampleRow, most: timedelta, least: timedelta
    ) -> bool | None:
        """Return whether a row is listed where it is if its time is so much ahead."""
        moment = row.moments[0].replace(microsecond=0)
        least, most = (timedelta(seconds=round(each.total_seconds())) for each in (least, most))
        return survey.lists(sample, row.key, Exact(moment - most, moment - least))


class StartOrEndTime(Probe):
    """Which of a row's times the vendor filters by: its start, its end, or any between.

    Args:
        start: the name of the column with the start; this is what is assumed.
        end: the name of the column with the end.
    """

    how = "Requests the first and the second half of a long session, each by itself, and looks for the session."
    findings = {
        "end": nothing("The filter goes by the end of a session."),
        "overlap": nothing("The filter lists a session in each period that it touches."),
        "neither": report(
            "A session is listed neither at its start nor at its end.",
            "Its times are not those that the vendor filters by, or not in UTC.",
        ),
    }

    def __init__(self, start: str, end: str) -> None:
        self._columns = start, end

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a session in its halves."""
        sample = survey.sample(endpoint)
        row = _longest(sample.with_moments(*self._columns, before=survey.now - SETTLED))
        if row is None:
            return cannot_tell("there is no session of some seconds that is older than an hour")
        start, end = row.moments
        middle = (start + (end - start) / 2).replace(microsecond=0)
        key = row.key
        first = survey.lists(sample, key, Exact(start - 2 * SECOND, middle - SECOND))
        second = survey.lists(sample, key, Exact(middle + SECOND, end + 2 * SECOND))
        if first is None or second is None:
            return cannot_tell(_LONG)
        if not first and not second:
            return Seen("neither", "a session is listed neither at its start nor at its end")
        if first and second:
            survey.learned[FILTERED_BY, endpoint] = OVERLAP
            return Seen("overlap", "a session is listed in both of its halves")
        survey.learned[FILTERED_BY, endpoint] = self._columns[0 if first else 1]
        return Seen(
            AS_ASSUMED if first else "end", f"a session is listed at its {'start' if first else 'end'} only"
        )


def _longest(rows: Sequence[SampleRow]) -> SampleRow | None:
    long = [row for row in rows if row.moments[1] - row.moments[0] >= 6 * SECOND]
    return max(long, key=lambda row: row.moments[1] - row.moments[0], default=None)


class Bounds(Probe):
    """Whether the bounds of a request's dates are included.

    Args:
        columns: the column that the vendor filters by; or the start and the end, where it is one of them.
    """

    how = "Requests a period that begins at a row's time, and one that ends there."
    findings = {"exclusive": nothing("A bound is excluded.")}

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a row at the edges of two periods."""
        by = survey.learned.get((FILTERED_BY, endpoint))
        if by is None:
            return cannot_tell("it is not known which time the vendor filters by")
        sample = survey.sample(endpoint)
        names = self._columns if by == OVERLAP else (by,)
        rows = sample.with_moments(*names, before=survey.now - SETTLED)
        if not rows:
            return cannot_tell(_NO_ROWS)
        row = rows[len(rows) // 2]
        first, last = row.moments[0], row.moments[-1]
        key = row.key
        lower = survey.lists(sample, key, Exact(last, last + 2 * SECOND))
        upper = survey.lists(sample, key, Exact(first - 2 * SECOND, first))
        if lower is None or upper is None:
            return cannot_tell(_LONG)
        facts = {"lower_included": lower, "upper_included": upper}
        if lower and upper:
            return Seen(AS_ASSUMED, "both bounds are included", facts)
        excluded = [name for name, is_in in (("lower", lower), ("upper", upper)) if not is_in]
        return Seen("exclusive", f"excluded: the {' and the '.join(excluded)} bound", facts)


class DayOf(Probe):
    """Which of two times decides for which day a row is listed.

    Args:
        assumed: the column that is assumed.
        other: the other one.
    """

    how = "Looks for a row with times that are days apart, in the days around each of them."
    findings = {
        "other": setting(
            "The filter goes by the time of occurrence.",
            "A row is missed if it is uploaded later than `lookback_window_days` after it occurred: set that to "
            "the longest time that devices are offline.",
        ),
        "neither": report("A row is listed neither around the one nor around the other.", ""),
    }

    def __init__(self, assumed: str, other: str) -> None:
        self._columns = assumed, other

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for such a row."""
        sample = survey.sample(endpoint)
        apart = [
            row
            for row in sample.with_moments(*self._columns, before=survey.now - SETTLED)
            if abs(row.moments[0] - row.moments[1]) > 4 * DAY
        ]
        if not apart:
            return cannot_tell("no row has times that are days apart")
        row = apart[0]
        key = row.key
        around = [Window(moment - EAST, moment + EAST) for moment in row.moments]
        is_listed = [survey.lists(sample, key, window) for window in around]
        if None in is_listed:
            return cannot_tell("the list of a day is too long")
        for name, finding, found in zip(self._columns, (AS_ASSUMED, "other"), is_listed, strict=True):
            if found:
                survey.learned[FILTERED_BY, endpoint] = name
                return Seen(finding, f"a row is listed for the day of its {name}")
        return Seen("neither", "a row is listed for neither day")


class DayZone(Probe):
    """Whether days begin at midnight in UTC."""

    how = "Looks for rows from the first and the last hour of a day in the lists of their days."
    findings = {"otherwise": nothing("Days are those of another time zone.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for an early and a late row."""
        by = survey.learned.get((FILTERED_BY, endpoint))
        if by is None:
            return cannot_tell("it is not known which time the vendor filters by")
        sample = survey.sample(endpoint)
        rows = sample.with_moments(by, before=survey.now - SETTLED)
        if not rows:
            return cannot_tell(_NO_ROWS)
        early = min(rows, key=lambda row: _time_of_day(row.moments[0]))
        late = max(rows, key=lambda row: _time_of_day(row.moments[0]))
        is_listed = []
        for row in (early, late):
            day = midnight(row.moments[0])
            is_listed.append(survey.lists(sample, row.key, Window(day, day + DAY)))
        if False in is_listed:
            return Seen("otherwise", "a row is not listed for its day in UTC")
        if None in is_listed:
            return cannot_tell("the list of a day is too long")
        if _time_of_day(early.moments[0]) >= HOUR or _time_of_day(late.moments[0]) < DAY - HOUR:
            return cannot_tell("there are no rows from both the first and the last hour of a day")
        return Seen(AS_ASSUMED, "rows near midnight are listed for their days in UTC")


def _time_of_day(moment: datetime) -> timedelta:
    return moment - midnight(moment)


class Present(Probe):
    """Whether times without a zone are in UTC, by those of rows that have just come.

    Args:
        column: a time that is never in the future.
    """

    how = "Compares the newest row's time with the present."
    findings = {
        "ahead": report(
            "Rows have times in the future: they are those of another time zone than UTC.",
            "All timestamps are off by the same number of hours; no row is lost.",
        )
    }

    def __init__(self, column: str) -> None:
        self._column = column

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the newest row."""
        sample = survey.sample(endpoint)
        moment = sample.endpoint.columns[self._column]
        if sample.rows and isinstance(moment, Moment) and all(map(moment.has_zone, sample.rows)):
            return Seen(AS_ASSUMED, "all times have a zone")
        times = [time for read in sample.pages for one in read.columns if (time := moment_in(one, self._column))]
        newest = max(times, default=None)
        if newest is not None and newest > survey.now + QUARTER:
            hours = round((newest - survey.now) / HOUR, 1)
            return Seen("ahead", f"the newest row is {hours:g} hours ahead", {"hours_ahead": hours})
        if newest is None or newest < survey.now - HOUR:
            return cannot_tell("there is no row of the last hour")
        return Seen(AS_ASSUMED, "the newest row is of the last hour")
