"""How much the tests that try at random try: little in ``make test``, much in ``make soak``, which sets these."""

import os
import random

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
"""Random cases for each connector."""

KILLS = int(os.environ.get("KILLS", "3"))
"""How often each connector's read is killed."""

WAREHOUSE_KILLS = int(os.environ.get("WAREHOUSE_KILLS", "5"))
"""How often a sync into a warehouse is killed."""

SESSIONS = int(os.environ.get("SESSIONS", "100000"))
"""How many sessions the large one of the two loads has."""

SEED = int(os.environ.get("SEED", str(random.SystemRandom().randrange(10**6))))
"""What repeats a run's chances; a test that uses it prints it when it fails."""


def chance(*names: str) -> random.Random:
    """Give the chances of one test, and print what repeats them."""
    print(f"SEED={SEED} repeats this.")  # noqa: T201 - pytest shows it where the test fails
    return random.Random(f"{SEED} {names}")  # noqa: S311 - no secret
