"""Meanings: finds out with a few small requests what the vendor's page does not say about dates. No I/O.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from session_source import Row, Value, Window
from session_source.api.time_filter import DAY

from source_opentracker.lists import EVER, Meaning, SessionList, date_of, extent, touches

FirstRows = Callable[[SessionList], list[Row]]
"""Requests the first few sessions of a list."""

UNITS = (1000, 1)
"""Units of a "unix timestamp", per second: milliseconds, as in the records, or seconds, as the term says."""


def learn(first_rows: FirstRows, span: Window) -> Meaning | None:
    """Find out what the vendor's dates mean.

    Args:
        first_rows: requests the first few sessions of a list.
        span: the sync's ``[start, end)``.

    Returns:
        What it means; None if there is no session that shows it.
    """
    # First a day that is likely to have sessions, in case a cache returns its first answer to all requests.
    late = SessionList.of_day(date_of(span.end - DAY))
    recent = first_rows(late)
    early = SessionList.of_day(date_of(span.start - 3 * DAY))
    found = first_rows(early)
    stray = _stray(found, early)
    if stray is not None:
        # Two answers have to agree, so that one wrong answer does not decide how everything is read.
        other = SessionList.of_day(date_of(extent(stray).start - 3 * DAY))
        if _stray(first_rows(other), other) is not None:
            return with_unit(Meaning(is_one_day=False), first_rows, early.date, found)
    if not found and not recent:
        return None
    return with_unit(Meaning(is_one_day=True), first_rows, late.date, recent)


def _stray(rows: list[Row], of: SessionList) -> Row | None:
    """Return a session that cannot be of the day. If there is one, a date does not mean that day alone."""
    return next((row for row in rows if not touches(extent(row), of.period)), None)


def with_unit(meaning: Meaning, first_rows: FirstRows, date: str, rows: list[Row]) -> Meaning:
    """Find the unit in which ``from`` and ``to`` bound the list of a date by last events, if they do.

    A request around one session's last event shows it: the answer has this session, which started before, and
    neither the older ones nor all of the newer ones that the list has without bounds. Newer ones that had started
    by then may be in the answer; on a busy site all of them had.

    Args:
        meaning: what is known so far.
        first_rows: requests the first few sessions of a list.
        date: the list's date.
        rows: the first few sessions of it, without bounds.

    Returns:
        The meaning with its unit; the same meaning if no session is fit for the request.
    """
    extents = [extent(row) for row in rows]
    for row, (start, last) in zip(rows, extents, strict=True):
        if last == EVER.end or not row.get("session_id"):
            continue
        moment = Window(last, last + timedelta(milliseconds=1))
        around = [SessionList.between(date, moment, unit) for unit in UNITS]
        period = around[0].period
        newer = {
            other.get("session_id")
            for other, session in zip(rows, extents, strict=True)
            if session != EVER and session.end >= period.end
        }
        has_older = any(other.end < period.start for other in extents)
        if start < period.start and newer and has_older:
            units = (
                unit for unit, one in zip(UNITS, around, strict=True) if _holds(first_rows(one), row, newer, one)
            )
            return replace(meaning, per_second=next(units, None), has_tried_bounds=True)
    return meaning


def _holds(kept: list[Row], row: Row, newer: set[Value], around: SessionList) -> bool:
    ids = {other.get("session_id") for other in kept}
    return row.get("session_id") in ids and not newer <= ids and _stray(kept, around) is None
