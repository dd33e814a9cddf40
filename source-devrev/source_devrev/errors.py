"""Errors: what DevRev tells in an answer with a bad status, and how it is mended.

https://developer.devrev.ai/about/errors
"""

import re
from typing import NamedTuple

from session_source import Answer, Fault, Kind, Row, quoted

from source_devrev.filters import KNOWN

RENEW = "Create a new one under Settings > Account > Personal Access Token and put it into access_token."
LATER = "Run the sync again later."


class Meaning(NamedTuple):
    """What one of DevRev's types of errors means, and what its hint is."""

    kind: Kind
    what: str
    hint: str


MEANINGS = {
    "unauthenticated": Meaning(Kind.CONFIG, "does not know the access token", RENEW),
    "token_expired": Meaning(Kind.CONFIG, "says that the access token has expired", RENEW),
    "token_revoked": Meaning(Kind.CONFIG, "says that the access token was revoked", RENEW),
    "dev_org_deactivated": Meaning(
        Kind.CONFIG,
        "says that the organization of the access token is deactivated",
        "Have it activated again, or put the token of another organization into access_token.",
    ),
    "forbidden": Meaning(
        Kind.CONFIG,
        "does not let the user of the access token list these sessions",
        "Check that version_key in apps is the app's unique app id (Settings > PLuG Settings), that the app "
        "belongs to the token's organization, and that the token's user may see its sessions.",
    ),
    "request_entity_too_large": Meaning(
        Kind.CONFIG, "finds the request too large", "Shorten the lists in filters."
    ),
    "too_many_requests": Meaning(
        Kind.LIMIT,
        "limits the requests of the access token's user",
        "The limit is the user's, over all tokens and APIs; a DevRev user for this connection alone has it to "
        "itself.",
    ),
    "internal_error": Meaning(Kind.OUTAGE, "failed to answer", LATER),
    "service_unavailable": Meaning(Kind.OUTAGE, "is not available", LATER),
}

ROUTE_NOT_FOUND = Meaning(
    Kind.CONFIG, "knows no such address", "Check base_url: it must speak DevRev's API, or be left out."
)

REFUSALS = {
    "invalid_field": "does not accept {field}",
    "invalid_enum_value": "does not accept the value of {field}",
    "missing_required_field": "wants {field}, which was not sent",
    "value_not_permitted": "does not permit the value of {field}",
}
"""What is wrong with a request (400), by type of error; other types are told as ``bad_request``."""

FILTERS = frozenset(path.split(".")[0] for paths in KNOWN.values() for path in paths)


def fault(answer: Answer) -> Fault | None:
    """Explain an answer with a bad status; None where DevRev's own words are not in it."""
    try:
        told = answer.object()
    except ValueError:  # a proxy's page, say
        return None
    meaning = MEANINGS.get(str(told.get("type")))
    if meaning is None and answer.status == 400:
        meaning = _refusal(told)
    if meaning is None and answer.status == 404:
        meaning = ROUTE_NOT_FOUND
    if meaning is None:
        return None
    message = f"DevRev {meaning.what} ({answer.status}){_quoted(told)}. {meaning.hint}{_details(told)}"
    return Fault(meaning.kind, message)


def is_about_limit(answer: Answer) -> bool:
    """Report whether a refusal (400) names ``limit``: as its field, or in its words where it names no field."""
    try:
        told = answer.object()
    except ValueError:
        return False
    if told.get("field_name"):
        return _field(told) == "limit"
    return re.search(r"\blimit\b", _quoted(told)) is not None


def _field(told: Row) -> str:
    """Return the name of the top-level field that an error is about, ``""`` where it names none."""
    return str(told.get("field_name") or "").replace("[", ".").split(".")[0]


def _refusal(told: Row) -> Meaning:
    """Tell whose it is to mend a request that DevRev does not accept, by the field that it names."""
    field, name = str(told.get("field_name") or ""), _field(told)
    what = REFUSALS.get(str(told.get("type")), "does not accept the request").format(field=field or "a field")
    if name in {"version_key", "platform"}:
        return Meaning(Kind.CONFIG, what, f"Correct {name} of the app in apps.")
    if name in FILTERS:
        return Meaning(Kind.CONFIG, what, f"Correct {field} in filters, or remove it.")
    if name == "cursor":  # an old one is no longer taken; the next sync has new ones
        return Meaning(Kind.STUCK, what, "Run the sync again: it goes on with what was not read.")
    if name:
        return Meaning(
            Kind.DEFECT, what, "The connector sets it by itself, so the API has changed: please report it."
        )
    return Meaning(
        Kind.CONFIG, what, "Check apps and filters; if they are right, the API has changed: please report it."
    )


def _quoted(told: Row) -> str:
    """Quote what DevRev says."""
    said = (str(told[name]).strip() for name in ("message", "detail", "reason") if told.get(name))
    return quoted(": ".join(dict.fromkeys(said)))


def _details(told: Row) -> str:
    """Say what an error tells beside its words, of those things that help."""
    said = ""
    if told.get("allowed_values"):
        said += f" It takes: {', '.join(map(str, told['allowed_values']))}."
    if told.get("max_bytes"):
        said += f" It may have {told['max_bytes']} bytes."
    if told.get("reference_id"):
        said += f" If it fails again, tell DevRev's support the reference id {told['reference_id']}."
    return said
