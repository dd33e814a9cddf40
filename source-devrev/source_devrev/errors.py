"""Errors: what DevRev's error answers mean, and how to fix them.

https://developer.devrev.ai/about/errors
"""

import re
from typing import NamedTuple

from session_source import Answer, Fault, Kind, Row, quoted

from source_devrev.filters import KNOWN

RENEW = "Create a new one under Settings > Account > Personal Access Token and put it into access_token."
LATER = "Run the sync again later."


class Meaning(NamedTuple):
    """What one of DevRev's types of errors means, and how to fix it."""

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
        "Reactivate it, or put the token of another organization into access_token.",
    ),
    "forbidden": Meaning(
        Kind.CONFIG,
        "does not let the user of the access token list these sessions",
        "Check that version_key in apps is the app's unique app id (Settings > PLuG Settings), that the app "
        "belongs to the token's organization, and that the token's user may see its sessions.",
    ),
    "request_entity_too_large": Meaning(
        Kind.CONFIG, "rejects the request as too large", "Shorten the lists in filters."
    ),
    "too_many_requests": Meaning(
        Kind.LIMIT,
        "limits the requests of the access token's user",
        "The limit is per user, over all tokens and APIs. Create a DevRev user for this connection alone so that "
        "it has the limit to itself.",
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
    "missing_required_field": "requires {field}, which was not sent",
    "value_not_permitted": "does not permit the value of {field}",
}
"""What is wrong with a request (400), by type of error; all other types count as ``bad_request``."""

FILTERS = frozenset(path.split(".")[0] for paths in KNOWN.values() for path in paths)


def fault(answer: Answer) -> Fault | None:
    """Explain an answer with a bad status; None if its error is not one of DevRev's.

    Raises:
        ValueError: the body is not DevRev's.
    """
    body = answer.object()
    meaning = MEANINGS.get(str(body.get("type")))
    if meaning is None and answer.status == 400:
        meaning = _refusal(body)
    if meaning is None and answer.status == 404:
        meaning = ROUTE_NOT_FOUND
    if meaning is None:
        return None
    message = f"DevRev {meaning.what} ({answer.status}){_quoted(body)}. {meaning.hint}{_details(body)}"
    return Fault(meaning.kind, message)


def is_about_limit(answer: Answer) -> bool:
    """Return whether a refusal (400) is about ``limit``: its field, or its message if it names no field."""
    try:
        body = answer.object()
    except ValueError:
        return False
    if body.get("field_name"):
        return _field(body) == "limit"
    return re.search(r"\blimit\b", _quoted(body)) is not None


def _field(body: Row) -> str:
    """Return the name of the top-level field that an error is about; ``""`` if it names none."""
    return str(body.get("field_name") or "").replace("[", ".").split(".")[0]


def _refusal(body: Row) -> Meaning:
    """Explain a refused request by the field that the error names."""
    field, name = str(body.get("field_name") or ""), _field(body)
    what = REFUSALS.get(str(body.get("type")), "does not accept the request").format(field=field or "a field")
    if name in {"version_key", "platform"}:
        return Meaning(Kind.CONFIG, what, f"Correct {name} of the app in apps.")
    if name in FILTERS:
        return Meaning(Kind.CONFIG, what, f"Correct {field} in filters, or remove it.")
    if name == "cursor":  # it is too old; the next sync gets new ones
        return Meaning(Kind.STUCK, what, "Run the sync again: it continues with what was not read.")
    if name:
        return Meaning(
            Kind.DEFECT, what, "The connector sets it by itself, so the API has changed: please report it."
        )
    return Meaning(
        Kind.CONFIG, what, "Check apps and filters; if they are right, the API has changed: please report it."
    )


def _quoted(body: Row) -> str:
    """Quote DevRev's message."""
    parts = (str(body[name]).strip() for name in ("message", "detail", "reason") if body.get(name))
    return quoted(": ".join(dict.fromkeys(parts)))


def _details(body: Row) -> str:
    """Return the fields of an error that help to fix it, beside its message."""
    details = ""
    if body.get("allowed_values"):
        details += f" Allowed values: {', '.join(map(str, body['allowed_values']))}."
    if body.get("max_bytes"):
        details += f" The limit is {body['max_bytes']} bytes."
    if body.get("reference_id"):
        details += f" If it fails again, give DevRev's support the reference id {body['reference_id']}."
    return details
