"""``python -m release.manifests`` writes each connector's manifest.yaml, for Airbyte Cloud.

A manifest contains what the connector declares (spec, schemas, keys, cursors, columns). ``cloud.yaml`` adds how
requests are written. https://docs.airbyte.com/platform/connector-development/config-based
"""

import copy
import importlib
import logging
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from session_source import SessionSource, Stream
from session_source.api.endpoint import Detail, Endpoint

from release.distributions import ROOT
from release.expressions import expression

Json = dict[str, Any]

HEAD = """\
# {vendor} for Airbyte Cloud. Written by `make manifests` from the connector and from cloud.yaml: change those.
# CLOUD.md says how to import it, and how it differs from the connector.
"""

SECOND = "%Y-%m-%dT%H:%M:%SZ"
NOT_IN_MANIFESTS = ("max_waiting_time",)
"""Options of every connector that no component of a manifest can follow."""


def manifests() -> Iterator[tuple[Path, str]]:
    """Yield the path and the text of each manifest; a vendor without ``cloud.yaml`` has none."""
    for path in sorted(ROOT.glob("source-*/cloud.yaml")):
        yield path.with_name("manifest.yaml"), text_of(path.parent.name)


def text_of(folder: str) -> str:
    """Return the text of a connector's manifest."""
    written: Json = yaml.safe_load((ROOT / folder / "cloud.yaml").read_bytes())
    source = source_of(folder)
    return HEAD.format(vendor=source.vendor) + yaml.dump(
        Manifest(source, written).build(), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110
    )


def source_of(folder: str) -> SessionSource:
    """Return the source of a connector's folder."""
    package = importlib.import_module(folder.replace("-", "_"))
    (found,) = (value for name, value in vars(package).items() if name.startswith("Source"))
    source: SessionSource = found()
    return source


class Manifest:
    """Combines what a connector declares with what is written by hand.

    Args:
        source: the connector.
        written: the content of ``cloud.yaml``.
    """

    def __init__(self, source: SessionSource, written: Json) -> None:
        self._source = source
        self._written = written

    def build(self) -> Json:
        """Return the manifest."""
        streams = [
            self._stream(api, endpoint, stream) for api in self._apis() for endpoint, stream in self._streams(api)
        ]
        manifest: Json = {
            "version": version("airbyte-cdk"),
            "type": "DeclarativeSource",
            "check": {"type": "CheckStream", "stream_names": [self._written["check"]]},
            "streams": streams,
            "spec": {"type": "Spec", "connection_specification": self._specification()},
            "concurrency_level": self._concurrency(),
        }
        if budget := self._written.get("api_budget"):
            manifest["api_budget"] = {"type": "HTTPAPIBudget", **budget}
        return manifest

    def _apis(self) -> list[Json]:
        """Return the APIs that are written down, each with a config that chooses it; most vendors have one."""
        return self._written.get("apis") or [self._written]

    def _streams(self, api: Json) -> Iterator[tuple[Endpoint | Detail, Stream]]:
        for endpoint in self._source.endpoints(api["example"]):
            parts: list[Endpoint | Detail] = [endpoint, *([endpoint.detail] if endpoint.detail else [])]
            for part in parts:
                for stream in part.streams:
                    if stream.name in api["streams"]:
                        yield part, stream

    def _stream(self, api: Json, endpoint: Endpoint | Detail, stream: Stream) -> Json:
        own = api["streams"][stream.name]
        requester = {
            "type": "HttpRequester",
            "url_base": f"{{{{ config.get('base_url') or '{self._source.base_url(api['example'])}' }}}}",
            **own["requester"],
            "authenticator": own.get("authenticator") or api.get("authenticator") or {"type": "NoAuth"},
            "error_handler": self._error_handler(own["records"][0]),
        }
        retriever: Json = {
            "type": "SimpleRetriever",
            "requester": requester,
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": own["records"]},
                **(
                    {"record_filter": {"type": "RecordFilter", "condition": own["filter"]}}
                    if "filter" in own
                    else {}
                ),
            },
        }
        if "paginator" in own:
            retriever["paginator"] = {"type": "DefaultPaginator", **own["paginator"]}
        if router := own.get("partition_router"):
            retriever["partition_router"] = self._router(api, router)
        built: Json = {
            "type": "DeclarativeStream",
            "name": stream.name,
            "primary_key": list(stream.key),
            "schema_loader": {"type": "InlineSchemaLoader", "schema": stream.json_schema(self._source.package)},
            "retriever": retriever,
            "transformations": [self._columns(own, endpoint, stream)],
        }
        if stream.cursor:
            built["incremental_sync"] = self._cursor(stream.cursor)
        if "condition" in api:
            return {"type": "ConditionalStreams", "condition": api["condition"], "streams": [built]}
        return built

    def _columns(self, own: Json, endpoint: Endpoint | Detail, stream: Stream) -> Json:
        """Return the transformation that adds the columns which the connector adds."""
        by_hand = own.get("columns", {}) | own.get("partition", {})
        fields = []
        for name, column in {**endpoint.columns, **own.get("partition", {})}.items():
            value = (by_hand[name] or expression(None)) if name in by_hand else expression(column)
            if name not in stream.json_schema(self._source.package)["properties"]:
                raise ValueError(f"{stream.name} declares no column {name}")
            fields.append({"type": "AddedFieldDefinition", "path": [name], "value": value})
        return {"type": "AddFields", "fields": fields}

    def _router(self, api: Json, router: Json) -> Json:
        """Return a partition router; a parent is named in ``cloud.yaml``."""
        if "parent" not in router:
            return router
        given = dict(router)
        ((endpoint, stream),) = [(e, s) for e, s in self._streams(api) if s.name == given["parent"]]
        parent = {"type": "ParentStreamConfig", "stream": self._stream(api, endpoint, stream)}
        names = ("parent_key", "partition_field")
        return {
            "type": given["type"],
            "parent_stream_configs": [parent | {name: given[name] for name in names}],
        }

    def _error_handler(self, records: str) -> Json:
        """Return how errors are handled: credentials and limits, the vendor's own errors, and all others.

        Args:
            records: the field of an answer with its records. An answer without it (a proxy's page, a truncated
                one) would end the list, so it is retried.
        """
        vendor, hint = self._source.vendor, self._source.credentials_hint
        refused = f"{vendor} refused the credentials. {hint}"
        filters = [
            {
                "http_codes": [401, 403],
                "action": "FAIL",
                "failure_type": "config_error",
                "error_message": "credentials",
            },
            {
                "http_codes": [429],
                "action": "RATE_LIMITED",
                "error_message": f"{vendor} limits the rate of requests.",
            },
            *self._written.get("errors", []),
            {
                "http_codes": [*range(400, 408), *range(409, 425), *range(426, 429)],
                "action": "FAIL",
                "failure_type": "system_error",
                "error_message": f"{vendor} did not accept the request.",
            },
            {
                "predicate": f"{{{{ response is not mapping or {records!r} not in response }}}}",
                "action": "RETRY",
                "error_message": f"{vendor} sent an answer without {records}.",
            },
        ]
        return {
            "type": "DefaultErrorHandler",
            "max_retries": 4,
            "backoff_strategies": [
                {"type": "WaitTimeFromHeader", "header": "Retry-After"},
                {"type": "ExponentialBackoffStrategy", "factor": 2},
            ],
            "response_filters": [
                {"type": "HttpResponseFilter", **rule}
                | ({"error_message": refused} if rule["error_message"] == "credentials" else {})
                for rule in filters
            ],
        }

    def _cursor(self, name: str) -> Json:
        now = f"{{{{ now_utc().strftime('{SECOND}') }}}}"
        return {
            "type": "DatetimeBasedCursor",
            "cursor_field": name,
            "cursor_datetime_formats": [SECOND, "%Y-%m-%dT%H:%M:%S.%fZ"],
            "datetime_format": SECOND,
            "cursor_granularity": "PT1S",
            "start_datetime": {
                "type": "MinMaxDatetime",
                "datetime": f"{{{{ format_datetime(config['start_date'], '{SECOND}') }}}}",
                "datetime_format": SECOND,
            },
            "end_datetime": {
                "type": "MinMaxDatetime",
                "datetime": f"{{{{ format_datetime(config.get('end_date') or now_utc(), '{SECOND}') }}}}",
                "datetime_format": SECOND,
                "max_datetime": now,
            },
            "lookback_window": "P{{ config.get('lookback_window_days', 1) }}D",
            "step": self._written.get(
                "step", f"P{{{{ config.get('window_in_days', {self._source.window_days}) }}}}D"
            ),
        }

    def _concurrency(self) -> Json:
        if self._source.workers == 1:
            return {"type": "ConcurrencyLevel", "default_concurrency": 1, "max_concurrency": 1}
        return {
            "type": "ConcurrencyLevel",
            "default_concurrency": f"{{{{ config.get('num_workers', {self._source.workers}) }}}}",
            "max_concurrency": self._written.get("max_concurrency", 20),
        }

    def _specification(self) -> Json:
        """Return the connector's spec without what a manifest cannot follow."""
        found: Json = copy.deepcopy(dict(self._source.spec(logging.getLogger(__name__)).connectionSpecification))
        for path in (*NOT_IN_MANIFESTS, *self._written.get("left_out", {}).get("options", {})):
            *parents, name = path.split(".")
            parts = [found]
            for parent in parents:
                parts = [one for part in parts for one in _branches(part["properties"][parent])]
            for part in parts:
                part["properties"].pop(name, None)
        for name, branch in self._written.get("only", {}).items():
            choice = found["properties"][name]
            choice["oneOf"] = [one for one in choice["oneOf"] if branch in _constants(one)]
        return found


def _branches(part: Json) -> list[Json]:
    """Return the objects that a property may be."""
    return part.get("oneOf") or [part]


def _constants(branch: Json) -> list[Any]:
    return [part.get("const") for part in branch["properties"].values()]


class _Dumper(yaml.SafeDumper):
    """Writes YAML without anchors, and long text as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        """Write what stands in several places several times."""
        return True


def main() -> None:
    """Write the manifests."""
    for path, text in manifests():
        path.write_text(text)
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
