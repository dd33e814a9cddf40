"""What the page lets one ask for, and what it does not.

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
"""The default; no password is told for it."""
DEMO = ("demo@opentracker.net", "demo123")
"""The login and the password of the page's example."""
DEFAULT_LIMIT = 40
VISITOR = r"\d{13}\.\d+"
# The page's own example asks with a `machine_idx`; its `machine_id` has the address before the colon.
MACHINE = rf"{VISITOR}|[0-9a-fA-F.:]+:\d{{13}}"


class RefusedError(ValueError):
    """The page does not allow it; `kind` is the exception that the vendor would name."""

    def __init__(self, message: str, kind: str = "java.lang.RuntimeException") -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Asked:
    """A request that the page allows; None is what the page's default stands for."""

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
    """The parameters, of the query and of a form alike, each of them known and given once."""
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
            raise RefusedError(f"{name} is given twice")
    if not names:
        raise RefusedError("One of the parameters is required")
    return dict(given)


def asked(given: Mapping[str, str], *, max_limit: int, clip: bool) -> Asked:
    """What is asked for; the first parameter that is wrong is told."""
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
    # It changes nothing here: what a language makes of a label or a number, the page does not show.
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
    """A text of that form, if it is given."""
    value = given.get(name)
    if value is not None and not re.fullmatch(form, value, re.ASCII | re.DOTALL):
        raise RefusedError(f"{name} '{value}' is not valid")
    return value


def number(given: Mapping[str, str], name: str) -> int | None:
    """A whole number of zero or more, if it is given."""
    value = given.get(name)
    if value is None:
        return None
    if not re.fullmatch(r"0|[1-9]\d{0,17}", value, re.ASCII):
        raise RefusedError(f'For input string: "{value}"', "java.lang.NumberFormatException")
    return int(value)


def day(value: str | None) -> dt.date | None:
    """A day that exists, as yyyy-MM-dd."""
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
    """A form of dates."""
    if value is None:
        return None
    try:
        pieces(value)
    except ValueError as error:
        raise RefusedError(str(error), "java.lang.IllegalArgumentException") from error
    return value
