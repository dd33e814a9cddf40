"""Statuses: what a bad HTTP status means, for answers that the endpoint does not explain."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import orjson

from session_source.api.answer import Answer
from session_source.api.errors import Fault, Kind, quoted

YEAR = 366 * 24 * 3600.0
"""The longest wait in seconds that is read from an answer."""


class Rule(NamedTuple):
    """The kind of error and the message for some HTTP statuses."""

    statuses: range | frozenset[int]
    kind: Kind
    message: str


RULES = (
    Rule(frozenset({401, 403}), Kind.CONFIG, "{vendor} refused the credentials ({status}){words}. {hint}"),
    Rule(
        frozenset({402}),
        Kind.CONFIG,
        "{vendor} requires a payment ({status}){words}. Check the plan of your account.",
    ),
    Rule(
        frozenset({404}),
        Kind.CONFIG,
        "{vendor} found nothing at this address ({status}){words}. Check base_url and the ids in the config.",
    ),
    Rule(
        frozenset({413}),
        Kind.TOO_LARGE,
        "The request is too large for {vendor} ({status}){words}. Shorten the lists in the filters.",
    ),
    Rule(frozenset({429}), Kind.LIMIT, "{vendor} limits the request rate ({status}){words}."),
    Rule(frozenset({408, 425}), Kind.OUTAGE, "{vendor} could not answer ({status}){words}."),
    Rule(range(500, 600), Kind.OUTAGE, "{vendor} could not answer ({status}){words}."),
    Rule(
        range(300, 400),
        Kind.CONFIG,
        "{vendor} redirected the request ({status}). The connector does not follow redirects, because they could "
        "send the credentials to another host. Check base_url.",
    ),
    Rule(
        range(1000),
        Kind.DEFECT,
        "{vendor} did not accept the request ({status}){words}. Check the filters in the configuration; if there "
        "are none, the vendor's API has changed: please report it.",
    ),
)
"""The first rule that has the status applies."""


def of_status(vendor: str, answer: Answer, *, hint: str, now: datetime) -> Fault:
    """Return the error for an answer with a bad status.

    Args:
        vendor: the vendor's name.
        answer: the answer; the error quotes the vendor's own message from its body.
        hint: a sentence that says how to fix this vendor's credentials.
        now: the current time, for a date in ``Retry-After``.
    """
    rule = next(rule for rule in RULES if answer.status in rule.statuses)
    message = rule.message.format(
        vendor=vendor, status=answer.status, words=quoted(_message(answer.body)), hint=hint
    )
    return Fault(rule.kind, message, wait=asked_wait(rule.kind, answer, now), status=answer.status)


def asked_wait(kind: Kind, answer: Answer, now: datetime) -> float | None:
    """Return for how many seconds the vendor asks to wait; None if it does not.

    The wait is read from ``Retry-After``, from ``retry_after`` in the body, or from ``X-Ratelimit-Reset``. Some
    vendors send the last one with every answer, so only rate limits use it. A time in the past counts as None, and
    a wait of more than a year as a year.
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


def _from_body(answer: Answer, _: datetime) -> float:
    return float(answer.object()["retry_after"])


def _until_reset(answer: Answer, now: datetime) -> float:
    return float(answer.headers["X-Ratelimit-Reset"]) - now.timestamp()


_ASKED_WAITS = (_after_seconds, _after_date, _from_body)


def _message(body: bytes) -> str:
    """Return the vendor's own message from a body, or an empty text."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    while isinstance(value, dict | list):
        if isinstance(value, list):
            value = value[0] if value else None
        else:
            value = next((value[name] for name in _MESSAGES if value.get(name)), None)
    return value if isinstance(value, str) else ""


_MESSAGES = ("error", "message", "detail", "errors", "description")
"""The fields in which vendors send messages, at any depth."""
