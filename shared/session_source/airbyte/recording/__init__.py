"""Recordings: a read as a file, without secrets and personal values."""
