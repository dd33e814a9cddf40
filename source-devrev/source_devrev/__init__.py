"""Airbyte source for DevRev."""

from source_devrev.source import SourceDevrev, run

__all__ = ["SourceDevrev", "run"]
