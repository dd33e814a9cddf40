"""Environment: where make puts the database. A command line would show it to every user of the machine."""

import os
from pathlib import Path

from sync.address import Address
from sync.job import RefusedError

VARIABLE = "SESSION_SYNC_DB"
FILE = "@"
"""The start of a ``DB=`` that names a file with the URL: ``DB=@secrets/warehouse``."""


def database() -> str | None:
    """Take ``DB=`` out of the environment, so that no process that is started later inherits it."""
    return os.environ.pop(VARIABLE, None) or None


def shows_password(db: str) -> bool:
    """Return whether a ``DB=`` has a password, which was on make's command line then."""
    return "://" in db and Address(db).password != ""


def read(db: str) -> str:
    """Return a database's file name or URL. ``@FILE`` is replaced by the content of the file.

    Raises:
        RefusedError: The file cannot be read, or is empty.
    """
    if not db.startswith(FILE):
        return db
    path = Path(db.removeprefix(FILE))
    try:
        url = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise RefusedError(f"The file of DB={db} cannot be read: {error.strerror}. Check its path.") from None
    except UnicodeError:
        url = ""
    if not url or "\n" in url:
        raise RefusedError(f"The file of DB={db} must have one line: the URL of a database.")
    return url
