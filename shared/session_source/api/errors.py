"""Errors: what can go wrong with a vendor, whose it is to mend, and whether trying again can help.

``Fault`` is what endpoints and the client raise; ``of_status`` reads one from an HTTP status. Every message
tells the hint and is shown to the user as it stands.
"""

from enum import Enum

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from session_source import redaction

QUOTED = 300
"""Characters of a vendor's words that are quoted."""

LONGEST_WORDS = 4000
"""Characters of them that are looked at."""


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
    """An error with a message for the user.

    Args:
        kind: whose it is to mend, and whether it is tried again.
        message: what is wrong and how to mend it; free of secrets by the time it is shown.
        wait: seconds that the vendor asks to wait before the next request, where it says so.
        status: the HTTP status of the answer, where there is one.
        is_timeout: whether there is none because the vendor took too long.
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        *,
        wait: float | None = None,
        status: int | None = None,
        is_timeout: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = redaction.clean(message)
        self.wait = wait
        self.status = status
        self.is_timeout = is_timeout

    def __str__(self) -> str:
        return self.message

    @property
    def may_be_too_large(self) -> bool:
        """Whether the vendor may answer if less is asked for at once."""
        return self.kind is Kind.TOO_LARGE or self.status in {413, 504} or self.is_timeout

    def about(self, what: str) -> "Fault":
        """Say the same of a named part of the vendor's data."""
        return Fault(
            self.kind,
            f"{what}: {self.message}",
            wait=self.wait,
            status=self.status,
            is_timeout=self.is_timeout,
        )

    def traced(self) -> AirbyteTracedException:
        """Turn it into the CDK's exception."""
        return AirbyteTracedException(
            message=self.message, internal_message=self.message, failure_type=self.kind.failure_type
        )


class StatusInBody(Exception):  # noqa: N818 - it carries a status to where statuses are read
    """The vendor tells an error in an answer with a good status: it counts as the status that fits it.

    Args:
        status: the HTTP status that the vendor should have sent.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def config_error(message: str) -> AirbyteTracedException:
    """Make the exception for something in the config that the user must mend."""
    return Fault(Kind.CONFIG, message).traced()


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


def quoted(words: str) -> str:
    """Quote a vendor's own words behind a message: short, on one line, and without secrets.

    Returns:
        ``: "the words"``, or nothing if there are none.
    """
    # Hidden before they are cut: too little may be left of a secret that is cut for anybody to recognize it. But a
    # body may be long, and hiding takes time.
    shown = " ".join(redaction.clean(words[:LONGEST_WORDS]).split())[:QUOTED]
    return f': "{shown}"' if shown else ""
