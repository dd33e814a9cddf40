"""What the connector assumes about Opentracker. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

from dataclasses import replace
from datetime import timedelta
from typing import cast

from session_source import Window
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
from session_source.airbyte.verify.pages import NewestFirst, PageSize, steady_order
from session_source.airbyte.verify.rows import Ids, session_fields, stable_id
from session_source.airbyte.verify.sample import ENOUGH, Sample, SampleRow
from session_source.airbyte.verify.survey import Survey
from session_source.airbyte.verify.times import OVERLAP
from session_source.api.time_filter import DAY, EAST, WEST
from session_source.api.times import midnight

from source_opentracker import answers, meanings
from source_opentracker.lists import PAGE_SIZE, Meaning, Place
from source_opentracker.sessions import Sessions

PAGE = "https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"

FEW = 5
"""Sessions of a page that is requested to see how it is continued."""

SHARED_IDS = "sessions share their ids, and each is looked for by its id"


def _sessions(sample: Sample) -> Sessions:
    return cast("Sessions", sample.endpoint)


class DateMeaning(Probe):
    """Whether a date means that day."""

    how = "Requests the lists of a recent day and of a day before `start_date`, and looks at their sessions' days."
    findings = {"from": nothing("`date` lists everything from that day on.", "The connector reads such lists.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at what a sync finds out, too, before it reads."""
        learned = _sessions(survey.sample(endpoint)).learned
        if learned is None:
            return cannot_tell("there is no session on the days that were requested")
        if learned.is_one_day:
            return Seen(AS_ASSUMED, "the lists of days have sessions of those days only")
        return Seen("from", "the lists of days have sessions of later days")


class FromAndTo(Probe):
    """Whether ``from`` and ``to`` bound a list, and in which unit."""

    how = "Requests the moment around a session's last event with `from` and `to`."
    findings = {
        "seconds": nothing("They count seconds."),
        "ignored": nothing("They are ignored.", "Days are read whole, and are the smallest windows."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at what a sync finds out; with few sessions in it, try those of the sample."""
        sample = survey.sample(endpoint)
        learned = _sessions(sample).learned or Meaning()
        if survey.filtered_by.get(endpoint, "last_event_at") != "last_event_at":
            return cannot_tell("days do not go by last events, and bounds may not either")
        read = sample.longest_page
        if not learned.has_tried_bounds and read is not None:
            first_rows = _sessions(sample).first_rows(survey.fetch, sample.partition)
            date = read.context.token.lists[0].date
            learned = meanings.with_unit(learned, first_rows, date, read.page.rows)
        if not learned.has_tried_bounds:
            return cannot_tell("no day has a session between older and newer ones")
        if not learned.per_second and _shares_ids(sample):
            return cannot_tell(SHARED_IDS)
        if learned.per_second == 1000:
            return Seen(AS_ASSUMED, "they bound a list by last events, in milliseconds")
        return Seen(
            "seconds" if learned.per_second else "ignored", "in seconds" if learned.per_second else "no effect"
        )


def _shares_ids(sample: Sample) -> bool:
    """Return whether a page of a sample has sessions with the same id, or without one."""
    ids_of_pages = ([columns[read.id] for columns in read.columns] for read in sample.pages)
    return any(len(set(ids)) < len(ids) for ids in ids_of_pages)


class DateBy(Probe):
    """Which time of a session decides for which day it is listed."""

    how = "Looks for a session of several days in the lists of its first and its last day."
    findings = {
        "start": setting(
            "It is the start of a session.",
            "A session that began more than three days before the period that is read is missed: set "
            "`lookback_window_days` to the length of your longest session.",
        ),
        "any": nothing("A session is listed for each day of it."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look for the longest session."""
        sample = survey.sample(endpoint)
        row = self._longest(sample)
        if row is None and sample.rows:
            # Sessions that began lately are short, and lists may be of those.
            week_ago = Window(survey.span.end - 7 * DAY, survey.span.end - 5 * DAY)
            row = self._longest(survey.pages(sample.endpoint, sample.partition, week_ago))
        if row is None:
            return cannot_tell("there is no session that lasted for more than two days")
        learned = _sessions(sample).learned
        if learned and not learned.is_one_day and not learned.per_second:
            return cannot_tell("lists have everything from a day on")
        first, last = (self._is_listed(survey, sample, row, n) for n in (0, 1))
        if first is None or last is None:
            return cannot_tell("the list of a day is too long")
        if first == last and (not first or _shares_ids(sample)):
            return cannot_tell(SHARED_IDS if first else "it is listed neither for its first nor for its last day")
        survey.filtered_by[endpoint] = OVERLAP if first else "last_event_at"
        if not first:
            return Seen(AS_ASSUMED, "it is listed for its last day only")
        days = "its first and its last day" if last else "its first day only"
        return Seen("any" if last else "start", f"it is listed for {days}")

    def _longest(self, sample: Sample) -> SampleRow | None:
        """Return the longest session, if it is so long that no day of any time zone holds both of its ends."""
        rows = sample.settled("started_at", "last_event_at")
        row = max(rows, key=lambda one: one.moments[1] - one.moments[0], default=None)
        return row if row and row.moments[1] - row.moments[0] >= DAY + EAST + WEST else None

    def _is_listed(self, survey: Survey, sample: Sample, row: SampleRow, n: int) -> bool | None:
        """Return whether a session is listed for the day of one of its times, in any time zone."""
        moment = row.moments[n]
        day = midnight(moment)
        found = []
        for date in dict.fromkeys(midnight(moment + zone) for zone in (timedelta(), -WEST, EAST)):
            window = Window(date, date + DAY)
            gap = Window(day - 3 * DAY, day + 3 * DAY)  # wide, so that no bounds are sent
            found.append(survey.lists(sample, row.key, window, gap))
            if found[-1]:
                return True
        return None if None in found else False


class NextToken(Probe):
    """How a list is continued."""

    how = f"Requests {FEW} sessions of a day that has more, and what follows them."
    findings = {
        "offset": nothing("There is no `nextToken`; `offset` continues a list."),
        "nothing": setting(
            "There is no `nextToken`, and `offset` is ignored.",
            "A day with more sessions than a page holds may fail. Set `user_ids`, `machine_ids` or `visit_ids`, "
            "or ask Opentracker for `nextToken`.",
        ),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Request a short page."""
        sample = survey.sample(endpoint)
        read = sample.longest_page
        if read is None or len(read.page.rows) <= 2 * FEW:
            return cannot_tell(f"no day has more than {2 * FEW} sessions")
        place: Place = read.context.token
        start = read.context._replace(token=place._replace(limit=FEW, next_token="", offset=0))
        first = survey.read(sample.endpoint, start)
        if answers.read(first.answer).next_token:
            return Seen(AS_ASSUMED, "a page has the token of the next one")
        more = sample.endpoint.request(start)
        second = survey.read(sample.endpoint, start, replace(more, form={**(more.form or {}), "offset": str(FEW)}))
        if set(second.keys) - set(first.keys):
            return Seen("offset", "no token; offset continues the list")
        return Seen("nothing", "no token; offset is ignored")


class Form(Probe):
    """How an answer is written."""

    how = "Looks at the first answer with sessions."
    findings = {
        "callback": nothing("The answer is in parentheses."),
        "objects": nothing("Each row is an object."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample's answers."""
        read = next((one for one in survey.sample(endpoint).pages if one.page.rows), None)
        if read is None:
            return cannot_tell("there are no sessions")
        body = read.answer.body.strip(answers.AROUND)
        if answers.CALLBACK.fullmatch(body):
            return Seen("callback", "the answer is in parentheses")
        if b'"field"' not in body:
            return Seen("objects", "each row is an object")
        return Seen(AS_ASSUMED, "rows are lists of values in the order of `field`")


class VisitId(Probe):
    """Whether a session's ``visit_id`` is its ``session_id``."""

    how = "Compares the two in the rows."
    findings = {
        "differs": nothing(
            "They differ.",
            "A session that several configured ids list may be emitted twice in one sync; the primary key "
            "deduplicates it.",
        )
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the sample."""
        rows = [row for row in survey.sample(endpoint).rows if row.get("visit_id") and row.get("session_id")]
        different = sum(row["visit_id"] != row["session_id"] for row in rows)
        if different:
            return Seen("differs", f"they differ in {different} of {len(rows)} sessions")
        return (
            Seen(AS_ASSUMED, "they are the same") if len(rows) >= ENOUGH else cannot_tell("there are too few rows")
        )


ASSUMPTIONS: Assumptions = {
    "": (
        Assumption(
            "reachable",
            "Opentracker answers with the login of the config, about the configured site.",
            Reachable(),
            PAGE,
        ),
        Assumption("date", "`date` lists the sessions of that day.", DateMeaning(), PAGE),
        Assumption("date-by", "The day of a session is that of its last event, in any time zone.", DateBy(), PAGE),
        Assumption(
            "from-and-to", "`from` and `to` bound a list by last events, in milliseconds.", FromAndTo(), PAGE
        ),
        Assumption("tokens", "A page that another one follows has a `nextToken`.", NextToken(), PAGE),
        Assumption("page-size", f"A page has up to {PAGE_SIZE:,} sessions.", PageSize(PAGE_SIZE)),
        Assumption(
            "newest-first",
            "Lists begin with the newest session.",
            NewestFirst("last_event_at", "started_at"),
            findings={
                "otherwise": nothing(
                    "Lists are in another order.", "A full page that only `to` could continue is then an error."
                )
            },
        ),
        steady_order("last_event_at"),
        Assumption("form", "An answer is an object with `field` and positional rows.", Form(), PAGE),
        Assumption("ids", "Every session has its own `session_id`.", Ids(), PAGE),
        Assumption("visit-id", "`visit_id` is the `session_id`.", VisitId(), PAGE),
        *session_fields("Opentracker's page", PAGE),
        NO_RATE_LIMIT_HEADERS,
        Assumption(
            "late-sessions",
            "A session is listed at most `lookback_window_days` after its last event.",
            findings={
                "later": setting(
                    "One is listed later.", "Set a larger `lookback_window_days`: a later session is missed."
                )
            },
        ),
        Assumption(
            "long-lists",
            "A list that neither a token, `offset`, a `limit` of 10,000 nor `to` continues is whole, unless it "
            "has 40 sessions or a multiple of 50 (of 1,000 above 1,000).",
            findings={
                "cut": setting(
                    "It is cut at another number.",
                    "Sessions of that day are missed. Set `user_ids`, `machine_ids` or `visit_ids`.",
                )
            },
        ),
        Assumption(
            "times",
            "The columns with `unix_timestamp` in their names count milliseconds since 1970 in UTC.",
            source=PAGE,
            findings={"zone": report("They are in another zone.", "All timestamps are off by the same hours.")},
        ),
        Assumption(
            "date-with-id",
            "`date` selects together with an id as it does without one.",
            findings={
                "ignored": setting(
                    "`date`, `from` and `to` are ignored together with an id.",
                    "The id fails with an error about contradicting lists: read the whole site.",
                )
            },
        ),
        Assumption(
            "changes",
            "A session that is deleted while its list is read by `offset` hides no other one.",
            findings={
                "hides": setting(
                    "It hides one.", "Keep `lookback_window_days` at 1 or more: the next lookback reads it."
                )
            },
        ),
        stable_id("`session_id` never changes and is unique in its site."),
        Assumption(
            "rate-limit",
            "Four windows at the same time are within Opentracker's rate limit, which is not published.",
            findings={
                "lower": setting(
                    "It is lower.",
                    "The connector waits after a 429. Set `num_workers`, or raise `max_waiting_time`.",
                )
            },
        ),
    )
}
