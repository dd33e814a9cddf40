"""Airbyte source for Browsee."""

from source_browsee.source import SourceBrowsee, run

__all__ = ["SourceBrowsee", "run"]
