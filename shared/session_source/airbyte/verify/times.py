"""Probes of times: what a request's dates are compared with, and in which time zone."""

from collections.abc import Sequence
from datetime import timedelta

from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.sample import Sample, SampleRow
from session_source.airbyte.verify.survey import Exact, Survey
from session_source.api.columns import Moment
from session_source.api.time_filter import EAST, WEST

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

OVERLAP = "overlap"
"""In ``Survey.filtered_by``, in place of a column: the vendor lists a row in each period that it overlaps."""

UNKNOWN_FILTER = "it is not known which time the vendor filters by"
NO_ROWS = "there is no row that is older than an hour"
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
            "A row is missed if the two times are further apart than `lookback_window_days`: set that to the "
            "longest difference, and `start_date` as much earlier.",
        ),
    }

    def __init__(self, column: str) -> None:
        self._column = column

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a row at its own time, and where it is not there, hours away."""
        sample = survey.sample(endpoint)
        rows = sample.settled(self._column)
        if not rows:
            return cannot_tell(NO_ROWS)
        row = rows[len(rows) // 2]
        is_listed = self._lists(survey, sample, row, SECOND, -SECOND)
        if is_listed is None:
            return cannot_tell(_LONG)
        if is_listed:
            survey.filtered_by[endpoint] = self._column
            return Seen(AS_ASSUMED, "a row is listed at its own time")
        ahead = self._hours_ahead(survey, sample, row)
        if ahead is None:
            return Seen("other", "a row is not listed at its own time")
        hours = ahead / HOUR
        return Seen("shifted", f"times are about {hours:+g} hours off", {"hours_ahead": hours})

    def _hours_ahead(self, survey: Survey, sample: Sample, row: SampleRow) -> timedelta | None:
        """Return how far the time that the vendor filters by is ahead of UTC; None if no zone explains that."""
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
        """Return whether a row is listed at its time if that is between ``least`` and ``most`` ahead of UTC."""
        moment = row.moments[0].replace(microsecond=0)
        least, most = (timedelta(seconds=round(each.total_seconds())) for each in (least, most))
        return survey.lists(sample, row.key, Exact(moment - most, moment - least))


class StartOrEndTime(Probe):
    """Which of a row's times the vendor filters by: its start, its end, or any time between them.

    Args:
        start: the name of the column with the start, which is assumed.
        end: the name of the column with the end.
    """

    how = "Requests the first and the second half of a long session, each by itself, and looks for the session."
    findings = {
        "end": nothing("The filter goes by the end of a session."),
        "overlap": nothing("The filter lists a session in each period that it touches."),
        "neither": report(
            "A session is listed neither at its start nor at its end.",
            "Its times are not those that the vendor filters by, or not in UTC. Sessions near `start_date`, "
            "`end_date` or the start of a lookback may be missed.",
        ),
    }

    def __init__(self, start: str, end: str) -> None:
        self._columns = start, end

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a session in its halves."""
        sample = survey.sample(endpoint)
        row = _longest(sample.settled(*self._columns))
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
            survey.filtered_by[endpoint] = OVERLAP
            return Seen("overlap", "a session is listed in both of its halves")
        survey.filtered_by[endpoint] = self._columns[0 if first else 1]
        return Seen(
            AS_ASSUMED if first else "end", f"a session is listed at its {'start' if first else 'end'} only"
        )


def _longest(rows: Sequence[SampleRow]) -> SampleRow | None:
    long = [row for row in rows if row.moments[1] - row.moments[0] >= 6 * SECOND]
    return max(long, key=lambda row: row.moments[1] - row.moments[0], default=None)


class Bounds(Probe):
    """Whether the bounds of a request's dates are included.

    Args:
        columns: the column that the vendor filters by; or the start and the end, if it may be either.
    """

    how = "Requests a period that begins at a row's time, and one that ends there."
    findings = {"exclusive": nothing("A bound is excluded.")}

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a row at the edges of two periods."""
        by = survey.filtered_by.get(endpoint)
        if by is None:
            return cannot_tell(UNKNOWN_FILTER)
        sample = survey.sample(endpoint)
        names = self._columns if by == OVERLAP else (by,)
        rows = sample.settled(*names)
        if not rows:
            return cannot_tell(NO_ROWS)
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
