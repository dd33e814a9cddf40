"""``make sync`` on machines that are not like the developer's: files, terminals, locales, signals, full disks."""

import io
import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sandbox_server import NeverAnswers, Server, load_vendor, serve

from integration_tests.clock import late
from sync import environment
from sync.coverage import Interval
from sync.destination import DestinationError, opened
from sync.display import Display
from sync.execution import Result
from sync.integration_tests.command import Command
from sync.integration_tests.databases import duckdb_file
from sync.integration_tests.test_rows import loading, sessions_stream
from sync.job import Job, RefusedError
from sync.progress import Progress
from sync.schema import prepare
from sync.sessions import has_view, make_view
from sync.summary import show
from sync.warehouse import Warehouse

V2 = "uxcam_data_access_v2"


@pytest.fixture
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=60, days=6, now=late)) as server:
        yield server


def command(server: Server, place: Path, **config: Any) -> Command:
    given = server.vendor.configs(server.origin)["data_access_v2"] | {"num_workers": 1} | config
    return Command("source-uxcam", given, duckdb_file(place / "mine.duckdb"), place, ("--commit-seconds", "0.3"))


def rows(one: Command) -> int:
    return sum(len(one.database.keys(V2, table, ["_loaded_at"])) for table in ("sessions", "events", "users"))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_config_may_have_the_encoding_and_the_line_ends_of_windows(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes('{\r\n"login": "Müller"\r\n}\r\n'.encode(encoding))
    assert Job("source-opentracker", tmp_path / "c.json", []).config == {"login": "Müller"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n// the key of the shop\n"api_key": 1}', "no comments .* line 2 column 1"),
        (b'{"api_key": 1,}', "no comma at the end of a list"),
        (b"\xe9", "is not JSON"),
        (b"[]", "is not a JSON object"),
    ],
)
def test_a_config_that_is_no_json_is_refused_with_the_place(content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_bytes(content)
    with pytest.raises(RefusedError, match=words):
        Job("source-uxcam", tmp_path / "c.json", [])


def test_a_config_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read: Is a directory"):
        Job("source-uxcam", tmp_path, [])


def test_a_url_may_be_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "warehouse"
    path.write_text("\ufeffpostgresql://u:s3cret@h/d\r\n", encoding="utf-8")
    assert environment.read(f"@{path}") == "postgresql://u:s3cret@h/d"
    assert environment.read("mine.duckdb") == "mine.duckdb"


@pytest.mark.parametrize("content", [None, "", "postgresql://u:s3cret@h/d\nmore"])
def test_a_file_without_a_url_is_named_and_not_quoted(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "warehouse"
    if content is not None:
        path.write_text(content)
    with pytest.raises(RefusedError, match=f"The file of DB=@{path}") as refused:
        environment.read(f"@{path}")
    assert "s3cret" not in str(refused.value)


def test_a_password_on_the_command_line_is_pointed_out() -> None:
    assert environment.shows_password("postgresql://u:p@h/d")
    assert not environment.shows_password("postgresql://u@h:5432/d")
    assert not environment.shows_password("@secrets/warehouse")
    assert not environment.shows_password("mine.duckdb")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://u:s3@cret@h/d", "%40 %2F"),
        ("postgresql://u:s3/cret@h/d", "%40 %2F"),
        ("postgresql://u:s3#cret@h/d", "%40 %2F"),
        ("postgresql://u:s3?cret@h/d", "%40 %2F"),
        (
            "postgresql://u:s3cret@h",
            "DB=postgresql://h is not complete. Write it as postgresql://user:password@host",
        ),
        ("postgresql://u:s3cret@h:port/d", "DB=postgresql://h:port/d is not complete"),
        ("nosuch://u:s3cret@h/d?role=s3cret", "DB=nosuch://h/d: no destination for nosuch:// is installed"),
        ("snowflake://u:s3cret@h/d", "snowflake://h/d cannot be opened: it needs more packages: uv pip install"),
        ("redshift://u:s3cret@127.0.0.1:1/d", "redshift://127.0.0.1:1/d cannot be opened"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_without_its_password(url: str, words: str) -> None:
    with (
        pytest.raises(DestinationError, match=words) as refused,
        opened(url) as destination,
        Warehouse(destination, "one", []),
    ):
        pass
    assert "s3" not in str(refused.value)
    assert "cret" not in str(refused.value)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_sync_that_is_told_to_stop_keeps_its_rows(number: signal.Signals, uxcam: Server, tmp_path: Path) -> None:
    one = command(uxcam, tmp_path, window_in_days=1)
    held = NeverAnswers(after=9, times=None)
    uxcam.faults.append(held)
    inherited = signal.signal(number, signal.SIG_DFL)  # tests that run below nohup ignore SIGHUP, and so would it
    try:
        terminal = one.start_in_terminal()
    finally:
        signal.signal(number, inherited)
    while not held.hits:
        assert terminal.process.poll() is None, terminal.shown
        time.sleep(0.02)
    terminal.wait_for("rows read")
    os.killpg(terminal.process.pid, number)
    if number is signal.SIGHUP:  # the system sends the signal, and then writing is an error
        terminal.hang_up()
    os.killpg(terminal.process.pid, number)  # make and the terminal may both pass it on
    assert terminal.end() == 128 + number, terminal.shown
    assert rows(one) > 0
    assert "Traceback" not in terminal.shown


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_the_summary_shows_every_number_in_every_width(width: int, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("{}")
    job = Job("source-uxcam", tmp_path / "c.json", [], schema="uxcam_data_access_v2")
    at = datetime(2026, 1, 31, 8, tzinfo=UTC)
    names = ("session_recordings", "events")
    result = Result(
        job, 9, dict.fromkeys(names, 1), dict.fromkeys(names, 1_234_567), dict.fromkeys(names, (at, at)), {}
    )
    console = Console(width=width, record=True, file=io.StringIO())
    with loading(duckdb_file(tmp_path / "mine.duckdb"), sessions_stream()) as (warehouse, (table,)):
        warehouse.describe(dict.fromkeys(("api", "account", "part")) | {"vendor": "uxcam", "is_current_api": True})
        table.add({"session_id": "a", "started_at": "2026-01-31T08:00:00Z"}, 1)
        warehouse.commit()
        make_view(warehouse)
        show(console, warehouse, [result])
    shown = console.export_text()
    assert "…" not in shown
    assert shown.count("1,234,567") == shown.count("1,234,566") == 2
    assert all(len(line) <= width for line in shown.splitlines())
    assert ("2026-01-31 08:00" in shown) == (width >= 80)


@pytest.mark.parametrize("width", [40, 80])
def test_the_live_table_fits_into_every_width(width: int) -> None:
    now = datetime.now(UTC)
    progress = Progress(["session_recordings", "events"], Interval(now, now))
    windows = '{"windows": {"session_recordings": [1234, 5678], "events": [1, 2]}}'
    progress.take({"type": "LOG", "log": {"level": "INFO", "message": f"progress {windows}"}})
    console = Console(width=width, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Display(console, progress)._render())
    shown = console.export_text()
    assert "1,234 of 5,678" in shown
    assert "…" not in shown


def test_a_view_of_another_program_stays(tmp_path: Path) -> None:
    with loading(duckdb_file(tmp_path / "mine.duckdb"), sessions_stream()) as (warehouse, _):
        warehouse.query("CREATE VIEW main.all_sessions AS SELECT 1 AS mine")
        description = dict.fromkeys(("api", "account", "part")) | {"vendor": "uxcam", "is_current_api": True}
        problem = prepare(warehouse, [], description)
        assert problem is not None
        assert "main.all_sessions exists, and make sync did not create it" in problem
        assert not has_view(warehouse)
        assert warehouse.query("SELECT mine FROM main.all_sessions") == [(1,)]


def test_a_file_that_cannot_be_made_is_named_with_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for db, words in {
        tmp_path: f"it is a folder. Name a file in it: DB={tmp_path}/sessions.duckdb",
        tmp_path / "file" / "mine.duckdb": "exists. Check the path in DB",
    }.items():
        with pytest.raises(DestinationError, match=words), opened(str(db)):
            pass
    with opened(str(tmp_path / "new" / "folder" / "mine.duckdb")) as destination:
        assert destination.file is not None
        assert destination.file.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "variables",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Asia/Tokyo"},
        {"TERM": "dumb", "HOME": "/nonexistent"},
        {"NO_COLOR": "1", "COLUMNS": "40"},
    ],
    ids=["locale", "dumb", "narrow"],
)
def test_a_sync_works_in_every_terminal(variables: dict[str, str], uxcam: Server, tmp_path: Path) -> None:
    terminal = command(uxcam, tmp_path).start_in_terminal(**variables)
    assert terminal.end() == 0, terminal.shown
    assert "Traceback" not in terminal.shown
    assert "done; " in terminal.shown
