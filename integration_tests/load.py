"""Loads of any size: UXCam's Session API with as many sessions, DevRev with as many apps as one likes.

For memory, load and speed. They check nothing that the sandboxes check, and hold no data.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox_server import Answer, Config, Keys, Request, Vendor, load_vendor, serve

PAGE = 100


class Load(Vendor):
    """``sessions`` sessions of the vendor example's size, spread evenly over ``days`` days until yesterday."""

    name = "load"

    def __init__(self, *, sessions: int, days: int) -> None:
        super().__init__()
        self.sessions = sessions
        self.days = days
        self.per_day = sessions // days
        self.first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        self._template = self._pieces()

    def _pieces(self) -> list[bytes]:
        """One of the vendor's records, cut where its id and its times are."""
        with serve(load_vendor("source-uxcam", sessions=3, days=1)) as server:
            answer = server.vendor.answer(_ask(server.vendor.configs(server.origin)["session_api"]))
        row = json.loads(answer.body)["data"][-1]
        row["id"] = "%ID%"
        row["session"] |= {"uploaded_server_time": "%AT%", "verified_server_time": "%AT%"}
        return re.split(rb"%ID%|%AT%", json.dumps(row, separators=(",", ":")).encode())

    def answer(self, request: Request) -> Answer:
        asked = dict(request.query)
        days = json.loads(asked["sessiondate"])["value"]
        start = (int(asked["page"]) - 1) * PAGE
        rows: list[bytes] = []
        for day in [days] if isinstance(days, str) else days:
            number = (datetime.fromisoformat(day).replace(tzinfo=UTC) - self.first).days
            held = self.per_day if 0 <= number < self.days else 0
            rows += [self._row(number, index, day) for index in range(start, min(start + PAGE - len(rows), held))]
            start = max(start - held, 0)
        return Answer.raw_json(b'{"success":"true","data":[' + b",".join(rows) + b"]}")

    def _row(self, day: int, index: int, text: str) -> bytes:
        seconds = index * 86400 // self.per_day
        at = f"{text.replace('-', '/')}, {seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}".encode()
        first, *times, rest = self._template
        return b"%s%d-%d%s" % (first, day, index, b"".join(part + at for part in times)) + rest

    def error(self, status: int, path: str = "") -> Answer:
        return Answer.json({"error": path}, status)

    def configs(self, origin: str) -> dict[str, Config]:
        return {
            "session_api": {
                "app_id": "app",
                "api_key": "key",
                "api": {"version": "session_api"},
                "start_date": self.first.strftime("%Y-%m-%d"),
                "window_in_days": 1,
                "base_url": origin,
            }
        }

    def expected(self, config_name: str) -> Keys:
        keys: list[tuple[Any, ...]] = [(f"{d}-{i}",) for d in range(self.days) for i in range(self.per_day)]
        return {"sessions": keys}

    def grow(self, count: int) -> None:
        raise NotImplementedError

    def delete(self, count: int) -> None:
        raise NotImplementedError


class Apps(Vendor):
    """``apps`` apps of ``sessions`` sessions each, spread evenly over ``days`` days until yesterday."""

    name = "apps"

    def __init__(self, *, apps: int, sessions: int, days: int) -> None:
        super().__init__()
        self.names = [f"app {number}" for number in range(apps)]
        self.first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        self.moments = [self.first + n * timedelta(days=days) / sessions for n in range(sessions)]

    def answer(self, request: Request) -> Answer:
        asked = request.json()
        after, before = (datetime.fromisoformat(asked["created_at"][name]) for name in ("after", "before"))
        found = [n for n, moment in enumerate(self.moments) if after <= moment <= before]
        start = int(asked.get("cursor", 0))
        rows = [
            {
                "session_id": f"{asked['version_key']}/{n}",
                "created_at": self.moments[n].isoformat(),
                "type": "mobile",
                "platform": "android",
            }
            for n in found[start : start + PAGE]
        ]
        more = {"next_cursor": str(start + PAGE)} if len(found) > start + PAGE else {}
        return Answer.json({"sessions": rows, **more})

    def error(self, status: int, path: str = "") -> Answer:
        return Answer.json({"error": path}, status)

    def configs(self, origin: str) -> dict[str, Config]:
        return {
            "apps": {
                "access_token": "token",
                "apps": [{"version_key": name, "platform": "android"} for name in self.names],
                "start_date": self.first.strftime("%Y-%m-%d"),
                "lookback_window_days": 0,
                "base_url": origin,
            }
        }

    def expected(self, config_name: str) -> Keys:
        keys = [(name, "android", f"{name}/{n}") for name in self.names for n in range(len(self.moments))]
        return {"sessions": keys, "session_recordings": []}

    def grow(self, count: int) -> None:
        raise NotImplementedError

    def delete(self, count: int) -> None:
        raise NotImplementedError


def _ask(config: Config) -> Request:
    return Request(
        "GET", "/public/session", [("apikey", config["api_key"]), ("appid", config["app_id"]), ("page", "1")]
    )
