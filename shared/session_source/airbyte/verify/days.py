"""Probes of days, and of times without a zone: which time decides the day, and in which time zone."""

from datetime import datetime, timedelta

from session_source.airbyte.verify.assumption import AS_ASSUMED, Probe, Seen, cannot_tell, nothing, report, setting
from session_source.airbyte.verify.survey import Survey
from session_source.airbyte.verify.times import HOUR, NO_ROWS, QUARTER, UNKNOWN_FILTER
from session_source.api.columns import Moment
from session_source.api.time_filter import DAY, EAST, moment_in
from session_source.api.times import midnight
from session_source.api.windows import Window


class DayOf(Probe):
    """Which of two times decides the day for which a row is listed.

    Args:
        assumed: the name of the column that is assumed.
        other: the name of the other column.
    """

    how = "Looks for a row with times that are days apart, in the days around each of them."
    findings = {
        "other": setting(
            "The filter goes by the time of occurrence.",
            "A row is missed if it is uploaded later than `lookback_window_days` after it occurred: set that to "
            "the longest time that devices are offline.",
        ),
        "neither": report(
            "A row is listed neither around the one nor around the other.",
            "Rows near `start_date`, `end_date` or the start of a lookback may be missed.",
        ),
    }

    def __init__(self, assumed: str, other: str) -> None:
        self._columns = assumed, other

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for such a row."""
        sample = survey.sample(endpoint)
        apart = [row for row in sample.settled(*self._columns) if abs(row.moments[0] - row.moments[1]) > 4 * DAY]
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
                survey.filtered_by[endpoint] = name
                return Seen(finding, f"a row is listed for the day of its {name}")
        return Seen("neither", "a row is listed for neither day")


class DayZone(Probe):
    """Whether days begin at midnight in UTC."""

    how = "Looks for rows from the first and the last hour of a day in the lists of their days."
    findings = {"otherwise": nothing("Days are those of another time zone.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for an early and a late row."""
        by = survey.filtered_by.get(endpoint)
        if by is None:
            return cannot_tell(UNKNOWN_FILTER)
        sample = survey.sample(endpoint)
        rows = sample.settled(by)
        if not rows:
            return cannot_tell(NO_ROWS)
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
    """Whether times without a zone are in UTC, judged by the newest row.

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
