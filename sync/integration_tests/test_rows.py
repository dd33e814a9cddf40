"""The rows in a warehouse: types, keys, comments, and no lost value."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.columns import column_kind, columns
from sync.destination import DestinationError, opened
from sync.integration_tests.databases import Database
from sync.messages import Json, dumps, parse_lines
from sync.sessions import COLUMNS, make_view
from sync.table import CHUNK_ROWS, Table
from sync.warehouse import Warehouse

STREAM: Json = {
    "name": "sessions",
    "default_cursor_field": ["started_at"],
    "source_defined_primary_key": [["site"], ["number"]],
    "json_schema": {
        "properties": {
            "site": {"type": "string", "description": "The site; it's the vendor's name."},
            "number": {"type": "integer"},
            "userName": {"type": ["null", "string"]},
            "started_at": {"type": ["null", "string"], "format": "date-time"},
            "duration": {"type": ["null", "number"]},
            "is_open": {"type": ["null", "boolean"]},
            "tags": {"type": ["null", "array"]},
        }
    },
}


@contextmanager
def loading(database: Database, *streams: Json, schema: str = "vendor") -> Iterator[tuple[Warehouse, list[Table]]]:
    tables = [Table(stream) for stream in streams or [STREAM]]
    with opened(database.db) as destination, Warehouse(destination, schema, tables) as warehouse:
        warehouse.prepare()
        yield warehouse, tables


def load(database: Database, *records: Json, stream: Json = STREAM) -> None:
    with loading(database, stream) as (warehouse, (table,)):
        for record in records:
            table.add(record, 100)
        warehouse.commit()


def described(database: Database, what: str) -> dict[str, Any]:
    return dict(
        database.query(
            f"SELECT column_name, {what} FROM information_schema.columns "  # noqa: S608
            "WHERE table_schema = 'vendor' AND table_name = 'sessions'"
        )
    )


def test_columns_have_types_and_keys_are_not_null(database: Database) -> None:
    load(database)
    types = {name: kind.lower() for name, kind in described(database, "data_type").items()}
    as_json = "jsonb" if database.db.startswith("postgres") else "json"
    text = "character varying" if database.db.startswith("postgres") else "varchar"
    double = "double precision" if database.db.startswith("postgres") else "double"
    assert types == {
        "site": text,
        "number": "bigint",
        "username": text,
        "started_at": "timestamp with time zone",
        "duration": double,
        "is_open": "boolean",
        "tags": as_json,
        "_undeclared": as_json,
        "_loaded_at": "timestamp with time zone",
    }
    nullable = described(database, "is_nullable")
    assert (nullable["site"], nullable["number"], nullable["username"]) == ("NO", "NO", "YES")
    assert database.query(
        "SELECT constraint_type FROM information_schema.table_constraints "
        "WHERE table_schema = 'vendor' AND table_name = 'sessions' AND constraint_type = 'PRIMARY KEY'"
    ) == [("PRIMARY KEY",)]


def test_columns_have_the_descriptions_of_the_schema_as_comments(database: Database) -> None:
    load(database)
    if database.db.startswith("postgres"):
        sql = "SELECT col_description('vendor.sessions'::regclass, 1)"
    else:
        sql = "SELECT comment FROM duckdb_columns() WHERE schema_name = 'vendor' AND column_name = 'site'"
    assert ("The site; it's the vendor's name.",) in database.query(sql)


def test_values_arrive_as_they_were(database: Database) -> None:
    record = {
        "site": "a",
        "number": 2**40,
        "userName": "",
        "started_at": "2026-01-31T08:00:00.5+02:00",
        "duration": 3,
        "is_open": False,
        "tags": ["é", {"x": None}, 2**70],
    }
    load(database, record)
    ((number, name, moment, duration, is_open, tags, undeclared),) = database.query(
        "SELECT number, username, started_at, duration, is_open, tags, _undeclared FROM vendor.sessions"
    )
    assert (number, name, duration, is_open, undeclared) == (2**40, "", 3.0, False, None)
    assert moment == datetime(2026, 1, 31, 6, 0, 0, 500_000, tzinfo=UTC)
    assert (json.loads(tags) if isinstance(tags, str) else tags) == record["tags"]


def test_fields_and_values_that_the_schema_does_not_expect_are_kept(database: Database) -> None:
    odd = {"userName": 5, "started_at": "yesterday", "duration": "long", "is_open": 1, "new": {"y": [1]}}
    load(database, {"site": "a", "number": 1} | odd)
    ((name, moment, duration, is_open, undeclared),) = database.query(
        "SELECT username, started_at, duration, is_open, _undeclared FROM vendor.sessions"
    )
    assert (name, moment, duration, is_open) == (None, None, None, None)
    assert (json.loads(undeclared) if isinstance(undeclared, str) else undeclared) == odd


def test_text_that_a_database_refuses_is_written_all_the_same(database: Database) -> None:
    record = {"site": "a", "number": 1, "userName": "a\0b", "tags": ["c\0\\u0000"], "n\0": "\0"}
    load(database, record, {"site": "b", "number": 1, "userName": "\ud800"})
    rows = database.query("SELECT username, tags, _undeclared FROM vendor.sessions ORDER BY site")
    (name, tags, undeclared), (broken, _, _) = rows
    assert name == "a\ufffdb"
    assert (json.loads(tags) if isinstance(tags, str) else tags) == ["c\ufffd\\u0000"]
    assert (json.loads(undeclared) if isinstance(undeclared, str) else undeclared) == {"n\ufffd": "\ufffd"}
    assert broken == "\\ud800"


def test_of_records_with_the_same_key_the_last_one_stays(database: Database) -> None:
    for durations in ([1, 2], [3, 4, 5]):
        load(database, *({"site": "a", "number": 1, "duration": value} for value in durations))
    load(database, {"site": "a", "number": 2, "duration": 6})
    rows = database.query("SELECT number, duration FROM vendor.sessions ORDER BY 1")
    assert rows == [(1, 5.0), (2, 6.0)]


def test_the_last_record_stays_also_where_the_others_were_packed_already(database: Database) -> None:
    load(
        database,
        *({"site": "a", "number": number, "duration": 1} for number in range(CHUNK_ROWS + 10)),
        *({"site": "a", "number": number, "duration": 2} for number in range(20)),
    )
    rows = database.query("SELECT duration, count(*) FROM vendor.sessions GROUP BY 1 ORDER BY 1")
    assert rows == [(1.0, CHUNK_ROWS - 10), (2.0, 20)]


def test_rows_without_a_key_are_kept_each_and_come_once(database: Database) -> None:
    without: list[Json] = [{"userName": name} for name in "abc"] + [{"site": "s", "number": None, "userName": "d"}]
    without += [{"number": 7, "userName": name} for name in "gh"]
    odd = [{"site": 5, "number": "x", "userName": "e"}, {"site": ["s"], "number": 1.5, "userName": "f"}]
    for _ in range(2):
        load(database, *without, *odd)
    rows = database.query("SELECT username FROM vendor.sessions ORDER BY 1")
    assert rows == [(name,) for name in "abcdefgh"]


def test_a_field_that_a_newer_connector_knows_becomes_a_column(database: Database) -> None:
    load(database, {"site": "a", "number": 1})
    newer = json.loads(json.dumps(STREAM))
    newer["json_schema"]["properties"]["page"] = {"type": ["null", "string"], "description": "new"}
    load(database, {"site": "a", "number": 2, "page": "home"}, stream=newer)
    rows = database.query("SELECT number, page FROM vendor.sessions ORDER BY 1")
    assert rows == [(1, None), (2, "home")]


def test_a_property_that_changes_its_type_stops_nothing(database: Database) -> None:
    load(database, {"site": "a", "number": 1, "duration": 1.5})
    newer = json.loads(json.dumps(STREAM))
    newer["json_schema"]["properties"]["duration"] = {"type": ["null", "object"]}
    load(database, {"site": "a", "number": 2, "duration": {"seconds": 2}}, stream=newer)
    rows = database.query("SELECT number, duration, duration_json FROM vendor.sessions ORDER BY 1")
    assert [row[:2] for row in rows] == [(1, 1.5), (2, None)]
    assert "seconds" in str(rows[1][2])


def test_a_state_is_saved_with_the_rows_before_it_and_not_without_them(database: Database) -> None:
    with loading(database) as (warehouse, (table,)):
        table.add({"site": "a", "number": 1}, 100)
        warehouse.states["sessions"] = {"at": 1}
        warehouse.commit()
        table.add({"site": "a", "number": 2}, 100)
        warehouse.states["sessions"] = {"at": 2}
    assert database.states("vendor") == {"sessions": {"at": 1}}
    assert database.query("SELECT number FROM vendor.sessions") == [(1,)]


def test_a_table_of_somebody_else_is_refused_and_stays(database: Database) -> None:
    with loading(database, schema="ours") as (warehouse, _):
        warehouse.query("CREATE SCHEMA vendor")
        warehouse.query("CREATE TABLE vendor.sessions AS SELECT 1 AS mine")
    with pytest.raises(DestinationError, match="SCHEMA=vendor_2"):
        load(database)
    assert database.query("SELECT * FROM vendor.sessions") == [(1,)]


def test_a_stream_without_records_has_a_table(database: Database) -> None:
    load(database)
    assert database.query("SELECT count(*) FROM vendor.sessions") == [(0,)]


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": ["null", "boolean"]}, "bool"),
        ({"type": ["integer", "number"]}, "double"),
        ({"type": ["string", "number"]}, "json"),
        ({"type": "object"}, "json"),
        ({}, "json"),
    ],
)
def test_a_column_has_the_type_that_holds_every_value_of_its_property(declared: Json, kind: str) -> None:
    assert column_kind(declared) == kind


def test_names_that_differ_only_in_case_are_columns_of_their_own() -> None:
    names = ["userId", "userid", "user-id", "USERID", "_undeclared"]
    found = [column.name for column in columns({name: {"type": "string"} for name in names})]
    assert found == ["userid", "userid_2", "user_id", "userid_3", "_undeclared_2"]


def test_large_integers_and_broken_text_survive_the_parsing() -> None:
    output = b'{"type":"RECORD","n":123456789012345678901234}\n{"t":"\\ud800"}\nno message\n{"cut": \n'
    parsed = [line.message for line in parse_lines(output)]
    assert parsed[0]["n"] == 123456789012345678901234
    assert parsed[1]["t"] == "\ud800"
    assert [line["log"]["message"] for line in parsed[2:]] == ["no message", '{"cut":']
    assert json.loads(dumps(parsed[0])) == parsed[0]


def sessions_stream(*key: str) -> Json:
    kinds = {"started_at": "date-time", "ended_at": "date-time"}
    numbers = {"duration_seconds": "number", "page_count": "integer"}
    properties: Json = {
        name: {"type": ["null", numbers.get(name, "string")]} | ({"format": kinds[name]} if name in kinds else {})
        for name in (*COLUMNS, *key)
    }
    return {
        "name": "sessions",
        "default_cursor_field": ["started_at"],
        "source_defined_primary_key": [[name] for name in (*key, "session_id")],
        "json_schema": {"properties": properties},
    }


def write(database: Database, schema: str, account: Json, *records: Json) -> None:
    stream = sessions_stream(*([account["part"]] if account["part"] else []))
    with loading(database, stream, schema=schema) as (warehouse, (table,)):
        warehouse.describe(account)
        for record in records:
            table.add(record, 100)
        warehouse.commit()
        make_view(warehouse)


def test_all_sessions_has_every_schema_the_accounts_part_and_each_vendors_session_once(database: Database) -> None:
    base = {"api": None, "is_current_api": True, "account": None, "part": None}
    with loading(database) as (warehouse, _):  # a table of somebody else that is called sessions too
        warehouse.query("CREATE SCHEMA theirs")
        warehouse.query("CREATE TABLE theirs.sessions AS SELECT 1 AS session_id")
    write(
        database,
        "uxcam_session_api",
        base | {"vendor": "uxcam", "api": "session_api", "is_current_api": False, "account": "app's"},
        {"session_id": "both"},
        {"session_id": "old"},
    )
    write(
        database,
        "uxcam_data_access_v2",
        base | {"vendor": "uxcam", "api": "data_access_v2", "account": "app's"},
        {"session_id": "both", "duration_seconds": 2.5},
        {"session_id": "new"},
    )
    write(
        database,
        "opentracker",
        base | {"vendor": "opentracker", "account": "me@example.com", "part": "site"},
        {"session_id": "both", "site": "shop.example"},
        {"session_id": "both", "site": "blog.example"},
    )
    home = "public" if database.db.startswith("postgres") else "main"
    rows = database.query(
        f"SELECT source, vendor, account_part, session_id, duration_seconds FROM {home}.all_sessions "  # noqa: S608
        "ORDER BY source, session_id, account_part"
    )
    assert rows == [
        ("opentracker", "opentracker", "blog.example", "both", None),
        ("opentracker", "opentracker", "shop.example", "both", None),
        ("uxcam_data_access_v2", "uxcam", "app's", "both", 2.5),
        ("uxcam_data_access_v2", "uxcam", "app's", "new", None),
        ("uxcam_session_api", "uxcam", "app's", "old", None),
    ]
