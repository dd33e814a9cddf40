"""The examples in README.md work."""

import json
import logging
import re
from pathlib import Path

import duckdb
from jsonschema import Draft7Validator
from source_browsee import SourceBrowsee
from source_browsee.export import IDENTITY, session_id

CONFIG = {"api_key": "a", "secret_key": "s", "start_date": "2026-01-31"}
IDENTIFIED = {
    "timestamp": 1_769_817_600_123,
    "ip": "203.0.113.7",
    "landingPage": "https://example.com/ü",
    "browser": "Firefox",
    "os": "Linux",
    "device": None,
    "isMobile": False,
    "domain": "example.com",
}
README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_readmes_config_fits_the_spec_and_its_example_of_a_hash_is_right() -> None:
    required, optional = (json.loads(part.split("```")[0]) for part in README.split("```json")[1:3])
    schema = SourceBrowsee().spec(logging.getLogger("test")).connectionSpecification
    Draft7Validator(schema).validate(required | optional)
    assert "num_workers" not in schema["properties"]
    identity = json.dumps([IDENTIFIED.get(name) for name in IDENTITY], ensure_ascii=False, separators=(",", ":"))
    assert f"`{identity}`" in README
    assert f"`{session_id(IDENTIFIED)}`" in README


def test_the_readmes_statement_deletes_the_rows_of_pages_that_no_longer_exist() -> None:
    (statement,) = re.findall(r"```sql\n(.*?)```", README, re.DOTALL)
    with duckdb.connect() as warehouse:
        warehouse.execute("CREATE TABLE sessions (session_id VARCHAR, urls JSON)")
        warehouse.execute("CREATE TABLE session_pages (session_id VARCHAR, page_index BIGINT)")
        warehouse.execute("""INSERT INTO sessions VALUES ('two', '["/a", "/b"]'), ('none', NULL)""")
        rows = [(session, index) for session in ("two", "none", "unknown") for index in range(3)]
        warehouse.executemany("INSERT INTO session_pages VALUES (?, ?)", rows)
        warehouse.execute(statement)
        left = warehouse.execute("FROM session_pages ORDER BY ALL").fetchall()
    assert left == [("two", 0), ("two", 1), ("unknown", 0), ("unknown", 1), ("unknown", 2)]


def test_one_worker_is_fixed_and_requests_have_long_timeouts() -> None:
    source = SourceBrowsee()
    assert (source.vendor, source.window_days, source.workers) == ("Browsee", 7, 1)
    assert source.base_url(CONFIG) == "https://api.browsee.io/api/v1"
    retry_policy = source.retry_policy()
    assert retry_policy.after_timeout == 30
    assert retry_policy.total + retry_policy.after_timeout < retry_policy.outage, (
        "a request that timed out is sent once more"
    )
