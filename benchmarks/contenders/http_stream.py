"""The CDK's ``HttpStream``: one class per stream, as in most Python connectors of Airbyte's catalog.

``http_stream.py read --config … --catalog … [--state …]``
"""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import CheckpointMixin, Stream
from airbyte_cdk.sources.streams.http import HttpStream
from airbyte_cdk.sources.streams.http.http import HttpSubStream

Row = dict[str, Any]


class Paged(HttpStream):
    """The base of all streams."""

    page_size = 100
    raise_on_http_errors = True

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        self.config = config

    @property
    def url_base(self) -> str:
        return f"{self.config['base_url']}/"

    def get_json_schema(self) -> Mapping[str, Any]:
        return {"type": "object", "additionalProperties": True, "properties": {}}

    def _rows(self, rows: list[Row]) -> list[Row]:
        self._is_full = len(rows) == self.page_size  # a page is parsed once
        return rows

    def _following(self, asked: str) -> Row | None:
        return {"page": int(parse_qs(asked)["page"][0]) + 1} if self._is_full else None


class Daily(Paged, CheckpointMixin):
    """A stream that is read by day. Each sync reads the last day again."""

    _state: Row = {}

    @property
    def state(self) -> Row:
        return self._state

    @state.setter
    def state(self, value: Row) -> None:
        self._state = value

    def stream_slices(self, **_: Any) -> Iterable[Row]:
        day = date.fromisoformat(self._state.get("day", self.config["start_date"]))
        while day < date.fromisoformat(self.config["end_date"]):
            yield {"day": day.isoformat()}
            day += timedelta(days=1)

    def read_records(self, *args: Any, stream_slice: Any = None, **kwargs: Any) -> Iterable[Any]:
        yield from super().read_records(*args, stream_slice=stream_slice, **kwargs)
        self.state = {"day": stream_slice["day"]}


class UxcamSessions(Daily):
    """Sessions."""

    name = "sessions"
    primary_key = "session_id"
    cursor_field = "uploaded_at"

    def path(self, **_: Any) -> str:
        return "session"

    def next_page_token(self, response: requests.Response) -> Row | None:
        return self._following(urlsplit(response.url).query)

    def request_params(self, *, stream_slice: Any, next_page_token: Any = None, **_: Any) -> Row:
        page = (next_page_token or {"page": 1})["page"]
        return {"page": page, "sessiondate": json.dumps({"operator": "on", "value": stream_slice["day"]})}

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Row]:
        for row in self._rows(response.json()["data"]):
            key = {"session_id": row["id"], "uploaded_at": row["session"]["uploaded_server_time"]}
            yield from self.records(row, key)

    def records(self, row: Row, key: Row) -> Iterable[Row]:
        """Yield the records of one session."""
        yield row | key


class Screens(UxcamSessions):
    """Screens."""

    name = "screens"
    primary_key = ["session_id", "screen_index"]

    def records(self, row: Row, key: Row) -> Iterable[Row]:
        for number, screen in enumerate(row["flow"]):
            yield screen | key | {"screen_index": number}


class Gestures(UxcamSessions):
    """Gestures."""

    name = "gestures"
    primary_key = ["session_id", "screen_index", "gesture_index"]

    def records(self, row: Row, key: Row) -> Iterable[Row]:
        for number, screen in enumerate(row["flow"]):
            for index, gesture in enumerate(screen["gestures"]):
                yield gesture | key | {"screen_index": number, "gesture_index": index}


class Events(UxcamSessions):
    """Events."""

    name = "events"
    primary_key = ["session_id", "screen_index", "event_index"]

    def records(self, row: Row, key: Row) -> Iterable[Row]:
        for number, screen in enumerate(row["flow"]):
            for index, event in enumerate(screen["events"]):
                yield event | key | {"screen_index": number, "event_index": index}


class DevrevSessions(Daily):
    """Sessions of one app."""

    name = "sessions"
    primary_key = ["version_key", "app_platform", "session_id"]
    cursor_field = "created_at"
    http_method = "POST"

    def path(self, **_: Any) -> str:
        return "observability.sessions.list"

    def next_page_token(self, response: requests.Response) -> Row | None:
        return {"cursor": self._cursor} if self._cursor else None

    def request_body_json(self, *, stream_slice: Any, next_page_token: Any = None, **_: Any) -> Row:
        day = stream_slice["day"]
        created = {"type": "range", "after": f"{day}T00:00:00.000Z", "before": f"{day}T23:59:59.999Z"}
        body = {"type": "mobile", "platform": "android", "version_key": "app", "created_at": created}
        return body | {"limit": self.page_size, "mode": "after"} | (next_page_token or {})

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Row]:
        body = response.json()
        self._cursor = body.get("next_cursor")
        for row in body["sessions"]:
            yield row | {"version_key": "app", "app_platform": "android"}


class Websites(Paged):
    """Websites."""

    name = "websites"
    primary_key = "wid"

    def path(self, **_: Any) -> str:
        return "websites"

    def next_page_token(self, response: requests.Response) -> None:
        return None

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Row]:
        yield from response.json()["response"]


class InspectletSessions(HttpSubStream, Paged):
    """Sessions of every website."""

    name = "sessions"
    primary_key = ["wid", "sid"]
    http_method = "POST"

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(parent=Websites(config), config=config)

    def path(self, *, stream_slice: Any = None, **_: Any) -> str:
        return f"websites/{stream_slice['parent']['wid']}/sessions"

    def next_page_token(self, response: requests.Response) -> Row | None:
        return self._following(str(response.request.body))

    def request_body_data(self, *, next_page_token: Any = None, **_: Any) -> Row:
        dates = {"start": str(self.config["start_epoch"]), "end": str(self.config["end_epoch"])}
        search = json.dumps({"daterange": "custom", "daterangecustom": dates})
        return {"search": search, "limit": "100"} | (next_page_token or {"page": 1})

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Row]:
        yield from self._rows(response.json()["response"])


VENDORS: dict[str, list[type[Stream]]] = {
    "uxcam": [UxcamSessions, Screens, Gestures, Events],
    "devrev": [DevrevSessions],
    "inspectlet": [InspectletSessions],
}


class SourceHttp(AbstractSource):
    """The source."""

    def check_connection(self, logger: Any, config: Mapping[str, Any]) -> tuple[bool, Any]:
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        return [stream(config) for stream in VENDORS[config["vendor"]]]  # type: ignore[call-arg]

    def spec(self, *_: Any) -> Any:
        return ConnectorSpecification(connectionSpecification={"type": "object", "properties": {}})


if __name__ == "__main__":
    launch(SourceHttp(), sys.argv[1:])
