"""Faults by name, for other processes that configure them in JSON."""

from collections.abc import Mapping
from typing import Any

from sandbox_server import changes, faults
from sandbox_server.faults import Fault

KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (
        faults.Status,
        faults.ResetBeforeBody,
        faults.ResetInBody,
        faults.TruncatedBody,
        faults.TruncatedJson,
        faults.Html,
        faults.Echo,
        faults.EmptyBody,
        faults.HugeBody,
        faults.NeverAnswers,
        faults.SlowBody,
        faults.SlowHeaders,
        faults.ErrorInside,
        faults.StalePage,
        faults.Deletion,
        faults.RepeatToken,
        changes.NewFields,
        changes.LargeIds,
        changes.BrokenIds,
        changes.Retyped,
        changes.DeepValue,
    )
}


def read_fault(members: Mapping[str, Any]) -> Fault:
    """Make a fault from JSON, such as `{"kind": "Status", "status": 429, "retry_after": 1, "times": 2}`."""
    options = dict(members)
    kind = KINDS.get(str(options.pop("kind", None)))
    if kind is None:
        raise ValueError(f"kind has to be one of {', '.join(KINDS)}")
    try:
        return kind(**options)
    except TypeError as error:
        raise ValueError(str(error)) from error
