"""What the connector assumes about Browsee. https://docs.browsee.io/integration/api-calls/data-export-api"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from session_source import Fault, Integer
from session_source.airbyte.verify.access import NO_RATE_LIMIT_HEADERS, Reachable
from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Assumptions,
    Probe,
    Seen,
    cannot_tell,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.pages import PageSize, steady_order
from session_source.airbyte.verify.rows import Ids, session_fields
from session_source.airbyte.verify.sample import ENOUGH
from session_source.airbyte.verify.survey import Exact, Survey
from session_source.airbyte.verify.times import OVERLAP, StartOrEndTime

from source_browsee.export import FIELDS, ID_FIELDS, PAGE_SIZE

PAGE = "https://docs.browsee.io/integration/api-calls/data-export-api"

SELECTED = ["timestamp", "duration"]


class Total(Probe):
    """Whether ``exports.total`` is the number of all sessions of a request."""

    how = "Compares `exports.total` of two pages, or of the last page with the sessions that came."
    findings = {"grows": nothing("It grows from page to page.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Compare the totals of the sample's pages."""
        sample = survey.sample(endpoint)
        totals = [Integer("exports", "total")(read.answer.object()) for read in sample.pages]
        if len(totals) < 2 or totals[0] is None or totals[-1] is None:
            return cannot_tell("the list has one page")
        # A few sessions may begin between two requests.
        if totals[-1] - totals[0] > ENOUGH:
            return Seen("grows", "the total of a later page is much higher", {"pages": len(totals)})
        return Seen(AS_ASSUMED, "pages of a list have the same total", {"pages": len(totals)})


class Precision(Probe):
    """Whether milliseconds count where times are compared."""

    how = "Requests a period that ends in the second of a session's time, before its milliseconds."
    findings = {"seconds": nothing("Times are compared in whole seconds.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for a session with milliseconds."""
        by = survey.filtered_by.get(endpoint)
        if by is None:
            return cannot_tell("it is not known which time Browsee filters by")
        sample = survey.sample(endpoint)
        name = "started_at" if by == OVERLAP else by
        rows = [row for row in sample.settled(name) if row.moments[0].microsecond >= 100_000]
        if not rows:
            return cannot_tell("there is no session with milliseconds that is older than an hour")
        row = rows[len(rows) // 2]
        second = row.moments[0].replace(microsecond=0)
        is_listed = survey.lists(sample, row.key, Exact(second - timedelta(seconds=3), second))
        if is_listed is None:
            return cannot_tell("the list around a session is too long")
        if is_listed:
            return Seen("seconds", "a session is listed for a period that ends before its milliseconds")
        return Seen(AS_ASSUMED, "a session is not listed for a period that ends before its milliseconds")


class NoIds(Probe):
    """Whether sessions have an id of Browsee's."""

    how = f"Looks for {', '.join(f'`{name}`' for name in ID_FIELDS)} in the rows."
    findings = {"present": nothing("Sessions have an id.", "It is the key.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample."""
        rows = survey.sample(endpoint).rows
        names = [name for name in ID_FIELDS if any(row.get(name) for row in rows)]
        if names:
            return Seen("present", f"sessions have {names[0]}", {"id": names[0]})
        return (
            Seen(AS_ASSUMED, "no session has one")
            if len(rows) >= ENOUGH
            else cannot_tell("there are too few rows")
        )


class Select(Probe):
    """Where a selection of fields has an effect."""

    how = "Requests two fields, with `select` in `options`, and if that has no effect at the top level."
    findings = {
        "top": nothing("It has an effect at the top level only.", "The connector sends it at both places."),
        "ignored": nothing("It has no effect.", "The connector drops the fields that are not chosen."),
        "refused": setting("Browsee refuses it (400).", "Remove `fields`."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Request a page with each."""
        sample = survey.sample(endpoint)
        if not sample.rows:
            return cannot_tell("there is no session")
        places: dict[str, dict[str, Any]] = {
            "options": {"options": {"select": SELECTED}},
            "top": {"select": SELECTED},
        }
        for place, selection in places.items():
            context = sample.pages[0].context
            request = sample.endpoint.request(context)
            body = {
                name: value for name, value in (request.json or {}).items() if name not in {"select", "options"}
            }
            try:
                read = survey.read(
                    sample.endpoint, context, replace(request, json=body | selection | {"limit": 5})
                )
            except Fault as fault:
                if fault.status != 400:
                    raise
                return Seen("refused", f"refused: {place}")
            others = frozenset(FIELDS).difference(SELECTED)
            if read.page.rows and not any(others & row.keys() for row in read.page.rows):
                return Seen(AS_ASSUMED if place == "options" else "top", f"it has an effect: {place}")
        return Seen("ignored", "fields that were not selected came all the same")


ASSUMPTIONS: Assumptions = {
    "": (
        Assumption("reachable", "Browsee answers with the keys of the config.", Reachable(), PAGE),
        Assumption("page-size", f"A page has up to {PAGE_SIZE} sessions.", PageSize(PAGE_SIZE), PAGE),
        Assumption("total", "`exports.total` counts all sessions of a request.", Total(), PAGE),
        Assumption(
            "filter-time",
            "`start` and `end` go by the start of a session, in UTC.",
            StartOrEndTime("started_at", "ended_at"),
        ),
        Assumption("precision", "Times are compared with their milliseconds.", Precision()),
        steady_order("ended_at"),
        Assumption(
            "ids", "Sessions have no id, so a hash of what never changes in them is the key.", NoIds(), PAGE
        ),
        Assumption(
            "keys",
            "No two sessions agree in all values of the hash.",
            Ids(),
            findings={
                "missing": report("Sessions lack all values that the hash is made of."),
                "repeated": report(
                    "Different sessions have the same key.",
                    "They began in the same millisecond in the same browser on the same page, and are one record.",
                ),
            },
        ),
        Assumption("select", "`select` in `options` chooses the fields.", Select(), PAGE),
        *session_fields("Browsee's page", PAGE, *ID_FIELDS),
        NO_RATE_LIMIT_HEADERS,
        Assumption(
            "bounds",
            "`start` and `end` are included.",
            findings={"excluded": nothing("They are not.", "Each window starts a second early.")},
        ),
        Assumption(
            "late-sessions",
            "A session is listed at most `lookback_window_days` after the time that Browsee filters by.",
            findings={
                "later": setting(
                    "One is listed later.", "Set a larger `lookback_window_days`: a later session is missed."
                )
            },
        ),
        Assumption(
            "deep-offsets",
            "`from` may be of any size.",
            findings={
                "refused": setting("Browsee refuses a large one.", "Set a small `window_in_days` (default 7).")
            },
        ),
        Assumption(
            "country",
            "`country` is a code of two letters.",
            findings={"name": nothing("It is a name.", "`country_code` is null.")},
        ),
        Assumption(
            "errors",
            "A `status` other than `success` is an error: words about the rate or an open request are waited for, "
            "words about a key are a configuration error, others are retried.",
            findings={"others": report("The words are others.", "The sync fails with Browsee's words.")},
        ),
        Assumption(
            "unknown-segment",
            "An unknown segment is an error.",
            findings={
                "empty": setting(
                    "Browsee returns an empty list.",
                    "Check `segment_ids`: the segment stays empty without an error.",
                )
            },
        ),
    )
}
