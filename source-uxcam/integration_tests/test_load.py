"""The memory and the requests of a large read: UXCam's Session API with any number of sessions."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sandbox_server import Answer, Config, Keys, Request, Vendor, load_vendor, serve

from integration_tests import figures
from integration_tests.connector import Connector, script
from integration_tests.inside import InsideConnector
from integration_tests.trials import SESSIONS

PAGE = 100
A_DAY = 1000
"""Sessions per day, so that more sessions are more windows. The keys of an open window are kept in memory."""

LAUNCHER = """
import pathlib, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""
"""Runs a command and writes its peak memory into a file. The peak of a process includes that of the process that
started it: this one is small, the tests are not."""


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
        """Return a record of the vendor, split at its id and its times."""
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


def _ask(config: Config) -> Request:
    return Request(
        "GET", "/public/session", [("apikey", config["api_key"]), ("appid", config["app_id"]), ("page", "1")]
    )


def peak(sessions: int, place: Path) -> tuple[int, int]:
    """Read; return the process's peak memory in kB and the number of records."""
    with serve(Load(sessions=sessions, days=sessions // A_DAY)) as server:
        connector = Connector("source-uxcam", server.vendor.configs(server.origin)["session_api"], place)
        arguments = connector.read_arguments("sessions")
        config = place / "config.json"
        config.write_text(json.dumps(connector.config))
        peaks = place / "peak"
        command = [sys.executable, "-c", LAUNCHER, str(peaks), script(connector.folder), *arguments]
        with subprocess.Popen(  # noqa: S603
            [*command, "--config", str(config)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            records = sum(b'"type":"RECORD"' in line[:20] for line in process.stdout)
    assert process.returncode == 0
    return int(peaks.read_text()), records


@pytest.mark.soak
@pytest.mark.promise(n=6)
def test_memory_is_flat(tmp_path: Path) -> None:
    small, few = peak(20_000, tmp_path)
    large, many = peak(SESSIONS, tmp_path)
    figures.count(
        records=few + many, peak_kB_of_20000_sessions=small, **{f"peak_kB_of_{SESSIONS}_sessions": large}
    )
    assert (few, many) == (20_000, SESSIONS)
    assert large <= small * 1.15, (small, large)


@pytest.mark.promise(n=3)
@pytest.mark.promise(n=4)
def test_busy_days_have_many_checkpoints_and_quiet_days_few_requests(tmp_path: Path) -> None:
    # Busy: the pages of 20 days, of which a window has two at most. Quiet: those of one window. Each includes the
    # page that shows the end.
    for sessions, least_states, most_requests in ((20 * 1500, 10, 20 * 16), (20, 1, 2)):
        with serve(Load(sessions=sessions, days=20)) as server:
            config = {
                **server.vendor.configs(server.origin)["session_api"],
                "window_in_days": 30,
                "num_workers": 10,
            }
            output = InsideConnector("source-uxcam", config, tmp_path).read("sessions")
            assert len(output.records["sessions"]) == sessions
            assert len(output.of_type("STATE")) - 1 >= least_states
            assert server.count <= 1.02 * most_requests + 1, "that of today"
