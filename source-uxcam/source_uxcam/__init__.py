"""Airbyte source for UXCam."""

from source_uxcam.source import SourceUxcam, run

__all__ = ["SourceUxcam", "run"]
