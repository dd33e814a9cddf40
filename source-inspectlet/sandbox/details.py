"""Requests for individual sessions that always fail."""

from collections.abc import Mapping, Sequence

from .records import Session

SMALLEST_SID = 1_000_000_000


class DetailFailures:
    """Which sessions fail with which HTTP status, from the option `detail_failures`.

    Its keys are "all", a `sid`, or a number below 10^9, which means that many of the oldest sessions of the
    account. A `sid` takes precedence over a number, and a number over "all".
    """

    def __init__(self, option: Mapping[int | str, int], oldest_first: Sequence[Session]) -> None:
        self._everywhere = option.get("all")
        numbers = {int(key): status for key, status in option.items() if key != "all"}
        self._by_sid: dict[int, int] = {}
        for number, status in sorted(numbers.items(), reverse=True):
            if number < SMALLEST_SID:
                self._by_sid |= {session.sid: status for session in oldest_first[:number]}
        self._by_sid |= {number: status for number, status in numbers.items() if number >= SMALLEST_SID}

    def status(self, sid: int) -> int | None:
        """Return the status of the failure, None if the session can be read."""
        return self._by_sid.get(sid, self._everywhere)
