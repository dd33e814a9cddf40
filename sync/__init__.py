"""Syncs connectors into a DuckDB file through PyAirbyte, and shows what arrived."""
