"""Requests: what is sent to a vendor, as plain values without credentials."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from session_source.api.answer import Answer


@dataclass(eq=False)
class Wish:
    """Fields of a JSON body that a vendor may refuse (400). Requests that share a wish share what was learned.

    Args:
        options: the fields to send, in order of preference. After a refusal, the next option is sent. ``{}`` sends
            no field.
        is_about: returns whether a refusal may be about these fields. By default, any may.
        granted: the number of the first option that was accepted; None until then.
    """

    options: Sequence[Mapping[str, Any]]
    is_about: Callable[[Answer], bool] = lambda _: True
    granted: int | None = None


@dataclass(frozen=True)
class Request:
    """One HTTP request without credentials.

    Args:
        method: the HTTP method.
        path: the path below the connection's base URL.
        params: the query.
        headers: headers beside the client's own.
        form: a body of form fields.
        json: a JSON body.
        is_kept: send the request once and keep its answer until the command ends, for requests that endpoints
            share.
        within: how many seconds to retry, if less than the connection's retry policy. Rate-limit waits do not
            count.
        wishes: fields that the vendor may refuse. They are tried in order.
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
        """A key of everything that the answer depends on."""
        sent = [self.method, self.path, self.params, self.headers, self.form, self.json]
        return orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)
