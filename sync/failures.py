"""Failures of a database: its own message in one line, and how to fix it."""

import shlex

from dlt.common.exceptions import MissingDependencyException

FIXES = (
    (
        ("password authentication failed", "no password supplied", "FATAL:  role"),
        "Check the user and the password in DB.",
    ),
    (
        ("could not translate host name", "Connection refused", "timeout expired", "No route to host"),
        "Check the host and the port in DB, and that the server runs.",
    ),
    (
        ("permission denied for database",),
        "Ask its owner for the right to create schemas: GRANT CREATE ON DATABASE.",
    ),
    (
        ("permission denied for schema", "must be owner of"),
        "Ask its owner for the right to create tables in it, or choose another schema with SCHEMA=.",
    ),
    (("No space left on device", "File too large", "Disk quota exceeded"), "Free space on the disk."),
    (("FATAL:  database",), "Create the database, or correct DB."),
)
"""How to fix what a database reports, by a part of its message."""


def described(error: BaseException) -> str:
    """Return the first line of an error's root cause, which is the database's message, and how to fix it."""
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, MissingDependencyException):
        return f"it needs more packages: uv pip install {' '.join(map(shlex.quote, error.dependencies))}"
    text = str(error).strip().partition("\n")[0]
    fix = next((fix for parts, fix in FIXES if any(part in text for part in parts)), "")
    return f"{text.rstrip('.')}. {fix}".rstrip() if fix else text
