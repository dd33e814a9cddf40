"""Grouping: which streams one read feeds."""

from collections.abc import Container, Mapping
from datetime import timedelta
from functools import partial

from session_source.api import windows
from session_source.api.endpoint import Endpoint, Partition
from session_source.api.pagination import PageLengths
from session_source.http.budget import Budget
from session_source.sync.details import Details
from session_source.sync.groups import Group
from session_source.sync.plan import affordable_requests
from session_source.sync.settings import Settings
from session_source.sync.state import StreamState


def grouped(
    parts: list[tuple[Endpoint, Partition]],
    chosen: Container[str],
    states: Mapping[str, StreamState],
    settings: Settings,
    budget: Budget | None,
) -> list[Group]:
    """Group the streams of each part that have the same windows to read."""
    found: list[tuple[Endpoint, Partition, windows.Intervals, set[str]]] = []
    for endpoint, partition in parts:
        names_by_finished: dict[windows.Intervals, set[str]] = {}
        for name in (stream.name for stream in endpoint.all_streams if stream.name in chosen):
            finished = windows.within(states[name].finished(partition), settings.span)
            names_by_finished.setdefault(finished, set()).add(name)
        found += [(endpoint, partition, finished, names) for finished, names in names_by_finished.items()]
    parallel = max(1, settings.workers // max(1, len(found)))
    lengths = {endpoint: PageLengths(endpoint.pager.size) for endpoint, _ in parts}
    groups = []
    for endpoint, partition, finished, names in found:
        detail = endpoint.detail
        detailed = [stream for stream in detail.streams if stream.name in names] if detail else []
        groups.append(
            Group(
                endpoint,
                partition,
                [stream for stream in endpoint.streams if stream.name in names],
                span=settings.span,
                finished=finished,
                longest=timedelta(days=settings.window_days),
                details=Details(detail, partition, detailed) if detail and detailed else None,
                now=settings.now,
                lengths=lengths[endpoint],
                parallel=parallel,
                affordable=partial(affordable_requests, budget, settings.workers),
            )
        )
    return groups
