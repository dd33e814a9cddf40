"""The output of ``make sync`` while it runs, in a terminal and elsewhere."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console
from sandbox_server import Server, Status, load_vendor, serve

from integration_tests.clock import late
from integration_tests.conftest import starting
from sync.coverage import Interval
from sync.display import Display
from sync.integration_tests.command import Command, run
from sync.integration_tests.databases import duckdb_file
from sync.progress import Progress


@pytest.fixture
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=100, days=5, now=late), latency=0.05) as server:
        yield server


def command(server: Server, place: Path) -> Command:
    config = server.vendor.configs(server.origin)["data_access_v2"] | {"window_in_days": 1}
    return Command("source-uxcam", config, duckdb_file(place / "sessions.duckdb"), place)


def test_something_is_shown_before_the_slow_libraries_are_loaded() -> None:
    libraries = {"dlt", "duckdb", "plotly", "pyarrow"}
    loaded = "import sys, sync.__main__; print(*sys.modules)"
    done = run([sys.executable, "-c", loaded])
    assert not libraries & set(done.stdout.split()), done.stdout


@pytest.mark.slow
def test_a_terminal_shows_a_live_table(uxcam: Server, tmp_path: Path) -> None:
    uxcam.faults.append(Status(429, retry_after=2))
    terminal = command(uxcam, tmp_path).start_in_terminal()
    assert terminal.end() == 0, terminal.shown
    plain = terminal.shown
    assert re.search(r"\d+ rows read, \d+ kept · [\d,]+ rows/s", plain)
    assert re.search(r"sessions +\d+ +━+ (\d+) of \1 windows ✓", plain)
    assert re.search(r" · \d+ requests", plain)
    assert "Trying again in 2" in plain
    assert "Warning" not in plain


def test_without_a_terminal_there_is_no_control_character_and_no_noise(uxcam: Server, tmp_path: Path) -> None:
    done = command(uxcam, tmp_path).run()
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    # On a slow machine there is a line of progress every 30 seconds.
    lines = [line for line in done.stdout.splitlines() if " rows/s · " not in line]
    assert lines[0] == "Starting source-uxcam."
    assert lines[2].startswith("done; ")
    assert not [line for line in lines if "MemoryMonitor" in line or "Warning" in line or "dlt" in line]


def test_without_a_terminal_a_line_comes_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC)
    progress = Progress(["sessions", "events"], Interval(now - timedelta(days=4), now))
    console = Console(width=200, record=True, force_terminal=False, quiet=False)
    with Display(console, progress) as display:
        display.tick()
        for stream in ("sessions", "sessions", "events"):
            display.message({"type": "RECORD", "record": {"stream": stream, "data": {}}})
        display.message(log('progress {"windows": {"sessions": [3, 14]}, "requests": 120}'))
        display.message(
            log('progress {"wait": {"reason": "the vendor\'s rate limit", "seconds": 3000}, "seconds_left": 250}')
        )
        display.message(log("progress of the vendor: none"))
        monkeypatch.setattr("sync.display.LINE_SECONDS", 0)
        display.tick()
        monkeypatch.undo()
        display.tick()
    shown = console.export_text().splitlines()
    assert len(shown) == 2, shown
    assert shown[0].strip() == "progress of the vendor: none"
    assert "3 rows read, 0 kept" in shown[1]
    assert "120 requests" in shown[1]
    assert "about 4:10 left" in shown[1]
    assert re.search("waiting: the vendor's rate limit, [0-9,]+ s left", shown[1])
    assert "sessions 3/14 windows, events 1 rows" in shown[1]


def test_the_display_knows_what_a_connector_reports(tmp_path: Path) -> None:
    with starting("source-devrev", tmp_path) as start:
        connector, server = start("default", {"window_in_days": 1}, sessions=30, days=3)
        output = connector.run(*connector.read_arguments(), "--progress", "0")
    now = datetime.now(UTC)
    progress = Progress(list(connector.streams), Interval(now - timedelta(days=3), now))
    for message in output.messages:
        progress.take(message)
    assert progress.requests == server.count
    for stream in progress.streams.values():
        assert stream.windows is not None
        done, planned = stream.windows
        assert 3 <= done == planned
    assert progress.seconds_left is None


def log(text: str) -> dict[str, object]:
    return {"type": "LOG", "log": {"level": "INFO", "message": text}}


def test_a_retry_is_shown_as_it_happens_and_not_again_and_again() -> None:
    now = datetime.now(UTC)
    console = Console(width=100, record=True, force_terminal=False)
    with Display(console, Progress(["sessions"], Interval(now, now))) as display:
        for _ in range(3):
            display.message(log("UXCam does not answer. Trying again in 4 seconds (attempt 2)."))
        display.message(log("MemoryMonitor instantiated with …"))
    assert console.export_text().split("\n")[:-1] == [
        "  UXCam does not answer. Trying again in 4 seconds (attempt 2)."
    ]


def test_an_error_of_several_streams_is_shown_once_and_in_one_line() -> None:
    now = datetime.now(UTC)
    console = Console(width=40, record=True, force_terminal=False)
    refused = "UXCam refused the credentials (401). Check api_key in the configuration."
    progress = Progress(["sessions", "events"], Interval(now, now))
    with Display(console, progress) as display:
        for stream in ("sessions", "events"):
            display.message(failure(refused, stream_descriptor={"name": stream}))
        display.message(failure(f"These streams failed: sessions, events. {refused}"))
    assert console.export_text() == f"  {refused}\n"
    assert progress.errors == [refused]


def test_an_error_without_a_stream_is_shown() -> None:
    now = datetime.now(UTC)
    progress = Progress(["sessions"], Interval(now, now))
    assert progress.take(failure("start_date is in the future.")) == "start_date is in the future."


def failure(text: str, **more: object) -> dict[str, object]:
    return {"type": "TRACE", "trace": {"type": "ERROR", "error": {"message": text, **more}}}


def test_a_broken_line_of_progress_is_passed_over() -> None:
    now = datetime.now(UTC)
    progress = Progress(["sessions"], Interval(now, now))
    broken = [
        '{"windows": {"sessions": [1]}}',
        '{"windows": [1]}',
        '{"wait": {}}',
        '{"requests": "many"}',
        '{"seconds_left": {}}',
        "{",
    ]
    for text in (*map("progress {}".format, broken), 'progress {"windows": {"other": [1, 2]}}'):
        assert progress.take(log(text)) is None
    assert progress.streams["sessions"].windows is None
    assert progress.waiting() == ""
