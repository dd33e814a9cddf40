"""The number of random cases: few in ``make test``, many in ``make soak``, which sets these variables."""

import os
import random

EXAMPLES = int(os.environ.get("EXAMPLES", "4"))
"""Random cases per connector."""

KILLS = int(os.environ.get("KILLS", "3"))
"""Kills per connector."""

WAREHOUSE_KILLS = int(os.environ.get("WAREHOUSE_KILLS", "5"))
"""Kills of a sync into a warehouse."""

SESSIONS = int(os.environ.get("SESSIONS", "100000"))
"""Sessions of the larger of two loads."""

SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
"""The seed of a run; a test that fails prints it."""


def chance(*names: str) -> random.Random:
    """Return the random numbers of one test, and print the seed that repeats them."""
    print(f"SEED={SEED} repeats this.")  # noqa: T201 - pytest shows it where the test fails
    return random.Random(f"{SEED} {names}")  # noqa: S311 - no secret
