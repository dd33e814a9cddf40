"""Requests: what is sent to a vendor, as plain values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from session_source.api.answer import Answer


@dataclass(eq=False)
class Wish:
    """Fields of a JSON body that a vendor may refuse (400). Requests that share a wish learn from each other.

    Args:
        options: what to send, in the order of preference: the next one where one is refused. ``{}`` sends nothing.
        is_about: whether a refusal may be about these fields; by default any may.
        granted: the number of the option that was accepted first; None until then.
    """

    options: Sequence[Mapping[str, Any]]
    is_about: Callable[[Answer], bool] = lambda _: True
    granted: int | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request, before credentials: ``path`` is below the connection's base URL.

    With ``is_kept``, it is sent once, and its answer is kept until the command ends: for requests that several
    endpoints have in common. ``within`` is how many seconds to keep trying, where that is less than the
    connection's retry_policy; waits for a rate limit do not count. ``wishes`` are tried in order.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    is_kept: bool = False
    within: float | None = None
    wishes: tuple[Wish, ...] = ()

    @property
    def address(self) -> bytes:
        """All that its answer depends on."""
        sent = [self.method, self.path, self.params, self.headers, self.form, self.json]
        return orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
