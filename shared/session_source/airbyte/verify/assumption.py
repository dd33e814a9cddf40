"""Assumptions: what a connector assumes about its vendor, as data, and what follows if it does not hold.

Each vendor's package declares them in ``assumptions.py``. ``verify`` checks them with an account, and the table in
the connector's README is generated from them (``markdown``).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from session_source.api.errors import Fault

if TYPE_CHECKING:
    from session_source.airbyte.verify.survey import Survey

AS_ASSUMED = "as assumed"
CANNOT_TELL = "cannot tell"


class Follows(Enum):
    """What follows from a finding."""

    NOTHING = "nothing"
    """The connector handles it."""
    SETTING = "change a setting"
    REPORT = "please report it"


class Finding(NamedTuple):
    """One way in which the vendor may differ from what is assumed.

    Args:
        seen: what the vendor does, one sentence.
        follows: what kind of consequence it has.
        advice: the consequence, for users: one or two sentences.
    """

    seen: str
    follows: Follows
    advice: str


def nothing(seen: str, advice: str = "Nothing to do: the connector handles this.") -> Finding:
    """Return a finding that the connector handles."""
    return Finding(seen, Follows.NOTHING, advice)


def setting(seen: str, advice: str) -> Finding:
    """Return a finding that calls for another setting; the advice names it."""
    return Finding(seen, Follows.SETTING, advice)


def report(seen: str, advice: str = "") -> Finding:
    """Return a finding that the connector does not handle."""
    return Finding(seen, Follows.REPORT, f"{advice} Please report it.".strip())


class Seen(NamedTuple):
    """What a probe found.

    Args:
        finding: ``AS_ASSUMED``, ``CANNOT_TELL``, or the name of one of the assumption's findings.
        words: what was seen, or why nothing was. It goes into reports: counts and types, no value of a row.
        facts: figures for the report.
        detail: more for the terminal only, such as the vendor's own error message.
    """

    finding: str
    words: str
    facts: Mapping[str, Any] = {}
    detail: str = ""


def cannot_tell(why: str, detail: str = "") -> Seen:
    """Return that the account's data does not show how the vendor behaves."""
    return Seen(CANNOT_TELL, why, detail=detail)


def in_words(fault: Fault) -> str:
    """Describe a fault without the vendor's words: ``outage, status 503``."""
    return f"{fault.kind.name.lower()}, {'no answer' if fault.status is None else f'status {fault.status}'}"


class Probe(ABC):
    """Finds out with a few requests whether an assumption holds.

    Attributes:
        how: what it requests and compares, for the README.
        findings: what it may find, by name, beside ``AS_ASSUMED`` and ``CANNOT_TELL``.
    """

    how: str
    findings: Mapping[str, Finding]

    @abstractmethod
    def __call__(self, survey: "Survey", endpoint: str) -> Seen:
        """Compare what the vendor does with what is assumed.

        Args:
            survey: sends requests, and keeps what earlier probes read.
            endpoint: the name of the endpoint that the assumption is about.

        Raises:
            Fault: a request failed; that counts as ``CANNOT_TELL``.
        """


@dataclass(frozen=True)
class Assumption:
    """One assumption about a vendor.

    Args:
        id: a short name in kebab case, unique in its connector and API.
        sentence: what is assumed, one sentence.
        probe: finds out whether it holds; None if that takes more than a few requests.
        source: the address of the vendor's page; None if it is not documented.
        findings: what it means if it does not hold, by name: for an assumption with a probe, those that differ
            from the probe's own.
        endpoint: the name of the endpoint that it is about.
    """

    id: str
    sentence: str
    probe: Probe | None = None
    source: str | None = None
    findings: Mapping[str, Finding] = field(default_factory=dict)
    endpoint: str = "sessions"

    def __post_init__(self) -> None:
        if self.probe and not self.findings.keys() <= self.probe.findings.keys():
            raise ValueError(f"{self.id} has findings that its probe does not have")

    @property
    def possible(self) -> dict[str, Finding]:
        """Return all findings that differ from what is assumed, by name."""
        return {**(self.probe.findings if self.probe else {}), **self.findings}


Assumptions: TypeAlias = Mapping[str, tuple[Assumption, ...]]
"""A connector's assumptions by ``api_version``; ``""`` for a vendor with one API."""
