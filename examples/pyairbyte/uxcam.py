"""Read UXCam into a DuckDB file with PyAirbyte. The next run reads what is new."""

import json
import sys
from pathlib import Path

import airbyte

source = airbyte.get_source(
    "source-uxcam",
    config=json.loads(Path("secrets/uxcam.json").read_text()),
    local_executable=Path(sys.executable).with_name("source-uxcam"),
    install_if_missing=False,
)
source.check()
source.select_streams(["sessions", "events"])
result = source.read(cache=airbyte.caches.DuckDBCache(db_path="sessions.duckdb", schema_name="uxcam"))
print(result["sessions"].to_pandas().groupby("app_platform")["duration_seconds"].mean())  # noqa: T201
