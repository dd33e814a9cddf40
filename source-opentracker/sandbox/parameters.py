"""The parameters of a request, and the page's rules for them.

Parameters and defaults: https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp, those of the notes at
its bottom among them.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox_server import Request

from .displays import pieces

NAMES = (
    *("uid", "date", "limit", "login", "password", "site", "locale", "dataType", "ignoreLocale", "dateFormat"),
    *("nextToken", "filterByMachineId", "filterByVisitId", "from", "to", "offset"),
)
TYPES = ("json", "html", "jsondatatable", "jsonjqgrid")
SITE = "www.opentracker.net"
"""The site of the demo account, and the default."""
DEMO_LOGIN = "support@opentracker.net"
"""The default; the page names no password for it."""
DEMO = ("demo@opentracker.net", "demo123")
"""The login and the password of the page's example."""
DEFAULT_LIMIT = 40
VISITOR = r"\d{13}\.\d+"
# The page's own example sends a `machine_idx`; its `machine_id` has the address before the colon.
MACHINE = rf"{VISITOR}|[0-9a-fA-F.:]+:\d{{13}}"


class RefusedError(ValueError):
    """The page does not allow the request; `kind` is the exception that the vendor would name."""

    def __init__(self, message: str, kind: str = "java.lang.RuntimeException") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Asked:
    """A request that the page allows; None stands for the page's default."""

    uid: str | None
    machine: str | None
    visit: str | None
    date: dt.date | None
    since: int | None
    until: int | None
    limit: int
    offset: int | None
    token: str | None
    data_type: str
    ignore_locale: bool
    date_format: str | None


def parameters(request: Request) -> dict[str, str]:
    """Return the parameters of the query and the form; each must be known and occur once."""
    given = list(request.query)
    if request.body:
        if request.method != "POST":
            raise RefusedError("parameters are in the query or in the body of a POST")
        try:
            given += request.form()
        except ValueError as error:
            raise RefusedError(str(error)) from error
    names = [name for name, _ in given]
    for name in names:
        if name not in NAMES:
            raise RefusedError(f"there is no parameter {name}")
        if names.count(name) > 1:
            raise RefusedError(f"{name} occurs twice")
    if not names:
        raise RefusedError("One of the parameters is required")
    return dict(given)


def asked(given: Mapping[str, str], *, max_limit: int, clip: bool) -> Asked:
    """Parse the request; the error names the first wrong parameter."""
    data_type = matching(given, "dataType", "|".join(TYPES)) or "json"
    token = matching(given, "nextToken", VISITOR)
    offset = number(given, "offset")
    if token is not None and data_type != "jsondatatable":
        raise RefusedError("nextToken is only available in jsondatatable format")
    if token is not None and offset is not None:
        raise RefusedError("offset and nextToken both tell where to go on")
    since, until = number(given, "from"), number(given, "to")
    if since is not None and until is not None and since > until:
        raise RefusedError("from is after to")
    limit = number(given, "limit")
    if limit is None:
        limit = DEFAULT_LIMIT
    if limit < 1 or (limit > max_limit and not clip):
        raise RefusedError(f"limit {limit} is not between 1 and {max_limit}")
    # Without effect, because the page does not show how a language changes labels or numbers.
    matching(given, "locale", "[a-z]{2}(_[A-Z]{2})?")
    return Asked(
        uid=matching(given, "uid", ".+"),
        machine=matching(given, "filterByMachineId", MACHINE),
        visit=matching(given, "filterByVisitId", VISITOR),
        date=day(given.get("date")),
        since=since,
        until=until,
        limit=min(limit, max_limit),
        offset=offset,
        token=token,
        data_type=data_type,
        ignore_locale=matching(given, "ignoreLocale", "true|false") == "true",
        date_format=pattern(given.get("dateFormat")),
    )


def matching(given: Mapping[str, str], name: str, form: str) -> str | None:
    """Parse a string that matches the pattern, if it is given."""
    value = given.get(name)
    if value is not None and not re.fullmatch(form, value, re.ASCII | re.DOTALL):
        raise RefusedError(f"{name} '{value}' is not valid")
    return value


def number(given: Mapping[str, str], name: str) -> int | None:
    """Parse a non-negative integer, if it is given."""
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"0|[1-9]\d{0,17}", value, re.ASCII):
        raise RefusedError(f'For input string: "{value}"', "java.lang.NumberFormatException")
    return int(value)


def day(value: str | None) -> dt.date | None:
    """Parse an existing day, yyyy-MM-dd."""
    if value is None:
        return None
    refusal = RefusedError(f'Unparseable date: "{value}"', "java.text.ParseException")
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise refusal
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise refusal from error


def pattern(value: str | None) -> str | None:
    """Parse a date format."""
    if value is None:
        return None
    try:
        pieces(value)
    except ValueError as error:
        raise RefusedError(str(error), "java.lang.IllegalArgumentException") from error
    return value
