"""Airbyte source for Inspectlet."""

from source_inspectlet.source import SourceInspectlet, run

__all__ = ["SourceInspectlet", "run"]
