"""Errors: what can go wrong with a vendor, who can fix it, and whether a retry can help.

Endpoints and the client raise ``Fault``. Its message is shown to the user unchanged, so it says what happened and
how to fix it.
"""

from enum import Enum

from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from session_source import redaction

QUOTED = 300
"""Characters of a vendor's message that are quoted."""

LONGEST_WORDS = 4000
"""Characters of a vendor's message that are searched for secrets before it is cut."""


REFUSED_PAGE = frozenset({400, 404, 410, 416, 422})
"""Statuses that vendors answer when the list has no such page, or no longer or not that far down."""


class Kind(Enum):
    """The kind of an error. It decides the Airbyte failure type and whether the request is retried."""

    CONFIG = "the user can fix it: credentials, permissions, a name, a filter"
    LIMIT = "the vendor limits the rate; all workers wait, up to max_waiting_time"
    OUTAGE = "a server error, a timeout, a lost connection, an unreadable body; retried for a few minutes"
    TOO_LARGE = "the vendor cannot answer so much at once; less is requested if possible"
    GONE = "the vendor deleted the record; its detail call returns no row"
    STUCK = "a retry does not help now; a later sync may succeed"
    DEFECT = "the vendor or the connector does not work as documented"

    @property
    def failure_type(self) -> FailureType:
        """The failure type in Airbyte's trace message."""
        if self in {Kind.CONFIG, Kind.TOO_LARGE}:
            return FailureType.config_error
        return FailureType.system_error if self is Kind.DEFECT else FailureType.transient_error

    @property
    def is_retried(self) -> bool:
        """Whether the same request is sent again."""
        return self in {Kind.LIMIT, Kind.OUTAGE}


class Fault(Exception):  # noqa: N818 - a short name, because vendors use it often
    """An error with a message for the user.

    Args:
        kind: who can fix it, and whether the request is retried.
        message: what happened and how to fix it. Secrets in it are redacted.
        wait: seconds to wait before the next request, if the vendor says so.
        status: the HTTP status of the answer, if there is one.
        is_timeout: whether the vendor did not answer in time.
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
        self.is_about_later_page = False
        """Whether the vendor answered earlier pages of the same list."""

    def __str__(self) -> str:
        return self.message

    @property
    def may_be_too_large(self) -> bool:
        """Whether the vendor may answer a request for less data."""
        is_large = self.kind is Kind.TOO_LARGE or self.status in {413, 504} or self.is_timeout
        return is_large or (self.is_about_later_page and self.status in REFUSED_PAGE)

    def about(self, what: str) -> "Fault":
        """Return the same error with the name of a part of the vendor's data before its message."""
        return Fault(
            self.kind,
            f"{what}: {self.message}",
            wait=self.wait,
            status=self.status,
            is_timeout=self.is_timeout,
        )

    def traced(self) -> AirbyteTracedException:
        """Convert it to the CDK's exception."""
        return AirbyteTracedException(
            message=self.message, internal_message=self.message, failure_type=self.kind.failure_type
        )


class StatusInBody(Exception):  # noqa: N818 - it carries a status rather than an error
    """The body of an answer with a good status reports an error. The client handles it like the given status.

    Args:
        status: the HTTP status that the vendor should have sent.
    """

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def config_error(message: str) -> AirbyteTracedException:
    """Return the exception for an error in the config."""
    return Fault(Kind.CONFIG, message).traced()


def as_traced(error: Exception, what: str) -> AirbyteTracedException:
    """Convert any exception to the CDK's.

    Args:
        error: a ``Fault``, the CDK's exception, or an unexpected one.
        what: what the connector was doing: ``reading sessions of 123``.
    """
    if isinstance(error, AirbyteTracedException):
        return error
    if isinstance(error, Fault):
        return error.traced()
    return AirbyteTracedException.from_exception(
        error,
        message=f"Unexpected error while {what} ({type(error).__name__}). Report it with the log of this sync.",
    )


def quoted(words: str) -> str:
    """Return a vendor's message as a quotation: shortened, on one line, and without secrets.

    Returns:
        ``: "the message"``, or ``""`` if there is none.
    """
    # Redact before shortening: a part of a secret would not be recognized. The first cut limits the time it takes.
    shown = " ".join(redaction.clean(words[:LONGEST_WORDS]).split())[:QUOTED]
    return f': "{shown}"' if shown else ""
