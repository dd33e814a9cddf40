"""The examples in README.md work."""

import json
import re
from pathlib import Path

import duckdb
from source_inspectlet.search import of_config

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readmes_search_is_valid() -> None:
    config = json.loads(README.split("```json")[1].split("```")[0])
    assert of_config(config)["newold"] == {"new": False, "old": True}


def test_the_readmes_statements_delete_the_rows_of_pages_and_tags_that_no_longer_exist() -> None:
    (statements,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    with duckdb.connect() as warehouse:
        warehouse.execute("CREATE TABLE sessions (wid BIGINT, session_id VARCHAR, pages JSON, tags JSON)")
        warehouse.execute("INSERT INTO sessions VALUES (1, 'a', '[{}, {}]', '[{}]'), (1, 'none', NULL, '[]')")
        rows = [(wid, key, index) for wid in (1, 2) for key in ("a", "none") for index in range(3)]
        for name in ("page", "tag"):
            columns = f"wid BIGINT, session_id VARCHAR, {name}_index BIGINT"
            warehouse.execute(f"CREATE TABLE session_{name}s ({columns})")
            warehouse.executemany(f"INSERT INTO session_{name}s VALUES (?, ?, ?)", rows)  # noqa: S608 - of this test alone
        warehouse.execute(statements)
        pages, tags = (
            warehouse.execute(f"FROM session_{name}s ORDER BY ALL").fetchall() for name in ("page", "tag")
        )
    others = [row for row in rows if row[0] == 2]
    assert pages == [(1, "a", 0), (1, "a", 1), *others]
    assert tags == [(1, "a", 0), *others]
