"""Probes of lists: how long a page is, how a list ends, and in which order it comes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    setting,
)
from session_source.airbyte.verify.sample import ENOUGH, Ending, Read, Sample
from session_source.airbyte.verify.survey import Survey
from session_source.api.columns import at
from session_source.api.time_filter import Unrelated, moment_in
from session_source.api.windows import Window

SHORT_PAGES = Assumption(
    "short-pages",
    "In the middle of a list, no page is shorter than the full pages before it.",
    findings={
        "shorter": setting("One is shorter.", "Set a small `window_in_days`: the rest of the window is missed.")
    },
)
"""What is assumed about a list that only a short or an empty page ends."""


class PageSize(Probe):
    """How many rows a page has at most.

    Args:
        size: how many rows are requested for a page, or documented; or what returns that of an endpoint.
    """

    how = "Reads pages of a list until one is full, or another one follows."
    findings = {"smaller": nothing("A page has fewer rows, and another one follows.")}

    def __init__(self, size: int | Callable[[Any], int]) -> None:
        self._size = size

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Compare the longest page with what was requested."""
        sample = survey.sample(endpoint)
        size = self._size if isinstance(self._size, int) else self._size(sample.endpoint)
        longest = len(sample.longest_page.page.rows) if sample.longest_page else 0
        facts = {"longest": longest, "requested": size}
        if longest >= size:
            return Seen(AS_ASSUMED, f"{longest} rows on a page", facts)
        continued = [len(page.page.rows) for page, after in pairwise(sample.pages) if _continues(page, after)]
        if continued:
            return Seen("smaller", f"{max(continued)} rows on a page that another one follows", facts)
        return cannot_tell(f"there are too few rows to fill a page of {size}")


def _continues(page: Read, after: Read) -> bool:
    return bool(after.page.rows) and page.following is not None and not page.following.begins_a_list


class ListEnd(Probe):
    """What a vendor answers to the page after the last one, where pages are numbered and have no total."""

    how = "Requests the page after the last one of a short list."
    findings = {
        "repeated": nothing("The page after the last one has the rows of the last one again."),
        "refused": nothing("The page after the last one is refused (400, 404)."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Read a list to its end."""
        sample = short_list(survey, endpoint)
        ending = sample.ending if sample else None
        if ending in {Ending.REPEATED, Ending.REFUSED}:
            return Seen(ending.name.lower(), ending.value)
        if ending is Ending.EMPTY:
            return Seen(AS_ASSUMED, ending.value)
        return cannot_tell("no list was short enough to be read to its end")


def short_list(survey: Survey, endpoint: str) -> Sample | None:
    """Return a list that was read to its end; None if there is none.

    If the sample is not, the list around all times of one row is requested: the vendor may filter by any of them.
    """
    sample = survey.sample(endpoint)
    if sample.ending or not sample.rows:
        return sample if sample.rows else None
    time_filter = sample.endpoint.time_filter or Unrelated()
    reaches = [times for read in sample.pages for one in read.columns if (times := time_filter.times(one))]
    settled = [times for times in reaches if times.last < sample.settled_before]
    if not settled:
        return None
    times = min(settled, key=lambda one: one.last - one.first)
    window = Window(times.first - timedelta(seconds=1), times.last + timedelta(seconds=1))
    found = survey.pages(sample.endpoint, sample.partition, window)
    return found if found.ending and found.rows else None


class End(Probe):
    """How the last page of a list is marked.

    Args:
        path: where the token of the next page is in an answer.
    """

    findings = {
        "null": nothing("The last page has the field with null in it."),
        "empty": nothing("The last page has the field with an empty text in it."),
    }

    def __init__(self, *path: str) -> None:
        self._path = path
        self.how = f"Looks at `{'.'.join(path)}` in the last page of a short list."

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the last page of a list."""
        sample = short_list(survey, endpoint)
        if sample is None:
            return cannot_tell("no list was short enough to be read to its end")
        body = sample.pages[-1].answer.object()
        around = at(body, *self._path[:-1])
        if not isinstance(around, dict) or self._path[-1] not in around:
            return Seen(AS_ASSUMED, "the field is absent on the last page")
        name = "null" if around[self._path[-1]] is None else "empty"
        return Seen(name, f"the field is {name} on the last page")


class SteadyOrder(Probe):
    """Whether the same request gets the same rows in the same order.

    Args:
        column: a row with a recent time in it is left out, since it may still change.
    """

    how = "Requests the first page again and compares the order of the rows that are older than an hour."
    findings = {
        "changes": setting(
            "The order changes from request to request.",
            "Rows may be missed between two pages; keep `lookback_window_days` at 1 or more, and set a small "
            "`window_in_days`.",
        )
    }

    def __init__(self, column: str) -> None:
        self._column = column

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Read the first page again."""
        sample = survey.sample(endpoint)
        first = sample.longest_page
        if first is None:
            return cannot_tell("there are no rows")
        again = survey.read(sample.endpoint, first.context)
        before, after = (
            [row.key for row in replace(sample, pages=[read]).settled(self._column)] for read in (first, again)
        )
        common = set(before) & set(after)
        missing = len(set(before) - common)
        facts = {"compared": len(common), "missing": missing}
        order = [key for key in before if key in common]
        if order != [key for key in after if key in common] or missing:
            return Seen("changes", f"{len(common)} rows came again, {missing} did not, not all in order", facts)
        if len(common) < ENOUGH:
            return cannot_tell(f"{len(common)} rows came again, too few to compare")
        return Seen(AS_ASSUMED, f"{len(common)} rows came again in the same order", facts)


def steady_order(column: str) -> Assumption:
    """Return the assumption that a list has one order; see ``SteadyOrder``."""
    return Assumption("order", "The order of a list does not change between requests.", SteadyOrder(column))


class NewestFirst(Probe):
    """Whether a list begins with the newest row.

    Args:
        columns: the list may be sorted by any of them.
    """

    how = "Compares the times of the rows of a page."
    findings = {"otherwise": nothing("Lists are in another order.")}

    def __init__(self, *columns: str) -> None:
        self._columns = columns

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the longest page."""
        sample = survey.sample(endpoint)
        pages = [read for read in sample.pages if len(read.page.rows) >= ENOUGH]
        if not pages:
            return cannot_tell(f"no page has {ENOUGH} rows")
        if any(all(is_sorted(read, name, newest_first=True) for read in pages) for name in self._columns):
            return Seen(AS_ASSUMED, "newest first")
        is_oldest_first = any(
            all(is_sorted(read, name, newest_first=False) for read in pages) for name in self._columns
        )
        return Seen("otherwise", "oldest first" if is_oldest_first else "in no order of time")


def is_sorted(read: Read, column: str, *, newest_first: bool) -> bool:
    """Return whether a page is sorted by a column. Rows without a time in it are ignored."""
    moments = [moment for columns in read.columns if (moment := moment_in(columns, column)) is not None]
    return all(a >= b if newest_first else a <= b for a, b in pairwise(moments))
