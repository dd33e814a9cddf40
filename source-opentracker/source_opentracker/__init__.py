"""Airbyte source for Opentracker."""

from source_opentracker.source import SourceOpentracker, run

__all__ = ["SourceOpentracker", "run"]
