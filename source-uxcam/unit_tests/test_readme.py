"""The examples in README.md work."""

import json
import re
from pathlib import Path

import duckdb
from session_source.testing import request_of
from source_uxcam import SourceUxcam

README = (Path(__file__).parents[1] / "README.md").read_text()
FLOW = [{"gestures": [{}, {}], "events": None}, {"gestures": [], "events": [{}]}, "Home"]


def test_the_readmes_config_is_valid() -> None:
    config = json.loads(README.split("```json")[1].split("```")[0])
    sessions = SourceUxcam().endpoints(config)[0]
    assert len(json.loads(request_of(sessions).params["filters"])) == 1 + 3


def test_the_statements_delete_the_rows_of_elements_that_no_longer_exist_and_no_others() -> None:
    (statements,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    with duckdb.connect() as warehouse:
        warehouse.execute("CREATE TABLE sessions (session_id VARCHAR, flow JSON)")
        warehouse.execute("CREATE TABLE screens (session_id VARCHAR, screen_index BIGINT)")
        for name in ("gesture", "event"):
            columns = f"session_id VARCHAR, screen_index BIGINT, {name}_index BIGINT"
            warehouse.execute(f"CREATE TABLE {name}s ({columns})")
        warehouse.execute("INSERT INTO sessions VALUES ('some', ?), ('none', NULL)", [json.dumps(FLOW)])
        for session in ("some", "none", "unknown"):
            for screen in range(4):
                warehouse.execute("INSERT INTO screens VALUES (?, ?)", [session, screen])
                for index in range(3):
                    for table in ("gestures", "events"):
                        warehouse.execute(f"INSERT INTO {table} VALUES (?, ?, ?)", [session, screen, index])  # noqa: S608 - of this test alone
        warehouse.execute(statements)
        left = {
            table: warehouse.execute(f"FROM {table} WHERE session_id <> 'unknown' ORDER BY ALL").fetchall()
            for table in ("screens", "gestures", "events")
        }
        unknown = warehouse.execute("SELECT count(*) FROM gestures WHERE session_id = 'unknown'").fetchone()
    assert left == {
        "screens": [("some", 0), ("some", 1), ("some", 2)],
        "gestures": [("some", 0, 0), ("some", 0, 1)],
        "events": [("some", 1, 0)],
    }
    assert unknown == (12,), "nothing is known of sessions that are not in the warehouse"
