"""What the connector assumes about Inspectlet. https://apidocs.inspectlet.com"""

from session_source import Answer, Value
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
from session_source.airbyte.verify.pages import SHORT_PAGES, ListEnd, PageSize, steady_order
from session_source.airbyte.verify.rows import Ids, session_fields, stable_id
from session_source.airbyte.verify.survey import Survey
from session_source.airbyte.verify.times import Bounds, StartOrEndTime

from source_inspectlet.answers import response
from source_inspectlet.sessions import PAGE_SIZE, SessionDetails

LISTING = "https://apidocs.inspectlet.com/#listing-and-searching-sessions"
ONE = "https://apidocs.inspectlet.com/#retrieving-an-individual-session"


class ListShape(Probe):
    """What holds the sessions of a page."""

    how = "Looks at the `response` of the first page."
    findings = {"object": nothing("It is an object with `sessions`.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample's first answer."""
        pages = survey.sample(endpoint).pages
        if not pages:
            return cannot_tell("the account has no website")
        shape = _shape(response(pages[0].answer))
        return Seen(AS_ASSUMED if shape == "list" else "object", f"`response` is {_WORDS[shape]}")


class DetailShape(Probe):
    """What holds the details of a session."""

    how = "Requests the details of one session and looks at their `response`."
    findings = {
        "object": nothing("It is an object with `sessions`."),
        "record": nothing("It is the session itself."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Request the details of a session of the sample."""
        sample = survey.sample(endpoint)
        columns = next((one for read in sample.pages for one in read.columns if one["session_id"]), None)
        if columns is None:
            return cannot_tell("there is no session")
        detail = SessionDetails()

        def read(answer: Answer) -> Value:
            detail.rows(answer)
            return response(answer)

        found = survey.client.fetch(detail.request(columns, sample.partition), read, explain=detail.fault)
        shape = _shape(found)
        return Seen(AS_ASSUMED if shape == "list" else shape, f"`response` is {_WORDS[shape]}")


_WORDS = {"list": "a list", "object": "an object with `sessions`", "record": "an object"}


def _shape(found: Value) -> str:
    if isinstance(found, list):
        return "list"
    return "object" if "sessions" in found else "record"


ASSUMPTIONS: Assumptions = {
    "": (
        Assumption("reachable", "Inspectlet answers with the credentials of the config.", Reachable(), LISTING),
        Assumption("list-shape", "A list of sessions is an array.", ListShape(), LISTING),
        Assumption("details-shape", "The details of a session are an array with one session.", DetailShape(), ONE),
        Assumption("page-size", f"A page has up to {PAGE_SIZE} sessions.", PageSize(PAGE_SIZE), LISTING),
        Assumption("end-of-list", "The page after the last one is empty.", ListEnd()),
        Assumption(
            "filter-time",
            "The date range goes by the start of a session, in seconds since 1970 in UTC.",
            StartOrEndTime("started_at", "ended_at"),
        ),
        Assumption("bounds", "The bounds of the date range are included.", Bounds("started_at", "ended_at")),
        steady_order("ended_at"),
        Assumption("ids", "Every session has its own `sid`.", Ids(), LISTING),
        *session_fields("Inspectlet's page", LISTING),
        NO_RATE_LIMIT_HEADERS,
        SHORT_PAGES,
        Assumption(
            "late-sessions",
            "A session is listed at most `lookback_window_days` after it began.",
            findings={
                "later": setting(
                    "One is listed later.", "Set a larger `lookback_window_days`: a later session is missed."
                )
            },
        ),
        stable_id("`sid` never changes and is unique in its website."),
        Assumption(
            "deleted-sessions",
            "The details of a deleted session are answered with 404, 410 or an empty answer.",
            findings={
                "refused": setting(
                    "Inspectlet answers 400.",
                    "The stream `session_details` fails until the next sync; remove it if it fails again.",
                )
            },
        ),
        Assumption(
            "errors-in-200",
            "An `error` in an answer with status 200 counts by its words: access (401), rate (429), not found "
            "(404), others like an outage.",
            findings={"others": report("The words are others.", "The sync fails with Inspectlet's words.")},
        ),
        Assumption(
            "rate-limit",
            "Two windows at the same time are within Inspectlet's rate limit, which is not published.",
            findings={
                "lower": setting(
                    "It is lower.",
                    "The connector waits after a 429. Set `num_workers` to 1, or raise `max_waiting_time`.",
                )
            },
        ),
    )
}
