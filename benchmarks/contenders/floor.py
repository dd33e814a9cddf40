"""The floor: the least that a Python program does to read these pages with requests and write JSON lines.

One thread, no state, no retries, no checks. ``floor.py <config.json>``
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import requests

Row = dict[str, Any]
Records = Iterator[tuple[str, Row]]


def days(config: Row) -> Iterator[date]:
    """Yield the days to read."""
    day = date.fromisoformat(config["start_date"])
    while day < date.fromisoformat(config["end_date"]):
        yield day
        day += timedelta(days=1)


def uxcam(session: requests.Session, config: Row) -> Records:
    """Yield sessions, and the screens, gestures and events in them, from one read."""
    streams = set(config["streams"])
    for day in days(config):
        page = 1
        while True:
            params = {"page": str(page), "sessiondate": json.dumps({"operator": "on", "value": day.isoformat()})}
            rows = orjson.loads(session.get(f"{config['base_url']}/session", params=params).content)["data"]
            for row in rows:
                key = {"session_id": row["id"], "uploaded_at": row["session"]["uploaded_server_time"]}
                if "sessions" in streams:
                    yield "sessions", row | key
                for number, screen in enumerate(row["flow"]):
                    key["screen_index"] = number
                    if "screens" in streams:
                        yield "screens", screen | key
                    if "gestures" in streams:
                        for index, gesture in enumerate(screen["gestures"]):
                            yield "gestures", gesture | key | {"gesture_index": index}
                    if "events" in streams:
                        for index, event in enumerate(screen["events"]):
                            yield "events", event | key | {"event_index": index}
            if len(rows) < 100:
                break
            page += 1


def devrev(session: requests.Session, config: Row) -> Records:
    """Yield sessions, day by day."""
    app = {"version_key": "app", "platform": "android"}
    for day in days(config):
        body: Row = app | {"type": "mobile", "limit": 100, "mode": "after"}
        body["created_at"] = {"type": "range", "after": f"{day}T00:00:00.000Z", "before": f"{day}T23:59:59.999Z"}
        while True:
            url = f"{config['base_url']}/observability.sessions.list"
            page = orjson.loads(session.post(url, json=body).content)
            for row in page["sessions"]:
                yield "sessions", row | {"version_key": "app", "app_platform": "android"}
            if "next_cursor" not in page:
                break
            body["cursor"] = page["next_cursor"]


def inspectlet(session: requests.Session, config: Row) -> Records:
    """Yield the sessions of every website."""
    dates = {"start": str(config["start_epoch"]), "end": str(config["end_epoch"])}
    search = json.dumps({"daterange": "custom", "daterangecustom": dates})
    sites = f"{config['base_url']}/websites"
    for site in orjson.loads(session.get(sites).content)["response"]:
        page = 1
        while True:
            form = {"search": search, "limit": "100", "page": str(page)}
            answer = session.post(f"{sites}/{site['wid']}/sessions", data=form)
            rows = orjson.loads(answer.content)["response"]
            for row in rows:
                yield "sessions", row
            if len(rows) < 100:
                break
            page += 1


VENDORS = {"uxcam": uxcam, "devrev": devrev, "inspectlet": inspectlet}


def main() -> None:
    """Read the pages and write the records."""
    config = orjson.loads(Path(sys.argv[1]).read_bytes())
    write = sys.stdout.buffer.write
    for stream, data in VENDORS[config["vendor"]](requests.Session(), config):
        record = {"type": "RECORD", "record": {"stream": stream, "data": data}}
        write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main()
