"""Statuses: what an answer with a bad HTTP status means where the vendor's endpoint does not explain it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import orjson

from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind, quoted

YEAR = 366 * 24 * 3600.0
"""Seconds; whoever asks to wait longer means something else."""


class Rule(NamedTuple):
    """What an HTTP status means: its kind, and the message for the user."""

    statuses: range | frozenset[int]
    kind: Kind
    message: str


RULES = (
    Rule(frozenset({401, 403}), Kind.CONFIG, "{vendor} refused the credentials ({status}){said}. {hint}"),
    Rule(
        frozenset({402}),
        Kind.CONFIG,
        "{vendor} wants a payment first ({status}){said}. Check the plan of your account.",
    ),
    Rule(
        frozenset({404}),
        Kind.CONFIG,
        "{vendor} knows no such address ({status}){said}. Check base_url and the ids in the configuration.",
    ),
    Rule(
        frozenset({413}),
        Kind.TOO_LARGE,
        "{vendor} finds the request too large ({status}){said}. Shorten the lists in the filters.",
    ),
    Rule(frozenset({429}), Kind.LIMIT, "{vendor} limits the rate of requests ({status}){said}."),
    Rule(frozenset({408, 425}), Kind.OUTAGE, "{vendor} could not answer ({status}){said}."),
    Rule(range(500, 600), Kind.OUTAGE, "{vendor} could not answer ({status}){said}."),
    Rule(
        range(300, 400),
        Kind.CONFIG,
        "{vendor} sent the request on to another address ({status}), which the connector does not follow so that "
        "credentials stay where they belong. Check base_url.",
    ),
    Rule(
        range(1000),
        Kind.DEFECT,
        "{vendor} did not accept the request ({status}){said}. Check the filters in the configuration; if there "
        "are none, the vendor's API has changed: please report it.",
    ),
)
"""What statuses mean where the vendor's endpoint does not know better; the first rule that fits counts."""


def of_status(vendor: str, answer: Answer, *, hint: str, now: datetime) -> Fault:
    """Read the fault that an HTTP status tells.

    Args:
        vendor: the vendor's name.
        answer: an answer with a status that is not good; the vendor's own message is quoted from its body.
        hint: how credentials of this vendor are mended.
        now: the moment, to read a date in ``Retry-After`` against.
    """
    rule = next(rule for rule in RULES if answer.status in rule.statuses)
    message = rule.message.format(
        vendor=vendor, status=answer.status, said=quoted(_message(answer.body)), hint=hint
    )
    return Fault(rule.kind, message, wait=asked_wait(rule.kind, answer, now), status=answer.status)


def asked_wait(kind: Kind, answer: Answer, now: datetime) -> float | None:
    """Read how many seconds the vendor asks to wait before the same request; None where it does not.

    ``Retry-After`` comes first, then ``retry_after`` in the body, then ``X-Ratelimit-Reset``, which some vendors
    send with every answer: only a limit waits for it. A wait that is over is none, and none is longer than a year.
    """
    if not kind.is_retried:
        return None
    for read in (*_ASKED_WAITS, _until_reset) if kind is Kind.LIMIT else _ASKED_WAITS:
        try:
            if (wait := read(answer, now)) > 0:
                return min(wait, YEAR)
        except (KeyError, ValueError, TypeError, OverflowError):
            continue
    return None


def _after_seconds(answer: Answer, _: datetime) -> float:
    return float(answer.headers["Retry-After"])


def _after_date(answer: Answer, now: datetime) -> float:
    moment = parsedate_to_datetime(answer.headers["Retry-After"].strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _as_body_tells(answer: Answer, _: datetime) -> float:
    return float(answer.object()["retry_after"])


def _until_reset(answer: Answer, now: datetime) -> float:
    return float(answer.headers["X-Ratelimit-Reset"]) - now.timestamp()


_ASKED_WAITS = (_after_seconds, _after_date, _as_body_tells)


def _message(body: bytes) -> str:
    """Give the vendor's own message, if the body holds one."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    while isinstance(said, dict | list):
        if isinstance(said, list):
            said = said[0] if said else None
        else:
            said = next((said[name] for name in _MESSAGES if said.get(name)), None)
    return said if isinstance(said, str) else ""


_MESSAGES = ("error", "message", "detail", "errors", "description")
"""Where vendors put their words, at any depth."""
