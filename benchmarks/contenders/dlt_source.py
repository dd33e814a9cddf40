"""A dlt ``rest_api`` source. It is extracted to files; normalizing and loading are not measured.

Days and websites are parents with children that are read in parallel. Transformers make the streams inside
sessions from the same read. ``dlt_source.py <config.json> <folder of the pipeline>``
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dlt
from dlt.extract import DltResource, DltSource
from dlt.sources.rest_api import RESTAPIConfig, rest_api_resources

Row = dict[str, Any]


def days_of(config: Row) -> DltResource:
    """Yield the days to read. Each run reads the last one again."""

    @dlt.resource(name="days", selected=False)
    def days(
        cursor: dlt.sources.incremental[str] = dlt.sources.incremental(  # noqa: B008
            "day", initial_value=config["start_date"], primary_key=()
        ),
    ) -> Iterator[list[Row]]:
        day = date.fromisoformat(cursor.last_value)
        while day < date.fromisoformat(config["end_date"]):
            yield [{"day": day.isoformat()}]
            day += timedelta(days=1)

    return days


def uxcam(config: Row) -> list[DltResource]:
    """Sessions by day, and the screens, gestures and events in them."""
    rest: RESTAPIConfig = {
        "client": {"base_url": config["base_url"]},
        "resources": [
            days_of(config),
            {
                "name": "sessions",
                "primary_key": "session_id",
                "max_table_nesting": 0,
                "parallelized": True,
                "endpoint": {
                    "path": "session",
                    "params": {"sessiondate": '{{"operator":"on","value":"{resources.days.day}"}}'},
                    "data_selector": "data",
                    "paginator": {"type": "page_number", "base_page": 1, "total_path": None},
                },
                "processing_steps": [{"map": with_key}],
            },
        ],
    }
    days, sessions = rest_api_resources(rest)

    @dlt.transformer(data_from=sessions, max_table_nesting=0)
    def screens(rows: list[Row]) -> Iterator[list[Row]]:
        yield list(screens_in(rows))

    @dlt.transformer(data_from=sessions, max_table_nesting=0)
    def gestures(rows: list[Row]) -> Iterator[list[Row]]:
        yield list(items_in(rows, "gestures", "gesture_index"))

    @dlt.transformer(data_from=sessions, max_table_nesting=0)
    def events(rows: list[Row]) -> Iterator[list[Row]]:
        yield list(items_in(rows, "events", "event_index"))

    return [days, sessions, screens, gestures, events]


def with_key(row: Row) -> Row:
    """Return the key and the cursor of a session."""
    return row | {"session_id": row["id"], "uploaded_at": row["session"]["uploaded_server_time"]}


def screens_in(rows: list[Row]) -> Iterator[Row]:
    """Yield the screens of sessions."""
    for row in rows:
        key = {"session_id": row["session_id"], "uploaded_at": row["uploaded_at"]}
        for number, screen in enumerate(row["flow"]):
            yield screen | key | {"screen_index": number}


def items_in(rows: list[Row], name: str, index: str) -> Iterator[Row]:
    """Yield the gestures or events of sessions."""
    for screen in screens_in(rows):
        key = {name: screen[name] for name in ("session_id", "uploaded_at", "screen_index")}
        for number, item in enumerate(screen[name]):
            yield item | key | {index: number}


def devrev(config: Row) -> list[DltResource]:
    """Sessions of one app, day by day."""
    rest: RESTAPIConfig = {
        "client": {"base_url": config["base_url"]},
        "resources": [
            days_of(config),
            {
                "name": "sessions",
                "primary_key": ["version_key", "app_platform", "session_id"],
                "max_table_nesting": 0,
                "parallelized": True,
                "endpoint": {
                    "path": "observability.sessions.list",
                    "method": "POST",
                    "json": {
                        "type": "mobile",
                        "platform": "android",
                        "version_key": "app",
                        "limit": 100,
                        "mode": "after",
                        "created_at": {
                            "type": "range",
                            "after": "{resources.days.day}T00:00:00.000Z",
                            "before": "{resources.days.day}T23:59:59.999Z",
                        },
                    },
                    "data_selector": "sessions",
                    "paginator": {"type": "cursor", "cursor_path": "next_cursor", "cursor_body_path": "cursor"},
                },
                "processing_steps": [{"map": lambda row: row | {"version_key": "app", "app_platform": "android"}}],
            },
        ],
    }
    return rest_api_resources(rest)


def inspectlet(config: Row) -> list[DltResource]:
    """Sessions of every website, all days at once."""
    dates = {"start": str(config["start_epoch"]), "end": str(config["end_epoch"])}
    search = json.dumps({"daterange": "custom", "daterangecustom": dates})
    rest: RESTAPIConfig = {
        "client": {"base_url": config["base_url"]},
        "resources": [
            {
                "name": "websites",
                "selected": False,
                "endpoint": {"path": "websites", "data_selector": "response", "paginator": "single_page"},
            },
            {
                "name": "sessions",
                "primary_key": ["wid", "sid"],
                "max_table_nesting": 0,
                "parallelized": True,
                "endpoint": {
                    "path": "websites/{resources.websites.wid}/sessions",
                    "method": "POST",
                    "data": {"search": search.replace("{", "{{").replace("}", "}}"), "limit": "100", "page": "1"},
                    "data_selector": "response",
                    "paginator": FormPage(),
                },
            },
        ],
    }
    return rest_api_resources(rest)


class FormPage(dlt.sources.helpers.rest_client.paginators.BasePaginator):
    """Page numbers in a form. dlt's own paginators write to the query or to JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._page = 1

    def update_state(self, response: Any, data: list[Row] | None = None) -> None:
        """Continue while pages are full."""
        self._has_next_page = len(data or []) == 100
        self._page += 1

    def update_request(self, request: Any) -> None:
        """Set the next page."""
        request.data = request.data | {"page": str(self._page)}


VENDORS = {"uxcam": uxcam, "devrev": devrev, "inspectlet": inspectlet}


def main() -> None:
    """Extract, and print the number of records."""
    config = json.loads(Path(sys.argv[1]).read_text())
    dlt.config["extract.workers"] = config["num_workers"]
    dlt.config["runtime.dlthub_telemetry"] = False
    dlt.config["data_writer.disable_compression"] = True  # nobody else compresses
    pipeline = dlt.pipeline("bench", pipelines_dir=sys.argv[2], destination="dummy")

    @dlt.source(name=config["vendor"])
    def source() -> list[DltResource]:
        return VENDORS[config["vendor"]](config)

    read: DltSource = source().with_resources(*config["streams"])
    info = pipeline.extract(read)
    counts = {
        name: metrics.items_count
        for steps in info.metrics.values()
        for step in steps
        for name, metrics in step["resource_metrics"].items()
    }
    sys.stdout.write(
        json.dumps({"type": "COUNTS", "counts": {name: counts.get(name, 0) for name in config["streams"]}}) + "\n"
    )


if __name__ == "__main__":
    main()
