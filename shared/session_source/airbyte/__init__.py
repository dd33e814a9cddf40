"""The Airbyte connector around it: commands, config, catalog and messages."""
