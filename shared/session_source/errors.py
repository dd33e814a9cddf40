"""Errors: what can go wrong with a vendor, whose it is to mend, and whether trying again can help.

``Fault`` is what endpoints and the client raise; ``of_status`` reads one from an HTTP status. Every sentence
tells the cure and is shown to the user as it stands.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import NamedTuple

import orjson
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from session_source import redaction
from session_source.exchange import Answer

QUOTED = 300
"""Characters of a vendor's words that are quoted."""

LONGEST_WORDS = 4000
"""Characters of them that are looked at."""

YEAR = 366 * 24 * 3600.0
"""Seconds; whoever asks to wait longer means something else."""


class Kind(Enum):
    """What sort of error it is, which decides its Airbyte failure type and whether it is tried again."""

    CONFIG = "the user's to mend: credentials, rights, a name, a filter"
    LIMIT = "the vendor asks to slow down; workers wait together, up to max_waiting_time"
    OUTAGE = "a server error, a timeout, a cut connection, an unreadable body; tried again for a few minutes"
    TOO_LARGE = "the vendor cannot answer so much at once; less is requested, where that is possible"
    GONE = "one record that the vendor deleted meanwhile; a detail call that meets it gives no row"
    STUCK = "trying again now does not help; a later sync may"
    DEFECT = "the vendor or this connector does what neither's documentation tells"

    @property
    def failure_type(self) -> FailureType:
        """The failure type that Airbyte is told."""
        if self in {Kind.CONFIG, Kind.TOO_LARGE}:
            return FailureType.config_error
        return FailureType.system_error if self is Kind.DEFECT else FailureType.transient_error

    @property
    def is_retried(self) -> bool:
        """Whether the same request is sent again."""
        return self in {Kind.LIMIT, Kind.OUTAGE}


class Fault(Exception):  # noqa: N818 - a fault of the vendor's, the user's or ours; the name is short for a reason
    """An error with a sentence for the user.

    Args:
        kind: whose it is to mend, and whether it is tried again.
        sentence: what is wrong and how to mend it; free of secrets by the time it is shown.
        wait: seconds that the vendor asks to wait before the next request, where it says so.
        status: the HTTP status of the answer, where there is one.
        is_timeout: whether there is none because the vendor took too long.
    """

    def __init__(
        self,
        kind: Kind,
        sentence: str,
        *,
        wait: float | None = None,
        status: int | None = None,
        is_timeout: bool = False,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = redaction.clean(sentence)
        self.wait = wait
        self.status = status
        self.is_timeout = is_timeout

    def __str__(self) -> str:
        return self.sentence

    @property
    def may_be_too_large(self) -> bool:
        """Whether the vendor may answer if less is asked for at once."""
        return self.kind is Kind.TOO_LARGE or self.status in {413, 504} or self.is_timeout

    def about(self, what: str) -> "Fault":
        """Say the same of a named part of the vendor's data."""
        return Fault(
            self.kind,
            f"{what}: {self.sentence}",
            wait=self.wait,
            status=self.status,
            is_timeout=self.is_timeout,
        )

    def traced(self) -> AirbyteTracedException:
        """Turn it into the CDK's exception."""
        return AirbyteTracedException(
            message=self.sentence, internal_message=self.sentence, failure_type=self.kind.failure_type
        )


class ToldInBody(Exception):  # noqa: N818 - it carries a status to where statuses are read
    """The vendor tells an error in an answer with a good status: it counts as the status that fits it.

    Args:
        status: the HTTP status that the vendor should have sent.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Rule(NamedTuple):
    """What an HTTP status means: its kind, and the sentence for the user."""

    statuses: range | frozenset[int]
    kind: Kind
    sentence: str


RULES = (
    Rule(frozenset({401, 403}), Kind.CONFIG, "{vendor} refused the credentials ({status}){said}. {cure}"),
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


def config_error(sentence: str) -> AirbyteTracedException:
    """Make the exception for something in the config that the user must mend."""
    return Fault(Kind.CONFIG, sentence).traced()


def as_traced(error: Exception, what: str) -> AirbyteTracedException:
    """Turn whatever was raised into the CDK's exception.

    Args:
        error: a fault, the CDK's own, or something that nobody expected.
        what: what was being done: ``reading sessions of 123``.
    """
    if isinstance(error, AirbyteTracedException):
        return error
    if isinstance(error, Fault):
        return error.traced()
    return AirbyteTracedException.from_exception(
        error,
        message=f"The connector met something it does not know while it was {what} ({type(error).__name__}). "
        "Please report it with the log of this sync.",
    )


def of_status(vendor: str, answer: Answer, *, cure: str, now: datetime) -> Fault:
    """Read the fault that an HTTP status tells.

    Args:
        vendor: the vendor's name.
        answer: an answer with a status that is not good; the vendor's own message is quoted from its body.
        cure: how credentials of this vendor are mended.
        now: the moment, to read a date in ``Retry-After`` against.
    """
    rule = next(rule for rule in RULES if answer.status in rule.statuses)
    sentence = rule.sentence.format(
        vendor=vendor, status=answer.status, said=quoted(_message(answer.body)), cure=cure
    )
    return Fault(rule.kind, sentence, wait=asked_wait(rule.kind, answer, now), status=answer.status)


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


def quoted(words: str) -> str:
    """Quote a vendor's own words behind a sentence: short, on one line, and without secrets.

    Returns:
        ``: "the words"``, or nothing if there are none.
    """
    # Hidden before they are cut: too little may be left of a secret that is cut for anybody to recognize it. But a
    # body may be long, and hiding takes time.
    shown = " ".join(redaction.clean(words[:LONGEST_WORDS]).split())[:QUOTED]
    return f': "{shown}"' if shown else ""


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
