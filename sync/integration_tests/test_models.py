"""The dbt package over the demo's data: every row of every vendor, and the twelve questions."""

import os
import re
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sandbox_server import load_vendor

from sync import models, report, traffic
from sync.answers import MODELS, SCHEMA, Answers
from sync.columns import column_kind
from sync.destination import DestinationError, opened
from sync.integration_tests import analytics
from sync.integration_tests.analytics import NOW, Read
from sync.integration_tests.databases import Database, duckdb_file
from sync.sessions import schemas
from sync.warehouse import Warehouse

pytestmark = [pytest.mark.xdist_group("models"), pytest.mark.slow]

QUESTIONS = models.PACKAGE / "QUESTIONS.md"
STAGING = sorted(models.PACKAGE.glob("models/staging/**/*.sql"))
MARTS = sorted(models.PACKAGE.glob("models/marts/*.sql"))


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> list[Read]:
    return analytics.read_all(tmp_path_factory.mktemp("reads"))


@pytest.fixture(scope="module")
def loaded(reads: list[Read], tmp_path_factory: pytest.TempPathFactory) -> Database:
    """The demo's data."""
    database = duckdb_file(tmp_path_factory.mktemp("models") / "sessions.duckdb")
    analytics.write_tables(database, reads)
    return database


def installed(program: Path) -> None:
    """Skip the test where dbt is not installed; not in CI."""
    if not program.exists():
        reason = f"{program} is not installed; make test-models does that."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.fixture(scope="module")
def printed(loaded: Database) -> str:
    """What make models prints when it builds them."""
    installed(models.DBT)
    with socket.create_server(("127.0.0.1", 0)) as proxy, pytest.MonkeyPatch.context() as environment:
        proxy.setblocking(False)  # noqa: FBT003 - its parameter has no name
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            environment.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        for name in ("NO_PROXY", "no_proxy"):
            environment.delenv(name, raising=False)
        shown = analytics.build(loaded)
        with pytest.raises(BlockingIOError):  # dbt called nobody: no telemetry, no look for a newer version
            proxy.accept()
    return shown


@pytest.fixture
def built(loaded: Database, printed: str) -> Database:
    """The database with the models."""
    assert "tests passed" in printed
    return loaded


def test_every_model_has_rows_and_every_test_passes(printed: str) -> None:
    rows = dict(re.findall(r"^\W*(\w+)\W+([\d,]+)\W*$", printed, re.MULTILINE))
    assert set(rows) >= set(MODELS)
    assert "0" not in rows.values()
    assert re.search(r"^26 models built, \d{3} tests passed\.$", printed, re.MULTILINE), printed


def test_totals_are_what_the_sandboxes_serve(built: Database, reads: list[Read]) -> None:
    served: dict[str, set[Any]] = {}
    for read in reads:
        vendor = read.account["vendor"]
        served.setdefault(vendor, set()).update(read.expected["sessions"])
        assert {name for name, keys in read.expected.items() if keys} >= {"sessions"}
    counted = dict(built.query(f"SELECT vendor, count(*) FROM {SCHEMA}.sessions GROUP BY 1"))  # noqa: S608
    assert counted == {vendor: len(keys) for vendor, keys in served.items()}
    for read in reads:
        for stream, keys in read.expected.items():
            model = f"{SCHEMA}_staging.stg_{read.connection}__{stream}"
            ((rows,),) = built.query(f"SELECT count(*) FROM {model}")  # noqa: S608
            assert rows == len(set(map(tuple, keys))), model


def test_each_vendors_figures_are_those_of_its_records(built: Database, reads: list[Read]) -> None:
    """From the vendors' own fields, not from the columns that the connectors add."""
    by_connection = {read.connection: read.records["sessions"] for read in reads}
    seconds = {
        "browsee": sum(row["duration"] / 1000 for row in by_connection["browsee"]),
        "devrev": sum(row["session_duration_ms"] / 1000 for row in by_connection["devrev"]),
        "inspectlet": sum(r["date_end_session"] - r["date_start_session"] for r in by_connection["inspectlet"]),
        "opentracker": sum(
            (int(row["session_end_unix_timestamp"]) - int(row["session_start_unix_timestamp"])) / 1000
            for row in by_connection["opentracker"]
        ),
        "uxcam": sum(row["property"]["durationSec"] for row in by_connection["uxcam_data_access_v2"]),
    }
    found = built.query(f"SELECT vendor, sum(duration_seconds) FROM {SCHEMA}.sessions GROUP BY 1")  # noqa: S608
    assert dict(found) == pytest.approx(seconds)
    rage = {
        "devrev": sum(
            int(row.get("rage_click_count") or row.get("rage_tap") or 0) for row in by_connection["devrev"]
        ),
        "uxcam": sum(row["property"]["rageGestureCount"] for row in by_connection["uxcam_data_access_v2"]),
    }
    counted = built.query(
        f"SELECT vendor, sum(occurrences) FROM {SCHEMA}.frustrations WHERE kind = 'rage' GROUP BY 1"  # noqa: S608
    )
    assert {vendor: int(number) for vendor, number in counted} == rage


def test_the_demo_has_a_weekly_rhythm(built: Database) -> None:
    days = "extract(isodow FROM activity_on) > 5, sum(sessions) / count(DISTINCT activity_on)"
    found = dict(
        built.query(
            f"SELECT {days} FROM {SCHEMA}.daily_activity WHERE activity_on < DATE '2026-03-02' GROUP BY 1"  # noqa: S608
        )
    )
    assert found[True] < 0.75 * found[False], "weekends, and weekdays"


def test_ordinary_traffic_changes_no_other_sandbox() -> None:
    ordinary: Any = analytics.demo_vendor("source-uxcam")
    odd: Any = load_vendor("source-uxcam", sessions=100, days=5, now=NOW.timestamp)
    names = [
        {name for session in one.data.sessions for name in session.flow.screen_names} for one in (ordinary, odd)
    ]
    assert names[0] == set(traffic.SHOP.screens)
    assert "設定" in names[1]


def test_the_cards_of_the_models_are_in_the_report(built: Database, tmp_path: Path) -> None:
    path = tmp_path / "sessions.html"
    with opened(built.db) as destination, Warehouse(destination, SCHEMA, []) as warehouse:
        assert not report.add_models(path, warehouse), "there is no report yet"
        assert report.write(path, warehouse, schemas(warehouse), [])
        assert path.read_text().count("class='cards models'") == 1
        answers = Answers(warehouse)
        cohorts, funnel = answers.retention(), answers.funnel()
        assert report.add_models(path, warehouse)
    page = path.read_text()
    assert page.count("class='cards models'") == 1
    for title in ("Users who come back", "Funnel", "Frustrations, by page", "where sessions end"):
        assert len(re.findall(f"<h2>[^<]*{title}", page)) == 1, title
    assert "Nothing to show yet" not in page.partition(report.MODELS_START)[2]
    assert all(cohort.retained[0] <= 1 for cohort in cohorts)
    assert [reached for _, reached in funnel] == sorted((reached for _, reached in funnel), reverse=True)


def test_a_report_of_a_database_without_models_names_the_command(tmp_path: Path) -> None:
    database = duckdb_file(tmp_path / "empty.duckdb")
    with opened(database.db) as destination, Warehouse(destination, SCHEMA, []) as warehouse:
        assert "make models" in report._models(warehouse)


def test_a_database_that_does_not_exist_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(DestinationError, match=r"nothing\.duckdb does not exist\. Run make sync first"):
        analytics.build(duckdb_file(tmp_path / "nothing.duckdb"))
    assert not list(tmp_path.iterdir())


def blocks() -> list[tuple[str, str]]:
    """Each question's query, and the table under it."""
    found = re.findall(r"^```sql\n(.*?)^```\n\n((?:\|[^\n]*\n)*)", QUESTIONS.read_text(), re.MULTILINE | re.DOTALL)
    return [(sql, table) for sql, table in found]


def as_table(database: Database, sql: str) -> str:
    with duckdb.connect(database.db, read_only=True) as connection:
        result = connection.execute(sql)
        names = [column[0] for column in result.description or []]
        rows = [[_shown(value) for value in row] for row in result.fetchall()]
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_every_question_is_one_short_query_with_the_result_on_the_page(built: Database) -> None:
    assert len(blocks()) == 12
    page = QUESTIONS.read_text()
    for sql, table in blocks():
        assert sql.lower().startswith("select")
        assert len(sql.splitlines()) <= 10
        assert ";" not in sql
        found = as_table(built, sql)
        assert found.count("\n") > 2, f"no row: {sql}"
        page = page.replace(f"{sql}```\n\n{table}", f"{sql}```\n\n{found}")
    if os.environ.get("WRITE_QUESTIONS"):
        QUESTIONS.write_text(page)
    assert page == QUESTIONS.read_text(), "WRITE_QUESTIONS=1 writes the page again"


def declared() -> Iterator[tuple[str, str, list[str], dict[str, str]]]:
    """Connection, stream, key and columns of each staging model."""
    for path in STAGING:
        text = re.sub(r"\s+", " ", path.read_text())
        found = re.search(r"stream\( ?'(\w+)', '(\w+)', \[(.*?)\], \{(.*?)\}", text)
        assert found, path
        connection, stream, key, fields = found.groups()
        yield connection, stream, re.findall(r"'(\w+)'", key), dict(re.findall(r"'(\w+)': '(\w+)'", fields))


KINDS = {
    "integer": "bigint",
    "number": "double",
    "text": "text",
    "boolean": "bool",
    "timestamp": "timestamp",
    "json": "json",
}


def test_staging_reads_every_stream_by_its_key_and_its_declared_types(reads: list[Read]) -> None:
    streams = {(read.connection, name): stream for read in reads for name, stream in read.streams.items()}
    assert {(connection, stream) for connection, stream, _, _ in declared()} == set(streams)
    for connection, name, key, fields in declared():
        stream = streams[connection, name]
        properties = stream["json_schema"]["properties"]
        assert key == [part.lower() for (part,) in stream["source_defined_primary_key"]]
        for field, kind in fields.items():
            assert column_kind(properties[field]) == KINDS[kind], f"{connection}.{name}.{field}"


def test_every_column_of_every_model_is_described() -> None:
    text = (models.PACKAGE / "models/marts/_marts.yml").read_text()
    assert (
        set(re.findall(r"^  - name: (\w+)$", text, re.MULTILINE)) == set(MODELS) == {path.stem for path in MARTS}
    )


# What follows builds several times.


@pytest.mark.models
def test_a_vendor_is_off_by_its_variable_and_without_its_schema(reads: list[Read], tmp_path: Path) -> None:
    database = duckdb_file(tmp_path / "sessions.duckdb")
    analytics.write_as_make_sync(database, [read for read in reads if read.folder != "source-opentracker"])
    analytics.build(database, {"uxcam_session_api_enabled": False, "uxcam_data_access_v2_enabled": False})
    vendors = database.query(f"SELECT DISTINCT vendor FROM {SCHEMA}.sessions ORDER BY 1")  # noqa: S608
    assert vendors == [("browsee",), ("devrev",), ("inspectlet",)]


@pytest.mark.models
def test_nothing_at_all_is_no_error(tmp_path: Path) -> None:
    database = duckdb_file(tmp_path / "empty.duckdb")
    with opened(database.db):
        pass
    analytics.build(database)
    assert database.query(f"SELECT count(*) FROM {SCHEMA}.sessions") == [(0,)]  # noqa: S608


@pytest.mark.models
def test_two_accounts_of_a_vendor_are_read_together(reads: list[Read], tmp_path: Path) -> None:
    database = duckdb_file(tmp_path / "sessions.duckdb")
    (browsee,) = [read for read in reads if read.folder == "source-browsee"]
    analytics.write_as_make_sync(database, [browsee])
    with opened(database.db) as destination, Warehouse(destination, "browsee", []) as warehouse:
        warehouse.query("CREATE SCHEMA browsee_2")
        for table in ("sessions", "session_pages", "segment_sessions", "_account"):
            warehouse.query(f"CREATE TABLE browsee_2.{table} AS SELECT * FROM browsee.{table}")  # noqa: S608
        warehouse.query("UPDATE browsee_2.sessions SET session_id = session_id || 'x'")
        warehouse.query("UPDATE browsee_2.session_pages SET session_id = session_id || 'x'")
    analytics.build(database)
    ((rows,),) = database.query(f"SELECT count(*) FROM {SCHEMA}.sessions")  # noqa: S608
    assert rows == 2 * len(browsee.records["sessions"])


def test_postgres_has_the_same_models(
    built: Database, reads: list[Read], postgres: Callable[[str], Database]
) -> None:
    database = postgres("models")
    analytics.write_as_make_sync(database, reads)
    analytics.build(database)
    assert analytics.totals(database) == analytics.totals(built)
    for sql, table in blocks():
        assert len(database.query(sql)) == table.count("\n") - 2, sql


@pytest.mark.models
def test_tables_of_airbyte_make_the_same_models(
    built: Database, reads: list[Read], postgres: Callable[[str], Database]
) -> None:
    database = postgres("airbyte")
    analytics.build(database, analytics.write_as_airbyte(database, "airbyte", reads))
    assert analytics.totals(database) == analytics.totals(built)


@pytest.mark.models
def test_tables_of_pyairbyte_make_the_same_models(built: Database, reads: list[Read], tmp_path: Path) -> None:
    database = duckdb_file(tmp_path / "pyairbyte.duckdb")
    analytics.build(database, analytics.write_as_pyairbyte(database, reads))
    assert analytics.totals(database) == analytics.totals(built)


PROFILES = """
session_analytics:
  outputs:
    snowflake: {type: snowflake, account: none, user: none, password: none, database: a, schema: s, threads: 1}
    bigquery: {type: bigquery, method: oauth-secrets, token: none, project: a, schema: s, threads: 1}
"""

PARSE = """
import pathlib, sqlglot, sys
for path in pathlib.Path(sys.argv[1]).glob("compiled/**/*.sql"):
    sqlglot.parse_one(path.read_text(), read=sys.argv[2])
    print(path.stem)
"""


@pytest.mark.models
@pytest.mark.parametrize(
    ("warehouse", "words"),
    [
        ("snowflake", ('cast("USERID" as text)', "as timestamp_tz)", "get_path(usage_json,")),
        ("bigquery", ("cast(`userId` as string)", "timestamp(`last_seen_at`)", "json_value(usage_json,")),
    ],
)
def test_other_warehouses_get_sql_of_their_dialect(warehouse: str, words: tuple[str, ...], tmp_path: Path) -> None:
    """Compiled and parsed, not run: nothing connects."""
    programs = models.ROOT / ".cache" / "models-compile" / "bin"
    installed(programs / "dbt")
    (tmp_path / "profiles.yml").write_text(PROFILES)
    command: list[str | Path] = [programs / "dbt", "compile", "--no-introspect", "--no-populate-cache"]
    command += ["--project-dir", models.PACKAGE, "--profiles-dir", tmp_path, "--target", warehouse]
    command += ["--target-path", tmp_path, "--log-path", tmp_path, "--vars", '{"looks_into_warehouse": false}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout
    parsed = subprocess.run(  # noqa: S603
        [programs / "python", "-c", PARSE, tmp_path, warehouse], capture_output=True, text=True, check=False
    )
    assert parsed.returncode == 0, parsed.stderr
    assert {path.stem for path in STAGING + MARTS} <= set(parsed.stdout.split())
    (users,) = tmp_path.glob("compiled/**/stg_uxcam_data_access_v2__users.sql")
    for word in words:
        assert word in users.read_text()


def twice(sql: str) -> str:
    """As a join does that finds two rows for each."""
    return wrapped(sql, "select * from original union all select * from original")


def one_less(sql: str) -> str:
    """Without the rows that have the lowest value of a column: the first one that the last SELECT names."""
    named = re.search(r"\bas (\w+),", sql[max(sql.rfind("\nselect"), 0) :])
    column = named[1] if named else "step_number"
    return wrapped(sql, f"select * from original where {column} <> (select min({column}) from original)")  # noqa: S608


def wrapped(sql: str, query: str) -> str:
    return f"with original as (\n{sql}\n)\n{query}\n"


def in_another_unit(sql: str) -> str:
    return re.sub(r"(?m)^    duration_seconds,$", "    duration_seconds * 1000 as duration_seconds,", sql)


CHANGES: dict[str, Callable[[str], str]] = {
    "twice": twice,
    "one less": one_less,
    "in another unit": in_another_unit,
}


@pytest.mark.models
@pytest.mark.parametrize("change", CHANGES)
def test_the_tests_of_every_staging_model_fail_if_it_is_wrong(
    change: str, built: Database, reads: list[Read], tmp_path: Path
) -> None:
    """All at once: no staging model depends on another one."""
    changed = {path.stem: CHANGES[change](path.read_text()) for path in STAGING}
    wrong = {path.stem for path in STAGING if changed[path.stem] != path.read_text()}
    empty = {f"stg_{r.connection}__{s}" for r in reads for s in r.streams if not r.records.get(s)}
    package = analytics.changed_package(tmp_path, changed)
    failed = analytics.failed_models(built, tmp_path, package, "staging")
    assert wrong, change
    assert failed >= wrong - empty


@pytest.mark.models
@pytest.mark.parametrize("model", [path.stem for path in MARTS])
def test_the_tests_of_every_model_fail_if_it_is_wrong(model: str, built: Database, tmp_path: Path) -> None:
    (path,) = [path for path in MARTS if path.stem == model]
    for change in (twice, one_less):
        package = analytics.changed_package(tmp_path, {model: change(path.read_text())})
        assert model in analytics.failed_models(built, tmp_path, package, model), change.__name__


@pytest.mark.models
@pytest.mark.parametrize(
    ("model", "old", "new"),
    [
        ("sessions", "    duration_seconds,\n", "    duration_seconds / 60 as duration_seconds,\n"),
        ("sessions", "full outer join", "inner join"),
        ("session_pages", "page_index = 0 as is_entry", "page_index = 1 as is_entry"),
        (
            "session_events",
            "where session_key not in (select session_key from newer where session_key is not null)",
            "",
        ),
        ("frustrations", "counted.occurrences - coalesce(sums.occurrences, 0)", "counted.occurrences"),
        ("users", "sum(duration_seconds)", "sum(duration_seconds / 60)"),
        ("users", "where user_key is not null\n    union all", "union all"),
        ("daily_activity", "left join frustrated on", "inner join frustrated on"),
        ("retention_weekly", ">= beginnings.first_week", "> beginnings.first_week"),
        ("funnel_steps", "ordering='page_index'", "ordering='0 * page_index'"),
    ],
)
def test_a_likely_mistake_fails_a_test(model: str, old: str, new: str, built: Database, tmp_path: Path) -> None:
    (path,) = [path for path in MARTS if path.stem == model]
    sql = path.read_text()
    assert old in sql
    package = analytics.changed_package(tmp_path, {model: sql.replace(old, new)})
    assert model in analytics.failed_models(built, tmp_path, package, model)


def test_the_page_names_the_day_of_its_data() -> None:
    assert f"{NOW:%A, {NOW.day} %B %Y}" in " ".join(QUESTIONS.read_text().split())
