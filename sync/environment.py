"""Environment: where make puts the database. A command line would show it to every user of the machine."""

import os

VARIABLE = "SESSION_SYNC_DB"


def database() -> str | None:
    """Take ``DB=`` out of the environment, so that no process that is started later inherits it."""
    return os.environ.pop(VARIABLE, None) or None
