"""Meanings: finds out, with a few small requests, what the vendor's page leaves open about dates. Pure.

https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp
"""

from collections.abc import Callable
from datetime import timedelta

from session_source import Row, Value, Window
from session_source.api.time_filter import DAY

from source_opentracker.lists import EVER, Meaning, SessionList, date_of, extent, touches

Ask = Callable[[SessionList], list[Row]]
"""Ask for the first few sessions of a list."""

UNITS = (1000, 1)
"""What a "unix timestamp" may count in a second: milliseconds, as in the records, or what the word means."""


def learn(ask: Ask, span: Window) -> Meaning | None:
    """Find out what the vendor means.

    Args:
        ask: asks for the first few sessions of a list.
        span: the sync's ``[start, end)``.

    Returns:
        What it means; None if there was no session to tell it by.
    """
    # First a day that is likely to have sessions: a cache that gives its first answer to all then holds some.
    late = SessionList.of_day(date_of(span.end - DAY))
    recent = ask(late)
    early = SessionList.of_day(date_of(span.start - 3 * DAY))
    found = ask(early)
    stray = _stray(found, early)
    if stray is not None:
        # Two answers have to agree, lest one that was mixed up decides how everything is read.
        other = SessionList.of_day(date_of(extent(stray).start - 3 * DAY))
        if _stray(ask(other), other) is not None:
            return Meaning(is_one_day=False, per_second=_unit(ask, early.date, found))
    if not found and not recent:
        return None
    return Meaning(is_one_day=True, per_second=_unit(ask, late.date, recent))


def _stray(rows: list[Row], of: SessionList) -> Row | None:
    """Find a session that cannot be of the day: then a date does not mean that day alone."""
    return next((row for row in rows if not touches(extent(row), of.asked)), None)


def _unit(ask: Ask, date: str, rows: list[Row]) -> int | None:
    """Find the unit in which ``from`` and ``to`` bound the list of a date by last events, if they do.

    They do if what they leave of the list around one session's last event is that session, which began before, and
    neither the older ones nor all of the newer ones that the list has without them. Newer ones that had begun by
    then may be left: on a busy site all of them had.
    """
    extents = [extent(row) for row in rows]
    for row, (start, last) in zip(rows, extents, strict=True):
        if last == EVER.end:
            continue
        moment = Window(last, last + timedelta(milliseconds=1))
        around = [SessionList.between(date, moment, unit) for unit in UNITS]
        asked = around[0].asked
        newer = {
            other.get("session_id")
            for other, session in zip(rows, extents, strict=True)
            if session != EVER and session.end >= asked.end
        }
        has_older = any(other.end < asked.start for other in extents)
        if start < asked.start and newer and has_older:
            return next(
                (unit for unit, one in zip(UNITS, around, strict=True) if _holds(ask(one), row, newer, one)), None
            )
    return None


def _holds(kept: list[Row], row: Row, newer: set[Value], around: SessionList) -> bool:
    ids = {other.get("session_id") for other in kept}
    return row.get("session_id") in ids and not newer <= ids and _stray(kept, around) is None
