"""What ``make sync`` refuses, and which files it does not change."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sandbox_server import Server, load_vendor, serve

from integration_tests.clock import late
from integration_tests.connector import expected
from sync import account
from sync.environment import VARIABLE, database
from sync.integration_tests.command import ROOT, Command, environment, run
from sync.integration_tests.databases import Database, duckdb_file
from sync.messages import Json

V2 = "uxcam_data_access_v2"


@pytest.fixture(scope="module")
def uxcam() -> Iterator[Server]:
    with serve(load_vendor("source-uxcam", sessions=40, days=4, now=late)) as server:
        yield server


def command(server: Server, place: Path, name: str = "data_access_v2", **config: Any) -> Command:
    given = server.vendor.configs(server.origin)[name] | config
    return Command("source-uxcam", given, duckdb_file(place / "sessions.duckdb"), place)


def dry_make(*words: str, **exported: str) -> str:
    """Return the command line that make would run for `make sync`."""
    done = subprocess.run(  # noqa: S603
        ["make", "--dry-run", "--old-file=.venv/.synced", "--old-file=.venv/.light", "sync", *words],  # noqa: S607
        cwd=ROOT,
        env=environment() | exported,
        text=True,
        capture_output=True,
        check=True,
    )
    return done.stdout[done.stdout.index("-m sync") :].replace("\\\n", " ")


@pytest.mark.parametrize("option", ["--db=mine.duckdb", "--schema=mine", "--streams=sessions"])
def test_an_option_without_a_connector_is_refused_and_the_file_stays(option: str, tmp_path: Path) -> None:
    database = tmp_path / "mine.duckdb"
    duckdb.connect(database).execute("CREATE TABLE mine AS SELECT 1").close()
    before = database.read_bytes()
    done = run([sys.executable, "-m", "sync", option.replace("mine.duckdb", str(database))])
    assert done.returncode == 2
    assert "CONNECTOR" in done.stdout
    assert database.read_bytes() == before


def database_of_make(target: str, *words: str, **exported: str) -> str:
    """Return the database that make passes to a target's program, from a prerequisite that prints it and fails."""
    probe = f"printf '[%s]' \"$${VARIABLE}\"; exit 1"
    done = subprocess.run(  # noqa: S603
        ["make", "--silent", f"--eval={target}: probe", f"--eval=probe:; @{probe}", target, *words],  # noqa: S607
        cwd=ROOT,
        env=environment() | exported,
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout.partition("[")[2].rpartition("]")[0]


def test_an_option_counts_only_on_makes_command_line() -> None:
    assert "--schema" not in dry_make("CONNECTOR=source-uxcam", "CONFIG=c.json", SCHEMA="exported")
    assert "--schema 'mine'" in dry_make("CONNECTOR=source-uxcam", "CONFIG=c.json", "SCHEMA=mine")
    assert database_of_make("sync", DB="exported.duckdb") == ""
    assert database_of_make("sync", "DB=mine.duckdb") == "mine.duckdb"


@pytest.mark.parametrize("target", ["sync", pytest.param("models", marks=pytest.mark.slow)])  # it installs dbt
def test_the_database_with_its_password_is_on_no_command_line(target: str) -> None:
    url = "postgresql://u:p$(id);&'@h/d"
    words = ("CONNECTOR=source-uxcam", "CONFIG=c.json", f"DB={url.replace('$', '$$')}")
    assert database_of_make(target, *words) == url
    assert "p$(id)" not in dry_make(*words)


def test_no_process_inherits_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "postgresql://u:s3cret@h/d")
    assert database() == "postgresql://u:s3cret@h/d"
    assert VARIABLE not in os.environ
    assert database() is None


def test_an_option_reaches_the_program_as_it_was_written() -> None:
    assert "'it'\\''s here.json'" in dry_make("CONNECTOR=source-uxcam", "CONFIG=it's here.json")


@pytest.mark.slow
def test_another_account_is_refused_with_the_option_that_helps(uxcam: Server, tmp_path: Path) -> None:
    first = command(uxcam, tmp_path)
    assert first.run().returncode == 0
    other = command(uxcam, tmp_path, app_id="another-app")
    done = other.run()
    assert done.returncode == 1
    assert "rows of another account" in done.stdout
    assert f"SCHEMA={V2}_2" in done.stdout
    assert "another-app" not in str(first.database.saved(V2).account)


@pytest.mark.slow
def test_two_accounts_in_two_schemas_of_one_file_have_all_their_sessions(uxcam: Server, tmp_path: Path) -> None:
    assert command(uxcam, tmp_path).run().returncode == 0
    vendor: Any = load_vendor("source-uxcam", sessions=30, days=4, now=late)
    vendor.new.app_id = "another-app"
    with serve(vendor) as second:
        other = command(second, tmp_path, app_id="another-app")
        done = Command(other.folder, other.config, other.database, tmp_path, ("--schema", "second")).run()
        assert done.returncode == 0, done.stdout
        wanted = {V2: expected(uxcam, "data_access_v2"), "second": expected(second, "data_access_v2")}
    for schema, streams in wanted.items():
        assert sorted(other.database.keys(schema, "sessions", ["session_id"])) == sorted(streams["sessions"])


@pytest.mark.slow
def test_a_rotated_key_and_other_dates_are_the_same_account(uxcam: Server, tmp_path: Path) -> None:
    first = command(uxcam, tmp_path)
    assert first.run().returncode == 0
    again = command(uxcam, tmp_path, api_key="rotated", start_date="2026-01-01", num_workers=1)
    assert "another account" not in again.run().stdout


@pytest.mark.slow
def test_both_apis_of_a_vendor_have_a_schema_each_and_no_row_is_lost(uxcam: Server, tmp_path: Path) -> None:
    for name in ("session_api", "data_access_v2"):
        assert command(uxcam, tmp_path, name).run().returncode == 0
    database = duckdb_file(tmp_path / "sessions.duckdb")
    wanted = expected(uxcam, "data_access_v2")["events"]
    assert sorted(database.keys(V2, "events", ["event_id"])) == sorted(wanted)
    older = expected(uxcam, "session_api")["events"]
    keys = ["session_id", "screen_index", "event_index"]
    assert sorted(database.keys("uxcam_session_api", "events", keys)) == sorted(older)


@pytest.mark.slow
def test_two_apis_in_one_schema_are_refused(uxcam: Server, tmp_path: Path) -> None:
    one, other = (
        Command(each.folder, each.config, each.database, tmp_path, ("--schema", "mine"))
        for each in (command(uxcam, tmp_path, name) for name in ("session_api", "data_access_v2"))
    )
    assert one.run().returncode == 0
    done = other.run()
    assert done.returncode == 1
    assert "another API of the vendor (session_api)" in done.stdout


@pytest.mark.slow
def test_a_file_that_is_no_database_is_refused_and_stays(uxcam: Server, tmp_path: Path) -> None:
    (tmp_path / "sessions.duckdb").write_text("a letter to my mother\n" * 100)
    done = command(uxcam, tmp_path).run()
    assert done.returncode == 1
    assert "it is not a DuckDB file" in done.stdout
    assert "Traceback" not in done.stdout
    assert (tmp_path / "sessions.duckdb").read_text() == "a letter to my mother\n" * 100


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"connector": "source-nothing"}, "Choose one of source-browsee, source-devrev"),
        ({"config": "nothing.json"}, "The config nothing.json cannot be read"),
        ({"streams": "sessions,evnts"}, "STREAMS may name sessions, events, users"),
        ({"schema": "drop table"}, "SCHEMA must start with a letter"),
    ],
)
def test_a_wrong_option_is_named_with_the_right_ones(
    change: dict[str, str], words: str, uxcam: Server, tmp_path: Path
) -> None:
    arguments = command(uxcam, tmp_path).arguments
    for option, value in change.items():
        arguments += [f"--{option}", value]
    done = run(arguments)
    assert done.returncode in {1, 2}
    assert words in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_a_date_that_does_not_exist_is_named(uxcam: Server, tmp_path: Path) -> None:
    done = command(uxcam, tmp_path, start_date="2026-02-31").run()
    assert done.returncode == 1
    assert "start_date" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.slow
def test_a_file_that_is_called_as_the_schema_is_refused_before_it_is_made(uxcam: Server, tmp_path: Path) -> None:
    one = command(uxcam, tmp_path)
    done = Command(one.folder, one.config, duckdb_file(tmp_path / f"{V2}.duckdb"), tmp_path).run()
    assert done.returncode == 1
    assert "the same name, which is ambiguous in DuckDB" in done.stdout
    assert not (tmp_path / f"{V2}.duckdb").exists()


@pytest.mark.slow
def test_a_destination_that_does_not_exist_is_refused_in_plain_words(uxcam: Server, tmp_path: Path) -> None:
    for db, words in {
        "postgresql://u:s3cret@127.0.0.1:1/d": "postgresql://127.0.0.1:1/d cannot be opened",
        "nosuchthing://u:s3cret@host/d": "no destination for nosuchthing:// is installed",
    }.items():
        one = command(uxcam, tmp_path)
        done = Command(one.folder, one.config, Database(db, one.database.query), tmp_path).run()
        assert done.returncode == 1
        assert words in done.stdout
        assert "s3cret" not in done.stdout
        assert "Traceback" not in done.stdout


SPECS: dict[str, Json] = {
    "uxcam": {
        "properties": {
            "app_id": {},
            "api_key": {"airbyte_secret": True},
            "api": {"default": {"version": "v2"}},
            "start_date": {},
        },
        "required": ["app_id", "api_key", "start_date"],
    },
    "browsee": {
        "properties": {
            "api_key": {"airbyte_secret": True},
            "secret_key": {"airbyte_secret": True},
            "segment_ids": {},
        },
        "required": ["api_key", "secret_key"],
    },
    "devrev": {
        "properties": {"access_token": {"airbyte_secret": True}, "apps": {}},
        "required": ["access_token", "apps"],
    },
}


@pytest.mark.parametrize(
    ("vendor", "one", "other", "is_same"),
    [
        (
            "uxcam",
            {"app_id": "a", "api_key": "1"},
            {"app_id": "a", "api_key": "2", "start_date": "2026-01-01"},
            True,
        ),
        ("uxcam", {"app_id": "a"}, {"app_id": "a", "api": {"version": "v2", "filters": [1]}}, True),
        ("uxcam", {"app_id": "a"}, {"app_id": "a", "api": {"version": "v1"}}, False),
        ("uxcam", {"app_id": "a", "api_key": "1"}, {"app_id": "b", "api_key": "1"}, False),
        ("browsee", {"api_key": "a", "secret_key": "1"}, {"api_key": "a", "secret_key": "2"}, True),
        ("browsee", {"api_key": "a", "secret_key": "1"}, {"api_key": "b", "secret_key": "2"}, False),
        ("browsee", {"api_key": "a", "secret_key": "b"}, {"api_key": "b", "secret_key": "a"}, False),
        ("devrev", {"access_token": "1", "apps": ["a"]}, {"access_token": "2", "apps": ["a", "b"]}, True),
        ("devrev", {"access_token": "1", "apps": ["a"]}, {"access_token": "1", "apps": ["b"]}, False),
    ],
)
def test_an_account_is_told_by_its_names_its_apps_or_its_keys(
    vendor: str, one: Json, other: Json, *, is_same: bool
) -> None:
    specification = SPECS[vendor]
    assert account.is_same(account.identity(specification, one), account.identity(specification, other)) is is_same


def test_keys_may_be_rotated_one_after_the_other() -> None:
    specification = SPECS["browsee"]
    configs = [{"api_key": a, "secret_key": b} for a, b in (("1", "1"), ("1", "2"), ("2", "2"), ("2", "3"))]
    saved = account.identity(specification, configs[0])
    for config in configs[1:]:
        current = account.identity(specification, config)
        assert account.is_same(saved, current)
        saved = account.merged(saved, current)


def test_no_name_and_no_key_is_kept_in_clear() -> None:
    kept = json.dumps(account.identity(SPECS["browsee"], {"api_key": "abcdefgh", "secret_key": "ijklmnop"}))
    assert "abcdefgh" not in kept
    assert "ijklmnop" not in kept
    described = json.dumps(account.description("source-x", SPECS["uxcam"], {"app_id": "a", "api_key": "secret"}))
    assert "secret" not in described


def test_a_misspelled_key_of_the_config_is_refused_before_anything_is_read(uxcam: Server, tmp_path: Path) -> None:
    uxcam.clear()
    done = command(uxcam, tmp_path, end_dat="2026-01-01", filters=[]).run()
    assert done.returncode == 1
    assert "end_dat: did you mean end_date?" in done.stdout
    assert "filters: did you mean api.filters?" in done.stdout
    assert uxcam.count == 0
