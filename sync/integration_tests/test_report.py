"""The HTML report in a real browser: every chart is drawn, without network and without errors."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sandbox_server import load_vendor, serve

from integration_tests.clock import late
from sync import report
from sync.coverage import Interval, common
from sync.figures import Figures
from sync.integration_tests.command import Command
from sync.integration_tests.databases import Database, duckdb_file
from sync.integration_tests.test_rows import loading, sessions_stream
from sync.sessions import make_view, schemas

CHARTS = 7


def opened(path: Path, place: Path) -> tuple[str, str]:
    """Open a page in Chromium; return the DOM after scripts ran, and the console's messages."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed; .ci/install-tools does that.")
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    done = subprocess.run(  # noqa: S603
        [
            *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
            *(f"--user-data-dir={place}", "--window-size=1280,1800", "--virtual-time-budget=10000"),
            *("--enable-logging=stderr", "--dump-dom", path.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return done.stdout, console


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database of three vendors and its report."""
    place = tmp_path_factory.mktemp("report")
    for folder, name in (
        ("source-uxcam", "session_api"),
        ("source-devrev", "default"),
        ("source-inspectlet", "default"),
    ):
        with serve(load_vendor(folder, sessions=30, days=6, now=late)) as server:
            config = server.vendor.configs(server.origin)[name]
            done = Command(folder, config, duckdb_file(place / "mine.duckdb"), place).run()
            assert done.returncode == 0, done.stdout
            assert f"The report is in {place / 'mine.html'}" in done.stdout
    return place


@pytest.mark.slow
def test_every_chart_is_drawn_without_network_and_without_an_error(written: Path, tmp_path: Path) -> None:
    dom, console = opened(written / "mine.html", tmp_path)
    assert console == ""
    assert len(re.findall(r"<h2>", dom)) == CHARTS
    drawn = [card for card in dom.split("<section class=")[1:] if "main-svg" in card]
    assert len(drawn) == CHARTS
    assert all(re.search(r'<g class="(point|points|trace)', card) for card in drawn)


@pytest.mark.slow
def test_the_console_would_say_if_something_were_fetched(written: Path, tmp_path: Path) -> None:
    page = (written / "mine.html").read_text()
    fetching = tmp_path / "fetching.html"
    fetching.write_text(page.replace("<main>", "<main><img src='http://127.0.0.1:1/pixel.png'>", 1))
    assert "Content Security Policy" in opened(fetching, tmp_path / "profile")[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "name"),
    [("source-uxcam", "session_api"), ("source-uxcam", "data_access_v2"), ("source-devrev", "default")],
)
def test_every_database_has_a_report(folder: str, name: str, database: Database, tmp_path: Path) -> None:
    with serve(load_vendor(folder, sessions=20, days=3, now=late)) as server:
        config = server.vendor.configs(server.origin)[name]
        done = Command(folder, config, database, tmp_path, ("--schema", "one")).run()
    assert done.returncode == 0, done.stdout
    (path,) = tmp_path.glob("*.html")
    assert f"The report is in {path if database.db.endswith('.duckdb') else path.name}" in done.stdout
    assert path.read_text().count('class="plotly-graph-div"') >= CHARTS - 1


@pytest.mark.slow
def test_a_file_of_somebody_else_stays(written: Path) -> None:
    path = written / "other.html"
    path.write_text("<p>mine</p>")
    with loading(duckdb_file(written / "mine.duckdb")) as (warehouse, _):
        assert not report.write(path, warehouse, schemas(warehouse), [])
        assert path.read_text() == "<p>mine</p>"


def test_a_report_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.html"
    path.write_text("the last one")
    path.with_name("mine.html.part").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        report._write(path, "new")
    assert path.read_text() == "the last one"


def test_names_of_pages_are_text_not_markup(database: Database) -> None:
    stream = sessions_stream()
    stream["json_schema"]["properties"]["first_page_url"] = {"type": ["null", "string"]}
    with loading(database, stream, schema="devrev") as (warehouse, (table,)):
        account = {"vendor": "devrev", "api": None, "is_current_api": True, "account": None, "part": None}
        warehouse.describe(account)
        name = "</script><script>alert(1)</script><b>x</b>"
        table.add({"session_id": "a", "first_page_url": name, "started_at": "2026-01-01T00:00:00Z"}, 1)
        warehouse.commit()
        make_view(warehouse)
        assert Figures(warehouse, schemas(warehouse)).top({("devrev", "sessions"): "first_page_url"}) == [
            ("devrev", name, 1)
        ]
        figure = report._top([("devrev", name, 1)])
        card = report._card("Pages", figure)
    assert "<script>alert" not in card
    assert "<b>x" not in card


def test_what_is_finished_everywhere_is_what_every_part_has() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def days(first: int, last: int) -> Interval:
        return Interval(start + timedelta(days=first), start + timedelta(days=last))

    assert common([[days(0, 4), days(6, 9)], [days(2, 7)]]) == [days(2, 4), days(6, 7)]
    assert common([[days(0, 4)], []]) == []
    assert common([]) == []
