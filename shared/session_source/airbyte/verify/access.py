"""Probes of access: whether the vendor answers, to which spelling of the credentials, and within which limits."""

import re
from collections.abc import Callable
from typing import Any

from session_source.airbyte.verify.assumption import (
    AS_ASSUMED,
    Assumption,
    Probe,
    Seen,
    cannot_tell,
    in_words,
    nothing,
    report,
    setting,
)
from session_source.airbyte.verify.survey import Survey
from session_source.api.errors import Fault, Kind
from session_source.api.request import Wish

GONE = frozenset({404, 410, *range(300, 400)})
"""Statuses of an address that does not exist, or no longer exists."""

LIMIT_HEADER = re.compile(r"(?i)rate-?limit|retry-after")


class Reachable(Probe):
    """Whether the first page can be read."""

    how = "Reads the first pages of a recent window."
    findings = {
        "refused": setting(
            "The vendor refuses the credentials or the request.", "Correct the config as the error says."
        ),
        "gone": setting("There is no such API at this address.", "Check `base_url`."),
        "down": report("The vendor does not answer, or not as its page describes.", "Try again later."),
    }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Read a sample."""
        try:
            rows = len(survey.sample(endpoint).rows)
        except Fault as fault:
            return _failure(fault)
        return Seen(AS_ASSUMED, f"the vendor answers; {rows} rows were read", {"rows": rows})


def _failure(fault: Fault) -> Seen:
    """Classify a fault; the message quotes the vendor, so it is for the terminal only."""
    if fault.kind is Kind.LIMIT or (fault.kind is Kind.STUCK and fault.status is None):
        return cannot_tell("the vendor limits requests now, or answers too slowly", fault.message)
    name = "gone" if fault.status in GONE else "down" if fault.kind is Kind.OUTAGE else "refused"
    return Seen(name, in_words(fault), {"status": fault.status}, fault.message)


class Spelling(Probe):
    """Which of two spellings of the credentials is accepted, where the vendor's pages disagree."""

    how = "Sends the first request with the first spelling, and after a refusal with the second one."
    findings = {"second": nothing("Only the second spelling is accepted.")}

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at what the client has settled on."""
        survey.sample(endpoint)
        if len(survey.spellings) > 1 and survey.client.spellings[0] is not survey.spellings[0]:
            return Seen("second", "the second spelling is accepted, the first one is not")
        return Seen(AS_ASSUMED, "the first spelling is accepted")


class Granted(Probe):
    """Which option of a wish the vendor accepts.

    Args:
        how: what is requested, for the README.
        wish: returns the wish of an endpoint.
        findings: ``refused``, what it means that the first option is refused.
    """

    def __init__(self, how: str, wish: Callable[[Any], Wish], **findings: Any) -> None:  # noqa: ANN401
        self.how = how
        self.findings = findings
        self._wish = wish

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at what the sample's requests have settled on."""
        wish = self._wish(survey.sample(endpoint).endpoint)
        if wish.granted is None:
            return cannot_tell("no request with it was answered")
        option = dict(wish.options[wish.granted])
        if wish.granted == 0:
            return Seen(AS_ASSUMED, f"accepted: {_words(option)}", {"option": 0})
        return Seen("refused", f"refused; accepted: {_words(option)}", {"option": wish.granted})


def _words(option: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in option.items()) or "a request without it"


class RateLimitHeaders(Probe):
    """Whether answers have headers that describe a rate limit.

    Args:
        are_expected: whether the vendor's pages describe them.
    """

    how = "Looks at the names of the headers of all answers."

    def __init__(self, *, are_expected: bool = False) -> None:
        self._are_expected = are_expected
        if are_expected:
            self.findings = {"absent": nothing("Answers have no headers about a rate limit.")}
        else:
            self.findings = {
                "present": report(
                    "Answers have headers about a rate limit.",
                    "The connector waits after a 429 only; it could use these headers to keep to the limit.",
                )
            }

    def __call__(self, survey: Survey, endpoint: str) -> Seen:
        """Look at the answers so far."""
        survey.sample(endpoint)
        names = sorted({n.lower() for one in survey.exchanges for n in one.headers if LIMIT_HEADER.search(n)})
        words = f"headers: {', '.join(names)}" if names else "no such header"
        facts = {"headers": names}
        if bool(names) is self._are_expected:
            return Seen(AS_ASSUMED, words, facts)
        return Seen("present" if names else "absent", words, facts)


NO_RATE_LIMIT_HEADERS = Assumption(
    "rate-limit-headers", "Answers have no headers about a rate limit.", RateLimitHeaders()
)
