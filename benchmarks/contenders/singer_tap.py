"""A Singer tap with Meltano's SDK: a stream for the sessions, and child streams for the objects in them.

``singer_tap.py --config <config.json> --catalog <catalog.json> [--state <state.json>]``
"""

import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import requests
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.pagination import BaseAPIPaginator, PageNumberPaginator

Row = dict[str, Any]
ANY_OBJECT = th.CustomType({"type": ["object", "null"]})
ANY_LIST = th.CustomType({"type": ["array", "null"]})


class Windows(BaseAPIPaginator[tuple[str, Any]]):
    """Page numbers, day by day."""

    def __init__(self, stream: "Daily", first_day: str) -> None:
        super().__init__((first_day, None))
        self._stream = stream

    def continue_if_empty(self, response: requests.Response) -> bool:
        return True

    def get_next(self, response: requests.Response) -> tuple[str, Any] | None:
        day, token = self.current_value
        following = self._stream.following(response, token)
        if following is not None:
            return day, following
        next_day = date.fromisoformat(day) + timedelta(days=1)
        return (next_day.isoformat(), None) if next_day < self._stream.end else None


class Daily(RESTStream[tuple[str, Any]]):
    """A stream that is read by day. Each sync reads the last day again."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY

    @property
    def url_base(self) -> str:
        return f"{self.config['base_url']}/"

    @property
    def end(self) -> date:
        return date.fromisoformat(self.config["end_date"])

    def get_new_paginator(self) -> Windows:
        start = self.get_starting_timestamp(None)
        return Windows(self, start.date().isoformat() if start else self.config["start_date"])


class UxcamSessions(Daily):
    """Sessions."""

    name = "sessions"
    path = "session"
    primary_keys = ("session_id",)
    replication_key = "uploaded_at"
    schema = th.PropertiesList(
        th.Property("session_id", th.StringType),
        th.Property("uploaded_at", th.DateTimeType),
        th.Property("id", th.StringType),
        *(th.Property(name, ANY_OBJECT) for name in ("session", "location", "user", "device", "properties")),
        th.Property("flow", ANY_LIST),
    ).to_dict()

    def following(self, response: requests.Response, token: Any) -> int | None:
        return (token or 1) + 1 if self._count == 100 else None

    def get_url_params(self, context: Any, next_page_token: tuple[str, Any] | None) -> Row:
        day, page = next_page_token
        return {"page": page or 1, "sessiondate": json.dumps({"operator": "on", "value": day})}

    def parse_response(self, response: requests.Response) -> Iterable[Row]:
        rows = response.json()["data"]
        self._count = len(rows)
        yield from rows

    def post_process(self, row: Row, context: Any = None) -> Row:
        row["session_id"] = row["id"]
        row["uploaded_at"] = row["session"]["uploaded_server_time"].replace("/", "-").replace(", ", "T") + "Z"
        return row

    def get_child_context(self, record: Row, context: Any) -> Row:
        return {name: record[name] for name in ("session_id", "uploaded_at", "flow")}


class InSession(RESTStream[Any]):
    """A stream of the objects in a session. It sends no requests."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY
    parent_stream_type = UxcamSessions
    state_partitioning_keys = ()
    url_base = path = ""
    key = (
        th.Property("session_id", th.StringType),
        th.Property("uploaded_at", th.DateTimeType),
        th.Property("screen_index", th.IntegerType),
    )

    def get_records(self, context: Any) -> Iterable[Row]:
        key = {"session_id": context["session_id"], "uploaded_at": context["uploaded_at"]}
        for number, screen in enumerate(context["flow"]):
            yield from self.in_screen(screen, key | {"screen_index": number})

    def _sync_children(self, child_context: Any) -> None:
        return


class Screens(InSession):
    """Screens."""

    name = "screens"
    primary_keys = ("session_id", "screen_index")
    schema = th.PropertiesList(
        *InSession.key,
        th.Property("activity_name", th.StringType),
        *(th.Property(name, th.NumberType) for name in ("start_time", "end_time", "total_time")),
        th.Property("gestures", ANY_LIST),
        th.Property("events", ANY_LIST),
    ).to_dict()

    def in_screen(self, screen: Row, key: Row) -> Iterable[Row]:
        yield screen | key


class Gestures(InSession):
    """Gestures."""

    name = "gestures"
    primary_keys = ("session_id", "screen_index", "gesture_index")
    schema = th.PropertiesList(
        *InSession.key,
        th.Property("gesture_index", th.IntegerType),
        th.Property("type", th.StringType),
        th.Property("time", th.NumberType),
        th.Property("rage", th.IntegerType),
        th.Property("view", ANY_OBJECT),
    ).to_dict()

    def in_screen(self, screen: Row, key: Row) -> Iterable[Row]:
        for index, gesture in enumerate(screen["gestures"]):
            yield gesture | key | {"gesture_index": index}


class Events(InSession):
    """Events."""

    name = "events"
    primary_keys = ("session_id", "screen_index", "event_index")
    schema = th.PropertiesList(
        *InSession.key,
        th.Property("event_index", th.IntegerType),
        th.Property("type", th.StringType),
        th.Property("time", th.NumberType),
        th.Property("name", th.StringType),
        th.Property("params", ANY_OBJECT),
    ).to_dict()

    def in_screen(self, screen: Row, key: Row) -> Iterable[Row]:
        for index, event in enumerate(screen["events"]):
            yield event | key | {"event_index": index}


class DevrevSessions(Daily):
    """Sessions of one app."""

    name = "sessions"
    path = "observability.sessions.list"
    http_method = "POST"
    primary_keys = ("version_key", "app_platform", "session_id")
    replication_key = "created_at"
    schema = th.PropertiesList(
        *(
            th.Property(name, th.StringType)
            for name in (
                "version_key",
                "app_platform",
                "session_id",
                "type",
                "platform",
                "rev_org_id",
                "rev_user_id",
            )
        ),
        th.Property("created_at", th.DateTimeType),
        th.Property("device_metadata", ANY_OBJECT),
        *(
            th.Property(name, th.BooleanType)
            for name in ("has_exception_occurred", "is_anr", "is_crash", "rage_tap")
        ),
        th.Property("recording_ids", ANY_LIST),
        th.Property("session_duration_ms", th.IntegerType),
    ).to_dict()

    def following(self, response: requests.Response, token: Any) -> str | None:
        return self._cursor

    def prepare_request_payload(self, context: Any, next_page_token: tuple[str, Any]) -> Row:
        day, cursor = next_page_token
        created = {"type": "range", "after": f"{day}T00:00:00.000Z", "before": f"{day}T23:59:59.999Z"}
        body = {"type": "mobile", "platform": "android", "version_key": "app", "created_at": created}
        return body | {"limit": 100, "mode": "after"} | ({"cursor": cursor} if cursor else {})

    def parse_response(self, response: requests.Response) -> Iterable[Row]:
        body = response.json()
        self._cursor = body.get("next_cursor")
        yield from body["sessions"]

    def post_process(self, row: Row, context: Any = None) -> Row:
        return row | {"version_key": "app", "app_platform": "android"}


class Websites(RESTStream[Any]):
    """Websites."""

    name = "websites"
    path = "websites"
    primary_keys = ("wid",)
    records_jsonpath = "$.response[*]"
    selected_by_default = False
    schema = th.PropertiesList(
        th.Property("wid", th.IntegerType),
        th.Property("site_name", th.StringType),
        th.Property("date_added", th.IntegerType),
    ).to_dict()

    @property
    def url_base(self) -> str:
        return f"{self.config['base_url']}/"

    def get_child_context(self, record: Row, context: Any) -> Row:
        return {"wid": record["wid"]}


class FullPages(PageNumberPaginator):
    """Page numbers, while pages are full."""

    def has_more(self, response: requests.Response) -> bool:
        return len(response.json()["response"]) == 100


class InspectletSessions(RESTStream[int]):
    """Sessions of every website, all days at once."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.ROOT_ONLY
    name = "sessions"
    path = "websites/{wid}/sessions"
    http_method = "POST"
    payload_as_json = False
    parent_stream_type = Websites
    primary_keys = ("wid", "sid")
    replication_key = "date_start_session"
    records_jsonpath = "$.response[*]"
    schema = th.PropertiesList(
        *(
            th.Property(name, th.IntegerType)
            for name in (
                "wid",
                "sid",
                "date_start_session",
                "date_end_session",
                "session_duration",
                "num_pages",
                "uid",
            )
        ),
        *(
            th.Property(name, th.StringType)
            for name in (
                "ip",
                "browser",
                "useragent",
                "country",
                "landing_page",
                "exit_page",
                "device_type",
                "display_name",
                "sessionlink",
            )
        ),
        th.Property("referrer", ANY_OBJECT),
        th.Property("new_visitor", th.BooleanType),
        th.Property("starred", th.BooleanType),
        th.Property("tags", ANY_LIST),
        th.Property("pages", ANY_LIST),
    ).to_dict()

    url_base = Websites.url_base

    def get_new_paginator(self) -> FullPages:
        return FullPages(1)

    def prepare_request_payload(self, context: Any, next_page_token: int) -> Row:
        dates = {"start": str(self.config["start_epoch"]), "end": str(self.config["end_epoch"])}
        search = json.dumps({"daterange": "custom", "daterangecustom": dates})
        return {"search": search, "limit": "100", "page": str(next_page_token)}


VENDORS = {
    "uxcam": [UxcamSessions, Screens, Gestures, Events],
    "devrev": [DevrevSessions],
    "inspectlet": [Websites, InspectletSessions],
}


class TapSessions(Tap):
    """The tap."""

    name = "tap-sessions"
    config_jsonschema = th.PropertiesList(th.Property("base_url", th.StringType, required=True)).to_dict()

    def discover_streams(self) -> list[Any]:
        return [stream(self) for stream in VENDORS[self.config["vendor"]]]


if __name__ == "__main__":
    TapSessions.cli()
