"""What the connector assumes about DevRev. https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post"""

from typing import cast

from session_source.airbyte.verify.access import Granted, RateLimitHeaders, Reachable
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
from session_source.airbyte.verify.pages import End, PageSize, is_sorted, steady_order
from session_source.airbyte.verify.rows import Ids, session_fields, stable_id
from session_source.airbyte.verify.sample import ENOUGH
from session_source.airbyte.verify.survey import Survey
from session_source.airbyte.verify.times import Bounds, FilterTime

from source_devrev.sessions import PAGE_SIZES, Sessions

PAGE = "https://developer.devrev.ai/beta/api-reference/observability/sessions-list-post"


class SortBy(Probe):
    """What ``sort_by`` does."""

    how = "Sends `sort_by` with the first request, and compares the times of the rows that come."
    findings = {
        "refused": nothing("DevRev refuses `sort_by`.", "The connector leaves it out for the rest of a sync."),
        "ignored": nothing("DevRev ignores `sort_by`."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample."""
        sample = survey.sample(endpoint)
        wish = cast("Sessions", sample.endpoint).sort_by(sample.partition)
        if wish.granted:
            return Seen("refused", "a request with it is refused, one without it is answered")
        pages = [read for read in sample.pages if len(read.page.rows) >= ENOUGH]
        if not pages:
            return cannot_tell(f"no page has {ENOUGH} rows")
        if all(is_sorted(read, "created_at", newest_first=False) for read in pages):
            return Seen(AS_ASSUMED, "oldest first, as requested")
        return Seen("ignored", "the rows of a page are not in the requested order")


ASSUMPTIONS: Assumptions = {
    "": (
        Assumption("reachable", "DevRev answers with the token and the apps of the config.", Reachable(), PAGE),
        Assumption(
            "limit",
            f"`limit` may be {PAGE_SIZES[0]}.",
            Granted(
                "Sends `limit` with the first request, and after a refusal (400) smaller ones.",
                lambda endpoint: endpoint.limit,
                refused=nothing(
                    "DevRev refuses a `limit` of 100.",
                    "The connector requests 50, 20 or 10, whichever is accepted first. If 10 is refused too, the "
                    "sync fails with DevRev's words.",
                ),
            ),
        ),
        Assumption(
            "page-size",
            "A page has as many sessions as `limit` says.",
            PageSize(lambda endpoint: PAGE_SIZES[endpoint.limit.granted or 0]),
        ),
        Assumption(
            "end-of-list",
            "The last page has no `next_cursor`; a shorter page is not the last one.",
            End("next_cursor"),
            "https://developer.devrev.ai/about/pagination",
        ),
        Assumption("filter-time", "The date filter goes by `created_at`, in UTC.", FilterTime("created_at")),
        Assumption("bounds", "The bounds of the date filter are included.", Bounds("created_at")),
        Assumption("sort-by", "`sort_by` with `created_at:asc` puts the oldest session first.", SortBy()),
        steady_order("created_at"),
        Assumption("ids", "Every session has its own `session_id`.", Ids(), PAGE),
        *session_fields("DevRev's page and SDK", PAGE),
        Assumption(
            "rate-limit-headers",
            "Answers have `X-Ratelimit-*` headers.",
            RateLimitHeaders(are_expected=True),
            "https://developer.devrev.ai/about/rate-limits",
        ),
        Assumption(
            "late-sessions",
            "A session is listed at most `lookback_window_days` after `created_at`.",
            findings={
                "later": setting(
                    "Phones upload later.", "Set a larger `lookback_window_days`: a later session is missed."
                )
            },
        ),
        stable_id("`session_id` never changes."),
        Assumption(
            "type-and-platform",
            "`type` and `platform` of a session are those that were requested, or missing.",
            findings={
                "others": report(
                    "A page has only sessions of others.",
                    "It is requested again, and then the sync fails with an error that says so.",
                )
            },
        ),
        Assumption(
            "web-filters",
            "Filters of web sessions have the names and shapes of DevRev's TypeScript SDK.",
            source="https://www.npmjs.com/package/@devrev/typescript-sdk",
            findings={"refused": setting("DevRev refuses one (400).", "Remove the filter that the error names.")},
        ),
        Assumption(
            "unknown-app",
            "An unknown `version_key` is an error.",
            findings={
                "empty": setting(
                    "DevRev returns an empty list.", "Check `version_key`: there are no records and no error."
                )
            },
        ),
    )
}
